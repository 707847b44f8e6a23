"""Sets and lists: exactly the gold items, and not one more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.grading import list_match, set_match, split_items


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("Paris, Rome, Oslo", ["Paris", "Rome", "Oslo"]),
        ("Paris, Rome and Oslo", ["Paris", "Rome", "Oslo"]),
        ("Paris, Rome, and Oslo", ["Paris", "Rome", "Oslo"]),
        ("Paris and Rome", ["Paris", "Rome"]),
        ("Paris, France; London, UK; and Rome, Italy", ["Paris, France", "London, UK", "Rome, Italy"]),
        ("1. Paris\n2. Rome\n", ["Paris", "Rome"]),
        ("- Paris\n- Rome", ["Paris", "Rome"]),
        ("* 1998\n* 2001", ["1998", "2001"]),
        ('["Paris", "Rome, Italy", 5]', ["Paris", "Rome, Italy", "5"]),
        ("[Paris, Rome]", ["Paris", "Rome"]),
        ("{1,500, 2,500}", ["1,500", "2,500"]),
        ("1,2,3", ["1", "2", "3"]),
        ("Paris", ["Paris"]),
        ("", []),
    ],
)
def test_items_are_split(text: str, items: list[str]):
    assert split_items(text) == items


def test_a_set_has_no_order_and_a_list_has():
    assert set_match("Rome, Paris", ["Paris", "Rome"]) == 1
    assert set_match("Rome, Paris, Rome", "Paris; Rome") == 1  # repeating changes nothing
    assert list_match("Rome, Paris", ["Paris", "Rome"]) == 0
    assert list_match("1. Paris\n2. Rome", ["Paris", "Rome"]) == 1
    assert list_match("Paris, Rome, Rome", ["Paris", "Rome"]) == 0


def test_an_extra_or_missing_item_never_scores_in_full():
    gold = ["Paris", "Rome"]
    assert set_match("Paris, Rome, Oslo", gold) == 0
    assert set_match("Paris", gold) == 0
    assert set_match("Paris, Rome, Oslo", gold, partial=True) == pytest.approx(2 * 2 / 5)
    assert set_match("Paris", gold, partial=True) == pytest.approx(2 * 1 / 3)
    assert list_match("Paris, Rome, Oslo", gold) == 0


def test_and_may_be_a_separator_or_part_of_an_item():
    assert set_match("Hamlet, Romeo and Juliet", ["Romeo and Juliet", "Hamlet"]) == 1
    assert set_match("Hamlet and Othello", ["Othello", "Hamlet"]) == 1


def test_no_answer_scores_nothing_and_a_gold_without_items_is_refused():
    assert (
        set_match(None, "Paris")
        == set_match("", "Paris")
        == set_match("the, .", "Paris")
        == list_match(None, "a, b")
        == 0
    )
    for gold in ("", [], ["the"], " , "):
        with pytest.raises(ValueError, match="holds no item"):
            set_match("Paris", gold)
    with pytest.raises(ValueError, match=r"gold\[0\] is 5"):
        list_match("5", [5])  # type: ignore[list-item]


ITEMS = st.lists(st.text("bcdfg", min_size=2, max_size=6), min_size=1, max_size=6, unique=True)


@given(ITEMS, st.randoms(use_true_random=False), st.sampled_from([", ", "; ", "\n"]))
def test_any_order_is_the_same_set_and_an_intruder_is_not(items: list[str], random, separator: str):  # type: ignore[no-untyped-def]
    shuffled = random.sample(items, len(items))
    assert set_match(separator.join(shuffled), items) == 1
    assert list_match(separator.join(shuffled), items) == float(shuffled == items)
    assert set_match(separator.join([*shuffled, "intruder"]), items) == 0
    assert set_match(separator.join([*shuffled, "intruder"]), items, partial=True) < 1


def test_a_hostile_megabyte_is_split_to_its_end():
    for text in ("a," * 500_000, "a and " * 170_000, "[" * 1_000_000, "\n" * 1_000_000, "- " * 500_000):
        split_items(text)
