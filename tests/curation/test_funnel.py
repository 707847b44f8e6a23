"""Funnels count, merge, and stand as JSON and as a table."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from longstride.curation import Funnel
from longstride.errors import InputError

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["quotes", "answer"]), st.sampled_from([None, "wrong", "gone"]), st.none() | st.just("no")
    )
)


def test_what_enters_a_stage_leaves_it_or_has_a_reason():
    funnel = Funnel(("quotes", "answer"))
    for reason in ("misquoted", None, "misquoted", "missing", None):
        funnel.count("quotes", reason)
    funnel.count("answer", note="not re-derivable")
    funnel.count("answer")
    assert funnel.to_json() == [
        {"stage": "quotes", "in": 5, "out": 2, "reasons": {"misquoted": 2, "missing": 1}, "notes": {}},
        {"stage": "answer", "in": 2, "out": 2, "reasons": {}, "notes": {"not re-derivable": 1}},
    ]


@given(EVENTS, st.integers(0, 20))
def test_shards_merged_are_the_whole(events: list[tuple[str, str | None, str | None]], cut: int):
    whole, first, second = (Funnel(("quotes", "answer")) for _ in range(3))
    for index, event in enumerate(events):
        whole.count(*event)
        (first if index < cut else second).count(*event)
    first.merge(second)
    assert json.dumps(first.to_json()) == json.dumps(whole.to_json())
    assert Funnel.from_json(json.loads(json.dumps(whole.to_json()))).to_json() == whole.to_json()
    assert all(stage["in"] == stage["out"] + sum(stage["reasons"].values()) for stage in whole.to_json())


def test_numbers_that_do_not_add_up_are_refused():
    stages = [{"stage": "quotes", "in": 5, "out": 5, "reasons": {"gone": 1}, "notes": {}}]
    with pytest.raises(InputError, match="5 in and 5 out do not agree"):
        Funnel.from_json(stages)


def test_the_table_reads_no_markup_in_reasons():
    funnel = Funnel()
    funnel.count("quotes", "[bold red]bad[/]")
    funnel.count("quotes", note="[link=http://x]kept")
    text = io.StringIO()
    Console(file=text, width=100).print(funnel.table())
    assert "[bold red]bad[/]" in text.getvalue() and "[link=http://x]kept" in text.getvalue()
