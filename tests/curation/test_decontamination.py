"""Planted overlaps are found in every kind of file; shorter ones, and half of a proof, are not."""

from __future__ import annotations

import csv
import json
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.curation import benchmark_files
from longstride.curation.benchmark_files import BenchmarkFiles
from longstride.curation.decontamination import (
    ANSWER_AND_EVIDENCE,
    QUESTION,
    Contamination,
    PhraseIndex,
    find_contamination,
)
from longstride.errors import InputError
from longstride.records import Document, Sample

LONG = (
    "Which of the twelve harbour towns that the second survey of 1893 lists "
    "had the largest fleet when the new pier was opened?"
)
PLANTED = "that the second survey of 1893 lists had the largest fleet when"  # 13 words with its first
WORDS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon"]), max_size=30)


def write_json(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps(rows, indent=1))


def write_one_line(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"version": 1, "data": rows}))


def write_indented(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"version": 1, "data": rows}, indent=2))


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writeheader()
        writer.writerows(
            {name: value if isinstance(value, str) else json.dumps(value) for name, value in row.items()}
            for row in rows
        )


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path)


def write_text(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("\n".join(str(row) for row in rows))


WRITERS: dict[str, tuple[str, Callable[[Path, list[dict[str, Any]]], None]]] = {
    "array": ("test.json", write_json),
    "object in one line": ("one.json", write_one_line),
    "object": ("test.JSON", write_indented),
    "lines": ("test.jsonl", write_lines),
    "lines called json": ("lines.json", write_lines),
    "csv": ("test.csv", write_csv),
    "tsv": ("test.tsv", write_csv),
    "parquet": ("test.parquet", write_parquet),
    "text": ("test.txt", write_text),
}


def search(samples: list[Sample], world: Mapping[str, Document], folder: Path) -> dict[str, Contamination]:
    return dict(find_contamination(samples, world.get, folder).found)


@pytest.mark.parametrize("kind", WRITERS)
def test_thirteen_words_of_a_question_are_found_in_every_kind_of_file(
    tmp_path: Path, world: dict[str, Document], good: Sample, kind: str
):
    name, write = WRITERS[kind]
    rows = [
        {"id": "b1", "messages": [{"role": "user", "content": "nothing here"}], "note": "x"},
        {"id": "b2", "messages": [{"role": "user", "content": f"TOWNS: {PLANTED.upper()}, they say"}], "note": "y"},
    ]
    write(tmp_path / name, rows)
    found = search([replace(good, core_question=LONG)], world, tmp_path)
    assert found["s1"].reason == QUESTION and found["s1"].file == name
    assert found["s1"].words == f"towns {PLANTED}"
    rows_told = {"array": 1, "lines": 1, "lines called json": 1, "csv": 2, "tsv": 2, "parquet": 1}
    assert found["s1"].row == rows_told.get(kind, 0)
    assert str(found["s1"]).startswith(f"{name}: row ")


@pytest.mark.parametrize(("words", "found"), [(13, True), (12, False)])
def test_thirteen_words_in_a_row_and_not_twelve(
    tmp_path: Path, world: dict[str, Document], good: Sample, words: int, found: bool
):
    planted = " ".join(LONG.split()[4 : 4 + words])
    write_json(tmp_path / "test.json", [{"question": f"Other words {planted} and others"}])
    assert bool(search([replace(good, core_question=LONG)], world, tmp_path)) == found


@settings(deadline=None)
@given(WORDS, WORDS)
def test_the_index_finds_what_comparing_every_window_finds(ours: list[str], theirs: list[str]):
    index = PhraseIndex(words=6)
    index.add(0, QUESTION, " ".join(ours))
    length = min(6, len(ours))
    phrases = {tuple(ours[start : start + length]) for start in range(len(ours) - length + 1)} if ours else set()
    windows = {tuple(theirs[start : start + length]) for start in range(len(theirs) - length + 1)}
    expected = phrases & windows if length >= 5 or len(theirs) == length else set()
    assert {tuple(words.split()) for _, _, words in index.find(" ".join(theirs))} == expected


def test_a_short_question_must_stand_whole(tmp_path: Path, world: dict[str, Document], good: Sample):
    write_lines(
        tmp_path / "test.jsonl",
        [{"q": "Answer briefly: who built the pier of Orvale? Thanks."}, {"q": "Why so?"}, {"q": "why  SO"}],
    )
    asked = {"whole": "Who built the pier of Orvale?", "half": "Who built the pier of Lindmoor?"}
    asked |= {"tiny": "Briefly: who?", "equal": "Why so?"}
    samples = [replace(good, id=name, core_question=question, evidence=()) for name, question in asked.items()]
    assert {name: hit.row for name, hit in search(samples, world, tmp_path).items()} == {"whole": 0, "equal": 1}


@pytest.mark.parametrize(
    ("answer", "context", "found"),
    [
        ("red", True, True),
        (" RED. ", True, True),
        ("green", True, False),
        ("red", False, False),
    ],
)
def test_the_same_answer_with_the_evidence_in_one_record(
    tmp_path: Path, world: dict[str, Document], look_ups: list[Sample], answer: str, context: bool, found: bool
):
    held = f"Before it. {world['d0'].text} After it." if context else "Something else."
    write_json(tmp_path / "test.json", [{"context": held, "question": "?", "answers": [answer, "none"]}])
    hits = search(look_ups[:1], world, tmp_path)
    assert bool(hits) == found
    if found:
        assert hits["s0"].reason == ANSWER_AND_EVIDENCE and "color of foo0 red" in hits["s0"].words


def test_answer_and_evidence_in_two_records_are_no_proof(
    tmp_path: Path, world: dict[str, Document], look_ups: list[Sample]
):
    write_lines(tmp_path / "test.jsonl", [{"context": world["d0"].text, "answer": "?"}, {"answer": "red"}])
    assert not search(look_ups[:1], world, tmp_path)


def test_a_number_is_the_same_answer_however_it_is_written(tmp_path: Path, world: dict[str, Document], good: Sample):
    write_json(tmp_path / "test.json", [{"context": world["d1"].text, "ground_truth": 41.0}])
    assert search([good], world, tmp_path)["s1"].reason == ANSWER_AND_EVIDENCE
    write_json(tmp_path / "test.json", [{"context": world["d1"].text, "question": "What of the other 41?"}])
    assert not search([good], world, tmp_path)


def test_a_cell_is_told_apart_by_its_neighbours(tmp_path: Path, world: dict[str, Document], good: Sample):
    row = Document(
        "t", "Table", "professional", "t.md", "year | ships | crew of each\n1893 | 41 | 17 aboard\nend of it"
    )
    start = row.text.index("41")
    cell = replace(good.evidence[0], document_id="t", start=start, end=start + 2, text="41")
    sample = replace(good, document_ids=("t",), evidence=(cell,))
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    write_json(folder / "test.json", [{"context": "another 41 somewhere", "answer": "41"}])
    assert not search([sample], {"t": row}, folder)
    write_json(folder / "test.json", [{"context": row.text.replace("|", ","), "answer": "41"}])
    assert search([sample], {"t": row}, folder)["s1"].words == "year ships crew of each 1893 41 17 aboard end of it"


def test_words_of_every_script(tmp_path: Path, world: dict[str, Document], good: Sample):
    chinese = "第二次调查所列的十二个港口城镇中哪一个拥有最大的船队"
    write_json(tmp_path / "test.json", [{"q": f"请问：{chinese[3:17]}？"}])
    found = search([replace(good, core_question=chinese)], world, tmp_path)
    assert found["s1"].words.replace(" ", "") == chinese[3:16]


def test_chat_messages_in_a_text_are_opened(tmp_path: Path, world: dict[str, Document], good: Sample):
    messages = json.dumps([{"role": "user", "content": f"so\nWhich{LONG[5:]}\nnow"}])
    write_csv(tmp_path / "test.csv", [{"prompt": messages}])
    assert search([replace(good, core_question=LONG)], world, tmp_path)["s1"].words.startswith("which of the twelve")


def test_what_cannot_be_read_is_told_and_the_rest_is_read(tmp_path: Path, world: dict[str, Document], good: Sample):
    (tmp_path / "a.json").write_text('[{"q": "one"}, {"q": ')
    (tmp_path / "b.jsonl").write_text('{"q": "one"}\nnot json\n')
    (tmp_path / "c.parquet").write_bytes(b"PAR1 not")
    (tmp_path / "d.bin").write_bytes(b"\x00")
    (tmp_path / "e.json").write_text("[" * 100_000)
    (tmp_path / "f.jsonl").write_bytes(b"\xff\xfe broken")
    write_json(tmp_path / "z.json", [{"question": LONG}])
    result = find_contamination([replace(good, core_question=LONG)], world.get, tmp_path)
    assert result.found["s1"].file == "z.json"
    assert result.files == 6 and result.records == 3
    assert set(result.problems) == {"a.json", "b.jsonl", "c.parquet", "d.bin", "e.json", "f.jsonl"}
    assert result.problems["a.json"].startswith("not read from row 1 on: the array has no end")
    assert result.problems["d.bin"] == "not a format that is read"


def test_arrays_and_texts_stream_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(benchmark_files, "BLOCK_CHARACTERS", 16)
    monkeypatch.setattr(benchmark_files, "OVERLAP_CHARACTERS", 8)
    rows = [{"n": index, "q": "words " * index} for index in range(12)]
    write_json(tmp_path / "test.json", [*rows, 12345678901234567890, [], "tail"])  # pyright: ignore[reportArgumentType]
    records = list(BenchmarkFiles(tmp_path))
    assert [record.row for record in records] == list(range(15))
    assert records[2].texts == ("2", "words words ") and records[12].texts == ("12345678901234567890",)
    assert records[3].texts == ("3", "words words word", "rds words ")  # in two blocks, the second overlaps the first
    (tmp_path / "test.json").write_text('[{"q": "' + "long " * 100)
    files = BenchmarkFiles(tmp_path)
    monkeypatch.setattr(benchmark_files, "MAX_RECORD_CHARACTERS", 64)
    assert list(files) == [] and "one element of more than 64 characters" in files.problems["test.json"]


def test_a_folder_without_benchmarks_is_refused(tmp_path: Path):
    (tmp_path / "notes.docx").write_bytes(b"")
    with pytest.raises(InputError, match="holds no benchmark file"):
        BenchmarkFiles(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        BenchmarkFiles(tmp_path / "none")


def test_one_file_may_be_named(tmp_path: Path, world: dict[str, Document], good: Sample):
    write_json(tmp_path / "test.json", [{"question": LONG}])
    found = search([replace(good, core_question=LONG)], world, tmp_path / "test.json")
    assert found["s1"].file == "test.json"


def test_an_index_of_single_words_is_refused():
    with pytest.raises(ValueError, match="words is 1"):
        PhraseIndex(1)


def test_samples_are_read_once_and_not_held(tmp_path: Path, world: dict[str, Document], good: Sample):
    write_json(tmp_path / "test.json", [{"question": LONG}])
    alive: list[weakref.ref[Sample]] = []
    held: list[int] = []

    def stream() -> Iterator[Sample]:
        for index in range(50):
            held.append(sum(each() is not None for each in alive))
            sample = replace(good, id=f"s{index}", core_question=LONG)
            alive.append(weakref.ref(sample))
            yield sample
            del sample

    assert len(find_contamination(stream(), world.get, tmp_path).found) == 50
    assert len(held) == 50 and max(held) <= 1
