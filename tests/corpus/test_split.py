from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.readers.csv_rows import read_csv
from longstride.corpus.readers.source_text import SourceText
from longstride.corpus.split import Span, packed, split_source, without_tiny
from longstride.tokens import Tokenizer


def markdown(text: str, title: str = "Algeria"):
    return SourceText(title, text, "markdown")


def sentence(words: int):
    return " ".join(f"word{number}" for number in range(words)) + ".\n\n"


def titles(source: SourceText, limit: int, tokenizer: Tokenizer):
    return [each.title for each in split_source(source, limit, tokenizer)]


def test_a_text_that_fits_stays_whole(tokenizer: Tokenizer):
    [segment] = split_source(markdown("# Algeria\n\nText.\n"), 100, tokenizer)
    assert (segment.start, segment.end, segment.title) == (0, 17, "Algeria")


def test_small_sections_stand_together_and_the_title_says_from_where_to_where(tokenizer: Tokenizer):
    text = "# Algeria\n\n" + "".join(f"## {name}\n\n{sentence(30)}" for name in ("Coast", "Hills", "Desert", "Oases"))
    assert titles(markdown(text), 250, tokenizer) == ["Algeria > Coast – Hills", "Algeria > Desert – Oases"]


def test_a_higher_heading_is_not_crossed(tokenizer: Tokenizer):
    text = "# Algeria\n\n"
    for chapter in ("Land", "People"):
        text += f"## {chapter}\n\n" + "".join(f"### {chapter} {name}\n\n{sentence(30)}" for name in "ABC")
    parts = titles(markdown(text), 220, tokenizer)
    assert [part.split(" > ")[1] for part in parts] == ["Land", "Land", "People", "People"]
    assert parts[-1] == "Algeria > People > People B – People C"


def test_a_long_section_falls_into_numbered_parts_of_about_one_size(tokenizer: Tokenizer):
    source = markdown("# Algeria\n\n## Land\n\n" + sentence(20) * 10)
    segments = split_source(source, 200, tokenizer)
    count = len(segments)
    assert [each.title for each in segments] == [f"Algeria > Land (part {n} of {count})" for n in range(1, count + 1)]
    assert max(each.tokens for each in segments) < 2 * min(each.tokens for each in segments)


def test_a_row_of_a_table_is_not_cut(tokenizer: Tokenizer):
    rows = [f"| Port. No {number} | {number}. 5 ships. | a, b |" for number in range(60)]
    text = "\n".join(["| Port | Ships | Notes |", "| --- | --- | --- |", *rows]) + "\n"
    for segment in split_source(markdown(text), 100, tokenizer):
        assert text[segment.start : segment.end].startswith("|") and text[: segment.end].endswith("\n")


def test_a_part_of_a_table_says_its_head_again_and_rows_stay_whole(tokenizer: Tokenizer):
    text = "port,ships\n" + "".join(f'"Port {number}\nupper",{number}\n' for number in range(100))
    source, _ = read_csv(text, "ports.csv", Limits())
    segments = split_source(source, 120, tokenizer)
    assert "".join(text[each.start : each.end] for each in segments) == text
    for segment in segments[1:]:
        part = source.text[: source.head] + text[segment.start : segment.end]
        assert part.startswith('port,ships\n"Port ') and tokenizer.count(part) <= 120
    assert segments[1].title.startswith("ports > row ")


def test_a_head_that_leaves_no_room_is_refused(tokenizer: Tokenizer):
    text = ",".join(f"column{number}" for number in range(100)) + "\n" + ("1," * 99 + "1\n") * 20
    source, _ = read_csv(text, "wide.csv", Limits())
    with pytest.raises(Unreadable) as caught:
        split_source(source, 200, tokenizer)
    assert caught.value.reason == "head_too_long"


def test_a_limit_that_nothing_fits_is_refused(tokenizer: Tokenizer):
    with pytest.raises(ValueError, match="max_tokens is 5"):
        split_source(markdown("x"), 5, tokenizer)


headings = [
    "# One\n",
    "## Two\n",
    "### Three\n",
    "CHAPTER I\n\n",
    "def f():\n",
    "    return 1\n",
    "class C:\n",
    "```\n",
]
bodies = [
    "word " * 30 + "\n",
    "\n",
    "\n\n",
    "| a | b |\n" * 8,
    "x" * 300,
    "ünï 漢字 🎉 " * 9,
    "A sentence. " * 12 + "\n",
]
pieces = st.sampled_from(headings + bodies)
forms = st.sampled_from(["markdown", "text", "code"])


@settings(deadline=None, max_examples=80)
@given(st.lists(pieces, max_size=40).map("".join), st.integers(32, 200), forms)
def test_the_parts_are_the_source_again_and_each_is_within_the_limit(
    tokenizer: Tokenizer, text: str, limit: int, form: str
):
    segments = split_source(SourceText("T", text, form, language="python"), limit, tokenizer)
    assert [each.start for each in segments[1:]] == [each.end for each in segments[:-1]]
    assert "".join(text[each.start : each.end] for each in segments) == text
    assert all(tokenizer.count(text[each.start : each.end]) <= limit for each in segments)
    assert len({each.title for each in segments}) == len(segments)


spans = st.lists(st.integers(0, 50), max_size=30).map(
    lambda sizes: [(sum(sizes[:index]), sum(sizes[: index + 1]), size) for index, size in enumerate(sizes)]
)


@given(spans, st.integers(50, 120))
def test_packing_keeps_order_and_limit(parts: list[Span], limit: int):
    for grouped in (packed(parts, limit), without_tiny(parts, limit)):
        assert sum(tokens for _, _, tokens in grouped) == sum(tokens for _, _, tokens in parts)
        assert all(tokens <= limit for _, _, tokens in grouped)
        assert [start for start, _, _ in grouped[1:]] == [end for _, end, _ in grouped[:-1]]


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["word " * 60, "x" * 90, "\n", "漢字" * 40]), max_size=12).map("".join),
    st.integers(32, 90),
)
def test_a_line_too_long_for_the_tokenizer_is_taken_in_stretches(
    monkeypatch: pytest.MonkeyPatch, tokenizer: Tokenizer, text: str, limit: int
):
    monkeypatch.setattr("longstride.corpus.split.COUNTED_AT_ONCE", 100)
    segments = split_source(SourceText("T", text, "text"), limit, tokenizer)
    assert "".join(text[each.start : each.end] for each in segments) == text
    assert all(tokenizer.count(text[each.start : each.end]) <= limit for each in segments)
