"""Whole folders: what was tampered with is caught with file and row, what passes is written, twice the same."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from longstride.curation.dataset import CurationSettings, curate_dataset
from longstride.curation.report import CurationReport
from longstride.errors import InputError
from longstride.records import Document, Evidence, Sample
from longstride.records.parquet import read_documents, read_samples, write_documents, write_samples

SETTINGS = CurationSettings(distractors=3)


@pytest.fixture
def clean(world: dict[str, Document], look_ups: list[Sample], write_data_set: Callable[..., Path]) -> Path:
    return write_data_set(list(world.values()), look_ups)


def curate(folder: Path, family: Any, **options: Any) -> CurationReport:
    return curate_dataset(folder, {"attributes": family}, **{"settings": SETTINGS, **options})


def tampered(sample: Sample, how: str) -> Sample:
    evidence = sample.evidence[0]
    if how == "offset":
        moved = Evidence(evidence.document_id, evidence.start + 1, evidence.end + 1, evidence.text)
        return replace(sample, evidence=(moved,))
    if how == "answer":
        return replace(sample, ground_truth=("mauve",))
    if how == "prompt":
        content = sample.prompt[0]["content"]
        return replace(sample, prompt=({"role": "user", "content": content.replace("A note", "A tone", 1)},))
    return replace(sample, document_ids=(*sample.document_ids, "ghost"))


def test_a_clean_data_set_passes_whole(clean: Path, family: Any):
    report = curate(clean, family)
    assert report.samples == report.kept == 12 and not report.rejections
    stages = json.loads((clean / "curation.json").read_text())["funnel"]
    assert [stage["stage"] for stage in stages] == [
        *("id", "quotes", "answer", "grounding", "robustness"),
        *("duplicates", "decontamination", "balance"),
    ]
    assert all(stage["in"] == stage["out"] == 12 for stage in stages)
    assert stages[6]["notes"] == {"not decontaminated: no benchmarks were named": 12}
    assert report.shortcuts[-1]["samples"] == 12
    assert CurationReport.read(clean) == report


@pytest.mark.parametrize(
    ("how", "stage", "reason"),
    [
        ("offset", "quotes", "evidence does not quote its document"),
        ("answer", "answer", "the derivation gives another answer"),
        ("prompt", "quotes", "a document does not stand verbatim in the prompt"),
        ("ghost", "quotes", "a document does not exist"),
    ],
)
def test_what_was_tampered_with_is_caught_with_file_and_row(
    clean: Path, family: Any, look_ups: list[Sample], how: str, stage: str, reason: str
):
    look_ups[8] = tampered(look_ups[8], how)
    write_samples(clean / "samples" / "part-1.parquet", look_ups[6:])
    report = curate(clean, family)
    assert report.kept == 11 and report.samples == 12
    (rejection,) = report.rejections
    assert (rejection.file, rejection.row, rejection.sample_id) == ("samples/part-1.parquet", 2, "s8")
    assert (rejection.stage, rejection.reason) == (stage, reason)
    line = json.loads((clean / "curation_rejected.jsonl").read_text())
    assert line["row"] == 2 and line["reason"] == reason
    assert report.funnel.stages[stage].reasons == {reason: 1}


def test_a_changed_document_fails_every_sample_that_holds_it(
    clean: Path, family: Any, world: dict[str, Document], look_ups: list[Sample]
):
    documents = list(world.values())
    documents[0] = replace(documents[0], text=documents[0].text.replace("red", "rad"))
    write_documents(clean / "documents" / "part-0.parquet", documents[:6])
    report = curate(clean, family)
    holding = {sample.id for sample in look_ups if "d0" in sample.document_ids}
    assert {rejection.sample_id for rejection in report.rejections} == holding
    reasons = {rejection.sample_id: rejection.reason for rejection in report.rejections}
    assert reasons.pop("s0") == "evidence does not quote its document"
    assert set(reasons.values()) == {"a document does not stand verbatim in the prompt"}


def test_malformed_rows_are_named(clean: Path, family: Any, world: dict[str, Document]):
    write_documents(clean / "documents" / "part-1.parquet", [world["d3"]])
    with pytest.raises(InputError, match=r"part-1\.parquet: row 0: field id: 'd3' stands in part-0\.parquet row 3 too"):
        curate(clean, family)
    (clean / "samples" / "part-1.parquet").write_bytes(b"not parquet")
    write_documents(clean / "documents" / "part-1.parquet", [world[f"d{index}"] for index in range(6, 12)])
    with pytest.raises(InputError, match=r"part-1\.parquet: is not a readable parquet file"):
        curate(clean, family)
    with pytest.raises(InputError, match="samples: does not exist"):
        curate(clean / "documents", family)


def test_repeats_and_benchmark_questions_fall_out(tmp_path: Path, clean: Path, family: Any, look_ups: list[Sample]):
    look_ups[1] = replace(look_ups[1], id="s0")
    look_ups[7] = replace(look_ups[6], id="copy")
    write_samples(clean / "samples" / "part-0.parquet", look_ups[:6])
    write_samples(clean / "samples" / "part-1.parquet", look_ups[6:])
    benchmarks = tmp_path / "benchmarks"
    benchmarks.mkdir()
    (benchmarks / "a.jsonl").write_text(json.dumps({"q": f"So: {look_ups[3].core_question}"}))
    (benchmarks / "notes.docx").write_bytes(b"")
    report = curate(clean, family, benchmarks=benchmarks)
    fallen = {(each.row, each.sample_id): (each.stage, each.detail) for each in report.rejections}
    assert fallen[1, "s0"] == ("id", "")
    assert fallen[1, "copy"] == ("duplicates", "s6")
    stage, detail = fallen[3, "s3"]
    assert stage == "decontamination" and detail.startswith("a.jsonl: row 0: 'which color does the note give")
    assert report.kept == 9
    assert report.benchmarks == {"files": 1, "records": 1, "problems": {"notes.docx": "not a format that is read"}}
    shown = io.StringIO()
    report.show(Console(file=shown, width=120))
    assert "9 of 12 samples pass" in shown.getvalue() and "notes.docx: not a format" in shown.getvalue()
    assert "samples/part-0.parquet: row 1: s0: id: its id stands before it" in shown.getvalue()


def test_what_passes_is_written_with_its_checks_card_and_manifest(
    tmp_path: Path, clean: Path, family: Any, look_ups: list[Sample], world: dict[str, Document]
):
    look_ups[2] = tampered(look_ups[2], "answer")
    write_samples(clean / "samples" / "part-0.parquet", look_ups[:6])
    output = tmp_path / "out"
    report = curate(clean, family, output=output)
    kept = list(read_samples(output / "samples"))
    assert [sample.id for sample in kept] == [sample.id for sample in look_ups if sample.id != "s2"]
    assert kept[0].checks["grounding"] == {"status": "passed", "evidence_documents": 1, "left_out": 1, "needed": 1}
    assert kept[0].checks["robustness"] == {"status": "passed", "distractors": 3}
    assert kept[0].checks["decontamination"]["status"] == "skipped"
    assert replace(kept[0], checks={}) == look_ups[0]
    assert list(read_documents(output / "documents")) == list(world.values())
    manifest = json.loads((output / "manifest.json").read_text())
    assert manifest["complete"] is True and manifest["settings"]["distractors"] == 3
    page = (output / "README.md").read_text()
    assert "11 questions over 12 documents" in page and "the derivation gives another answer" in page
    assert not (clean / "curation.json").exists()
    assert curate(output, family).kept == report.kept == 11


def test_documents_that_nothing_names_stay_behind(tmp_path: Path, clean: Path, family: Any, look_ups: list[Sample]):
    write_samples(clean / "samples" / "part-0.parquet", look_ups[:1])
    (clean / "samples" / "part-1.parquet").unlink()
    curate(clean, family, output=tmp_path / "out")
    assert {document.id for document in read_documents(tmp_path / "out" / "documents")} == {*look_ups[0].document_ids}


def test_an_output_is_made_once_and_only_for_its_own_configuration(tmp_path: Path, clean: Path, family: Any):
    output = tmp_path / "out"
    first = curate(clean, family, output=output)
    family.extracted.clear()
    assert curate(clean, family, output=output) == first and not family.extracted
    with pytest.raises(InputError, match=r"was made with other settings: seed 0, now 1"):
        curate(clean, family, output=output, settings=replace(SETTINGS, seed=1))
    with pytest.raises(InputError, match="is the data set itself"):
        curate(clean, family, output=clean)
    with pytest.raises(InputError, match=r"holds other files and no manifest\.json"):
        curate(clean, family, output=clean / "documents")


def test_an_interrupted_run_begins_again_and_gives_the_same(tmp_path: Path, clean: Path, family: Any):
    class Stopping(type(family)):
        def answers(self, derivation: Any, sources: Any) -> tuple[str, ...]:
            if derivation["entity"] == "Foo7":
                raise KeyboardInterrupt
            return super().answers(derivation, sources)

    with pytest.raises(KeyboardInterrupt):
        curate(clean, Stopping(), output=tmp_path / "a" / "out")
    curate(clean, family, output=tmp_path / "a" / "out")
    curate(clean, family, output=tmp_path / "b" / "out")
    assert contents(tmp_path / "a" / "out") == contents(tmp_path / "b" / "out")


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of each file, but for the lock."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != ".lock")
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def test_another_process_with_other_hashes_gives_the_same_bytes(tmp_path: Path, clean: Path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[3]); from conftest import AttributeFamily\n"
        "from longstride.curation.dataset import *\n"
        "curate_dataset(sys.argv[1], {'attributes': AttributeFamily()}, output=sys.argv[2],"
        " settings=CurationSettings(distractors=3, samples=5))\n"
    )
    for seed in ("1", "2"):
        arguments = [str(clean), str(tmp_path / seed / "out"), str(Path(__file__).parent)]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", script, *arguments], env=environment, check=True)
    first, second = (contents(tmp_path / seed / "out") for seed in ("1", "2"))
    assert first == second and "samples/part-0.parquet" in first


def test_other_families_are_counted_as_not_re_derivable(
    tmp_path: Path, clean: Path, family: Any, look_ups: list[Sample]
):
    look_ups[0] = replace(look_ups[0], generator="somebody")
    write_samples(clean / "samples" / "part-0.parquet", look_ups[:6])
    told = "not re-derivable: its family is unknown"
    report = curate(clean, family)
    assert report.kept == 12 and report.funnel.stages["answer"].notes == {told: 1}
    strict = curate(clean, family, settings=replace(SETTINGS, only_rederived=True))
    assert strict.kept == 11 and strict.funnel.stages["answer"].reasons == {told: 1}
    assert strict.rejections[0].detail == "somebody"


def test_a_share_of_each_task_and_length_is_kept(tmp_path: Path, clean: Path, family: Any):
    report = curate(clean, family, output=tmp_path / "out", settings=replace(SETTINGS, samples=6))
    kept = list(read_samples(tmp_path / "out" / "samples"))
    assert len({(sample.task, sample.input_tokens) for sample in kept}) == len(kept) == 6
    assert report.funnel.stages["balance"].reasons == {"more than its share": 6}
    fallen = {rejection.sample_id for rejection in report.rejections}
    assert len(fallen) == 6 and fallen.isdisjoint(sample.id for sample in kept)


def test_where_nothing_passes_the_report_still_stands(tmp_path: Path, clean: Path, family: Any, look_ups: list[Sample]):
    for part, samples in (("part-0", look_ups[:6]), ("part-1", look_ups[6:])):
        write_samples(clean / "samples" / f"{part}.parquet", [tampered(sample, "answer") for sample in samples])
    report = curate(clean, family, output=tmp_path / "out")
    assert report.kept == 0 and not report.shortcuts
    assert "0 questions over 0 documents" in (tmp_path / "out" / "README.md").read_text()


def test_progress_is_shown_on_the_console_that_is_given(clean: Path, family: Any):
    shown = io.StringIO()
    curate(clean, family, console=Console(file=shown, force_terminal=True, width=100))
    assert "checking samples" in shown.getvalue() and "12/12" in shown.getvalue()


def test_a_damaged_report_is_refused(tmp_path: Path, clean: Path, family: Any):
    curate(clean, family, output=tmp_path / "out")
    (tmp_path / "out" / "curation.json").write_text("{}")
    with pytest.raises(InputError, match="is not a curation's report"):
        curate(clean, family, output=tmp_path / "out")
