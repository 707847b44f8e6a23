from __future__ import annotations

import csv
import io
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.readers.csv_rows import read_csv


def rows_of(text: str):
    source, _ = read_csv(text, "data/ports.csv", Limits())
    assert source.breaks is not None and source.text == text
    bounds = [0, *(each.offset for each in source.breaks), len(text)]
    return [text[start:end] for start, end in pairwise(bounds)], source.head


def test_rows_and_head_of_each_kind():
    for delimiter in ",\t;|":
        text = "\n".join(delimiter.join(row) for row in (("port", "ships"), ("Oran", "12"), ("Arzew", "7"))) + "\n"
        rows, head = rows_of(text)
        assert rows[1:] == [text.split("\n")[1] + "\n", text.split("\n")[2] + "\n"]
        assert text[:head] == text.split("\n")[0] + "\n"


def test_a_quoted_cell_may_hold_lines():
    rows, _ = rows_of('port,note\nOran,"two\nlines, and ""marks"""\nArzew,none\n')
    assert rows[1] == 'Oran,"two\nlines, and ""marks"""\n'


def test_what_is_no_table_is_refused():
    for text in ("one column\nonly\n", "a,b\n", "", "free text, with a comma\nand none\nand none\nnone\n"):
        with pytest.raises(Unreadable) as caught:
            read_csv(text, "x.csv", Limits())
        assert caught.value.reason == "not_a_table"
    with pytest.raises(Unreadable) as caught:
        read_csv("a,b\n" + "1,2\n" * 60 + '3,"' + "x" * 200_000, "x.csv", Limits())
    assert caught.value.reason == "malformed"


cell = st.text(st.sampled_from('ab,"\n\u2028 1'), min_size=1, max_size=6).filter(str.strip)


@given(st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=8))
def test_a_row_is_never_cut(records: Any):
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b", "c"), *records])
    rows, _ = rows_of(buffer.getvalue())
    assert [next(csv.reader(io.StringIO(row))) for row in rows[1:]] == [list(record) for record in records]
