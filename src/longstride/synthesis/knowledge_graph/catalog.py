"""What can be asked about in a region: relations with their phrases and reach, and the steps between entities."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from longstride.synthesis.knowledge_graph.graph import Edge, Graph
from longstride.synthesis.knowledge_graph.phrases import Phrase, phrase_of
from longstride.synthesis.knowledge_graph.query import Filter
from longstride.synthesis.knowledge_graph.triples import Relation
from longstride.synthesis.knowledge_graph.uniqueness import passes

LEAST_SUBJECTS = 3  # of a relation that a question may use
MEASURED = ("number", "date", "since")
LEAST_READ_MEASURES, LEAST_READ_NAMES = 0.9, 0.8  # of a relation's statements; not in the paper
LEAST_FUNCTIONAL = 0.9  # of the subjects have one value, where "the capital of X" is said; not in the paper
LEAST_LINKED = 0.3  # of a relation's different names are entities with documents, where it is a step of a path
WELL_DESCRIBED = 6  # statements about an entity: more make it no likelier to begin a path
MOST = 0.8  # of the entities are called by one noun, where the others may be called so too
DEFAULT_NOUN = "entry"


@dataclass(frozen=True, slots=True)
class Step:
    """A way from one documented entity to another along one edge."""

    relation: Relation
    forward: bool  # from the subject to the object
    edge: Edge

    @property
    def target(self) -> str:
        return self.edge.object if self.forward else self.edge.subject

    @property
    def origin(self) -> str:
        return self.edge.subject if self.forward else self.edge.object


@dataclass
class Asked:
    """A relation that reads well, and what each entity has under it."""

    relation: Relation
    phrase: Phrase
    by_subject: dict[str, list[Edge]]  # what could be read, one edge for each different object
    unread: frozenset[str]  # subjects of which a statement could not be read
    functional: bool
    kind: str  # of its triples
    sharing: Counter[str]  # how many entities have an object
    numbers: tuple[Decimal, ...]  # all that are stated
    years: frozenset[int]

    def single(self, subject: str) -> Edge | None:
        """The one value that the documents give a subject; None where they give none, several or an unread one."""
        edges = self.by_subject.get(subject, ())
        return edges[0] if len(edges) == 1 and subject not in self.unread else None


@dataclass
class Catalog:
    """The relations of a region that questions may use."""

    graph: Graph
    asked: dict[Relation, Asked] = field(default_factory=dict[Relation, Asked])
    steps: dict[str, list[Step]] = field(default_factory=dict[str, list[Step]])  # from an entity, either way
    arrivals: Counter[str] = field(default_factory=Counter[str])  # how many steps lead to an entity
    of_entity: dict[str, list[Relation]] = field(default_factory=dict[str, list[Relation]])
    starts: dict[str, int] = field(default_factory=dict[str, int])  # entities that can be described, by how well
    spellings: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    fitting: dict[tuple[Relation, Filter], frozenset[str]] = field(
        default_factory=dict[tuple[Relation, Filter], frozenset[str]]
    )  # what `fits` found
    nouns: Counter[str] = field(default_factory=Counter[str])  # how many entities are called so
    noun: str = DEFAULT_NOUN  # the noun of most entities

    @classmethod
    def of(cls, graph: Graph) -> Catalog:
        catalog = cls(graph, spellings=_spellings(graph))
        for relation, edges in graph.edges.items():
            if asked := _asked(relation, edges):
                catalog.asked[relation] = asked
        for relation in list(catalog.asked):
            twin = relation._replace(aspect="date")
            if relation.aspect == "number" and not relation.unit and twin in catalog.asked:
                del catalog.asked[relation]  # a year is no quantity
        for asked in catalog.asked.values():
            for subject in asked.by_subject:
                catalog.of_entity.setdefault(subject, []).append(asked.relation)
            catalog._add_steps(asked)
        for entity in catalog.steps:
            stated = sum(len(catalog.asked[each].by_subject[entity]) for each in catalog.of_entity.get(entity, ()))
            if stated:
                catalog.starts[entity] = min(stated, WELL_DESCRIBED)
        catalog.nouns = Counter(noun for entity in graph.linker.names for noun in graph.linker.nouns[entity])
        if catalog.nouns:
            noun, count = min(catalog.nouns.items(), key=lambda item: (-item[1], item[0]))
            if count > MOST * len(graph.linker.names):
                catalog.noun = noun
        return catalog

    def noun_of(self, node: str) -> str:
        """What an entity is: country, company, class; the most usual of what its documents call it."""
        nouns = [noun for noun in self.graph.linker.nouns.get(node[2:], []) if self.nouns[noun] > 1]
        return max(nouns, key=lambda noun: self.nouns[noun]) if nouns else self.noun

    def fits(self, asked: Asked, condition: Filter) -> frozenset[str]:
        """The entities of which a statement satisfies a condition, or may, as it could not be read."""
        key = (asked.relation, condition)
        if key not in self.fitting:
            nodes = {each for each in asked.sharing if passes(condition, each, self.graph)}
            found = (subject for subject, edges in asked.by_subject.items() if any(e.object in nodes for e in edges))
            self.fitting[key] = frozenset(found) | asked.unread
        return self.fitting[key]

    def names_of(self, node: str) -> tuple[str, ...]:
        """Every name of an entity as the documents write it, the most usual one first."""
        return self.spellings.get(node, (self.graph.name(node),))

    def _add_steps(self, asked: Asked) -> None:
        if asked.relation.aspect in MEASURED:
            return
        edges = [edge for found in asked.by_subject.values() for edge in found]
        objects = {edge.object for edge in edges}
        linked = {each for each in objects if self.graph.is_documented(each)}
        if len(linked) < 2 or len(linked) < LEAST_LINKED * len(objects):
            return
        for edge in edges:
            if edge.object in linked and edge.object != edge.subject and self.graph.is_documented(edge.subject):
                for step in (Step(asked.relation, True, edge), Step(asked.relation, False, edge)):
                    self.steps.setdefault(step.origin, []).append(step)
                    self.arrivals[step.target] += 1


def _asked(relation: Relation, edges: list[Edge]) -> Asked | None:
    readable = [edge for edge in edges if not edge.object.startswith("u:")]
    by_subject: dict[str, dict[str, Edge]] = {}
    for edge in readable:
        by_subject.setdefault(edge.subject, {}).setdefault(edge.object, edge)
    if len(by_subject) < LEAST_SUBJECTS:
        return None
    read = len({(edge.triple.document_id, edge.triple.start) for edge in readable})
    least = LEAST_READ_MEASURES if relation.aspect in MEASURED else LEAST_READ_NAMES
    if read < least * (read + len(edges) - len(readable)):
        return None
    shown = Counter((edge.triple.label, edge.triple.section, edge.triple.kind) for edge in readable)
    label, section, kind = min(shown, key=lambda each: (-shown[each], each))
    counts = relation.aspect == "number" and not relation.unit and all("." not in edge.object for edge in readable)
    phrase = phrase_of(relation, label, section, kind, counts)
    if phrase is None:
        return None
    single = sum(len(found) == 1 for found in by_subject.values())
    return Asked(
        relation,
        phrase,
        {subject: list(found.values()) for subject, found in by_subject.items()},
        frozenset(edge.subject for edge in edges if edge.object.startswith("u:")),
        single >= LEAST_FUNCTIONAL * len(by_subject),
        kind,
        Counter(target for found in by_subject.values() for target in found),
        tuple(edge.triple.object.number for edge in readable if edge.triple.object.number is not None),
        frozenset(edge.triple.object.year for edge in readable),
    )


def _spellings(graph: Graph) -> dict[str, tuple[str, ...]]:
    """The names of each documented entity, those first that other documents use most."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for edges in graph.edges.values():
        for edge in edges:
            if edge.triple.object.kind == "name" and graph.is_documented(edge.object):
                counts[edge.object][edge.triple.object.text] += 1
    spellings: dict[str, tuple[str, ...]] = {}
    for entity, names in graph.linker.names.items():
        found = counts[f"n:{entity}"]
        every = list(dict.fromkeys((*names, *found)))
        order = {name: place for place, name in enumerate(every)}
        ranks = {name: (-found[name], name.islower(), order[name]) for name in every}  # "sh" is a file's name
        spellings[f"n:{entity}"] = tuple(sorted(every, key=lambda name: ranks[name]))
    return spellings
