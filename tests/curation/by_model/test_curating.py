"""Whole folders checked by a model: what falls is counted, what stays says who checked it, and a rerun goes on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from longstride.curation.by_model import CheckEstimate, CheckSettings
from longstride.curation.by_model.curating import ByModel
from longstride.curation.dataset import CurationSettings, curate_dataset
from longstride.curation.report import CurationReport
from longstride.errors import InputError
from longstride.llm import BudgetExceeded
from longstride.records import Document, Sample
from longstride.records.parquet import read_samples

Said = Callable[[str], str]
SETTINGS = CurationSettings(distractors=3)


@pytest.fixture
def folder(world: dict[str, Document], look_ups: list[Sample], write_data_set: Callable[..., Path]) -> Path:
    return write_data_set(list(world.values()), look_ups)


class Told(list[CheckEstimate]):
    """The estimates that were told, and the folders that answers may be kept in."""

    def __init__(self) -> None:
        super().__init__()
        self.folders: list[Path] = []


def by_model(roles: Any, told: Told | None = None, **settings: Any) -> ByModel:
    told = Told() if told is None else told

    @asynccontextmanager
    async def opened(folder: Path) -> AsyncIterator[Any]:
        told.folders.append(folder)
        yield roles

    models = {"solver": {"model": "solver-model"}}
    return ByModel(CheckSettings(**settings), models, "0123", opened, told.extend, lambda: "nothing")


def curate(folder: Path, family: Any, asked: ByModel | None, **options: Any) -> CurationReport:
    return curate_dataset(folder, {"attributes": family}, settings=SETTINGS, by_model=asked, **options)


def knows(entity: str, color: str, honest: Any, said: Said) -> Any:
    """Reads, and knows the color of one entity without reading."""

    def reply(messages: Any, index: int) -> str:
        asked = messages[0]["content"].rpartition("Question: ")[2]
        return said(color) if f"{entity}," in asked else honest(messages)

    return reply


def test_what_falls_is_counted_and_what_stays_says_who_checked_it(
    tmp_path: Path, folder: Path, family: Any, roles_of: Any, honest: Any, answer_is: Said
):
    told, output = Told(), tmp_path / "out"
    roles = roles_of(solver=knows("Foo5", "brown", honest, answer_is))
    report = curate(folder, family, by_model(roles, told), output=output)
    assert (report.samples, report.kept) == (12, 11)
    names = list(report.funnel.stages)
    assert names[-5:] == ["model_blind", "model_grounding", "model_scarce", "model_robustness", "balance"]
    assert report.funnel.stages["model_blind"].reasons == {"answered without any document": 1}
    assert report.funnel.stages["model_grounding"].entered == 11
    (rejection,) = report.rejections
    assert (rejection.file, rejection.row, rejection.sample_id) == ("samples/part-0.parquet", 5, "s5")
    kept = list(read_samples(output / "samples"))
    assert [sample.id for sample in kept] == [f"s{index}" for index in range(12) if index != 5]
    assert kept[0].checks["model_grounding"]["model"] == "solver-model"
    assert kept[0].checks["grounding"]["status"] == "passed"  # the program's own check stays beside it
    assert kept[0].pass_at_k[0].correct == 4
    page = (output / "README.md").read_text()
    assert "## Checks by a model" in page and "solver solver-model" in page
    assert "answered without any document" in page
    settings = json.loads((output / "manifest.json").read_text())["settings"]["by_model"]
    assert settings["models"] == {"solver": {"model": "solver-model"}} and settings["answers"] == 4
    assert [each.check for each in told] == ["blind", "grounding", "scarce", "robustness"]
    assert told[0] == CheckEstimate("blind", 12, 48, told[0].prompt_tokens) and told[0].prompt_tokens > 0
    assert told.folders == [output / ".work"] and not (output / ".work").exists()


def test_a_sample_that_a_program_refused_is_asked_about_no_more(
    folder: Path, family: Any, roles_of: Any, look_ups: list[Sample], world: dict[str, Document],
    write_data_set: Callable[..., Path],
):  # fmt: skip
    look_ups[2] = replace(look_ups[2], ground_truth=("mauve",))
    other = write_data_set(list(world.values()), look_ups, "other")
    roles = roles_of()
    report = curate(other, family, by_model(roles, checks=("blind",)))
    assert report.rejections[0].stage == "answer" and report.funnel.stages["model_blind"].entered == 11
    assert not any("Foo2," in call.prompt for call in roles.model("solver").calls)


def test_without_checks_nothing_changes(tmp_path: Path, folder: Path, family: Any, roles_of: Any):
    curate(folder, family, None, output=tmp_path / "plain")
    plain = json.loads((tmp_path / "plain" / "curation.json").read_text())
    assert "by_model" not in plain["configuration"]
    assert [stage["stage"] for stage in plain["funnel"]][-3:] == ["duplicates", "decontamination", "balance"]
    assert not any(name.startswith("asked") for name in plain["shortcuts"][-1])
    page = (tmp_path / "plain" / "README.md").read_text()
    assert "by a model" not in page and "reference model" not in page
    with pytest.raises(InputError, match="was made with other settings: by_model"):
        curate(folder, family, by_model(roles_of()), output=tmp_path / "plain")


def test_the_same_answers_give_the_same_bytes_however_many_at_a_time(
    tmp_path: Path, folder: Path, family: Any, roles_of: Any
):
    for name, in_flight in (("one", 1), ("many", 12)):
        curate(folder, family, by_model(roles_of(in_flight=in_flight), audit=False), output=tmp_path / name / "out")
    first, second = (
        {file.name: file.read_bytes() for file in sorted((tmp_path / name / "out").rglob("*.*")) if file.is_file()}
        for name in ("one", "many")
    )
    assert first == second and "part-0.parquet" in first


def test_a_spent_budget_says_how_far_it_came_and_the_rerun_asks_only_the_rest(
    tmp_path: Path, folder: Path, family: Any, roles_of: Any, honest: Any
):
    kept: dict[tuple[str, int], str] = {}
    budget = [60]

    def remembered(messages: Any, index: int) -> Any:
        """As a cache does: an answer that was given costs nothing."""
        key = messages[0]["content"], index
        if key not in kept:
            if not budget[0]:
                return BudgetExceeded("the budget of 60 calls is spent")
            budget[0] -= 1
            kept[key] = honest(messages)
        return kept[key]

    asked = by_model(roles_of(in_flight=1, solver=remembered))
    with pytest.raises(BudgetExceeded, match=r"60 calls is spent \(5 samples were done, and every answer is kept\)"):
        curate(folder, family, asked, output=tmp_path / "out")
    assert not json.loads((tmp_path / "out" / "manifest.json").read_text())["complete"]
    budget[0] = 12 * 12 - 60  # three different prompts a sample, four answers each
    assert curate(folder, family, asked, output=tmp_path / "out").kept == 12
    assert budget[0] == 0


def in_stratum(honest: Any) -> Any:
    """Foo0 to Foo2 are answered right 2 times of 4, Foo3 3 times, the others always."""

    def reply(messages: Any, index: int) -> str:
        asked = messages[0]["content"].rpartition("Question: ")[2]
        right = next((count for name, count in (*FEW, ("Foo3,", 3)) if name in asked), 4)
        return honest(messages) if index < right else "?"

    return reply


FEW = tuple((f"Foo{number},", 2) for number in range(3))


def test_equal_draws_of_each_stratum(tmp_path: Path, folder: Path, family: Any, roles_of: Any, honest: Any):
    asked = by_model(roles_of(solver=in_stratum(honest)), checks=("robustness",), strata=9)
    report = curate(folder, family, asked, output=tmp_path / "out")
    kept = list(read_samples(tmp_path / "out" / "samples"))
    assert Counter(sample.pass_at_k[0].correct for sample in kept) == {2: 1, 3: 1, 4: 1}  # the smallest bounds all
    assert report.funnel.stages["strata"].reasons == {"its stratum of pass@k has more than the smallest": 9}
    assert list(report.funnel.stages)[-2:] == ["strata", "balance"]


def test_strata_without_robustness_are_measured_at_the_samples_own_prompt(
    tmp_path: Path, folder: Path, family: Any, roles_of: Any, look_ups: list[Sample], answer_is: Said
):
    def reply(messages: Any, index: int) -> str:
        colors = {"Foo1,": "green", "Foo2,": "blue"}
        asked = messages[0]["content"].rpartition("Which color")[2]
        return next((answer_is(color) for name, color in colors.items() if name in asked), "?")

    roles = roles_of(solver=reply)
    report = curate(folder, family, by_model(roles, checks=(), strata=4), output=tmp_path / "out")
    kept = list(read_samples(tmp_path / "out" / "samples"))
    assert Counter(sample.pass_at_k[0].correct for sample in kept) == {4: 2, 0: 2}
    asked = [call.prompt for call in roles.model("solver").calls]
    assert sorted(asked) == sorted(sample.prompt[0]["content"] for sample in look_ups)
    assert "model_pass_rate" in report.funnel.stages


def test_the_audit_asks_the_reference_model_about_what_stays(
    tmp_path: Path, folder: Path, family: Any, roles_of: Any, honest: Any, answer_is: Said
):
    roles = roles_of(reference=knows("Foo5", "brown", honest, answer_is))
    report = curate(folder, family, by_model(roles, checks=(), audit=True), output=tmp_path / "out")
    whole = report.shortcuts[-1]
    assert whole["asked_alone"] == round(1 / 12, 4) and whole["asked_chance"] == 0
    assert whole["asked_nearest"] == 1.0  # BM25 finds the one document that the question names
    assert CurationReport.read(tmp_path / "out") == report
    page = (tmp_path / "out" / "README.md").read_text()
    assert "What a reference model answers right without reading" in page and "8.3% (0.0%)" in page


def test_the_report_prints_the_audit(folder: Path, family: Any, roles_of: Any, honest: Any):
    import io

    from rich.console import Console

    report = curate(folder, family, by_model(roles_of(reference=honest), checks=(), audit=True))
    shown = io.StringIO()
    report.show(Console(file=shown, width=120))
    assert "Answered by a reference model without reading (guessing)" in shown.getvalue()
    assert (folder / ".work").is_dir()  # a data set that is only looked at keeps the answers beside it


def test_of_a_choice_of_samples_only_those_are_audited(
    folder: Path, family: Any, roles_of: Any, honest: Any, look_ups: Sequence[Sample]
):
    roles = roles_of(reference=honest)
    asked = by_model(roles, checks=(), audit=True)
    report = curate_dataset(folder, {"attributes": family}, settings=replace(SETTINGS, samples=3), by_model=asked)
    assert report.kept == 3 and roles.model("reference").answers == 3 * 2 * 4
