from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.readers.json_records import lines_between, read_json, read_json_lines
from longstride.corpus.readers.source_text import SourceText


def read(value: Any, path: str = "notes/log.json", **limits: int):
    text = value if isinstance(value, str) else json.dumps(value)
    return [each for each in read_json(text, path, Limits(**limits)) if not isinstance(each, Counter)]


def read_texts(value: Any, **limits: Any) -> list[SourceText]:
    return [each for each in read(value, **limits) if isinstance(each, SourceText)]


def texts(found: Any):
    return [each.text if isinstance(each, SourceText) else each.reason for each in found]


def test_the_field_that_bears_the_text_is_taken_and_the_title_too():
    [source] = read_texts({"title": "Oran", "text": "A port in Algeria.", "views": 3})
    assert (source.title, source.text, source.record) == ("Oran", "A port in Algeria.", "")


def test_a_list_of_records_gives_a_source_each():
    found = read([{"text": "one"}, {"body": "two"}, "three", 4, {}])
    assert texts(found) == ["one", "two", "three", "record_without_text", "record_without_text"]
    assert [each.record for each in found if isinstance(each, SourceText)] == ["r0", "r1", "r2"]


def test_records_below_a_key_are_found():
    assert texts(read({"meta": {"n": 2}, "data": [{"content": "one"}, {"content": "two"}]})) == ["one", "two"]


def test_a_record_of_facts_becomes_a_labelled_list():
    record = {"name": "Oran", "population": 803329, "port": {"depth_m": 14, "ships": ["tanker", "bulk"]}, "open": True}
    [source] = read_texts(record)
    assert source.title == "Oran"
    assert source.text == (
        "- name: Oran\n- population: 803329\n\n## port\n\n- depth m: 14\n- ships: tanker; bulk\n- open: yes\n"
    )


def test_what_is_no_json_or_too_deep_is_refused():
    for text, reason in (("{", "malformed"), ("[" * 100_000, "too_deep"), ("1" * 5000, "malformed")):
        with pytest.raises(Unreadable) as caught:
            read(text)
        assert caught.value.reason == reason
    deep = {"a": 1}
    for _ in range(100):
        deep = {"a": deep, "b": 1}
    assert texts(read(deep)) == ["too_deep"]


def test_bad_lines_cost_themselves_alone():
    lines = b'{"text": "one"}\n{"text": \n\n\xff\xfe\n{"text": "two"}'
    found = [each for each in read_json_lines(lines, "log", Limits(), start=100) if not isinstance(each, Counter)]
    assert texts(found) == ["one", "malformed", "mis_encoded", "two"]
    assert [each.record for each in found if isinstance(each, SourceText)] == ["r100", "r130"]


@settings(deadline=None)
@given(
    st.lists(st.text(st.sampled_from("ab é"), max_size=12), max_size=12).map(lambda lines: "\n".join(lines).encode()),
    st.integers(1, 9),
)
def test_parts_of_a_file_give_each_line_once(tmp_path_factory: pytest.TempPathFactory, data: bytes, part: int):
    path = tmp_path_factory.mktemp("parts") / "lines.jsonl"
    path.write_bytes(data)
    found = []
    for start in range(0, len(data), part):
        lines, first = lines_between(str(path), start, min(len(data), start + part), Limits())
        if lines:
            assert data[first : first + len(lines)] == lines
            found.append(lines)
    assert b"".join(found) == data


def test_a_line_over_the_limit_is_told_as_such(tmp_path: Path):
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"text": "' + b"x" * 5000 + b'"}\n{"text": "short"}\n')
    limits = Limits(max_record_bytes=1000, part_bytes=400)
    found = []
    for start in range(0, path.stat().st_size, 400):
        lines, first = lines_between(str(path), start, start + 400, limits)
        found += texts(read_json_lines(lines, "log", limits, first))
    assert found == ["record_too_large", "short"]


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=10), inner, max_size=4)),
    max_leaves=20,
)
keys = st.sampled_from(
    ["text", "messages", "mapping", "role", "content", "from", "value", "data", "author", "title", "x"]
)
shaped = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=5)),
    max_leaves=25,
)


@given(st.one_of(json_values, shaped))
def test_no_value_breaks_the_reader(value: Any):
    for found in read(json.dumps(value)):
        assert isinstance(found, SourceText | Unreadable)
