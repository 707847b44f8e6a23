"""Each form of a question, answered by hand, and what makes the answer disappear or double."""

from collections.abc import Callable, Sequence

import pytest

from longstride.synthesis.candidates import Source
from longstride.synthesis.small_world.queries import (
    Query,
    answers_of,
    difference,
    extreme_company,
    extreme_number,
    extreme_year,
    figure,
    riddle,
    walk,
)

Build = Callable[[str, str], Source]

ANSWERED = [
    (walk("Milis", ["works at"]), "Kestrel", ["milis"]),
    (walk("Milis", ["works at", "is based in"]), "Port Birale", ["milis", "kestrel"]),
    (walk("Milis", ["works at", "is based in", "lies in"]), "Draovia", ["milis", "kestrel", "birale"]),
    (figure("Kestrel", "2024"), "55", ["sales"]),
    (difference("Kestrel", "2024", "2021"), "25", ["sales"]),
    (extreme_year("Kestrel", "most"), "2024", ["sales"]),
    (extreme_year("Kestrel", "least"), "2031", ["sales"]),
    (extreme_number("Kestrel", "least"), "12", ["sales"]),
    (extreme_company(["Kestrel", "Zanner", "Falner"], "2024", "most"), "Kestrel", ["sales", "rival", "third"]),
    (extreme_company(["Kestrel", "Zanner", "Falner"], "2024", "least"), "Falner", ["sales", "rival", "third"]),
    (riddle("rivers", "old", "star song"), "star song about rivers : old moon sings under stone", ["rivers"]),
]


@pytest.mark.parametrize(("query", "answer", "needed"), ANSWERED)
def test_an_answer_follows_from_its_documents_and_from_all_of_them(
    query: Query, answer: str, needed: list[str], few: Sequence[Source]
):
    assert answers_of(query, few) == (answer,)
    own = [source for source in few if source.document_id in needed]
    assert answers_of(query, own) == (answer,)
    for left_out in own:
        assert answers_of(query, [source for source in few if source is not left_out]) == ()


def test_documents_that_disagree_give_two_answers_or_none(few: Sequence[Source], source_of: Build):
    other = source_of("other", "Milis works at Zanner .")
    assert answers_of(walk("Milis", ["works at"]), [*few, other]) == ("Kestrel", "Zanner")
    port = source_of("port", "Birale lies in Tarunia .")  # the same town
    assert answers_of(walk("Kestrel", ["is based in", "lies in"]), [*few, port]) == ("Draovia", "Tarunia")
    table = source_of("table", "Kestrel | 2024 | 11 ;")
    assert answers_of(figure("Kestrel", "2024"), [*few, table]) == ("11", "55")
    assert answers_of(extreme_year("Kestrel", "most"), [*few, table]) == ()
    assert answers_of(difference("Kestrel", "2024", "2021"), [*few, table]) == ()
    assert answers_of(riddle("rivers", None, "star song"), few) == (
        "star song about rivers : cold wind holds silver feet",
        "star song about rivers : old moon sings under stone",
    )


def test_a_tie_gives_every_winner(source_of: Build):
    tables = [source_of("a", "Kestrel | 2024 | 40 ;"), source_of("b", "Zanner | 2024 | 40 ;")]
    assert answers_of(extreme_company(["Kestrel", "Zanner"], "2024", "most"), tables) == ("Kestrel", "Zanner")


def test_one_year_is_no_comparison(source_of: Build):
    assert answers_of(extreme_year("Kestrel", "most"), [source_of("a", "Kestrel | 2024 | 40 ;")]) == ()


def test_a_later_row_changes_the_most(few: Sequence[Source], source_of: Build):
    later = source_of("later", "Kestrel | 2040 | 59 ;")
    assert answers_of(extreme_year("Kestrel", "most"), [*few, later]) == ("2040",)


def test_an_unknown_form_is_refused(few: Sequence[Source]):
    with pytest.raises(ValueError, match="no form 'guess'"):
        answers_of({"form": "guess"}, few)
