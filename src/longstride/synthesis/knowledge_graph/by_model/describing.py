"""Obfuscation by a model (paper 3.2): a description takes the place of the start's name, and fits nothing else.

The model says which facts its description uses; whether these single out the thing among all is ours to compute.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from longstride.llm import ChatModel, ModelError, complete_structured
from longstride.prompts import fill_prompt
from longstride.prompts.delimiting import delimited
from longstride.synthesis.knowledge_graph.by_model.answers import gives_away
from longstride.synthesis.knowledge_graph.by_model.graph import Edge, Graph
from longstride.synthesis.knowledge_graph.by_model.paradigms import Plan
from longstride.synthesis.knowledge_graph.by_model.query import Condition, Query, starts_of
from longstride.synthesis.knowledge_graph.by_model.quoting import holds_words
from longstride.synthesis.knowledge_graph.by_model.replies import Description, Told
from longstride.synthesis.knowledge_graph.by_model.shelf import Shelf, documents_of
from longstride.synthesis.knowledge_graph.by_model.voting import NO_ANSWER

MOST_LISTED = 12  # facts that the model may use; not in the paper
TRIES = 2


@dataclass(frozen=True)
class Described:
    """A start in other words, the facts that these say, and the question's query, which knows no name any more."""

    text: str
    edges: tuple[Edge, ...]
    query: Query


async def describe(plan: Plan, shelf: Shelf, model: ChatModel, generator: random.Random) -> Described | str:
    """A description of a plan's start that fits it alone, or why the last of `TRIES` gave none."""
    graph, listed = shelf.graph, _listed(plan, shelf, generator)
    if not listed:
        return "nothing to describe it by"
    facts = [
        {
            "fact": place,
            "relation": edge.triple.relation,
            "object": edge.triple.object,
            "time": edge.triple.time or None,
            "quote": edge.triple.quote,
        }
        for place, edge in enumerate(listed, 1)
    ]
    prompt = fill_prompt(
        "obfuscator",
        style=plan.style,
        names=delimited("\n".join(graph.names(plan.nodes[0])), "names"),
        facts=delimited(json.dumps(facts, ensure_ascii=False, indent=0), "facts"),
    )
    made: Described | str = NO_ANSWER
    for attempt in range(TRIES):
        try:
            reply = await complete_structured(
                model, [{"role": "user", "content": prompt}], Description, sample_index=attempt
            )
        except ModelError:
            continue
        made = checked_description(reply, listed, plan, graph)
        if isinstance(made, Described):
            break
    return made


def checked_description(reply: Description, listed: Sequence[Edge], plan: Plan, graph: Graph) -> Described | str:
    """The description, where it says what its facts say, hides what it must, and fits the plan's start alone."""
    text = " ".join(reply.description.split()).rstrip(".")
    edges: list[Edge] = []
    conditions: list[Condition] = []
    for told in reply.conditions:
        if not 1 <= told.fact <= len(listed):
            return "description by a fact that is not listed"
        edge = listed[told.fact - 1]
        condition = _condition(told, edge, text)
        if condition is None:
            return "description without the words of its facts"
        edges.append(edge)
        conditions.append(condition)
    if gives_away(text, plan, graph):
        return "description with a hidden name"
    query = replace(plan.query, start="", conditions=tuple(dict.fromkeys(conditions)))
    if starts_of(query, graph) != {plan.nodes[0]}:
        return "description fits several things"
    return Described(text, tuple(dict.fromkeys(edges)), query)


def _condition(told: Told, edge: Edge, text: str) -> Condition | None:
    """What the description says by one fact; None where it does not say it, or brackets it wrongly."""
    condition = Condition(edge.relation, edge.triple.time, edge.object)
    if told.low is None and told.high is None:
        return condition if holds_words(text, edge.triple.object) or _holds_year(text, edge.object) else None
    if told.low is None or told.high is None or edge.object.startswith("n:"):
        return None
    if not told.low <= float(edge.object[2:]) <= told.high:
        return None
    return replace(condition, low=told.low, high=told.high)


def _holds_year(text: str, node: str) -> bool:
    return node.startswith("d:") and holds_words(text, node[2:])


def _listed(plan: Plan, shelf: Shelf, generator: random.Random) -> tuple[Edge, ...]:
    """Facts told of the start and not by the path, those first whose documents the path reads; in a drawn order."""
    start, asked = plan.nodes[0], {edge.relation for edge in plan.edges}
    read = documents_of(plan.edges)
    edges = [
        edge
        for edge in shelf.graph.around.get(start, ())
        if edge.subject == start
        and edge.object not in plan.hidden
        and edge.relation not in asked
        and shelf.tokens((*plan.edges, edge)) <= shelf.room
    ]
    shuffled = generator.sample(edges, len(edges))
    shuffled.sort(key=lambda edge: edge.triple.document_id not in read)
    once: dict[tuple[str, str, str], Edge] = {}
    for edge in shuffled:
        once.setdefault((edge.relation, edge.triple.time, edge.object), edge)
    return tuple(once.values())[:MOST_LISTED]
