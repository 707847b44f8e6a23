"""What every paradigm begins with: a path that is described well enough, and something to ask about its entities."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from longstride.synthesis.knowledge_graph.catalog import Asked, Catalog, Step
from longstride.synthesis.knowledge_graph.drafts import Draft
from longstride.synthesis.knowledge_graph.graph import Edge
from longstride.synthesis.knowledge_graph.paths import breadth_first_path, random_walk
from longstride.synthesis.knowledge_graph.triples import Relation

WALKS = 0.6  # of the paths; the others are found breadth first; not in the paper
MOST_ANSWER_WORDS = 6
LARGEST_ANSWER_SHARE = 0.05  # of the entities share a figure or a name that is asked for; not in the paper


@dataclass
class Asking:
    """What the paradigms need: the region, its size limits, and how often each relation was asked for."""

    catalog: Catalog
    tokens: Mapping[str, int]
    room: int
    used: Counter[Relation] = field(default_factory=Counter[Relation])

    def draft(self, generator: random.Random) -> Draft:
        return Draft(self.catalog, self.tokens, self.room, generator)

    def path(self, hops: int, generator: random.Random) -> tuple[Step, ...] | None:
        """A path of this many steps from an entity that has a document, by walk or breadth first."""
        starts = self.catalog.starts
        if not starts:
            return None
        start = generator.choices(list(starts), list(starts.values()))[0]
        sample = random_walk if generator.random() < WALKS else breadth_first_path
        return sample(self.catalog, start, hops, generator)

    def along(self, path: tuple[Step, ...], generator: random.Random) -> tuple[Draft, list[str]] | None:
        """A draft with a path whose start is described and whose steps are told apart; and its variables."""
        draft = self.draft(generator)
        start = draft.entity(path[0].origin)
        variables = [start]
        for step in path:
            variables.append(draft.step(variables[-1], step))
        if not draft.fits() or not draft.describe(start):
            return None
        for step, variable in zip(path, variables[1:], strict=True):
            siblings = self.siblings(step)
            if len(siblings) > 1 and not draft.describe(variable, siblings):
                return None
        return (draft, variables) if draft.fits() else None

    def siblings(self, step: Step) -> set[str]:
        """Where a step of this kind may lead from its origin."""
        graph, key = self.catalog.graph, (step.relation, step.origin)
        if step.forward:
            return {edge.object for edge in graph.outgoing[key]}
        return {edge.subject for edge in graph.incoming[key]}

    def value_of(self, draft: Draft, variable: str, aspects: tuple[str, ...]) -> tuple[Asked, Edge] | None:
        """Something that can be asked about an entity: seldom asked so far, and in a document that has room."""
        node, options = draft.nodes[variable], []
        told = {atom.relation.label for atom in draft.atoms if atom.subject == variable}
        for relation in self.catalog.of_entity.get(node, ()):
            asked = self.catalog.asked[relation]
            edge = asked.single(node)
            wanted = relation.aspect in aspects and relation.label not in told
            if wanted and edge is not None and askable(asked, edge) and draft.affordable(edge):
                options.append((asked, edge))
        if not options:
            return None
        weights = [1 / (1 + self.used[asked.relation]) ** 2 for asked, _ in options]
        return draft.generator.choices(options, weights)[0]


def askable(asked: Asked, edge: Edge) -> bool:
    """True where a value makes a good answer: a figure, a date, or a name that few entities share."""
    if asked.relation.aspect in ("date", "since"):
        return True
    if asked.sharing[edge.object] > max(1, LARGEST_ANSWER_SHARE * len(asked.by_subject)):
        return False
    if asked.relation.aspect == "number":
        return True
    if not asked.functional or asked.phrase.style != "noun" or asked.relation.aspect in ("from", "by", "under"):
        return False
    text = edge.triple.object.text
    return text[0].isupper() and len(text.split()) <= MOST_ANSWER_WORDS


def same_value(
    asking: Asking, draft: Draft, variables: list[str], aspects: tuple[str, ...], every: bool
) -> tuple[Asked, list[str]] | None:
    """One relation of which each of the entities has one value, read for all of them."""
    nodes = [draft.nodes[variable] for variable in variables]
    told = {atom.relation.label for atom in draft.atoms}
    options = [
        asked
        for relation in asking.catalog.of_entity.get(nodes[0], ())
        if relation.aspect in aspects and relation.label not in told
        for asked in [asking.catalog.asked[relation]]
        if all(asked.single(node) for node in nodes)
    ]
    if not options:
        return None
    weights = [1 / (1 + asking.used[asked.relation]) ** 2 for asked in options]
    asked = draft.generator.choices(options, weights)[0]
    edges = [edge for node in nodes if (edge := asked.single(node))]
    return asked, [draft.value(variable, asked, edge) for variable, edge in zip(variables, edges, strict=True)]
