"""Examples spread over sheets so that together they settle a question, and without any one of them do not.

Each sheet has a rival: a rule that answers the question otherwise. Only its own sheet tells the rival from the rule,
so with that sheet missing the rival stands.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from operator import ne

from longstride.synthesis.in_context.spaces import Option, Record, Space, consistent_options, search, written

SAMPLE = 80  # records on which rivals are tried
LEAST_AGREEMENT = 0.25  # of the sample, on which a rival says what the rule says
TELLING = 2  # examples on a sheet, at least, that refute its rival
EXAMPLES = (7, 16)  # on a sheet, at first and at most; not in the paper
DRAWS = 600  # of records
CHOICES = 30  # of rivals


@dataclass(frozen=True)
class _Rival:
    part: int
    option: Option
    place: int  # at which the option differs from the rule's


@dataclass
class _Spread:
    space: Space
    rule: Sequence[Option]
    query: Record
    rivals: Sequence[_Rival]
    sheets: list[list[Record]]
    seen: set[str]

    def refuted(self, record: Record) -> list[int]:
        """The sheets whose rivals a record refutes."""
        return [
            sheet
            for sheet, rival in enumerate(self.rivals)
            if self.space.piece(rival.option, record) != self.space.piece(self.rule[rival.part], record)
        ]

    def place(self, record: Record, draw: random.Random, most: int) -> bool:
        """Puts a record where it refutes no other sheet's rival, and there is room; False where there is no such."""
        refuted = self.refuted(record)
        name = written(record)
        if len(refuted) > 1 or name in self.seen:
            return False
        free = [at for at in refuted or range(len(self.sheets)) if len(self.sheets[at]) < most]
        if not free:
            return False
        self.sheets[draw.choice(free)].append(record)
        self.seen.add(name)
        return True

    def examples(self) -> list[tuple[Record, str]]:
        return [(record, self.space.output(self.rule, record)) for sheet in self.sheets for record in sheet]


def spread_examples(
    space: Space, rule: Sequence[Option], query: Record, sheets: int, draw: random.Random
) -> list[list[Record]] | None:
    """The records of each sheet; None where this rule and query allow none.

    All rules of the space that agree with all the sheets answer the query alike; without any one sheet some do not.
    """
    sample = [space.draw(draw) for _ in range(SAMPLE)]
    rivals = _rivals(space, rule, query, sheets, sample, draw)
    if rivals is None:
        return None
    spread = _Spread(space, rule, query, rivals, [[] for _ in range(sheets)], {written(query)})
    for record in sample:
        if spread.refuted(record) and not all(len(each) >= TELLING for each in spread.sheets):
            spread.place(record, draw, TELLING)
    for _ in range(DRAWS):
        if all(len(each) >= EXAMPLES[0] for each in spread.sheets):
            break
        spread.place(space.draw(draw), draw, EXAMPLES[0])
    if not _settled(spread, draw):
        return None
    for each in spread.sheets:
        draw.shuffle(each)
    return spread.sheets if _all_needed(spread) else None


def _rivals(
    space: Space, rule: Sequence[Option], query: Record, count: int, sample: Sequence[Record], draw: random.Random
) -> list[_Rival] | None:
    """A rival for each sheet, each of them refuted by several records that refute no other.

    A rival differs from the rule in one thing, each in another: a test, a number, a word.
    """
    found: list[list[tuple[_Rival, frozenset[int]]]] = []
    for part, own in enumerate(rule):
        said = space.piece(own, query)
        pieces = [space.piece(own, record) for record in sample]
        group: list[tuple[_Rival, frozenset[int]]] = []
        for option in space.parts[part]:
            differences = list(map(ne, option, own))
            if sum(differences) != 1 or space.piece(option, query) == said:
                continue
            differs = frozenset(at for at, record in enumerate(sample) if space.piece(option, record) != pieces[at])
            if TELLING <= len(differs) <= (1 - LEAST_AGREEMENT) * len(sample):
                group.append((_Rival(part, option, differences.index(True)), differs))
        if group:
            found.append(group)
    if not found:
        return None
    for _ in range(CHOICES):
        chosen = [draw.choice(draw.choice(found)) for _ in range(count)]
        alone = [
            differs.difference(*(other for at, (_, other) in enumerate(chosen) if at != own))
            for own, (_, differs) in enumerate(chosen)
        ]
        different = {(rival.part, rival.place) for rival, _ in chosen}
        if len(different) == count and all(len(each) >= TELLING for each in alone):
            return [rival for rival, _ in chosen]
    return None


def _settled(spread: _Spread, draw: random.Random) -> bool:
    """Adds examples that refute the rules that still answer otherwise; False where that does not end."""
    space, query = spread.space, spread.query
    wanted = [space.piece(option, query) for option in spread.rule]
    for _ in range(sum(EXAMPLES)):
        left = consistent_options(space, spread.examples())
        others = [
            (part, option)
            for part, options in enumerate(left)
            for option in options
            if space.piece(option, query) != wanted[part]
        ]
        if not others:
            return True
        part, option = draw.choice(others)
        for _ in range(DRAWS):
            record = space.draw(draw)
            tells = space.piece(option, record) != space.piece(spread.rule[part], record)
            if tells and spread.place(record, draw, EXAMPLES[1]):
                break
        else:
            return False
    return False


def _all_needed(spread: _Spread) -> bool:
    """Whether without any one sheet there are several answers."""
    for at in range(len(spread.sheets)):
        kept = [
            (record, spread.space.output(spread.rule, record))
            for sheet in spread.sheets[:at] + spread.sheets[at + 1 :]
            for record in sheet
        ]
        if len(search(spread.space, kept, spread.query).outputs) < 2:
            return False
    return True
