"""The whole way of a small family over a real server: what is written and what is dropped, how it stops and goes on."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from longstride.curation.by_model.settings import CheckSettings
from longstride.curation.funnel import Funnel
from longstride.llm import Budget
from longstride.pipeline.settings import SynthesisSettings
from longstride.pipeline.synthesize import synthesize
from longstride.pipeline.with_models import sampling
from longstride.pipeline.with_models.estimate import Estimate
from longstride.pipeline.with_models.run import BudgetSpent, ModelRun, NotBegun
from longstride.records.parquet import read_documents, read_samples

if TYPE_CHECKING:
    from conftest import Setup


CHECKS = CheckSettings(answers=2)


def make(corpus: Path, output: Path, settings: SynthesisSettings, run: ModelRun) -> dict[str, Any]:
    return synthesize(corpus, output, settings, console=Console(file=io.StringIO()), run=run)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != ".lock"
    }


def stages_of(output: Path, part: str) -> Funnel:
    return Funnel.from_json(json.loads((output / "funnel.json").read_text())[part])


def test_read_asked_checked_and_written(setup: Setup, peer: tuple[Any, str], corpus: Path, tmp_path: Path):
    output = tmp_path / "out"
    manifest = make(corpus, output, setup.settings(CHECKS), setup.run())
    samples = list(read_samples(output / "samples"))
    assert manifest["samples"] == len(samples) == 6
    for sample in samples:
        ship = sample.core_question.split()[-1].rstrip("?")
        known = peer[0].truth.questions[f"What is the code of the ship {ship}?"]
        assert sample.ground_truth == (known.answer,)
        assert sample.derivation["models"] == {"extractor": "m"}
        assert sample.checks["grounding"]["status"] == "passed"  # by a program, from the facts that were found
        assert sample.checks["model_robustness"]["status"] == "passed"
        assert sample.checks["model_robustness"]["model"] == "m"
        assert sample.pass_at_k[0].correct == 2
        assert sample.cost["calls"] == sum(each["answers"] for each in sample.cost["roles"].values())
        assert sample.cost["roles"].keys() == {"solver"}
    assert not peer[0].unknown


def test_a_document_that_the_judge_finds_poor_is_in_no_data_set(setup: Setup, corpus: Path, tmp_path: Path):
    make(corpus, tmp_path / "out", setup.settings(CHECKS), setup.run())
    assert "Kite" not in {document.title for document in read_documents(tmp_path / "out" / "documents")}
    rated = stages_of(tmp_path / "out", "models").stages["documents: rated"]
    assert (rated.entered, rated.left) == (12, 11)
    assert rated.reasons == {"low quality": 1}
    assert json.loads((tmp_path / "out" / "funnel.json").read_text())["rated"]["outcomes"] == {
        "kept": 11,
        "low quality": 1,
    }


def test_what_models_found_is_told_and_what_they_took(setup: Setup, corpus: Path, tmp_path: Path):
    manifest = make(corpus, tmp_path / "out", setup.settings(CHECKS), setup.run())
    codes = stages_of(tmp_path / "out", "models").stages["ships: codes"]
    assert (codes.entered, codes.left) == (11, 11)
    assert manifest["usage"]["roles"]["extractor"]["answers"] == 11
    assert manifest["usage"]["roles"]["judge"]["answers"] == 36  # three votes each
    assert manifest["usage"]["money"] is None
    card = (tmp_path / "out" / "README.md").read_text()
    assert "ships: codes" in card
    assert "model\\_grounding" in card


def test_the_manifest_names_models_and_prompts_and_no_address(
    setup: Setup, peer: tuple[Any, str], corpus: Path, tmp_path: Path
):
    make(corpus, tmp_path / "out", setup.settings(CHECKS), setup.run())
    whole = (tmp_path / "out" / "manifest.json").read_text()
    models = json.loads(whole)["settings"]["models"]
    assert models["roles"]["extractor"]["model"] == "m"
    assert models["roles"]["solver"]["sampling"]["seed"] == 0
    assert models["checks"]["answers"] == 2
    assert "127.0.0.1" not in whole


def test_without_checks_a_program_s_word_is_enough(setup: Setup, peer: tuple[Any, str], corpus: Path, tmp_path: Path):
    manifest = make(corpus, tmp_path / "out", setup.settings(None, judged=0.0), setup.run())
    assert manifest["samples"] == 6
    assert peer[0].answered == 12  # one reading of each document
    assert set(manifest["usage"]["roles"]) == {"extractor"}


def test_errors_of_the_extractor_are_dropped_and_counted(
    setup: Setup, peer: tuple[Any, str], corpus: Path, tmp_path: Path
):
    peer[0].errors, peer[0].seed = 0.4, 3
    manifest = make(corpus, tmp_path / "out", setup.settings(CHECKS, judged=0.0), setup.run())
    codes = stages_of(tmp_path / "out", "models").stages["ships: codes"]
    assert codes.reasons["the code is not in the text"] == codes.entered - codes.left > 0
    assert 0 < manifest["samples"] <= codes.left


def test_a_budget_stops_and_the_same_command_goes_on(setup: Setup, peer: tuple[Any, str], corpus: Path, tmp_path: Path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    make(corpus, whole, setup.settings(CHECKS), setup.run())
    calls = peer[0].answered
    spent = 0
    for _ in range(100):
        before = peer[0].answered
        try:
            make(corpus, stopped, setup.settings(CHECKS), setup.run(Budget(calls=25)))
            break
        except BudgetSpent as stop:
            assert "the budget of 25 calls is spent" in str(stop)
            assert "the same command goes on" in str(stop)
            assert stop.exit_code == 3
            assert peer[0].answered - before <= 25
            spent += 1
    assert spent >= 2
    assert peer[0].answered == 2 * calls  # none was paid for twice
    assert digests(stopped) == digests(whole)


def test_what_was_accepted_before_the_budget_ended_stands(
    setup: Setup, peer: tuple[Any, str], corpus: Path, tmp_path: Path
):
    settings = setup.settings(CHECKS, judged=0.0, target_tokens=(700, 800), target_shares=(0.5, 0.5), samples=4)
    make(corpus, tmp_path / "whole", settings, setup.run())
    calls = peer[0].answered
    setup.models = setup.models.model_copy(update={"max_concurrency": 1})  # so the call left unsent is the last piece's
    with pytest.raises(BudgetSpent, match=r"samples stand in"):
        make(corpus, tmp_path / "out", settings, setup.run(Budget(calls=calls - 1)))
    some = list(read_samples(tmp_path / "out" / "samples"))
    assert some
    assert (tmp_path / "out" / "README.md").exists()
    assert not json.loads((tmp_path / "out" / "manifest.json").read_text())["complete"]
    make(corpus, tmp_path / "out", settings, setup.run())
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")


def test_who_declines_the_estimate_pays_the_sample_alone(
    setup: Setup, peer: tuple[Any, str], corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sampling, "SAMPLE_DOCUMENTS", 6)  # of the twelve
    shown: list[Estimate] = []

    def decline(estimate: Estimate) -> bool:
        shown.append(estimate)
        return False

    with pytest.raises(NotBegun, match="kept"):
        make(corpus, tmp_path / "out", setup.settings(CHECKS), setup.run(agree=decline))
    assert peer[0].answered == 6 * (3 + 1)  # six documents: three votes and a reading each
    rows = shown[0].stages
    assert rows["rating documents"].roles["judge"].answers == 36
    assert rows["ships: reading"].roles["extractor"].answers == 12
    assert rows["checking, at most"].roles["solver"].answers == 13 * 2 * (1 + 1 + 4 + 1)
    make(corpus, tmp_path / "out", setup.settings(CHECKS), setup.run(agree=lambda _: True))
    assert peer[0].asked_again == 0


def test_another_number_of_requests_at_once_gives_the_same_bytes(
    setup: Setup, peer: tuple[Any, str], corpus: Path, tmp_path: Path
):
    peer[0].errors = 0.2
    make(corpus, tmp_path / "many", setup.settings(CHECKS), setup.run())
    setup.models = setup.models.model_copy(update={"max_concurrency": 1})
    make(corpus, tmp_path / "one", setup.settings(CHECKS), setup.run())
    assert digests(tmp_path / "many") == digests(tmp_path / "one")
    assert peer[0].most_in_flight > 1


def test_another_model_in_the_same_folder_is_refused(setup: Setup, corpus: Path, tmp_path: Path):
    make(corpus, tmp_path / "out", setup.settings(CHECKS), setup.run())
    setup.models = setup.models.model_copy(update={"model": "n"})
    with pytest.raises(ValueError, match=r'models.roles.extractor.model "m", now "n"'):
        make(corpus, tmp_path / "out", setup.settings(CHECKS), setup.run())


def test_garbage_gives_an_empty_data_set_and_a_full_funnel(
    setup: Setup, peer: tuple[Any, str], corpus: Path, tmp_path: Path
):
    peer[0].players = [lambda *_: "blub blub {["]
    manifest = make(corpus, tmp_path / "out", setup.settings(CHECKS), setup.run())
    assert manifest["samples"] == 0
    models = stages_of(tmp_path / "out", "models").stages
    assert models["documents: rated"].notes == {"no answer of the judge": 12}
    assert models["ships: codes"].reasons == {"the code is not in the text": 12}
