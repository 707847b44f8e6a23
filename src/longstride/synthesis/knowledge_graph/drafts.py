"""A question in the making: its query, the statements that prove it, and the words for what it speaks of."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from longstride.synthesis.knowledge_graph.catalog import Asked, Catalog, Step
from longstride.synthesis.knowledge_graph.graph import Edge
from longstride.synthesis.knowledge_graph.obfuscation import Clue, make_clue, object_clause, subject_clause
from longstride.synthesis.knowledge_graph.query import Answer, Atom, Filter, Query
from longstride.synthesis.knowledge_graph.triples import Relation

LETTERS = "ABCDEFGHJKLMNPQR"
MOST_CLUES = 4  # about one entity
LEAST_CUT = 0.25  # of the entities that remain, which a clue must rule out
MOST_OF_ONE_LIST = 6  # items of one list of an entity that are thought of as clues
KEPT_TOGETHER = 6.0  # how much likelier a clue from a document that is read anyway is taken


@dataclass
class Draft:
    """Grows by described entities, steps and values; `nodes` says what each variable stands for."""

    catalog: Catalog
    tokens: Mapping[str, int]  # of each document
    room: int  # tokens that all documents together may take
    generator: random.Random
    nodes: dict[str, str] = field(default_factory=dict[str, str])
    atoms: list[Atom] = field(default_factory=list[Atom])
    edges: list[Edge] = field(default_factory=list[Edge])  # one an atom
    filters: list[Filter] = field(default_factory=list[Filter])
    clues: dict[str, list[Clue]] = field(default_factory=dict[str, list[Clue]])  # by variable
    links: dict[str, list[tuple[Step, str]]] = field(default_factory=dict[str, list[tuple[Step, str]]])
    later: dict[str, str] = field(default_factory=dict[str, str])  # further clauses, by variable
    hops: int = 0

    def entity(self, node: str) -> str:
        """A variable for an entity."""
        name = f"e{sum(each[0] == 'e' for each in self.nodes)}"
        self.nodes[name] = node
        return name

    def step(self, variable: str, step: Step, target: str | None = None) -> str:
        """Go on from an entity; the variable where the step leads (a new one, unless given)."""
        target = target or self.entity(step.target)
        ends = (variable, target) if step.forward else (target, variable)
        self._tell(Atom(step.relation, *ends), step.edge)
        self.links.setdefault(target, []).append((step, variable))
        self.hops += 1
        return target

    def value(self, variable: str, asked: Asked, edge: Edge) -> str:
        """Read what an entity has under a relation; the variable of the value."""
        name = self._new_value(edge)
        self._tell(Atom(asked.relation, variable, name), edge)
        self.hops += 1
        return name

    def query(self, answer: Answer) -> Query:
        return Query(tuple(self.atoms), tuple(self.filters), answer)

    @property
    def documents(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(edge.triple.document_id for edge in self.edges))

    @property
    def parents(self) -> set[str]:
        return {edge.parent for edge in self.edges}

    def fits(self) -> bool:
        return sum(self.tokens[name] for name in self.documents) <= self.room

    def describe(self, variable: str, among: set[str] | None = None) -> bool:
        """Clues that leave one entity of `among` (default: of all); False where there are not enough.

        A clue is drawn from what the entity's documents state, those preferred that are read anyway, and kept where it
        rules out a good part of what is left.
        """
        node, left = self.nodes[variable], among
        taken = {atom.relation.label for atom in self.atoms if self.nodes[atom.subject] == node}
        for edge, relation in self._in_drawn_order(node):
            if len(self.clues.get(variable, ())) >= MOST_CLUES or (left is not None and len(left) == 1):
                break
            asked = self.catalog.asked[relation]
            if (asked.functional and relation.label in taken) or edge in self.edges or not self.affordable(edge):
                continue
            clue = make_clue(self.catalog, asked, edge, self.generator)
            if clue is None or clue.named in self.nodes.values():
                continue
            rest = set(clue.fits) if left is None else left & clue.fits
            before = len(asked.by_subject) if left is None else len(left)
            if len(rest) > (1 - LEAST_CUT) * before or len(clue.fits) < 2:
                continue
            taken.add(relation.label)
            left = rest
            self._add_clue(variable, clue)
        return left is not None and len(left) == 1

    def add_filter(self, each: Filter) -> None:
        self.filters.append(each)

    def phrase(self, variable: str, spoken: Mapping[str, str]) -> str:
        """The noun phrase of an entity: "the country that is among the border countries of A and whose ..."."""
        clauses = [self._link_clause(step, spoken[origin]) for step, origin in self.links.get(variable, ())]
        clauses += [clue.clause for clue in self.clues.get(variable, ())]
        if variable in self.later:
            clauses.append(self.later[variable])
        return f"the {self.catalog.noun_of(self.nodes[variable])} {joined(clauses)}"

    def _link_clause(self, step: Step, origin: str) -> str:
        asked = self.catalog.asked[step.relation]
        return object_clause(asked, origin) if step.forward else subject_clause(asked, origin)

    def _add_clue(self, variable: str, clue: Clue) -> None:
        name = self._new_value(clue.edge)
        self._tell(Atom(clue.asked.relation, variable, name), clue.edge)
        self.filters.append(replace(clue.condition, variable=name))
        self.clues.setdefault(variable, []).append(clue)

    def _new_value(self, edge: Edge) -> str:
        name = f"v{sum(each[0] == 'v' for each in self.nodes)}"
        self.nodes[name] = edge.object
        return name

    def _tell(self, atom: Atom, edge: Edge) -> None:
        self.atoms.append(atom)
        self.edges.append(edge)

    def affordable(self, edge: Edge) -> bool:
        """True where its document is read anyway, or has room."""
        document = edge.triple.document_id
        held = self.documents
        return document in held or sum(self.tokens[name] for name in (*held, document)) <= self.room

    def _in_drawn_order(self, node: str) -> list[tuple[Edge, Relation]]:
        """What the documents state of an entity in random order, that likelier first whose document is read anyway."""
        held = set(self.documents)
        keyed: list[tuple[float, Edge, Relation]] = []
        for relation in self.catalog.of_entity.get(node, ()):
            edges = self.catalog.asked[relation].by_subject[node]
            for edge in self.generator.sample(edges, min(len(edges), MOST_OF_ONE_LIST)):
                weight = KEPT_TOGETHER if edge.triple.document_id in held else 1.0
                keyed.append((self.generator.random() ** (1 / weight), edge, relation))
        return [(edge, relation) for _, edge, relation in sorted(keyed, key=lambda each: -each[0])]


def joined(clauses: Sequence[str]) -> str:
    """Clauses in a row: "whose a is b, that has c and whose d is e"."""
    if len(clauses) < 2:
        return clauses[0] if clauses else ""
    comma = "," if len(clauses) > 2 else ""
    return f"{', '.join(clauses[:-1])}{comma} and {clauses[-1]}"
