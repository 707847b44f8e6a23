"""The three spaces over records, by examples worked by hand."""

from __future__ import annotations

import pytest

from longstride.synthesis.in_context.record_rules import badges, classes, prices

WORDS = ("mor", "fen", "tul", "gad", "vek", "sim")


def test_a_badge():
    letters = ("letters", ("at_least", "year", 1950), ("surname", "first two"), ("town", "first and last"))
    added = ("sum", ("even", "grade", 0), "year", 3, 7)
    early = {"surname": "Melkor", "town": "Daza", "year": 1948, "grade": 8}
    late = {"surname": "Melkor", "town": "Daza", "year": 1952, "grade": 9}
    assert badges().output((letters, added), early) == "DA-51"  # 48 + 3
    assert badges().output((letters, added), late) == "ME-59"  # 52 + 7


def test_a_badge_of_name_lengths():
    letters = ("letters", ("even", "year", 0), ("town", "last two"), ("surname", "last two"))
    added = ("sum", ("at_least", "grade", 10), "surname", 0, 9)
    record = {"surname": "Melkor", "town": "Daza", "year": 1947, "grade": 10}
    assert badges().output((letters, added), record) == "OR-6"


@pytest.mark.parametrize(("pieces", "buyer", "price"), [(20, "guild", 200), (30, "guild", 270), (30, "school", 245)])
def test_a_price(pieces: int, buyer: str, price: int):
    rule = (10, 20, 3, "school", 25)  # the ten beyond 20 cost 7 each
    assert prices().output((rule,), {"pieces": pieces, "buyer": buyer}) == str(price)


def test_a_class():
    rule = (
        ("word", ("at_least", "weight", 50), "mor", "fen"),
        ("word", ("is", "colour", "red"), "gad", "tul"),
        ("word", ("even", "hardness", 0), "vek", "sim"),
    )
    stone = {"weight": 50, "hardness": 7, "colour": "grey", "origin": "cave"}
    assert classes(WORDS).output(rule, stone) == "mor-tul-sim"


def test_the_sizes_of_the_spaces():
    tests = 9 + 1 + 7 + 1  # years, even year, grades, even grade
    assert badges().size == tests * 6 * 5 * tests * 4 * 10 * 9
    assert prices().size == 10 * 5 * 4 * 4 * 8
    assert classes(WORDS).size == ((9 + 1 + 7 + 1 + 5 + 5) * 2) ** 3


def test_a_price_is_never_negative():
    assert min(int(prices().output((rule,), {"pieces": 8, "buyer": rule[3]})) for rule in prices().parts[0]) > 0
