"""A question as a program over the graph: where it starts, which steps it takes, what it reads at the end.

Everything that the graph allows is followed, doubtful triples too: one answer means that no reading gives another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from longstride.synthesis.knowledge_graph.by_model.graph import Edge, Graph

Program = Literal["last", "year", "years_between", "earlier"]
TIE = "tie"


@dataclass(frozen=True)
class Step:
    """From each thing reached so far, along a relation, to what it leads to."""

    relation: str
    time: str
    forward: bool  # from subject to object


@dataclass(frozen=True)
class Condition:
    """What a description says of its thing: an object of a relation, or the bounds between which it lies."""

    relation: str
    time: str
    object: str
    low: float | None = None
    high: float | None = None

    def fits(self, edge: Edge) -> bool:
        if not edge.at(self.time):
            return False
        if self.low is None or self.high is None:
            return edge.object == self.object
        return edge.object[:2] == self.object[:2] and self.low <= float(edge.object[2:]) <= self.high


@dataclass(frozen=True)
class Measure:
    """A date of one of the things on the path: 0 is the start."""

    place: int
    relation: str
    time: str


@dataclass(frozen=True)
class Query:
    """`start` names the start, or is "" where only the conditions describe it."""

    start: str
    conditions: tuple[Condition, ...]
    steps: tuple[Step, ...]
    program: Program
    measures: tuple[Measure, ...] = ()

    @property
    def relations(self) -> frozenset[str]:
        return frozenset(each.relation for each in (*self.conditions, *self.steps, *self.measures))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Query:
        return cls(
            value["start"],
            tuple(Condition(**each) for each in value["conditions"]),
            tuple(Step(**each) for each in value["steps"]),
            value["program"],
            tuple(Measure(**each) for each in value["measures"]),
        )


def answers_of(query: Query, graph: Graph) -> tuple[str, ...]:
    """Every answer that the graph allows, in the order of their keys; () where it has none.

    An answer is a node's key; a year and a number of years are `q:`; `tie` is an order that the dates do not give.
    """
    reached = frontiers(query, graph)
    if query.program == "last":
        return tuple(sorted(reached[-1]))
    if query.program == "year":
        return tuple(sorted(f"q:{node[2:]}" for node in reached[-1] if node.startswith("d:")))
    first, second = (_dates(measure, reached[measure.place], graph) for measure in query.measures)
    pairs = [(one, other) for one in first for other in second]
    if query.program == "years_between":
        return tuple(sorted({f"q:{abs(one[1] - other[1])}" for one, other in pairs}))
    return tuple(
        sorted({min(one, other, key=lambda x: x[1])[0] if one[1] != other[1] else TIE for one, other in pairs})
    )


def settled_answer(query: Query, graph: Graph) -> str | None:
    """The answer where the graph allows exactly one, by way of exactly one thing at each step; else None."""
    if any(len(reached) != 1 for reached in frontiers(query, graph)):
        return None
    answers = answers_of(query, graph)
    return answers[0] if len(answers) == 1 and answers[0] != TIE else None


def frontiers(query: Query, graph: Graph) -> list[frozenset[str]]:
    """What the start may be, and what each step may lead to."""
    reached = [starts_of(query, graph)]
    for step in query.steps:
        reached.append(frozenset(target for node in reached[-1] for target in targets(step, node, graph)))
    return reached


def targets(step: Step, node: str, graph: Graph) -> set[str]:
    """Where a step may lead from one node."""
    if step.forward:
        return {edge.object for edge in graph.outgoing.get((step.relation, node), ()) if edge.at(step.time)}
    return {edge.subject for edge in graph.incoming.get((step.relation, node), ()) if edge.at(step.time)}


def starts_of(query: Query, graph: Graph) -> frozenset[str]:
    """The things that the question may begin with."""
    if query.start:
        return frozenset({query.start})
    fitting = [
        {edge.subject for edge in graph.edges.get(each.relation, ()) if each.fits(edge)} for each in query.conditions
    ]
    return frozenset(set.intersection(*fitting)) if fitting else frozenset()


def _dates(measure: Measure, nodes: frozenset[str], graph: Graph) -> list[tuple[str, int]]:
    """The things with each year that the graph allows them."""
    step = Step(measure.relation, measure.time, True)
    dated = [(node, target) for node in nodes for target in targets(step, node, graph) if target.startswith("d:")]
    return sorted({(node, int(target[2:])) for node, target in dated})
