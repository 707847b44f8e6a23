"""Finite spaces of rules over records, and the exhaustive search for those that agree with the examples."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from math import prod
from typing import Any

Record = Mapping[str, str | int]  # column -> value
Test = tuple[str, str, int | str]  # how, column, with what
Option = tuple[Any, ...]

JOINER = "-"  # between the pieces of an output
MOST_OUTPUTS = 64  # that a search tells of; more than one is too many


@dataclass(frozen=True, eq=False)  # known by identity: thousands of options are not compared
class Space:
    """All rules of one form. The output is one piece for each part; each part has its own options, chosen freely.

    So the options of the parts are searched apart, and their numbers multiply.
    """

    name: str
    draw: Callable[[random.Random], Record]  # a record to show
    parts: tuple[tuple[Option, ...], ...]  # every option of every part
    piece: Callable[[Option, Record], str]  # what an option of any part makes of a record
    most_sheets: int

    @property
    def size(self) -> int:
        """The number of rules."""
        return prod(map(len, self.parts))

    def output(self, rule: Sequence[Option], record: Record) -> str:
        """What a rule, one option for each part, makes of a record."""
        return JOINER.join(self.piece(option, record) for option in rule)


@dataclass(frozen=True)
class Search:
    """What an exhaustive search found: how many rules agree with the examples, and what they say of the query."""

    consistent: int
    outputs: tuple[str, ...]  # different ones, at most MOST_OUTPUTS


def holds(test: Test, record: Record) -> bool:
    """Whether a record passes: "at_least" a bound, "even", or "is" a value."""
    how, column, wanted = test
    value = record[column]
    if how == "at_least":
        return int(value) >= int(wanted)
    return int(value) % 2 == 0 if how == "even" else value == wanted


def consistent_options(space: Space, examples: Sequence[tuple[Record, str]]) -> tuple[tuple[Option, ...], ...]:
    """For each part every option that gives its piece of every example; none where an output has other pieces."""
    pieces = [(record, output.split(JOINER)) for record, output in examples]
    if any(len(each) != len(space.parts) for _, each in pieces):
        return tuple(() for _ in space.parts)
    return tuple(
        _consistent(space, at, [(record, each[at]) for record, each in pieces]) for at in range(len(space.parts))
    )


def _consistent(space: Space, part: int, pieces: Sequence[tuple[Record, str]]) -> tuple[Option, ...]:
    """The options of one part that give these pieces."""
    if not pieces:
        return space.parts[part]
    (first, said), *others = pieces
    left = _by_piece(space, part, tuple(first.items())).get(said, [])
    for record, wanted in others:
        left = [option for option in left if space.piece(option, record) == wanted]
    return tuple(left)


@lru_cache(maxsize=32)  # the searches for one question begin with few records
def _by_piece(space: Space, part: int, record: tuple[tuple[str, str | int], ...]) -> dict[str, list[Option]]:
    """All options of a part by what they make of a record."""
    known, found = dict(record), dict[str, list[Option]]()
    for option in space.parts[part]:
        found.setdefault(space.piece(option, known), []).append(option)
    return found


def search(space: Space, examples: Sequence[tuple[Record, str]], query: Record) -> Search:
    """Tries every rule of the space."""
    left = consistent_options(space, examples)
    said = [sorted({space.piece(option, query) for option in options}) for options in left]
    outputs = tuple(JOINER.join(each) for each in islice(product(*said), MOST_OUTPUTS))
    return Search(prod(map(len, left)), outputs)


def written(record: Record) -> str:
    """A record on one line: "surname: Melkor; year: 1948"."""
    return "; ".join(f"{column}: {value}" for column, value in record.items())


def read_record(text: str) -> Record:
    """A record from its line; digits are a number. Raises ValueError for a line of another form."""
    record: dict[str, str | int] = {}
    for field in text.split("; "):
        column, mark, value = field.partition(": ")
        if not mark or not value:
            raise ValueError(f"{field!r:.80} is no field of a record")
        record[column] = int(value) if value.isdecimal() and len(value) < 10 else value
    return record


def tests(bounds: Mapping[str, range], values: Mapping[str, Sequence[str]]) -> Iterator[Test]:
    """Every test: numbers against the bounds of their column, and for being even; words for being one of `values`."""
    for column, each in bounds.items():
        yield from (("at_least", column, bound) for bound in each)
        yield "even", column, 0
    for column, words in values.items():
        yield from (("is", column, word) for word in words)
