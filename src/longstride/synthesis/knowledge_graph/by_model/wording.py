"""Question generation (paper 3.2): a model finds the words for a path whose answer is already derived."""

from __future__ import annotations

import json
from typing import Any

from longstride.llm import ChatModel, ModelError, complete_structured
from longstride.prompts import fill_prompt
from longstride.prompts.delimiting import delimited
from longstride.synthesis.knowledge_graph.by_model.answers import gives_away, is_gradable
from longstride.synthesis.knowledge_graph.by_model.graph import Edge, Graph
from longstride.synthesis.knowledge_graph.by_model.paradigms import Plan
from longstride.synthesis.knowledge_graph.by_model.quoting import holds_words
from longstride.synthesis.knowledge_graph.by_model.replies import WrittenQuestion
from longstride.synthesis.knowledge_graph.by_model.voting import NO_ANSWER

TRIES = 2
LETTERS = "ABCDEFGH"
MOST_CHARACTERS = 1200


async def write_question(
    plan: Plan, start: str, forms: tuple[str, ...], style: str, graph: Graph, model: ChatModel
) -> tuple[str, str]:
    """A question in words, and ""; or "" and why the last of `TRIES` was refused.

    `start` is the name or the description that the question begins with, `forms` the answer's, `style` its rule.
    """
    hidden = [name for node in plan.hidden if node.startswith("n:") for name in graph.names(node)]
    prompt = fill_prompt(
        "proposer_graph",
        start=delimited(start, "start"),
        facts=delimited(json.dumps(told_facts(plan), ensure_ascii=False, indent=0), "facts"),
        hidden=delimited("\n".join(dict.fromkeys((*hidden, *forms))), "hidden"),
        paradigm=plan.paradigm,
        asked=plan.query.program,
    )
    reason = NO_ANSWER
    for attempt in range(TRIES):
        try:
            reply = await complete_structured(
                model, [{"role": "user", "content": prompt}], WrittenQuestion, sample_index=attempt
            )
        except ModelError:
            continue
        text = " ".join(reply.question.split())
        if reason := refused(text, start, plan, forms, style, graph):
            continue
        return text, ""
    return "", reason


def refused(text: str, start: str, plan: Plan, forms: tuple[str, ...], style: str, graph: Graph) -> str:
    """Why a question's words cannot be used; "" where they can."""
    if "?" not in text or len(text) > MOST_CHARACTERS:
        return "no question"
    if not holds_words(text, start):
        return "question without its start"
    if gives_away(text, plan, graph, forms):
        return "question with its answer or a hidden name"
    if not is_gradable(forms, style, text):
        return "answer not gradable"
    return ""


def told_facts(plan: Plan) -> list[dict[str, Any]]:
    """The facts of a path in order, for the proposer: from where, by which relation, to where."""
    program, steps = plan.query.program, plan.query.steps
    places = ["START", *LETTERS[: len(steps)]]
    if program in ("last", "year"):
        places[-1] = "ANSWER"
    facts = [
        _told(places[place], edge, places[place + 1], step.forward)
        for place, (step, edge) in enumerate(zip(steps, plan.edges[: len(steps)], strict=True))
    ]
    names = ("FIRST DATE", "SECOND DATE")[: len(plan.query.measures)]
    dates = zip(plan.query.measures, plan.edges[len(steps) :], names, strict=True)
    return facts + [_told(places[measure.place], edge, name, True) for measure, edge, name in dates]


def _told(origin: str, edge: Edge, target: str, forward: bool) -> dict[str, Any]:
    return {
        "from": origin,
        "relation": edge.triple.relation,
        "forward": forward,
        "to": target,
        "time": edge.triple.time or None,
        "quote": edge.triple.quote,
    }
