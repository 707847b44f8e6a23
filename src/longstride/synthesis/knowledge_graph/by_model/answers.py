"""The accepted forms of an answer, how it is asked for, and what gives it away."""

from __future__ import annotations

from collections.abc import Iterable

from longstride.grading import grade, strict_form
from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.knowledge_graph.by_model.paradigms import Plan
from longstride.synthesis.knowledge_graph.by_model.quoting import holds_value, holds_words
from longstride.synthesis.knowledge_graph.by_model.triples import node_key
from longstride.synthesis.knowledge_graph.names import spoken_forms

NAME_FORM = "Answer with the name alone, as the documents write it."
FIGURE_FORM = "Answer with the figure alone, as the documents state it."
YEAR_FORM = "Answer with the year alone, in four digits."
YEARS_FORM = "Answer with a whole number of years: the difference of the two calendar years."


def answer_forms(plan: Plan, graph: Graph) -> tuple[tuple[str, ...], str, str]:
    """Every accepted form of a plan's answer, the rule that grades it, and the instructions that ask for it."""
    if plan.query.program == "year":
        return (plan.answer[2:],), "numeric", YEAR_FORM
    if plan.query.program == "years_between":
        return (plan.answer[2:],), "numeric", YEARS_FORM
    names = graph.names(plan.answer)
    if plan.answer.startswith("q:"):
        return (plan.edges[-1].triple.object,), "numeric", FIGURE_FORM
    if plan.query.program == "last":
        names = (_written(plan), *names)
    forms = [form for name in names for form in spoken_forms(name) if strict_form(form)]
    return tuple(dict.fromkeys(forms)), "cover_exact_match", NAME_FORM


def is_gradable(forms: tuple[str, ...], style: str, question: str) -> bool:
    """True where the rule takes the preferred form for right and the question's own words for none."""
    try:
        return bool(forms) and grade(f"The answer is {forms[0]}", forms, style, question=question).score == 1
    except ValueError:
        return False


def gives_away(text: str, plan: Plan, graph: Graph, forms: Iterable[str] = ()) -> bool:
    """True where a text holds one of these forms of the answer, or any name of a thing that it has to hide."""
    names = [name for node in plan.hidden if node.startswith("n:") for name in graph.names(node)]
    return any(holds_words(text, name) or holds_value(text, name) for name in (*names, *forms))


def is_the_answer(answer: str, plan: Plan, forms: Iterable[str], graph: Graph) -> bool:
    """True where somebody's answer is that of the plan: by its key, or as one of its forms."""
    accepted = {node_key(form) for form in (*forms, *graph.names(plan.answer))}
    if plan.query.program in ("year", "years_between"):
        return node_key(answer) in {f"d:{plan.answer[2:]}", plan.answer}
    return node_key(answer) in accepted


def _written(plan: Plan) -> str:
    """The answer as the last fact of the path writes it."""
    edge = plan.edges[-1]
    return edge.triple.object if plan.query.steps[-1].forward else edge.triple.subject
