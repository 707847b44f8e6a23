"""Entity linking across documents (paper 3.2, "entity clustering"): which names mean the same thing.

Three kinds of evidence, in falling order of trust: equal normal names; aliases that a document states; near spellings.
A name that two entities claim belongs to neither, and a near spelling joins one loose mention to one known entity,
never two entities to each other, so that no chain of doubtful merges can arise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rapidfuzz.fuzz import ratio

from longstride.synthesis.candidates import Source
from longstride.synthesis.knowledge_graph.names import normal_name
from longstride.synthesis.knowledge_graph.triples import Alias, Entity, Facts, Node

NEAR = 93.0  # of 100, over the whole name; not in the paper
NEAR_WORD = 85.0  # of 100, for each word; not in the paper
SHORTEST_NEAR_NAME = 8  # letters: short names resemble each other by chance
COMMON_TITLES = frozenset({
    "readme", "index", "introduction", "preface", "contents", "chapter", "notes", "changelog", "license",
    "untitled", "document", "appendix", "summary", "overview", "glossary", "main", "init", "setup", "conftest",
    "test"
})  # fmt: skip


@dataclass(frozen=True)
class AliasPlace:
    """Where an alias is stated."""

    document_id: str
    alias: Alias


@dataclass
class Linker:
    """The entities of a set of documents, and the names by which they are known."""

    known: dict[str, str] = field(default_factory=dict[str, str])  # normal name -> entity
    names: dict[str, list[str]] = field(default_factory=dict[str, list[str]])  # entity -> names as written
    nouns: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    stated: dict[str, AliasPlace] = field(default_factory=dict[str, AliasPlace])  # normal alias -> where

    @classmethod
    def of(cls, sources: Sequence[Source]) -> Linker:
        """The linker of these documents; the segments of one parent are one source of one entity."""
        linker = cls()
        aliases: list[tuple[str, str, Alias]] = []
        first_of_parent: dict[str, str] = {}
        for source in sources:
            facts: Facts | None = source.facts
            if not facts:
                continue
            for place, entity in enumerate(facts.entities):
                key = normal_name(entity.name)
                if not key:
                    continue
                if place == 0:
                    if key.split()[0] in COMMON_TITLES:
                        key = f"{key} / {source.parent_id}"
                    key = first_of_parent.setdefault(source.parent_id, key)
                linker._add(key, entity)
                aliases += [(key, source.document_id, alias) for alias in entity.aliases]
        linker._add_aliases(aliases)
        return linker

    def resolve(self, key: str) -> str:
        """The entity of a normal name, or the name itself where no document is about it."""
        return self.known.get(key, key)

    def entity_of(self, node: Node) -> str:
        """The entity that a name means, with what stands in parentheses behind it: "Congo (Brazzaville)"."""
        for second in node.second_names:
            if (whole := normal_name(f"{node.text} {second}")) in self.known:
                return self.known[whole]
        return self.resolve(node.key)

    def is_documented(self, entity: str) -> bool:
        return entity in self.names

    def join_near(self, mentions: Iterable[str]) -> None:
        """Join loose mentions to known entities of a nearly equal spelling.

        Only pairs that are each other's best are joined, one mention to an entity.
        """
        blocks: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        for name in sorted(self.known):
            if len(name) >= SHORTEST_NEAR_NAME:
                blocks[_block(name)].append(name)
        best: dict[str, tuple[float, str]] = {}  # mention -> (score, known name)
        suitors: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)  # known name -> mentions
        for mention in sorted(set(mentions)):
            if mention in self.known or len(mention) < SHORTEST_NEAR_NAME:
                continue
            scored = sorted(
                ((ratio(mention, name), name) for name in blocks.get(_block(mention), ()) if _is_near(mention, name)),
                reverse=True,
            )
            entities = {self.known[name] for score, name in scored if score == scored[0][0]}
            if scored and len(entities) == 1:
                best[mention] = scored[0]
                suitors[self.known[scored[0][1]]].append((scored[0][0], mention))
        for entity, found in sorted(suitors.items()):
            ranked = sorted(found, reverse=True)
            if len(ranked) == 1 or ranked[0][0] > ranked[1][0]:
                self.known[ranked[0][1]] = entity

    def _add(self, key: str, entity: Entity) -> None:
        self.known[normal_name(entity.name)] = key
        self.known[key] = key
        for table, value in ((self.names, entity.name), (self.nouns, entity.noun)):
            values = table.setdefault(key, [])
            if value and value not in values:
                values.append(value)

    def _add_aliases(self, aliases: Sequence[tuple[str, str, Alias]]) -> None:
        claims: defaultdict[str, set[str]] = defaultdict(set)
        for entity, _, alias in aliases:
            claims[normal_name(alias.name)].add(entity)
        for entity, document_id, alias in aliases:
            key = normal_name(alias.name)
            if not key or self.known.get(key, entity) != entity or len(claims[key]) > 1:
                continue
            self.known[key] = entity
            if alias.end and key not in self.stated:
                self.stated[key] = AliasPlace(document_id, alias)
            if alias.name not in self.names[entity]:
                self.names[entity].append(alias.name)


def _block(name: str) -> tuple[str, int]:
    return name[:2], len(name.split())


def _is_near(mention: str, name: str) -> bool:
    """True where two names are nearly equal as a whole and word by word, and neither word is derived of the other."""
    if abs(len(mention) - len(name)) > 2 or ratio(mention, name) < NEAR:
        return False
    pairs = [pair for pair in zip(mention.split(), name.split(), strict=True) if pair[0] != pair[1]]
    if any(min(len(left), len(right)) < 4 or (left + right).isdigit() for left, right in pairs):
        return False
    if any(left.startswith(right) or right.startswith(left) for left, right in pairs):
        return False  # a derived word: the people of Mauritania are Mauritanian
    return all(ratio(left, right) >= NEAR_WORD for left, right in pairs)
