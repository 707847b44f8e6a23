"""Documents that fit one context and belong together, so that questions of every kind can be asked of them.

Many questions over the same few documents can share their context, which is then read once for all of them; and what
else the documents name is what a wrong option is made of.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from longstride.synthesis.candidates import Source
from longstride.synthesis.small_world.statements import RELATES, RIDDLE, Statement, bare

LONGEST_WALK = 3  # documents
MOST_PEERS = 3  # more firms that sold in the same year
MARKETS = 1 / 3  # of the neighbourhoods begin with tables to compare
FRUITLESS = 4  # draws in a row that found nothing that fits, after which the documents are enough


class Neighbourhoods:
    """The documents of a region by what they tell, ready for drawing such as belong together."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = sources
        self._telling: defaultdict[str, list[int]] = defaultdict(list)  # a bare name -> documents about it
        self._selling: defaultdict[str, list[int]] = defaultdict(list)  # a year -> documents with a row of it
        self._riddles: defaultdict[str, list[int]] = defaultdict(list)  # a subject -> documents with a riddle about it
        for place, source in enumerate(sources):
            for each in source.facts:
                group, key = self._group(each)
                if place not in group[key]:
                    group[key].append(place)

    def draw(self, max_tokens: int, generator: random.Random) -> tuple[Source, ...]:
        """Documents of at most `max_tokens` together, of which no two tell of the same: a walk, a table, riddles."""
        chosen: list[int] = []
        room = max_tokens
        idle = 0
        for wanted in self._wants(generator):
            if idle == FRUITLESS:
                break
            found = [place for place in wanted(chosen, generator) if place not in chosen]
            tokens = sum(self.sources[place].tokens for place in found)
            if found and tokens <= room and self._compatible([*chosen, *found]):
                chosen += found
                room -= tokens
                idle = 0
            else:
                idle += 1
        return tuple(self.sources[place] for place in chosen)

    def _group(self, statement: Statement) -> tuple[defaultdict[str, list[int]], str]:
        """Where a document is found by this statement of it."""
        if statement.relation in RELATES:
            return self._telling, bare(statement.subject)
        if statement.relation == RIDDLE:
            return self._riddles, statement.subject
        return self._selling, statement.relation

    def _wants(self, generator: random.Random) -> Iterator[Callable[[Sequence[int], random.Random], Sequence[int]]]:
        """One of each first, or now and then a whole market; then those that join what is there."""
        first = [self._walk, self._table, self._riddle]
        generator.shuffle(first)
        if generator.random() < MARKETS:
            yield self._market
        yield from first
        while True:
            later = [self._walk, self._walk, self._peers, self._second_riddle]
            generator.shuffle(later)
            yield from later

    def _walk(self, chosen: Sequence[int], generator: random.Random) -> Sequence[int]:
        """Two or three documents, each about a value of the one before; the first may be there already."""
        begun = [place for place in chosen if self._values(place)]
        names = sorted(self._telling)
        if not names:
            return ()
        start = generator.choice(begun) if begun and generator.random() < 0.5 else self._about(generator, names)
        path = [start]
        for _ in range(generator.randint(2, LONGEST_WALK) - 1):
            known = [name for name in self._values(path[-1]) if name in self._telling]
            if not known:
                break
            path.append(self._about(generator, known))
        return tuple(dict.fromkeys(path)) if len(path) > 1 else ()

    def _table(self, _chosen: Sequence[int], generator: random.Random) -> Sequence[int]:
        years = sorted(self._selling)
        return (generator.choice(self._selling[generator.choice(years)]),) if years else ()

    def _market(self, _chosen: Sequence[int], generator: random.Random) -> Sequence[int]:
        """Tables that share a year."""
        years = sorted(self._selling)
        places = self._selling[generator.choice(years)] if years else []
        return generator.sample(places, min(len(places), 1 + generator.randint(2, MOST_PEERS)))

    def _peers(self, chosen: Sequence[int], generator: random.Random) -> Sequence[int]:
        """Documents that share a year with a table that is there."""
        years = [year for year, places in sorted(self._selling.items()) if set(places) & set(chosen)]
        if not years:
            return ()
        places = [place for place in self._selling[generator.choice(years)] if place not in chosen]
        return generator.sample(places, min(len(places), generator.randint(2, MOST_PEERS)))

    def _riddle(self, _chosen: Sequence[int], generator: random.Random) -> Sequence[int]:
        subjects = sorted(self._riddles)
        return (generator.choice(self._riddles[generator.choice(subjects)]),) if subjects else ()

    def _second_riddle(self, chosen: Sequence[int], generator: random.Random) -> Sequence[int]:
        """Another riddle about a subject that is there."""
        subjects = [subject for subject, places in sorted(self._riddles.items()) if set(places) & set(chosen)]
        return (generator.choice(self._riddles[generator.choice(subjects)]),) if subjects else ()

    def _about(self, generator: random.Random, names: Sequence[str]) -> int:
        return generator.choice(self._telling[generator.choice(names)])

    def _values(self, place: int) -> list[str]:
        return [bare(each.value) for each in self.sources[place].facts if each.relation in RELATES]

    def _compatible(self, places: Sequence[int]) -> bool:
        """True where no two of the documents tell of the same."""
        keys = [{_key(each) for each in self.sources[place].facts} for place in places]
        return len(set().union(*keys)) == sum(map(len, keys))


def _key(statement: Statement) -> tuple[str, str]:
    """What a statement gives the value of; riddles about one subject are told apart by their first word."""
    first = f" {statement.value.split()[0]}" if statement.relation == RIDDLE else ""
    return bare(statement.subject), statement.relation + first
