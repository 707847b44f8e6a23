"""A data set's funnel, lengths and examples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from longstride.analysis.data_sets import DataSetLog, find_sample, read_data_set, read_examples
from longstride.analysis.runs import read_run
from longstride.records import Document, Evidence, Sample
from longstride.records.parquet import write_documents, write_samples


def sample(name: str, task: str, tokens: int | None, quoted: bool = True) -> Sample:
    return Sample(
        id=name,
        data_source="x",
        prompt=({"role": "user", "content": "?"},),
        task=task,
        question_type="needle",
        core_question="?",
        format_instructions="",
        ground_truth=("yes",),
        reward_style="cover_exact_match",
        generator="x",
        seed=0,
        document_ids=("d",),
        evidence=(Evidence("d", 0, 3, "yes"),) if quoted else (),
        input_tokens=tokens,
    )


def write(folder: Path, samples: list[Sample]) -> Path:
    write_documents(
        folder / "documents" / "0.parquet",
        [Document("c", "C", "code", "c", "no"), Document("d", "D", "code", "d", "yes, it is")],
    )
    write_samples(folder / "samples" / "0.parquet", samples)
    return folder


def read(folder: Path) -> DataSetLog:
    run = read_run(folder)
    return read_data_set(run, run.parts[0])


def test_short_inputs_have_finer_labels_than_figure_3(tmp_path: Path):
    log = read(
        write(
            tmp_path / "s", [sample("a", "multi_hop", 60), sample("b", "numerical", 100), sample("c", "numerical", 128)]
        )
    )
    assert log.lengths == {"up to 64": 1, "up to 128": 2}
    assert (log.samples, log.tasks) == (3, {"multi_hop": 1, "numerical": 2})


def test_long_inputs_have_the_buckets_of_figure_3(tmp_path: Path):
    log = read(
        write(
            tmp_path / "s",
            [sample("a", "multi_hop", 3_000), sample("b", "numerical", 70_000), sample("c", "numerical", None)],
        )
    )
    assert {name: count for name, count in log.lengths.items() if count} == {"<4K": 1, "64-128K": 1}
    assert "s: 1 samples do not say how long their inputs are" in log.missing


@pytest.mark.parametrize(("name", "key"), [("funnel.json", "samples"), ("curation.json", "funnel")])
def test_the_funnel_is_read_from_synthesis_or_curation(tmp_path: Path, name: str, key: str):
    folder = write(tmp_path / "s", [sample("a", "multi_hop", 60)])
    stage = {"stage": "quotes", "in": 3, "out": 1, "reasons": {"gone": 2}, "notes": {}}
    (folder / name).write_text(json.dumps({key: [stage]}), "utf-8")
    log = read(folder)
    assert [(each.name, each.entered, each.left, each.reasons) for each in log.funnel] == [
        ("quotes", 3, 1, {"gone": 2})
    ]
    assert (log.funnel_log, log.missing) == (name, ())


def test_examples_are_the_first_of_each_task_with_their_quoted_documents(tmp_path: Path):
    samples = [
        sample("a", "numerical", 60, quoted=False),
        sample("b", "numerical", 60),
        sample("c", "numerical", 60),
        sample("d", "multi_hop", 60),
    ]
    (part,) = read_run(write(tmp_path / "s", samples)).parts
    found = read_examples(part)
    assert [(each.sample.id, [document.id for document in each.documents]) for each in found] == [
        ("d", ["d"]),
        ("b", ["d"]),
    ]
    again = find_sample([part], "c")
    assert again is not None and again.sample.id == "c"
    assert find_sample([part], "nobody") is None
