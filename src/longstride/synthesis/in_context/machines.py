"""Machines in a row: each sheet teaches one machine, and the question sends something through all of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import product

from longstride.synthesis.in_context.nonsense import nonsense
from longstride.synthesis.in_context.sheets import Pair
from longstride.synthesis.in_context.spaces import MOST_OUTPUTS, Search

Step = Callable[[str], str]

NUMBERS = (
    "Each machine has a hidden rule of two steps, one after the other. A step adds a fixed number from 1 to 12, takes "
    "a fixed number from 1 to 12 away, multiplies by 2, 3, 4 or 5, or writes the digits in reverse order (a sign "
    "stays in front, and zeros that come to stand in front are dropped)."
)
LETTERS = (
    "Each machine has a hidden rule of two steps, one after the other. A step writes the letters in reverse order, "
    "moves the first one, two or three letters to the end, exchanges the first letter and the last, doubles the "
    "first, the second or the last letter, drops the first, the second or the last letter, exchanges the two halves "
    "(the middle letter of an odd number stays), or puts the next letter of the alphabet, or the one before, for "
    "every letter (a follows z)."
)


@dataclass(frozen=True)
class Machines:
    """The machines of one material; a rule is a pair of steps by name."""

    name: str
    steps: dict[str, Step]
    draw: Callable[[random.Random], str]  # something to put in

    @property
    def rules(self) -> list[tuple[str, str]]:
        """Every rule of one machine."""
        return list(product(self.steps, self.steps))

    def output(self, rule: tuple[str, str], given: str) -> str:
        """What comes out of a machine."""
        return self.steps[rule[1]](self.steps[rule[0]](given))

    def consistent(self, pairs: Sequence[Pair]) -> list[tuple[str, str]]:
        """Every rule that agrees with the examples."""
        return [rule for rule in self.rules if all(self.output(rule, given) == result for given, result in pairs)]

    def search(self, sheets: Sequence[Sequence[Pair]], given: str) -> Search:
        """Tries every rule of every machine, in the order of the sheets."""
        reached, count = {given}, 1
        for pairs in sheets:
            rules = self.consistent(pairs)
            count *= len(rules)
            reached = {self.output(rule, each) for rule in rules for each in reached}
        return Search(count, tuple(sorted(reached)[:MOST_OUTPUTS]))


def machines_of(material: str) -> Machines:
    """The machines for "numbers" or for "letters"."""
    return _numbers() if material == "numbers" else _letters()


@cache
def _numbers() -> Machines:
    steps: dict[str, Step] = {"reverse": _reversed_digits}
    for number in range(1, 13):
        steps[f"+{number}"] = partial(_added, number=number)
        steps[f"-{number}"] = partial(_added, number=-number)
    for number in range(2, 6):
        steps[f"*{number}"] = partial(_multiplied, number=number)
    return Machines("numbers", steps, lambda draw: str(draw.randint(12, 199)))


@cache
def _letters() -> Machines:
    steps: dict[str, Step] = {
        "reverse": lambda text: text[::-1],
        "exchange ends": lambda text: text[-1:] + text[1:-1] + text[:1] if len(text) > 1 else text,
        "double first": lambda text: text[:1] + text,
        "double second": lambda text: text[:2] + text[1:],
        "double last": lambda text: text + text[-1:],
        "drop first": lambda text: text[1:],
        "drop second": lambda text: text[:1] + text[2:],
        "drop last": lambda text: text[:-1],
        "exchange halves": _exchanged_halves,
        "next": partial(_shifted, by=1),
        "before": partial(_shifted, by=-1),
    }
    for count in range(1, 4):
        steps[f"move {count}"] = partial(_moved, count=count)
    return Machines("letters", steps, lambda draw: nonsense(draw, draw.choice((3, 3, 4)), end=draw.random() < 0.5))


def _added(text: str, number: int) -> str:
    return str(int(text) + number)


def _multiplied(text: str, number: int) -> str:
    return str(int(text) * number)


def _reversed_digits(text: str) -> str:
    return str(int(text.lstrip("-")[::-1]) * (-1 if text.startswith("-") else 1))


def _moved(text: str, count: int) -> str:
    return text[count:] + text[:count]


def _exchanged_halves(text: str) -> str:
    half = len(text) // 2
    return text[len(text) - half :] + text[half : len(text) - half] + text[:half]


def _shifted(text: str, by: int) -> str:
    return "".join(chr((ord(letter) - ord("a") + by) % 26 + ord("a")) for letter in text)
