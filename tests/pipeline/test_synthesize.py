"""The whole command, as a user runs it: over files of the fictional world, in processes that can be killed."""

import dataclasses
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from longstride.corpus.world import write_world
from longstride.curation.curator import Curator
from longstride.pipeline.settings import load_families
from longstride.records import Document, Sample
from longstride.records.parquet import read_documents, read_samples, write_samples

OPTIONS = ("--samples", "20", "--target-tokens", "1500,4000")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, seed=3, count=186)
    return folder


def command(corpus: Path, output: Path, *options: str, workers: int = 1) -> list[str]:
    program = [sys.executable, "-m", "longstride", "synthesize", str(corpus), "-o", str(output)]
    return [*program, *OPTIONS, "--workers", str(workers), *options]


def run(corpus: Path, output: Path, *options: str, workers: int = 1) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(corpus, output, *options, workers=workers), capture_output=True, text=True, check=False
    )


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != ".lock"
    }


@pytest.fixture(scope="module")
def whole(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("whole") / "out"
    result = run(corpus, output)
    assert result.returncode == 0, result.stderr
    return output


@pytest.fixture(scope="module")
def documents(whole: Path) -> dict[str, Document]:
    return {document.id: document for document in read_documents(whole / "documents")}


@pytest.fixture(scope="module")
def samples(whole: Path) -> list[Sample]:
    return list(read_samples(whole / "samples"))


def test_the_folder_is_laid_out_as_the_contract_says(whole: Path, samples: list[Sample]):
    assert {path.name for path in whole.iterdir()} == {
        "documents",
        "samples",
        "manifest.json",
        "README.md",
        "funnel.json",
        "audit.json",
        ".lock",
    }
    manifest = json.loads((whole / "manifest.json").read_text())
    assert manifest["complete"]
    assert manifest["samples"] == len(samples) == 20
    assert manifest["settings"]["seed"] == 0
    assert "## Input lengths" in (whole / "README.md").read_text()


def test_every_quotation_is_exact_and_every_prompt_holds_its_documents(
    samples: list[Sample], documents: dict[str, Document]
):
    for sample in samples:
        assert sample.evidence
        assert all(evidence.quotes(documents[evidence.document_id]) for evidence in sample.evidence)
        text = sample.prompt[0]["content"]
        assert all(documents[name].text in text for name in sample.document_ids)
        assert sample.core_question in text


def test_inputs_near_their_target_and_never_pass_it(samples: list[Sample]):
    lengths = [sample.input_tokens or 0 for sample in samples]
    short = [length for length in lengths if length <= 1500]
    long = [length for length in lengths if length > 1500]
    assert len(short) == len(long) == 10
    assert min(short) > 0.8 * 1500
    assert 0.8 * 4000 < min(long) <= max(long) <= 4000


def test_questions_are_of_several_kinds_and_join_documents(samples: list[Sample]):
    assert len({sample.question_type for sample in samples}) >= 4
    joined = [len({each.document_id for each in sample.evidence}) for sample in samples if sample.task == "multi_hop"]
    assert sum(count >= 2 for count in joined) >= 0.8 * len(joined)


def test_every_answer_is_derived_again_and_only_with_its_evidence(
    samples: list[Sample], documents: dict[str, Document]
):
    curator = Curator(load_families(), pool=list(documents.values())[:60], seed=99)
    for sample in samples:
        outcomes = dict(curator.check(sample, documents).outcomes)
        for name in ("quotes", "answer", "grounding"):
            assert outcomes[name].passed, (sample.id, outcomes[name])


@pytest.mark.slow
def test_neither_the_day_nor_the_number_of_workers_shows(corpus: Path, whole: Path, tmp_path: Path):
    result = run(corpus, tmp_path / "out", workers=2)
    assert result.returncode == 0, result.stderr
    assert digests(tmp_path / "out") == digests(whole)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_again_and_again_it_gives_the_same_bytes(corpus: Path, whole: Path, tmp_path: Path, workers: int):
    output, generator = tmp_path / "out", random.Random(workers)
    kills = 0
    for delay in (generator.uniform(1.5, 5.0) for _ in range(4)):
        with subprocess.Popen(
            command(corpus, output, workers=workers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            time.sleep(delay)
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
    assert kills
    result = run(corpus, output, workers=workers)
    assert result.returncode == 0, result.stderr
    assert digests(output) == digests(whole)


def test_a_finished_data_set_is_left_as_it_is(corpus: Path, whole: Path):
    before = digests(whole)
    result = run(corpus, whole)
    assert result.returncode == 0
    assert "20 samples" in result.stdout
    assert digests(whole) == before


def test_another_seed_in_the_same_folder_is_refused_with_the_difference(corpus: Path, whole: Path):
    before = digests(whole)
    result = run(corpus, whole, "--seed", "1")
    assert result.returncode == 2
    assert "seed 0, now 1" in result.stderr
    assert "Traceback" not in result.stderr
    assert digests(whole) == before


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--target-tokens", "8q"), "'8q' is no length"),
        (("--tasks", "poetry"), "unknown task 'poetry'"),
        (("--family", "poetry"), "unknown document family 'poetry'"),
        (("--tokenizer", "./nowhere"), "there is no tokenizer.json"),
    ],
)
def test_bad_options_are_one_line(corpus: Path, tmp_path: Path, options: tuple[str, ...], problem: str):
    result = run(corpus, tmp_path / "out", *options)
    assert result.returncode == 2
    assert problem in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_with_nothing_to_ask_about_is_said(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    result = run(tmp_path / "empty", tmp_path / "out")
    assert result.returncode == 2
    assert "holds no document to ask about" in " ".join(result.stderr.split())
    assert run(tmp_path / "missing", tmp_path / "out").returncode == 2


def test_only_the_tasks_asked_for(corpus: Path, tmp_path: Path):
    result = run(corpus, tmp_path / "out", "--tasks", "numerical", "--samples", "6")
    assert result.returncode == 0, result.stderr
    assert Counter(sample.task for sample in read_samples(tmp_path / "out" / "samples")) == {"numerical": 6}


def curate(dataset: Path, output: Path) -> list[dict[str, str]]:
    """What `longstride curate` rejects."""
    program = [sys.executable, "-m", "longstride", "curate", str(dataset), "-o", str(output)]
    result = subprocess.run(program, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in (output / "curation_rejected.jsonl").read_text().splitlines()]


def test_curate_finds_what_was_tampered_with(whole: Path, samples: list[Sample], tmp_path: Path):
    # other documents than those drawn when it was made may offer another answer; nothing else is wrong with it
    rejected = curate(whole, tmp_path / "as it was")
    assert {each["stage"] for each in rejected} <= {"robustness"}
    assert len(rejected) <= 6
    shutil.copytree(whole, tmp_path / "tampered")
    changed = [dataclasses.replace(samples[0], ground_truth=("Nowhere",)), *samples[1:]]
    write_samples(tmp_path / "tampered" / "samples" / "00000.parquet", changed)
    found = curate(tmp_path / "tampered", tmp_path / "curated")
    assert [each["stage"] for each in found if each["sample_id"] == samples[0].id] == ["answer"]
