from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from longstride.records import Document, PassRate, Sample
from longstride.records.parquet import read_documents, read_samples, write_documents, write_samples
from longstride.stages.data_sets import distinct_samples, write_data_set

RATE = PassRate("warm", 4, 1, 0.25, 64, 16)


@pytest.fixture
def sample() -> Sample:
    return Sample(
        id="s1",
        data_source="toy",
        prompt=({"role": "user", "content": "Where is Kestrel?"},),
        task="multi_hop",
        question_type="multi_fact",
        core_question="Where is Kestrel?",
        format_instructions="",
        ground_truth=("Orvale",),
        reward_style="cover_exact_match",
        generator="toy",
        seed=0,
        document_ids=("d1",),
    )


def document(name: str, text: str) -> Document:
    return Document(name, name, "academic", f"{name}.md", text)


def data_set(folder: Path, samples: Sequence[Sample], documents: Sequence[Document]) -> Path:
    write_samples(folder / "samples" / "part.parquet", samples)
    write_documents(folder / "documents" / "part.parquet", documents)
    return folder


def test_one_id_stands_once_and_keeps_what_was_measured(sample: Sample, tmp_path: Path):
    other, measured = replace(sample, id="s2"), replace(sample, pass_at_k=(RATE,))
    pool = data_set(tmp_path / "pool", [sample, other], [])
    carried = data_set(tmp_path / "carried", [measured], [])
    assert distinct_samples([pool, carried]) == [measured, other]
    assert distinct_samples([carried, pool]) == [measured, other]
    assert distinct_samples([pool / "samples" / "part.parquet"]) == [sample, other]


def test_documents_come_along_where_a_sample_holds_them(sample: Sample, tmp_path: Path):
    first = data_set(tmp_path / "a", [sample], [document("d1", "one"), document("d2", "two")])
    second = data_set(tmp_path / "b", [], [document("d1", "one"), document("d1", "another"), document("d3", "three")])
    assert write_data_set(tmp_path / "out", [sample], [first, second]) == 1
    assert list(read_samples(tmp_path / "out" / "samples")) == [sample]
    kept = [(each.id, each.text) for each in read_documents(tmp_path / "out" / "documents")]
    assert kept == [("d1", "one"), ("d1", "another")], "the prompt tells which of one id is meant"
