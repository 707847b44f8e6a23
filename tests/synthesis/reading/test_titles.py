"""What titles tell of the order of documents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.synthesis.reading.titles import is_title, place_in_whole


@pytest.mark.parametrize(
    ("title", "place"),
    [
        ("A Book > CHAPTER IV: ON MILLS (part 2 of 3)", ("A Book", (4, 2))),
        ("A Book > CHAP. XIX.", ("A Book", (19, 0))),
        ("A Book > Chapter 7", ("A Book", (7, 0))),
        ("A Book > CHAPTER IX: A – CHAPTER X: B", ("A Book", (9, 0))),
        ("A Book > Preface (part 2 of 8)", ("A Book > Preface", (0, 2))),
        ("A Book (part 10 of 12)", ("A Book", (0, 10))),
        ("A Book > Preface", None),
        ("A Book > PART I > Chapter 2", None),
        ("A Book > Chapters of a life", None),
        ("A Book", None),
    ],
)
def test_places(title: str, place: tuple[str, tuple[int, int]] | None):
    assert place_in_whole(title) == place


@pytest.mark.parametrize("title", ["", "a" * 201, "<script>", 'A "B"', "A\x00", "A‮B"])
def test_titles_that_no_question_names(title: str):
    assert not is_title(title)
    assert is_title("A Book > CHAPTER IV: ON MILLS (part 2 of 3)")


@given(st.text(max_size=60))
def test_any_title_can_be_read(title: str):
    place_in_whole(title)
    place_in_whole(f"A > {title} (part 1 of 2)")
