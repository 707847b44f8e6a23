"""Entity and relation clustering across documents (paper 3.2): rules where they are certain, else a model.

Names are paired where they share words or nearly spell the same and, where an embedding is installed, where they lie
near by meaning. Equal words in another order are one name; different numbers are different things; in between the
linker votes. A name that two doubtful pairs claim joins neither, so that no chain of doubtful merges can arise.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from rapidfuzz.fuzz import ratio

from longstride.llm import ChatModel, ModelError, complete_structured
from longstride.llm.in_order import in_order
from longstride.prompts import fill_prompt
from longstride.prompts.delimiting import delimited
from longstride.synthesis.knowledge_graph.by_model.nearness import near_pairs
from longstride.synthesis.knowledge_graph.by_model.replies import SameThing
from longstride.synthesis.knowledge_graph.by_model.triples import (
    Triple,
    is_proper,
    name_key,
    node_key,
    relation_key,
)
from longstride.synthesis.knowledge_graph.by_model.voting import NO_ANSWER, Majority, agreed
from longstride.synthesis.with_models import Tally

STAGE = "links"
NEAR_NAME = 86.0  # of 100, of the words that two names do not share; below, they are different
NEAR_RELATION = 80.0  # of 100
NAME_MEANING = 0.5  # least cosine of names in other words: 10 of 35 synonyms have it, 0 of 35 other pairs
RELATION_MEANING = 0.4  # of relations: 17 of 35, and 2 of 35; both lists are in the tests
NEAREST = 8  # names by meaning, of each, that are looked at
MORE_WORDS = 3  # that the longer of two names may have, where it holds the shorter one whole
COMMON = 24  # names that share a word: a more common word pairs no names
SHORTEST_PART = 4  # letters of a name that may be a part of another
MOST_PAIRS = 2000  # that a region puts to the model, the nearest first
SHARED_FACTS = 2  # that two relations have in common, where their words do not resemble each other
EXAMPLES = 3  # sentences that the linker sees of each name
# none of these is in the paper


@dataclass(frozen=True)
class Clusters:
    """What stands for a name or a relation; keys that are not listed stand for themselves."""

    entities: Mapping[str, str] = field(default_factory=dict[str, str])
    relations: Mapping[str, str] = field(default_factory=dict[str, str])

    def entity(self, key: str) -> str:
        return self.entities.get(key, key)

    def relation(self, key: str) -> str:
        return self.relations.get(key, key)

    def about(self, entities: Iterable[str], relations: Iterable[str]) -> Clusters:
        """The part that decides which names and relations stand for these."""
        wanted, used = set(entities), set(relations)
        return Clusters(
            {name: key for name, key in sorted(self.entities.items()) if key in wanted},
            {name: key for name, key in sorted(self.relations.items()) if key in used},
        )


@dataclass(frozen=True)
class _Pair:
    first: str
    second: str
    nearness: float  # 0..100 by letters; 0..1 by meaning alone, so that such pairs are put last


async def cluster(
    triples: Sequence[Triple], model: ChatModel, majority: Majority, in_flight: int, tally: Tally
) -> Clusters:
    """The clusters of the names and relations of these triples; counts every doubtful pair under `links`."""
    names, relations = _uses(triples)
    certain = _reordered(names)
    linker = _Linker(model, majority, in_flight, tally)
    doubtful = await asyncio.to_thread(lambda: list(_doubtful_names(names, certain)))
    merged = await linker.joined("linker_entities", "name", doubtful, names)
    entities = {**merged, **{name: merged.get(key, key) for name, key in certain.items()}}
    doubtful = await asyncio.to_thread(lambda: list(_doubtful_relations(relations, triples)))
    joined = await linker.joined("linker_relations", "relation", doubtful, relations)
    return Clusters(entities, joined)


def count_doubtful(triples: Sequence[Triple]) -> int:
    """How many pairs of names and of relations a linker would be asked about."""
    names, relations = _uses(triples)
    pairs = (_doubtful_names(names, _reordered(names)), _doubtful_relations(relations, triples))
    return sum(min(MOST_PAIRS, sum(1 for _ in each)) for each in pairs)


def _uses(triples: Sequence[Triple]) -> tuple[dict[str, list[Triple]], dict[str, list[Triple]]]:
    """The triples by each name that may mean the same elsewhere, and by each relation; in the triples' order."""
    names: defaultdict[str, list[Triple]] = defaultdict(list)
    relations: defaultdict[str, list[Triple]] = defaultdict(list)
    for triple in triples:
        for name, key in ((triple.subject, name_key(triple.subject)), (triple.object, node_key(triple.object))):
            if key.startswith("n:") and is_proper(name):
                names[key].append(triple)
        relations[relation_key(triple.relation)].append(triple)
    return dict(names), dict(relations)


def _reordered(names: Mapping[str, Sequence[Triple]]) -> dict[str, str]:
    """Names of the same words in another order, each with the one that stands for them: the most used."""
    groups: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in names:
        groups[tuple(sorted(_words(name)))].append(name)
    found: dict[str, str] = {}
    for group in groups.values():
        best = min(group, key=lambda name: (-len(names[name]), name))
        found |= {name: best for name in group if name != best}
    return found


def _doubtful_names(names: Iterable[str], certain: Mapping[str, str]) -> Iterator[_Pair]:
    """Pairs of names in which one is a part of the other, or that are near by letters or meaning; none of `certain`."""
    blocks: defaultdict[str, list[str]] = defaultdict(list)
    apart = sorted(name for name in names if name not in certain)
    for name in apart:
        for block in {*_words(name), name[2:5] + "*"}:
            blocks[block].append(name)
    found: set[tuple[str, str]] = set()
    for first, second in sorted({pair for block in blocks.values() if len(block) <= COMMON for pair in _pairs(block)}):
        left, right = set(_words(first)), set(_words(second))
        part = _is_part(left, right) and len(min(first, second, key=len)) - 2 >= SHORTEST_PART
        if _numbers(left) == _numbers(right) and (part or _nearness(left, right) >= NEAR_NAME):
            found.add((first, second))
            yield _Pair(first, second, ratio(first, second))
    yield from _by_meaning(apart, "n:", NAME_MEANING, found)


def _doubtful_relations(relations: Mapping[str, Sequence[Triple]], triples: Sequence[Triple]) -> Iterator[_Pair]:
    """Pairs of relations whose words are near by letters or meaning, or that hold between the same things."""
    between: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for triple in triples:
        between[name_key(triple.subject), node_key(triple.object)].add(relation_key(triple.relation))
    shared = Counter(pair for held in between.values() for pair in _pairs(sorted(held)))
    blocks: defaultdict[str, list[str]] = defaultdict(list)
    for relation in sorted(relations):
        for block in {*relation.split(), relation[:4] + "*"}:
            blocks[block].append(relation)
    near = {pair for block in blocks.values() if len(block) <= COMMON for pair in _pairs(block)}
    found: set[tuple[str, str]] = set()
    for first, second in sorted(near | {pair for pair, count in shared.items() if count >= SHARED_FACTS}):
        left, right = set(first.split()), set(second.split())
        alike = _is_part(left, right) or _nearness(left, right) >= NEAR_RELATION
        if (alike or shared[first, second] >= SHARED_FACTS) and _numbers(left) == _numbers(right):
            found.add((first, second))
            yield _Pair(first, second, ratio(first, second))
    yield from _by_meaning(relations, "", RELATION_MEANING, found)


def _by_meaning(keys: Iterable[str], mark: str, least: float, found: Set[tuple[str, str]]) -> Iterator[_Pair]:
    """Pairs that are near by the embedding and not found yet, of keys that begin with `mark`."""
    for first, second, cosine in near_pairs([key.removeprefix(mark) for key in keys], least, NEAREST):
        pair = mark + first, mark + second
        if pair not in found and _numbers(set(first.split())) == _numbers(set(second.split())):
            yield _Pair(*pair, cosine)


@dataclass(frozen=True)
class _Linker:
    """The model that decides doubtful pairs by majority."""

    model: ChatModel
    majority: Majority
    in_flight: int
    tally: Tally

    async def joined(
        self, prompt: str, kind: str, pairs: list[_Pair], uses: Mapping[str, Sequence[Triple]]
    ) -> dict[str, str]:
        """The names that the model joins to another, each with the one that stands for both: the more used."""
        pairs.sort(key=lambda pair: (-pair.nearness, pair.first, pair.second))
        if len(pairs) > MOST_PAIRS:
            self.tally.count(STAGE, "too many doubtful pairs", len(pairs) - MOST_PAIRS)
            del pairs[MOST_PAIRS:]
        same: list[_Pair] = []
        asked = (
            (pair, fill_prompt(prompt, first=_shown(kind, pair.first, uses), second=_shown(kind, pair.second, uses)))
            for pair in pairs
        )
        async for pair, verdict in in_order(asked, self._verdict, self.in_flight):
            if verdict:
                same.append(pair)
            else:
                self.tally.count(STAGE, NO_ANSWER if verdict is None else "not the same")
        claims = Counter(key for pair in same for key in (pair.first, pair.second))
        joined: dict[str, str] = {}
        for pair in same:
            if max(claims[pair.first], claims[pair.second]) > 1:
                self.tally.count(STAGE, "claimed by two doubtful pairs")
                continue
            self.tally.count(STAGE)
            kept, other = sorted((pair.first, pair.second), key=lambda key: (-len(uses[key]), key))
            joined[other] = kept
        return joined

    async def _verdict(self, asked: tuple[_Pair, str]) -> tuple[_Pair, bool | None]:
        """Whether enough samples call a pair the same; None where none answered."""
        pair, prompt = asked

        async def ask(sample: int) -> bool | None:
            try:
                reply = await complete_structured(
                    self.model, [{"role": "user", "content": prompt}], SameThing, sample_index=sample
                )
            except ModelError:
                return None
            return reply.same

        return pair, await agreed(ask, self.majority)


def _shown(kind: str, key: str, uses: Mapping[str, Sequence[Triple]]) -> str:
    """A name or relation with sentences that use it."""
    triples = uses[key]
    if kind == "relation":
        called = triples[0].relation
    else:
        called = next(
            name for each in triples for name in (each.subject, each.object) if key in (name_key(name), node_key(name))
        )
    told = [f"{each.subject} - {each.relation} - {each.object}: {each.quote}" for each in triples[:EXAMPLES]]
    return delimited("\n".join([called, *told]), kind)


def _words(name: str) -> list[str]:
    return name[2:].split()


def _is_part(left: set[str], right: set[str]) -> bool:
    """True where one of two names holds the other whole, and little more."""
    return (left < right or right < left) and len(left ^ right) <= MORE_WORDS


def _nearness(left: set[str], right: set[str]) -> float:
    """How nearly the words that only one of two names has spell those that only the other has, up to 100."""
    return ratio(" ".join(sorted(left - right)), " ".join(sorted(right - left)))


def _numbers(words: set[str]) -> set[str]:
    return {word for word in words if any(map(str.isdigit, word))}


def _pairs(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every pair of sorted names."""
    return ((first, second) for place, first in enumerate(names) for second in names[place + 1 :])
