"""The draws of a region: plans in a fixed order, whatever models answer, and why other draws gave none."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from longstride.synthesis.knowledge_graph.by_model.domains import domains
from longstride.synthesis.knowledge_graph.by_model.paradigms import Plan, draw_plan
from longstride.synthesis.knowledge_graph.by_model.paths import Map
from longstride.synthesis.knowledge_graph.by_model.shelf import Shelf

PLANS = 12  # for each candidate asked for, at most; not in the paper
MOST_FAILURES = 1000  # draws in a row without a new plan
MOST_OF_ONE_ANSWER = 0.04  # of the candidates asked for have one answer; not in the paper


@dataclass(frozen=True)
class Drawn:
    """A plan and the draws before it that gave none; no plan with the draws after the last one."""

    plan: Plan | None
    drops: Counter[str]


def plans(shelf: Shelf, seed: str, limit: int) -> Iterator[Drawn]:
    """Different plans whose documents fit the room and are all needed, as many as may be wanted for `limit` questions.

    Ends early where `MOST_FAILURES` draws in a row bring nothing new.
    """
    regions = domains(shelf.graph, list(shelf.documents.values()))
    weights = [len(each.documents) for each in regions]
    known, keys, answers = Map(shelf.graph), set[str](), Counter[str]()
    most_of_one = max(2, int(limit * MOST_OF_ONE_ANSWER))
    drops, failures, draw = Counter[str](), 0, 0
    while regions and len(keys) < limit * PLANS and failures < MOST_FAILURES:
        generator = random.Random(f"{seed}/draw/{draw}")
        draw += 1
        plan = draw_plan(known, generator.choices(regions, weights)[0], generator)
        if isinstance(plan, Plan):
            if plan.key in keys:
                plan = "drawn before"
            elif answers[plan.answer] >= most_of_one:
                plan = "answer too frequent"
            else:
                edges = shelf.fitted(plan.edges, plan, plan.query)
                plan = edges if isinstance(edges, str) else replace(plan, edges=edges)
        if isinstance(plan, str):
            drops[plan] += 1
            failures += 1
            continue
        keys.add(plan.key)
        answers[plan.answer] += 1
        yield Drawn(plan, drops)
        drops, failures = Counter[str](), 0
    yield Drawn(None, drops)
