import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.memory.updates import Malformed, MemoryState, parse_update, shielded, unshielded

GOOD = "<memory>\nKestrel is in Orvale.\n</memory>\n<plan>\nlook for Orvale\n</plan>"
PARTS = [*"<>/ abc\n&;lt", "</section>", "<memory>", "</plan>", "< / Section >"]
TEXT = st.lists(st.sampled_from(PARTS)).map("".join)


def test_memory_and_plan_are_read():
    assert parse_update(GOOD) == MemoryState("Kestrel is in Orvale.", "look for Orvale")
    assert parse_update(f"<think>hm <memory>no</memory></think>Updated memory:\n{GOOD}\nDone.") == parse_update(GOOD)
    assert parse_update("<memory>x</memory><plan></plan>").plan == ""


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        ("", "no <memory>"),
        ("Kestrel is in Orvale.", "no <memory>"),
        ("<memory>x", "no </memory>"),
        ("<memory>x</memory>", "no <plan>"),
        ("<memory>x</memory><plan>y", "no </plan>"),
        ("<memory> </memory><plan>y</plan>", "<memory> is empty"),
        ("<plan>y</plan><memory>x</memory>", "<plan> stands in the wrong place"),
        ("</memory>x<memory><plan>y</plan>", "<memory> stands in the wrong place"),
        ("<memory>x<plan>y</plan></memory>", "<plan> stands in the wrong place"),
        (f"{GOOD}{GOOD}", "2 <memory>"),  # a model that repeats itself
        (f"<think>never closed {GOOD}", "thinking was never closed"),
    ],
)
def test_what_is_malformed_says_why(response: str, problem: str):
    with pytest.raises(Malformed, match=problem):
        parse_update(response)


def test_what_was_cut_off_is_not_taken_even_where_it_looks_whole():
    with pytest.raises(Malformed, match="cut off"):
        parse_update(GOOD, truncated=True)


@given(TEXT)
def test_nothing_in_a_text_opens_or_closes_a_part(text: str):
    hidden = shielded(text)
    for mark in ("problem", "previous_memory", "memory", "plan", "section"):
        assert f"<{mark}>" not in hidden
        assert f"</{mark}>" not in hidden
    state = MemoryState(text.strip() or "x", text.strip())
    if "&lt;" not in text:
        assert unshielded(hidden) == text
        assert parse_update(state.shown()) == state


@given(st.text(max_size=200))
def test_any_response_is_taken_or_refused_with_a_reason(response: str):
    try:
        assert parse_update(response).memory
    except Malformed as error:
        assert str(error)
