"""A question as a conjunctive query over the graph: what `derivation` holds, and what is run again to check it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from longstride.synthesis.knowledge_graph.triples import Relation


@dataclass(frozen=True, slots=True)
class Atom:
    """`relation` holds between what two variables stand for."""

    relation: Relation
    subject: str
    object: str


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a variable.

    | kind | meaning |
    |---|---|
    | between | a number from `low` to `high`, both included |
    | years | a date in a year from `low` to `high`; with `digit`, in a year that ends with it |
    | is | a name: `words` in normal form |
    | after, before | a date in a later, an earlier year than that of the variable `other` |
    """

    kind: str
    variable: str
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    digit: int = -1
    words: str = ""
    other: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is asked.

    | kind | of |
    |---|---|
    | value | what `variables[0]` stands for |
    | year | its year |
    | years_between | the calendar years between the dates of the two variables |
    | earliest, latest, largest, smallest | the one of `variables` whose date or number in `keys` is |
    """

    kind: str
    variables: tuple[str, ...]
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """All atoms and filters together; free of order."""

    atoms: tuple[Atom, ...]
    filters: tuple[Filter, ...]
    answer: Answer

    def relations(self) -> tuple[Relation, ...]:
        return tuple(dict.fromkeys(atom.relation for atom in self.atoms))

    def entities(self) -> tuple[str, ...]:
        """The variables that are subjects of something: whose documents are read."""
        return tuple(dict.fromkeys(atom.subject for atom in self.atoms))


def query_json(query: Query) -> dict[str, Any]:
    """The query as plain JSON."""
    return {
        "atoms": [
            {"relation": atom.relation._asdict(), "subject": atom.subject, "object": atom.object}
            for atom in query.atoms
        ],
        "filters": [_filter_json(each) for each in query.filters],
        "answer": {
            "kind": query.answer.kind,
            "variables": list(query.answer.variables),
            "keys": list(query.answer.keys),
        },
    }


def query_from_json(data: Mapping[str, Any]) -> Query:
    """The query that `query_json` wrote. Raises KeyError or TypeError for anything else."""
    return Query(
        tuple(Atom(Relation(**each["relation"]), each["subject"], each["object"]) for each in data["atoms"]),
        tuple(_filter_from_json(each) for each in data["filters"]),
        Answer(data["answer"]["kind"], tuple(data["answer"]["variables"]), tuple(data["answer"]["keys"])),
    )


def _filter_json(each: Filter) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": each.kind, "variable": each.variable}
    if each.kind in ("between", "years"):
        found |= {"low": str(each.low), "high": str(each.high)}
    for name, absent in (("digit", -1), ("words", ""), ("other", "")):
        if getattr(each, name) != absent:
            found[name] = getattr(each, name)
    return found


def _filter_from_json(data: Mapping[str, Any]) -> Filter:
    numbers = {name: Decimal(data[name]) for name in ("low", "high") if name in data}
    return Filter(**{**data, **numbers})
