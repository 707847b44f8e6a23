"""Three spaces of rules over records: badges from letters and numbers, prices, and classes by tests."""

from __future__ import annotations

import random
from functools import cache
from itertools import product

from longstride.synthesis.in_context.nonsense import nonsense
from longstride.synthesis.in_context.spaces import Option, Record, Space, holds, tests

YEARS, GRADES, ADDED = range(1930, 2011, 10), range(5, 40, 5), range(10)
BADGE_TESTS = tuple(tests({"year": YEARS, "grade": GRADES}, {}))
LETTERS = tuple(product(("surname", "town"), ("first two", "last two", "first and last")))
NUMBERS = ("year", "grade", "surname", "town")

PRICE_A_PIECE, FREE_FROM, LESS = range(6, 16), range(10, 60, 10), range(1, 5)
BUYERS, REDUCTIONS = ("guild", "harbour", "parish", "school"), range(5, 45, 5)

COLOURS = ("black", "green", "grey", "red", "white")
ORIGINS = ("beach", "cave", "quarry", "river", "summit")
STONE_TESTS = tuple(
    tests({"weight": range(10, 100, 10), "hardness": range(5, 40, 5)}, {"colour": COLOURS, "origin": ORIGINS})
)
CLASS_PIECES = 3

BADGES = (
    "A badge is made by one hidden rule. It has two parts, joined by a hyphen. The first part is two letters in "
    "capitals: the first two, the last two, or the first and the last letter of the surname or of the town. The second "
    "part is a sum: the last two digits of the year, the grade, or the number of letters of the surname or of the "
    "town, and a fixed number from 0 to 9 added to it. For each part one test of the record decides between two ways "
    "to take the letters, or between two numbers to add: is the year at least 1930, 1940, ... 2010, is the year even, "
    "is the grade at least 5, 10, ... 35, or is the grade even."
)
PRICES = (
    "A price is made by one hidden rule. Each piece costs the same whole number from 6 to 15. Each piece beyond a "
    "certain number of pieces (10, 20, 30, 40 or 50) costs 1 to 4 less. One of the four kinds of buyers has a fixed "
    "sum of 5, 10, ... 40 taken off the whole."
)
CLASSES = (
    "A class is given by one hidden rule. It has three parts, joined by hyphens, and each part is one of two words, as "
    "one test of the record decides: is the weight at least 10, 20, ... 90, is the hardness at least 5, 10, ... 35, is "
    "the weight even, is the hardness even, is the colour a certain one, or is the origin a certain one."
)


@cache
def badges() -> Space:
    """Codes such as "ME-57" from surname, town, year and grade."""
    letters = tuple(
        ("letters", test, one, other)
        for test in BADGE_TESTS
        for one, other in product(LETTERS, LETTERS)
        if one != other
    )
    sums = tuple(
        ("sum", test, source, one, other)
        for test in BADGE_TESTS
        for source in NUMBERS
        for one, other in product(ADDED, ADDED)
        if one != other
    )
    return Space("badges", _person, (letters, sums), _badge_piece, most_sheets=3)


@cache
def prices() -> Space:
    """Prices of an order, by its pieces and its buyer."""
    rules = tuple(product(PRICE_A_PIECE, FREE_FROM, LESS, BUYERS, REDUCTIONS))
    return Space("prices", _order, (rules,), _price, most_sheets=2)


@cache
def classes(words: tuple[str, ...]) -> Space:
    """Classes such as "mor-tul-vek": `words` are the two of each part, in turn."""
    pairs = [words[at : at + 2] for at in range(0, 2 * CLASS_PIECES, 2)]
    parts = tuple(
        tuple(("word", test, one, other) for test in STONE_TESTS for one, other in (pair, pair[::-1])) for pair in pairs
    )
    return Space("classes", _stone, parts, _word, most_sheets=3)


def _person(draw: random.Random) -> Record:
    return {
        "surname": nonsense(draw, draw.choice((2, 2, 3)), end=draw.random() < 0.6).capitalize(),
        "town": nonsense(draw, draw.choice((2, 3, 3)), end=draw.random() < 0.4).capitalize(),
        "year": draw.randint(1921, 2019),
        "grade": draw.randint(1, 40),
    }


def _order(draw: random.Random) -> Record:
    return {"pieces": draw.randint(8, 60), "buyer": draw.choice(BUYERS)}


def _stone(draw: random.Random) -> Record:
    return {
        "weight": draw.randint(1, 99),
        "hardness": draw.randint(1, 40),
        "colour": draw.choice(COLOURS),
        "origin": draw.choice(ORIGINS),
    }


def _badge_piece(option: Option, record: Record) -> str:
    if option[0] == "letters":
        _, test, one, other = option
        column, ends = one if holds(test, record) else other
        name = str(record[column]).upper()
        return name[:2] if ends == "first two" else name[-2:] if ends == "last two" else name[0] + name[-1]
    _, test, source, first, second = option
    value = record[source]
    start = len(value) if isinstance(value, str) else value % 100
    return str(start + (first if holds(test, record) else second))


def _price(option: Option, record: Record) -> str:
    each, free_from, less, buyer, reduction = option
    pieces = int(record["pieces"])
    whole = pieces * each - max(0, pieces - free_from) * less
    return str(whole - (reduction if record["buyer"] == buyer else 0))


def _word(option: Option, record: Record) -> str:
    _, test, one, other = option
    return one if holds(test, record) else other
