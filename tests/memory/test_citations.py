"""Quotations are found word for word, or not at all."""

from longstride.memory.citations import Citation, Place, cited, quotations
from longstride.tokens import Chunk, Piece

FIRST, SECOND = "Kestrel makes boats.\nIt lies in\nOrvale, by the sea.", "Talon lies in Tarn. It makes rope."
CHUNKS = [Chunk(f"{FIRST}\n\n{SECOND}", 0, (Piece("a#0001", 10, 10 + len(FIRST)), Piece("b", 0, len(SECOND))))]
PLACES = {"a#0001": Place("a", 100), "b": Place("b", 0)}


def found(text: str) -> list[Citation]:
    return cited([text], CHUNKS, PLACES)


def test_a_quotation_has_its_place_in_its_source():
    (citation,) = found('It said "Talon lies in Tarn" there.')
    assert citation == Citation("Talon lies in Tarn", "b", 0, 18)
    assert SECOND[0:18] == citation.quote


def test_a_part_of_a_source_counts_from_the_sources_start():
    (citation,) = found("“lies in Orvale, by the sea”")
    start = FIRST.index("lies in") + 10 + 100
    assert citation == Citation("lies in Orvale, by the sea", "a", start, start + len("lies in\nOrvale, by the sea"))


def test_what_stands_nowhere_is_told_as_such():
    assert found('"Talon lies in Orvale"') == [Citation("Talon lies in Orvale")]
    assert not found('"Talon lies in Orvale"')[0].verified
    assert not found('"talon lies in tarn"')[0].verified  # word for word


def test_the_end_of_a_sentence_may_stand_inside_the_marks():
    (citation,) = found('"It lies in Orvale, by the sea,"')
    assert citation.verified


def test_short_ones_and_single_words_are_no_quotations():
    assert quotations('"Tarn" and "a b" and "unforgettable" and "two words"') == ["two words"]


def test_each_quotation_is_told_once():
    assert len(cited(['"Talon lies in Tarn"', 'again: "Talon lies in Tarn"'], CHUNKS, PLACES)) == 1


def test_a_pattern_is_no_quotation():
    assert found('"Talon .* in Tarn"') == [Citation("Talon .* in Tarn")]
