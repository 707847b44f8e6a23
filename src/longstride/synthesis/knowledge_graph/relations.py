"""Relation clustering (paper 3.2): the same relation under different labels and sections.

Labels are compared in normal form ("Border countries" and "border country" are one). Whether the section above a label
belongs to the relation is read off the documents: where one source uses a label under two headings for two values
("total" under "Area" and under "Population"), it does; where a label never says two things in one source, it does not.
Types keep apart what labels do not: a number in km and a date are never one relation. What is doubtful stays apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from longstride.synthesis.knowledge_graph.triples import Relation, Triple

MOST_CONFLICTS = 0.02  # of the sources that state a label; not in the paper
LEAST_SHARE = 0.5  # of a label's statements that a type must read, to be the type of the relation; not in the paper


@dataclass
class Clusters:
    """The relations that a query or a region knows, ready to be matched against triples."""

    by_label: dict[str, list[Relation]] = field(default_factory=dict[str, list[Relation]])

    @classmethod
    def of(cls, relations: Iterable[Relation]) -> Clusters:
        clusters = cls()
        for relation in dict.fromkeys(relations):
            clusters.by_label.setdefault(relation.label, []).append(relation)
        return clusters

    def matching(self, stated: Relation) -> list[Relation]:
        """The relations that a triple's own relation belongs to."""
        return [
            relation
            for relation in self.by_label.get(stated.label, ())
            if relation.aspect == stated.aspect
            and relation.year == stated.year
            and relation.unit == stated.unit
            and relation.section in (None, stated.section)
        ]

    def unread_in(self, stated: Relation) -> list[Relation]:
        """The relations of which a whole statement is one, whatever it was read as."""
        return [
            relation
            for relation in self.by_label.get(stated.label, ())
            if relation.year == stated.year and relation.section in (None, stated.section)
        ]


def cluster(triples: Iterable[tuple[str, Triple]]) -> Clusters:
    """The relations of a region, from its triples with the parents of their documents."""
    sections: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)  # how often a label stands under each
    values: defaultdict[tuple[str, str], dict[str, set[str]]] = defaultdict(dict)  # what each parent says under it
    types: defaultdict[tuple[str, str], Counter[tuple[str, str, str]]] = defaultdict(Counter)
    for parent, triple in triples:
        relation = triple.relation
        key, section = (relation.label, relation.year), relation.section or ""
        if relation.aspect == "stated":
            sections[key][section] += 1
            values[key].setdefault(parent, set()).add(triple.object.key)
        else:
            types[key][section, relation.aspect, relation.unit] += 1
    found: list[Relation] = []
    for (label, year), seen in types.items():
        stated = values[label, year].values()
        conflicts = sum(len(each) > 1 for each in stated)
        free = len(sections[label, year]) < 2 or conflicts <= MOST_CONFLICTS * len(stated)
        totals: Counter[tuple[str | None, str, str]] = Counter()
        for (section, aspect, unit), count in seen.items():
            totals[None if free else section, aspect, unit] += count
        for (section, aspect, unit), count in totals.items():
            whole = sections[label, year].total() if section is None else sections[label, year][section]
            if aspect not in ("number", "date") or count >= LEAST_SHARE * whole:
                found.append(Relation(label, section, year, aspect, unit))
    return Clusters.of(sorted(found, key=lambda each: (each.label, each.section or "", *each[2:])))
