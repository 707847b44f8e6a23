import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.errors import InputError
from longstride.records import (
    FAMILIES,
    QUESTION_TYPES,
    TASKS,
    Document,
    Evidence,
    PassRate,
    Sample,
    Trajectory,
    TrajectoryGroup,
    Turn,
)
from longstride.records.parquet import (
    read_documents,
    read_groups,
    read_samples,
    write_documents,
    write_groups,
    write_samples,
)

DOCUMENT = Document("d1", "Profile", "professional", "a/profile.md", "Area: 83,871 sq km.", "d0", 120)
SAMPLE = Sample(
    id="s1",
    data_source="longstride",
    prompt=({"role": "user", "content": "How large is it?\n\nArea: 83,871 sq km."},),
    task="numerical",
    question_type="look_up",
    core_question="How large is it?",
    format_instructions="Answer in sq km.",
    ground_truth=("83,871", "83871"),
    reward_style="numeric",
    reward_arguments={"variant": "strict"},
    generator="tables",
    seed=7,
    document_ids=("d1",),
    evidence=(Evidence("d1", 6, 12, "83,871"),),
    context_id="c1",
    derivation={"sql": "SELECT area FROM profile", "rows": [1, 2]},
    checks={"grounded": True},
    pass_at_k=(PassRate("tiny", 8, 3, 0.375, 32_000, 12_000),),
    input_tokens=14,
    cost={"calls": 0},
)
GROUP = TrajectoryGroup(
    "g1",
    "s1",
    "numerical",
    (
        Trajectory((Turn((1, 2), (3, 4), (-0.5, -0.25), (1.0, 0.5), (0.9375, 1.0)),), 1.0, "numerical", "g1", 0, "7"),
        Trajectory((Turn((1,), (2,)), Turn((5,), (), (), (), (), "length")), 0.0, "numerical", "g1", 1, "", {"re": 1}),
    ),
)

texts = st.text(st.characters(codec="utf-8"), max_size=20)
names = texts.filter(str.strip)
counts = st.integers(0, 2**40)
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
mappings = st.dictionaries(names, st.one_of(st.none(), st.booleans(), counts, texts, st.lists(texts)), max_size=3)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    parent = draw(st.none() | names)
    offset = None if parent is None else draw(counts)
    return Document(draw(names), draw(texts), draw(st.sampled_from(FAMILIES)), draw(texts), draw(texts), parent, offset)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    ids = draw(st.lists(names, min_size=1, max_size=3))
    quotes = draw(st.lists(st.tuples(st.sampled_from(ids), counts, names), max_size=3))
    fields: dict[str, Any] = {name: draw(names) for name in ("id", "data_source", "reward_style", "generator")}
    fields |= {name: draw(texts) for name in ("core_question", "format_instructions")}
    fields |= {name: draw(mappings) for name in ("reward_arguments", "derivation", "checks", "cost")}
    return Sample(
        **fields,
        prompt=tuple({"role": "user", "content": text} for text in draw(st.lists(texts, min_size=1, max_size=2))),
        task=draw(st.sampled_from(TASKS)),
        question_type=draw(st.sampled_from(QUESTION_TYPES)),
        ground_truth=tuple(draw(st.lists(names, min_size=1, max_size=3))),
        seed=draw(st.integers(-(2**40), 2**40)),
        document_ids=tuple(ids),
        evidence=tuple(Evidence(i, start, start + len(text), text) for i, start, text in quotes),
        context_id=draw(st.none() | names),
        pass_at_k=tuple(
            draw(st.lists(st.builds(PassRate, names, st.just(8), st.integers(0, 8), numbers, counts, counts)))
        ),
        input_tokens=draw(st.none() | counts),
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(documents(), max_size=4), st.lists(samples(), max_size=3))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, some: list[Document], more: list[Sample]):
    folder = tmp_path_factory.mktemp("records")
    assert write_documents(folder / "documents.parquet", some) == len(some)
    assert write_samples(folder / "samples.parquet", more) == len(more)
    assert list(read_documents(folder / "documents.parquet")) == some
    assert list(read_samples(folder / "samples.parquet")) == more


def test_groups_are_written_and_read(tmp_path: Path):
    assert write_groups(tmp_path / "groups.parquet", [GROUP, GROUP]) == 2
    assert list(read_groups(tmp_path / "groups.parquet")) == [GROUP, GROUP]


def test_the_same_samples_give_the_same_bytes(tmp_path: Path):
    for name in ("a", "b"):
        write_samples(tmp_path / f"{name}.parquet", [SAMPLE] * 200)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_the_columns_are_those_that_verl_reads(tmp_path: Path):
    write_samples(tmp_path / "samples.parquet", [SAMPLE])
    (row,) = pq.read_table(tmp_path / "samples.parquet").to_pylist()
    assert list(row) == ["data_source", "prompt", "ability", "reward_model", "extra_info"]
    assert row["prompt"] == [{"role": "user", "content": SAMPLE.prompt[0]["content"]}]
    assert (row["ability"], row["reward_model"]["style"]) == ("numerical", "numeric")
    assert row["reward_model"]["ground_truth"] == ["83,871", "83871"]
    assert row["extra_info"]["evidence"] == [{"document_id": "d1", "start": 6, "end": 12, "text": "83,871"}]
    assert json.loads(row["extra_info"]["derivation"])["sql"] == "SELECT area FROM profile"


def test_datasets_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    datasets = pytest.importorskip("datasets", reason="the datasets package is not installed")
    write_samples(tmp_path / "samples.parquet", [SAMPLE])
    loaded = datasets.Dataset.from_parquet(str(tmp_path / "samples.parquet"), cache_dir=str(tmp_path / "cache"))
    assert loaded[0]["prompt"] == list(SAMPLE.prompt)
    assert loaded[0]["extra_info"]["task"] == "numerical"


def test_a_folder_is_read_in_order_and_half_written_files_are_passed_over(tmp_path: Path):
    for number in (1, 0):
        write_documents(tmp_path / f"{number}.parquet", [dataclasses.replace(DOCUMENT, id=str(number))])
    (tmp_path / ".2.parquet.17.partial").write_bytes(b"half")
    assert [document.id for document in read_documents(tmp_path)] == ["0", "1"]


def test_a_plain_ground_truth_of_another_maker_is_one_answer(tmp_path: Path):
    broken(tmp_path, lambda row: row["reward_model"].update(ground_truth="12"))
    (sample,) = read_samples(tmp_path / "broken.parquet")
    assert sample.ground_truth == ("12",)


def broken(folder: Path, change: Callable[[dict[str, Any]], object], rows: int = 1) -> Path:
    """Write a file whose last row `change` has been at, with whatever types result."""
    write_samples(folder / "whole.parquet", [SAMPLE] * rows)
    values = pq.read_table(folder / "whole.parquet").to_pylist()
    for row in values:
        change(row)
    pq.write_table(pa.Table.from_pylist(values), folder / "broken.parquet")
    return folder / "broken.parquet"


EXTRA = "extra_info."


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        (lambda row: row["extra_info"].update(task="poetry"), EXTRA + "task", "is 'poetry', expected one of multiple_"),
        (lambda row: row["extra_info"].update(task=None), EXTRA + "task", "is missing, expected text"),
        (lambda row: row["extra_info"].update(seed="seven"), EXTRA + "seed", "is 'seven', expected an integer"),
        (lambda row: row["extra_info"].update(derivation="{"), EXTRA + "derivation", "is not JSON"),
        (lambda row: row["extra_info"].update(derivation="[1]"), EXTRA + "derivation", "holds a JSON list"),
        (lambda row: row["extra_info"].update(input_tokens=-1), EXTRA + "input_tokens", "is -1, expected 0 or more"),
        (lambda row: row["reward_model"].update(ground_truth=[]), "reward_model.ground_truth", "is empty"),
        (lambda row: row["reward_model"].update(ground_truth=["a", " "]), "reward_model.ground_truth[1]", "is empty"),
        (lambda row: row["reward_model"].update(style=""), "reward_model.style", "is empty"),
        (lambda row: row.update(prompt="hello"), "prompt", "is 'hello', expected a list"),
        (lambda row: row.update(prompt=[]), "prompt", "is empty"),
        (lambda row: row["prompt"][0].update(role="robot"), "prompt[0].role", "is 'robot'"),
        (lambda row: row["prompt"][0].update(content=None), "prompt[0].content", "is missing"),
        (lambda row: row["extra_info"]["evidence"][0].update(end=13), EXTRA + "evidence[0].text", "has 6 characters"),
        (lambda row: row["extra_info"]["evidence"][0].update(start=12), EXTRA + "evidence[0].end", "is not after"),
        (lambda row: row["extra_info"].update(document_ids=[]), EXTRA + "evidence", "not among document_ids"),
        (lambda row: row["extra_info"]["pass_at_k"][0].update(correct=9), EXTRA + "pass_at_k[0].correct", "more than"),
    ],
)
def test_a_malformed_row_is_named_with_file_row_and_field(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], field: str, problem: str
):
    path = broken(tmp_path, change)
    with pytest.raises(InputError) as caught:
        list(read_samples(path))
    assert str(caught.value).startswith(f"{path}: row 0: field {field}: ")
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_row_counts_over_the_whole_file(tmp_path: Path):
    path, seen = tmp_path / "samples.parquet", []
    write_samples(path, [SAMPLE] * 150)
    values = pq.read_table(path).to_pylist()
    values[149]["extra_info"]["task"] = "poetry"
    pq.write_table(pa.Table.from_pylist(values), path)
    with pytest.raises(InputError, match="row 149"):
        seen.extend(read_samples(path))


def test_what_is_no_parquet_file_is_said_in_one_line(tmp_path: Path):
    (tmp_path / "text.parquet").write_text("not parquet\nat all")
    write_documents(tmp_path / "documents.parquet", [DOCUMENT])
    whole = (tmp_path / "documents.parquet").read_bytes()
    (tmp_path / "half.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty").mkdir()
    for name, problem in [
        ("text.parquet", "not a readable parquet file"),
        ("half.parquet", "not a readable parquet file"),
        ("missing.parquet", "does not exist"),
        ("empty", "holds no .parquet file"),
        ("documents.parquet", "field data_source: is missing"),
    ]:
        with pytest.raises(InputError) as caught:
            list(read_samples(tmp_path / name))
        assert str(tmp_path / name) in str(caught.value)
        assert problem in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_failure_while_writing_leaves_the_old_file(tmp_path: Path):
    path = tmp_path / "documents.parquet"
    write_documents(path, [DOCUMENT])

    def failing() -> Iterator[Document]:
        yield DOCUMENT
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_documents(path, failing())
    assert list(read_documents(tmp_path)) == [DOCUMENT]
    assert [file.name for file in tmp_path.iterdir()] == ["documents.parquet"]


def test_what_json_cannot_hold_is_refused(tmp_path: Path):
    sample = dataclasses.replace(SAMPLE, checks={"score": float("nan")})
    with pytest.raises(InputError, match="does not stand as JSON"):
        write_samples(tmp_path / "samples.parquet", [sample])
