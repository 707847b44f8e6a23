"""Answering again from text, by small pages worked by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from longstride.records import Document
from longstride.synthesis.candidates import Source
from longstride.synthesis.reading import ReadingFamily

Gather = Callable[[Sequence[Document]], list[Source]]

FAMILY = ReadingFamily()
MALTA = Document(
    "m", "Malta > Government", "professional", "malta.md", "## Capital\n\n- name: Valletta\n- seat: hill\n"
)
ODE = Document("o", "Ode", "literature", "ode.md", "The mill of Harrow turned\nfor 31 winters before it stopped.\n")
COUNTS = Document(
    "c", "Sheep", "literature", "c.md", "Sheep. A sheep's wool; no shear-sheep, but SHEEP!\n\n- shears\n- sheds\n"
)


def look_up(label: str) -> dict[str, str]:
    return {"what": "look_up", "subject": "Malta", "section": "Capital", "label": label}


def test_a_look_up(gather: Gather):
    assert FAMILY.answers(look_up("name"), gather([MALTA, ODE])) == ("Valletta",)
    assert FAMILY.answers(look_up("mayor"), gather([MALTA, ODE])) == ()
    assert FAMILY.answers(look_up("name"), gather([ODE])) == ()


def test_two_documents_about_the_same_make_two_answers(gather: Gather):
    other = Document("n", "Malta > Geography", "professional", "n.md", "## Capital\n\n- name: Mdina\n")
    same = Document("n", "Malta > Geography", "professional", "n.md", "## Capital\n\n- name: valletta\n")
    assert FAMILY.answers(look_up("name"), gather([MALTA, other])) == ("Mdina", "Valletta")
    assert FAMILY.answers(look_up("name"), gather([MALTA, same])) == ("Valletta",)


def gap(before: str, after: str) -> dict[str, str]:
    return {"what": "needle", "kind": "number", "before": before, "after": after}


def test_a_gap_is_filled_across_lines(gather: Gather):
    query = gap("The mill of Harrow turned for ", " winters before it stopped.")
    assert FAMILY.answers(query, gather([MALTA, ODE])) == ("31",)
    assert FAMILY.answers(query, gather([MALTA])) == ()


def test_the_same_sentence_with_another_number_makes_two_answers(gather: Gather):
    other = Document("p", "Elegy", "literature", "p.md", "The mill of Harrow turned for 44 winters before it stopped.")
    query = gap("The mill of Harrow turned for ", " winters before it stopped.")
    assert FAMILY.answers(query, gather([ODE, other])) == ("31", "44")


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        ({"counted": "word", "word": "sheep"}, ("4",)),
        ({"counted": "word", "word": "she"}, ("0",)),
        ({"counted": "frequent", "letter": "s", "letters": 5}, ("sheep",)),
        ({"counted": "frequent", "letter": "s", "letters": 6}, ("shears",)),
        ({"counted": "frequent", "letter": "b", "letters": 2}, ("but",)),
        ({"counted": "frequent", "letter": "z", "letters": 2}, ()),
        ({"counted": "lines"}, ("2",)),
    ],
)
def test_counts(asked: dict[str, str | int], answers: tuple[str, ...], gather: Gather):
    assert FAMILY.answers({"what": "counts", "titles": ["Sheep"], **asked}, gather([COUNTS, ODE])) == answers


def test_words_that_are_equally_frequent_are_all_given(gather: Gather):
    page = Document("q", "Q", "literature", "q.md", "wool wax wool wax wind")
    query = {"what": "counts", "titles": ["Q"], "counted": "frequent", "letter": "w", "letters": 3}
    assert FAMILY.answers(query, gather([page])) == ("wax", "wool")


def test_counts_need_each_document_and_doubt_a_title_that_two_have(gather: Gather):
    more = Document("e", "Sheep (part 2 of 2)", "literature", "e.md", "sheep sheep")
    query = {"what": "counts", "titles": ["Sheep", more.title], "counted": "word", "word": "sheep"}
    assert FAMILY.answers(query, gather([COUNTS, more])) == ("6",)
    assert FAMILY.answers(query, gather([COUNTS])) == ()
    twin = Document("f", more.title, "literature", "f.md", "sheep")
    assert FAMILY.answers(query, gather([COUNTS, more, twin])) == ("5", "6")


def part(number: int, text: str) -> Document:
    return Document(f"p{number}", f"Road (part {number} of 3)", "literature", "r.txt", text, "road", 100 * number)


PASSAGES = {
    "what": "orders",
    "ordered": "passages",
    "whole": "Road",
    "passages": ["We slept.", "We left.", "We arrived.", "We ate."],
}


def test_passages_are_put_in_order_by_part_and_place(gather: Gather):
    parts = [part(3, "We slept."), part(1, "We left. We\nate."), part(2, "We arrived.")]
    assert FAMILY.answers(PASSAGES, gather(parts)) == ("B, D, C, A",)
    assert FAMILY.answers(PASSAGES, gather(parts[:2])) == ()


def test_a_passage_that_stands_twice_makes_two_orders(gather: Gather):
    parts = [part(3, "We slept. We ate."), part(1, "We left. We ate."), part(2, "We arrived.")]
    assert FAMILY.answers(PASSAGES, gather(parts)) == ("B, C, A, D", "B, D, C, A")


def test_the_same_passages_of_another_source_are_not_meant(gather: Gather):
    parts = [part(3, "We slept."), part(1, "We left. We ate."), part(2, "We arrived.")]
    other = Document("x", "Sea (part 1 of 3)", "literature", "x.txt", "We slept. We arrived. We ate. We left.")
    assert FAMILY.answers(PASSAGES, gather([*parts, other])) == ("B, D, C, A",)


def born(name: str, value: str) -> Document:
    return Document(name, name, "literature", f"{name}.md", f"## Life\n\n- Born: {value}\n- Trade: baker\n")


@pytest.mark.parametrize(
    ("born_bea", "answers"),
    [
        ("1902", ("C, A, B",)),
        ("4 May 1848 (at sea)", ("B, C, A",)),
        ("June 1849; baptised 1851", ()),  # the year of Cid
        ("about 1902", ()),
        ("1,902", ()),
        ("19020", ()),
    ],
)
def test_things_are_put_in_order_by_their_years(born_bea: str, answers: tuple[str, ...], gather: Gather):
    people = [born("Ann", "3 June 1850"), born("Bea", born_bea), born("Cid", "1849")]
    query = {"what": "orders", "ordered": "dates", "section": "Life", "label": "Born"}
    assert FAMILY.answers({**query, "subjects": ["Ann", "Bea", "Cid"]}, gather(people)) == answers
    assert FAMILY.answers({**query, "subjects": ["Ann", "Bea", "Dot"]}, gather(people)) == ()


def test_two_dates_of_one_thing_make_two_orders(gather: Gather):
    people = [
        born("Ann", "1850"),
        born("Bea", "1840"),
        Document("z", "Ann", "literature", "z.md", born("Ann", "1830").text),
    ]
    query = {"what": "orders", "ordered": "dates", "section": "Life", "label": "Born", "subjects": ["Ann", "Bea"]}
    assert FAMILY.answers(query, gather(people)) == ("A, B", "B, A")
