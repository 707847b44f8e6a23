"""The four paradigms (paper 3.2, Figure 4), each with a program that derives its answer from the path.

Multi-fact, causal and hypothetical questions end in a thing or figure; temporal ones in a year, a number of years or
the earlier of two things. The program and its answer stand before any model writes a word of the question.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from longstride.synthesis.knowledge_graph.by_model.domains import Domain
from longstride.synthesis.knowledge_graph.by_model.graph import Edge
from longstride.synthesis.knowledge_graph.by_model.paths import (
    Hop,
    Map,
    breadth_first_path,
    last_ways,
    random_walk,
    taken,
)
from longstride.synthesis.knowledge_graph.by_model.query import Measure, Program, Query, settled_answer

LEAST_HOPS, MOST_HOPS = 2, 6  # not in the paper
WALKS = 0.6  # of the paths; the others are found breadth first; not in the paper
NAMED = 0.25  # of the starts, the others are described; not in the paper
STYLES = ("temporal", "institutional", "descriptive")  # paper 3.2, "obfuscation of entities"
PARADIGMS: Mapping[str, tuple[tuple[Program, int], ...]] = {  # with their programs and the fewest hops of each
    "multi_fact": (("last", 2),),
    "temporal": (("year", 2), ("years_between", 3), ("earlier", 4)),
    "causal": (("last", 2),),
    "hypothetical": (("last", 2),),
}
MOST_ANSWER_WORDS = 6
ENTITY_ANSWERS = 0.5  # of the questions that end in a thing or figure go on to a thing with facts of its own


@dataclass(frozen=True)
class Plan:
    """A question before it has words: its path, its program and the answer that this gives."""

    paradigm: str
    style: str  # of the start's description; "" where the start is named
    nodes: tuple[str, ...]  # the start and where each step of the query leads
    edges: tuple[Edge, ...]  # of the steps, then of the dates that are compared
    query: Query
    answer: str  # a key
    family: str  # of the domain

    @property
    def key(self) -> str:
        """Names the question: the same for the same facts, whoever words it."""
        named = replace(self.query, start=self.nodes[0], conditions=())
        return json.dumps([self.paradigm, named.to_json()], sort_keys=True)

    @property
    def hidden(self) -> tuple[str, ...]:
        """The things that the question may not name: those on the way, the answer, and a start that is described."""
        inner = self.nodes if self.style else self.nodes[1:]
        return tuple(dict.fromkeys((*inner, self.answer)))

    @property
    def hops(self) -> int:
        return len(self.edges)

    def things(self, query: Query) -> frozenset[str]:
        """The things that decide the answer of this plan's query or of one that describes its start."""
        return frozenset((*self.nodes, self.answer, *(condition.object for condition in query.conditions)))


def draw_plan(known: Map, domain: Domain, generator: random.Random) -> Plan | str:
    """A question around a target of a domain, or why this draw gives none."""
    paradigm = generator.choice(list(PARADIGMS))
    program, least = generator.choice(PARADIGMS[paradigm])
    hops = generator.randint(max(least, LEAST_HOPS), MOST_HOPS)
    target = generator.choices(domain.targets, domain.weights)[0]
    sample = random_walk if generator.random() < WALKS else breadth_first_path
    style = "" if generator.random() < NAMED else generator.choice(STYLES)
    compares = program in ("years_between", "earlier")
    path = sample(known, domain, target, hops - (2 if compares else 1), generator)
    if path is None:
        return "no path of this length"
    draw = _Draw(known, domain, paradigm, program, style, path, generator)
    return draw.compared() if compares else draw.ended()


@dataclass(frozen=True)
class _Draw:
    """A path, and what is to be made of it."""

    known: Map
    domain: Domain
    paradigm: str
    program: Program
    style: str
    path: tuple[Hop, ...]
    generator: random.Random

    @property
    def nodes(self) -> tuple[str, ...]:
        first = self.path[0]
        start = first.edge.subject if first.step.forward else first.edge.object
        return (start, *(hop.target for hop in self.path))

    def ended(self) -> Plan | str:
        """A path that ends in what is asked for."""
        nodes = self.nodes
        options = last_ways(self.known, self.domain, nodes[-1], "d" if self.program == "year" else "nq")
        options = [way for way in options if way.target not in nodes and self._askable(way.target)]
        linked = [way for way in options if self.known.graph.is_linkable(way.target)]
        if linked and self.generator.random() < ENTITY_ANSWERS:
            options = linked
        if not options:
            return "nothing to ask for at the end"
        last = taken(self.generator.choice(options), self.path, self.domain, self.generator)
        hops = (*self.path, last)
        query = Query(nodes[0], (), tuple(hop.step for hop in hops), self.program)
        return self._settled((*nodes, last.target), hops, query)

    def compared(self) -> Plan | str:
        """A path of which two things have dates that are compared."""
        nodes, hops, measures = self.nodes, self.path, list[Measure]()
        first = self.generator.randrange(self.program == "earlier", len(nodes) - 1)
        for place in (first, len(nodes) - 1):
            options = last_ways(self.known, self.domain, nodes[place], "d")
            if not options:
                return "nothing to compare"
            hops = (*hops, taken(self.generator.choice(options), hops, self.domain, self.generator))
            measures.append(Measure(place, hops[-1].step.relation, hops[-1].step.time))
        query = Query(nodes[0], (), tuple(hop.step for hop in self.path), self.program, tuple(measures))
        return self._settled(nodes, hops, query)

    def _settled(self, nodes: tuple[str, ...], hops: tuple[Hop, ...], query: Query) -> Plan | str:
        answer = settled_answer(query, self.known.graph)
        if answer is None:
            return "several answers"
        edges = tuple(hop.edge for hop in hops)
        return Plan(self.paradigm, self.style, nodes, edges, query, answer, self.domain.family)

    def _askable(self, node: str) -> bool:
        """True for a date, a figure, or a name that is short enough to answer with."""
        return node[0] in "dq" or len(self.known.graph.names(node)[0].split()) <= MOST_ANSWER_WORDS
