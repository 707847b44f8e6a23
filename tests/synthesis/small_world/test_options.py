import random
from collections import Counter
from itertools import islice

from longstride.synthesis.small_world.options import letters, options_for

OWN = {"town": ("Orvholt", "Birale"), "person": ("Milis",)}
BESIDE = {"town": ("Birale", "Port Yarale"), "person": ("Milis", "Tarik")}
FAR = {"town": ("Skelmere", "Mirrale", "Naszenby", "Ebbholt"), "land": ("Draovia", "Tarunia", "Ulovia", "Ysovia")}


def options(answer: str, asked: list[str], letter: str = "A") -> list[str] | None:
    return options_for(answer, asked, [OWN, BESIDE], FAR, letter, random.Random(1))


def test_the_answer_stands_under_its_letter_among_the_nearest_of_its_kind():
    for letter, place in zip("ABCD", range(4), strict=True):
        found = options("Mirrwick", [], letter)
        assert found is not None and found[place] == "Mirrwick"
        assert set(found) == {"Mirrwick", "Orvholt", "Birale", "Port Yarale"}


def test_what_the_question_names_is_no_option_and_one_may_come_from_afar():
    found = options("Mirrwick", ["Port Birale"])
    assert found is not None and len(set(found)) == 4
    assert {"Orvholt", "Port Yarale"} < set(found) and "Birale" not in found
    assert len({*FAR["town"]} & {*found}) == 1


def test_without_three_others_there_are_none():
    assert options("Mirrwick", ["Birale", "Orvholt"]) is None  # two would come from afar
    assert options("Voraria", []) is None  # all three would
    assert options("Zedan", []) is None
    assert options("house", []) is None


def test_each_letter_comes_once_in_four():
    drawn = list(islice(letters("3"), 40))
    assert all(sorted(drawn[start : start + 4]) == list("ABCD") for start in range(0, 40, 4))
    assert Counter(drawn[::4]).most_common(1)[0][1] < 10
