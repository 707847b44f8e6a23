"""Names and labels in the form in which they are compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.synthesis.knowledge_graph.names import (
    is_name,
    names_of,
    normal_label,
    normal_name,
    singular,
    spoken_forms,
)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("The Gambia", "gambia"),
        ("Côte d'Ivoire", "cote divoire"),
        ("Cote d’Ivoire", "cote divoire"),
        ("Sao Tome & Principe", "sao tome and principe"),
        ("Kestrel Works, Inc.", "kestrel works"),
        ("Guinea-Bissau", "guinea bissau"),
        ("Łódź", "lodz"),
        ("The Company", "company"),  # a suffix alone is the name
    ],
)
def test_a_name_loses_what_does_not_tell_it_apart(written: str, normal: str):
    assert normal_name(written) == normal


@given(st.text(max_size=60))
def test_a_normal_name_is_its_own_normal_form_or_shorter(text: str):
    once = normal_name(text)
    assert once == once.strip() and "  " not in once
    assert normal_name(once) == normal_name(normal_name(once))


def test_parentheses_hold_a_second_name_or_tell_namesakes_apart():
    assert names_of("Falkland Islands (Islas Malvinas)") == (
        "Falkland Islands (Islas Malvinas)", "Falkland Islands", "Islas Malvinas",
    )  # fmt: skip
    assert names_of("International Whaling Office (IWO)")[1:] == ("International Whaling Office", "IWO")
    assert names_of("DRC (or DROC)")[1:] == ("DRC", "DROC")
    assert names_of("Congo (Brazzaville)") == ("Congo (Brazzaville)",)


@pytest.mark.parametrize(
    ("label", "stem", "year"),
    [
        ("Border countries", "border country", ""),
        ("border country", "border country", ""),
        ("Exports 2023", "export", "2023"),
        ("National anthem(s)", "national anthem", ""),
        ("Founded in", "founded", ""),
        ("Founded by", "founded by", ""),
    ],
)
def test_labels_that_differ_in_number_or_in_a_year_have_one_stem(label: str, stem: str, year: str):
    assert normal_label(label) == (stem, year)


@pytest.mark.parametrize("word", ["status", "basis", "glass", "gas", "economics"])
def test_words_that_only_look_plural_stay(word: str):
    assert singular(word) == word


def test_a_title_before_a_name_may_be_left_out_of_an_answer():
    assert spoken_forms("President Ann Bal") == ("President Ann Bal", "Ann Bal")
    assert spoken_forms("King's Lynn") == ("King's Lynn",)


@pytest.mark.parametrize("text", ["none", "NA", "May", "UTC-4", "12 Main Street", "a@b.org", "x" * 90, "", "?"])
def test_what_is_no_name_is_no_node(text: str):
    assert not is_name(text)
