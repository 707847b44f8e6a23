"""Question paradigms (paper 3.2): multi-fact and temporal questions of 2 to 6 hops, in words and as a query."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from longstride.synthesis.knowledge_graph.asking import Asking, same_value
from longstride.synthesis.knowledge_graph.catalog import Asked, Step
from longstride.synthesis.knowledge_graph.drafts import LETTERS, Draft
from longstride.synthesis.knowledge_graph.graph import Edge
from longstride.synthesis.knowledge_graph.obfuscation import leading
from longstride.synthesis.knowledge_graph.query import Answer, Filter, Query
from longstride.synthesis.knowledge_graph.triples import Relation

NAME_FORM = "Answer with the name alone, as the documents write it."
ENTITY_FORM = "Answer with the name alone (not the letter), as the documents write it."
YEAR_FORM = "Answer with the year alone, in four digits."
YEARS_FORM = "Answer with a whole number of years: the difference of the two calendar years."


@dataclass(frozen=True)
class Question:
    """A question in words, with its query and the statements that prove it."""

    paradigm: str
    question_type: str
    text: str
    form: str
    query: Query
    draft: Draft
    asked: tuple[Relation, ...]  # of the values that the answer is made from


def spoken(draft: Draft, variables: list[str]) -> tuple[str, dict[str, str]]:
    """Sentences that give each entity a letter, and the letters."""
    letters: dict[str, str] = {}
    sentences: list[str] = []
    for variable, letter in zip(variables, LETTERS, strict=False):
        sentences.append(f"Let {letter} be {draft.phrase(variable, letters)}.")
        letters[variable] = letter
    return " ".join(sentences), letters


def nested(draft: Draft, variables: list[str]) -> dict[str, str]:
    """Each entity by its whole phrase, without letters."""
    phrases: dict[str, str] = {}
    for variable in variables:
        phrases[variable] = draft.phrase(variable, phrases)
    return phrases


def dated_chain(asking: Asking, hops: int, generator: random.Random) -> Question | None:
    """Follow a path and read a year at its end."""
    return chain(asking, hops, generator, ("date", "since"), 0.0)


def chain(
    asking: Asking,
    hops: int,
    generator: random.Random,
    aspects: tuple[str, ...] = ("number", "value", "top", "date", "since"),
    names: float = 0.3,
) -> Question | None:
    """Follow a path and read a value at its end, a figure, a name or a year; or (as often as `names`) name the end."""
    ends_in_name = generator.random() < names
    path = asking.path(hops if ends_in_name else hops - 1, generator)
    found = asking.along(path, generator) if path else None
    if not found:
        return None
    draft, variables = found
    end = variables[-1]
    value = None if ends_in_name else asking.value_of(draft, end, aspects)
    if value:
        asked, edge = value
        variable = draft.value(end, asked, edge)
        text, form, answer, kind = _value_question(asked, edge, variable)
        return _finish(draft, variables, "chain", kind, text, end, form, answer, (asked.relation,))
    if not names:
        return None
    text = f"which {asking.catalog.noun_of(draft.nodes[end])} is {{}}?"
    return _finish(draft, variables, "chain", "multi_fact", text, end, ENTITY_FORM, Answer("value", (end,)), ())


def _value_question(asked: Asked, edge: Edge, variable: str) -> tuple[str, str, Answer, str]:
    """The last sentence about one value, with "{}" for its entity."""
    aspect, phrase = asked.relation.aspect, asked.phrase
    if aspect in ("date", "since"):
        answer = Answer("year", (variable,))
        if aspect == "since":
            return f"since which year has {phrase.of('{}')} been in place?", YEAR_FORM, answer, "temporal"
        if phrase.style == "event":
            return f"which year is given as the one in which {{}} {phrase.words}?", YEAR_FORM, answer, "temporal"
        return f"which year is given for {phrase.of('{}')}?", YEAR_FORM, answer, "temporal"
    answer = Answer("value", (variable,))
    if aspect == "number":
        figure = "the figure for " if phrase.plural or "(" in phrase.words else ""
        return f"what is {figure}{phrase.of('{}')}?", number_form(edge), answer, "multi_fact"
    if aspect == "top":
        return f"which name has the {leading(asked)} among {phrase.of('{}')}?", NAME_FORM, answer, "multi_fact"
    return f"which name is given as {phrase.of('{}')}?", NAME_FORM, answer, "multi_fact"


def number_form(edge: Edge) -> str:
    """How a figure is to be written: with the unit and the scale of the document."""
    node = edge.triple.object
    scale = next((word for word in ("thousand", "million", "billion", "trillion") if f" {word}" in node.text), "")
    unit = node.unit.replace("$", "US dollars" if node.unit == "$" else "$")
    parts = " ".join(part for part in (scale, unit) if part)
    return (
        f"Answer with the figure as the document states it, in {parts}."
        if parts
        else ("Answer with the figure as the document states it.")
    )


def _finish(
    draft: Draft,
    variables: list[str],
    paradigm: str,
    kind: str,
    last: str,
    about: str,
    form: str,
    answer: Answer,
    asked: tuple[Relation, ...],
) -> Question:
    """Put the sentences together: nested where there is little to tell, with letters otherwise."""
    plain = len(variables) == 2 and variables[1] not in draft.clues  # or it would not be clear whose clues they are
    if plain:
        text = f"According to the documents, {last.format(nested(draft, variables)[about])}"
    else:
        sentences, letters = spoken(draft, variables)
        text = f"{sentences} According to the documents, {last.format(letters[about])}"
    return Question(paradigm, kind, text, form, draft.query(answer), draft, asked)


def meeting(asking: Asking, hops: int, generator: random.Random) -> Question | None:
    """Two paths that meet: two described entities of which each says something about a third."""
    catalog = asking.catalog
    ends = [end for end, steps in catalog.steps.items() if len(steps) > 1]
    if not ends:
        return None
    end = generator.choice(ends)
    steps = [_turned(step) for step in catalog.steps[end]]
    first, second = generator.sample(steps, 2)
    if len({first.origin, second.origin, end}) < 3 or first.edge.parent == second.edge.parent:
        return None
    draft = asking.draft(generator)
    starts = [draft.entity(first.origin), draft.entity(second.origin)]
    target = draft.step(starts[0], first)
    draft.step(starts[1], second, target)
    if not draft.fits() or not all(draft.describe(start) for start in starts):
        return None
    common = asking.siblings(first) & asking.siblings(second)
    if len(common) > 1 and not draft.describe(target, common):
        return None
    variables = [*starts, target]
    if hops <= 2:
        noun = catalog.noun_of(end)
        return _finish(draft, variables, "meeting", "multi_fact", f"which {noun} is {{}}?", target, ENTITY_FORM,
                       Answer("value", (target,)), ())  # fmt: skip
    value = asking.value_of(draft, target, ("number", "value", "date"))
    if value is None:
        return None
    asked, edge = value
    variable = draft.value(target, asked, edge)
    text, form, answer, kind = _value_question(asked, edge, variable)
    return _finish(draft, variables, "meeting", kind, text, target, form, answer, (asked.relation,))


def _turned(step: Step) -> Step:
    return Step(step.relation, not step.forward, step.edge)


def years_between(asking: Asking, hops: int, generator: random.Random) -> Question | None:
    """How many years lie between what happened at the start of a path and at its end."""
    found = _dated_path(asking, hops - 2, generator, every=False)
    if not found:
        return None
    draft, variables, asked, dates = found
    nodes = [asking.catalog.graph.nodes[draft.nodes[date]] for date in dates]
    if nodes[0].year == nodes[1].year:
        return None
    first, last = variables[0], variables[-1]
    sentences, letters = spoken(draft, variables)
    events = [_event(asked, letters[each]) for each in (first, last)]
    text = f"{sentences} According to the documents, how many years lie between {events[0]} and {events[1]}?"
    answer = Answer("years_between", tuple(dates))
    return Question("years_between", "temporal", text, YEARS_FORM, draft.query(answer), draft, (asked.relation,))


def first_of(asking: Asking, hops: int, generator: random.Random) -> Question | None:
    """Which of the entities on a path came first, or last."""
    found = _dated_path(asking, max(1, min(3, hops // 2)), generator, every=True)
    if not found:
        return None
    draft, variables, asked, dates = found
    years = [asking.catalog.graph.nodes[draft.nodes[date]].year for date in dates]
    if len(set(years)) < len(years):
        return None
    kind = generator.choice(("earliest", "latest"))
    sentences, letters = spoken(draft, variables)
    names = [letters[each] for each in variables]
    among = f"{', '.join(names[:-1])} and {names[-1]}"
    if asked.phrase.style == "event":
        last = f"which one {asked.phrase.words} {'first' if kind == 'earliest' else 'last'}?"
    elif asked.relation.aspect == "since":
        length = "longest" if kind == "earliest" else "shortest"
        last = f"for which one has the {asked.phrase.named} been in place for the {length} time?"
    else:
        last = f"for which one is the date of the {asked.phrase.named} the {kind}?"
    text = f"{sentences} According to the documents, of {among}, {last}"
    answer = Answer(kind, tuple(variables), tuple(dates))
    return Question("first_of", "temporal", text, ENTITY_FORM, draft.query(answer), draft, (asked.relation,))


def largest_of(asking: Asking, hops: int, generator: random.Random) -> Question | None:
    """Which of the entities on a path has the largest, or the smallest, figure."""
    path = asking.path(max(1, min(3, hops // 2)), generator)
    found = asking.along(path, generator) if path else None
    if not found:
        return None
    draft, variables = found
    read = same_value(asking, draft, variables, ("number",), every=True)
    if read is None:
        return None
    asked, values = read
    numbers = [asking.catalog.graph.nodes[draft.nodes[value]].number or 0 for value in values]
    if len(set(numbers)) < len(numbers):
        return None
    kind = generator.choice(("largest", "smallest"))
    sentences, letters = spoken(draft, variables)
    names = [letters[each] for each in variables]
    degree = {"largest": "highest", "smallest": "lowest"}[kind]
    text = (
        f"{sentences} According to the documents, of {', '.join(names[:-1])} and {names[-1]}, "
        f"for which one is the figure for {asked.phrase.named} the {degree}?"
    )
    answer = Answer(kind, tuple(variables), tuple(values))
    return Question("largest_of", "multi_fact", text, ENTITY_FORM, draft.query(answer), draft, (asked.relation,))


def later_than(asking: Asking, hops: int, generator: random.Random) -> Question | None:
    """A path on which a date tells the branches apart: the neighbour that came after the start did."""
    path = asking.path(max(1, hops - 3), generator)
    if not path or len(asking.siblings(path[-1])) < 2:
        return None
    draft = asking.draft(generator)
    variables = [draft.entity(path[0].origin)]
    for step in path:
        variables.append(draft.step(variables[-1], step))
    if not draft.fits() or not draft.describe(variables[0]):
        return None
    read = same_value(asking, draft, [variables[0], variables[-1]], ("date",), every=True)
    if read is None:
        return None
    asked, dates = read
    years = [asking.catalog.graph.nodes[draft.nodes[date]].year for date in dates]
    if years[0] == years[1]:
        return None
    kind = "after" if years[1] > years[0] else "before"
    draft.add_filter(Filter(kind, dates[1], other=dates[0]))
    draft.later[variables[-1]] = _comparison(asked, kind, LETTERS[0])
    survivors = {
        node
        for node in asking.siblings(path[-1])
        if (edge := asked.single(node)) is None or _is_on_side(asking, edge, kind, years[0])
    }
    for step, variable in zip(path, variables[1:], strict=True):
        siblings = survivors if variable == variables[-1] else asking.siblings(step)
        if len(siblings) > 1 and not draft.describe(variable, siblings):
            return None
    value = asking.value_of(draft, variables[-1], ("number", "value"))
    if value is None:
        return None
    last, edge = value
    variable = draft.value(variables[-1], last, edge)
    text, form, answer, _ = _value_question(last, edge, variable)
    return _finish(draft, variables, "later_than", "temporal", text, variables[-1], form, answer, (last.relation,))


def _comparison(asked: Asked, kind: str, other: str) -> str:
    """The clause that dates one entity against another."""
    year = "a later year" if kind == "after" else "an earlier year"
    if asked.phrase.style == "event":
        return f"that {asked.phrase.words} in {year} than {other}"
    verb = "date" if asked.phrase.plural else "dates"
    return f"whose {asked.phrase.named} {verb} to {year} than {asked.phrase.of(other)}"


def _is_on_side(asking: Asking, edge: Edge, kind: str, year: int) -> bool:
    mine = asking.catalog.graph.nodes[edge.object].year
    return mine > year if kind == "after" else mine < year


def _dated_path(
    asking: Asking, steps: int, generator: random.Random, every: bool
) -> tuple[Draft, list[str], Asked, list[str]] | None:
    path = asking.path(max(1, steps), generator)
    found = asking.along(path, generator) if path else None
    if not found:
        return None
    draft, variables = found
    chosen = variables if every else [variables[0], variables[-1]]
    read = same_value(asking, draft, chosen, ("date", "since"), every)
    return (draft, variables, *read) if read else None


def _event(asked: Asked, owner: str) -> str:
    if asked.relation.aspect == "since":
        return f"the year since which {asked.phrase.of(owner)} has been in place"
    if asked.phrase.style == "event":
        return f"the year in which {owner} {asked.phrase.words}"
    return asked.phrase.of(owner)


Paradigm = Callable[[Asking, int, random.Random], Question | None]
PARADIGMS: tuple[tuple[str, Paradigm, int, tuple[int, ...]], ...] = (
    ("chain", chain, 9, (2, 3, 3, 4, 4, 5, 6)),
    ("dated_chain", dated_chain, 3, (3, 3, 4, 5)),
    ("meeting", meeting, 4, (2, 3, 3)),
    ("largest_of", largest_of, 2, (4, 5)),
    ("years_between", years_between, 5, (3, 4, 4, 5, 6)),
    ("first_of", first_of, 4, (4, 5)),
    ("later_than", later_than, 5, (4, 4, 5)),
)  # name, how it is made, weight, hops to draw from
