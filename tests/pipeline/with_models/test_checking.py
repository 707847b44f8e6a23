from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from longstride.curation.by_model.settings import CheckSettings
from longstride.curation.funnel import Funnel
from longstride.llm import BudgetExceeded, Completion, Message, ScriptedModel
from longstride.llm.ledger import Prices
from longstride.pipeline.assembling import AssemblyUnit
from longstride.pipeline.regions import Region
from longstride.pipeline.with_models.checking import NOT_ASKED, CheckingUnit, check, stages
from longstride.pipeline.with_models.meter import Meter, MeteredModel, Usage
from longstride.pipeline.with_models.told import Told
from longstride.records import Document, Evidence, Sample
from longstride.records.parquet import read_samples, write_samples
from longstride.synthesis.with_models import Roles

SETTINGS = CheckSettings(answers=2)
DOCUMENTS = {
    name: Document(name, name, "literature", "s", f"The code of {name} is {code}.")
    for name, code in (("Argo", "12345"), ("Dove", "54321"), ("Iris", "77777"))
}


def sample(name: str, answer: str, generator: str = "ships") -> Sample:
    text = DOCUMENTS[name].text
    question = f"What is the code of {name}?"
    return Sample(
        id=f"{generator}-{name}",
        data_source="test",
        prompt=({"role": "user", "content": f"{text}\n{question}"},),
        task="reading_comprehension",
        question_type="needle",
        core_question=question,
        format_instructions="",
        ground_truth=(answer,),
        reward_style="exact",
        generator=generator,
        seed=0,
        document_ids=(name,),
        evidence=(Evidence(name, 0, len(text), text),),
        input_tokens=40,
    )


def read(messages: Sequence[Message], index: int) -> Completion:
    """Reads the code where it stands, and cannot tell otherwise."""
    text = messages[-1]["content"]
    asked = next(name for name in DOCUMENTS if f"What is the code of {name}?" in text)
    known = f"The code of {asked} is" in text
    code = DOCUMENTS[asked].text.split()[-1].rstrip(".")
    answer = f"Therefore, the answer is ({code})." if known else "I cannot tell."
    return Completion(answer, prompt_tokens=100, completion_tokens=5)


def pieces(folder: Path, *contents: list[Sample]) -> list[CheckingUnit]:
    shares = {"ships": Meter({"extractor": Usage(1.5, 150, 15)})}
    prices = {"extractor": Prices(1.0, 1.0), "solver": Prices(1.0, 1.0)}
    made: list[CheckingUnit] = []
    for number, samples in enumerate(contents):
        assembled = AssemblyUnit(Region(0, ()), 100, (), folder / f"{number}.parquet")
        write_samples(assembled.path, samples)
        made.append(CheckingUnit(assembled, folder / "checked", shares, prices))
    return made


def run(units: list[CheckingUnit], model: ScriptedModel, settings: CheckSettings | None = SETTINGS) -> int:
    """Check the units; give how many samples were asked about."""
    metered, done = MeteredModel("solver", model), list[int]()
    roles = Roles(lambda _: metered, 4)
    asyncio.run(check(units, DOCUMENTS, list(DOCUMENTS.values()), settings, len, roles, done.append))
    return len(done)


def test_what_passes_is_written_with_its_checks_and_its_cost(tmp_path: Path):
    (unit,) = pieces(tmp_path, [sample("Argo", "12345"), sample("Dove", "99999")])
    assert run([unit], ScriptedModel(read)) == 2
    (passed,) = read_samples(unit.path)
    assert passed.id == "ships-Argo"
    assert passed.checks["model_robustness"]["right"] == 2
    asked = 2 * 2  # without any document (that is also without its only one), and among others
    assert passed.cost["roles"]["solver"]["answers"] == asked
    assert passed.cost["roles"]["extractor"]["answers"] == 1.5
    assert passed.cost["calls"] == asked + 1.5
    assert passed.cost["money"] == pytest.approx((165 + asked * 105) / 1e6)
    funnel = Funnel.from_json(json.loads(unit.funnel_path.read_text()))
    assert list(funnel.stages) == list(stages(SETTINGS))
    assert funnel.stages["model_robustness"].reasons == {"never answered right among more documents": 1}
    assert Told.read(unit.told_path).meter.roles["solver"].answers == 2 * asked


def test_what_programs_made_is_not_asked_about_and_keeps_its_place(tmp_path: Path):
    order = [sample("Iris", "77777", "tables"), sample("Argo", "12345"), sample("Dove", "54321", "tables")]
    (unit,) = pieces(tmp_path, order)
    assert run([unit], ScriptedModel(read)) == 1
    assert [each.id for each in read_samples(unit.path)] == ["tables-Iris", "ships-Argo", "tables-Dove"]
    funnel = Funnel.from_json(json.loads(unit.funnel_path.read_text()))
    assert {(stage.entered, stage.notes[NOT_ASKED]) for stage in funnel.stages.values()} == {(3, 2)}


def test_without_checks_every_sample_passes_with_its_share(tmp_path: Path):
    (unit,) = pieces(tmp_path, [sample("Argo", "99999"), sample("Iris", "77777", "tables")])
    assert run([unit], ScriptedModel([]), None) == 0
    ours, other = read_samples(unit.path)
    assert ours.cost["roles"] == {"extractor": {"answers": 1.5, "prompt_tokens": 150, "completion_tokens": 15}}
    assert other == replace(sample("Iris", "77777", "tables"))


def test_a_budget_that_ends_leaves_the_pieces_that_are_whole(tmp_path: Path):
    units = pieces(tmp_path, [sample("Argo", "12345")], [sample("Dove", "54321")])

    def spent(messages: Sequence[Message], index: int) -> Completion | BudgetExceeded:
        asked_first = "What is the code of Argo?" in messages[-1]["content"]
        return read(messages, index) if asked_first else BudgetExceeded("spent")

    with pytest.raises(BudgetExceeded):
        run(units, ScriptedModel(spent))
    assert [unit.told_path.exists() for unit in units] == [True, False]
    model = ScriptedModel(read)
    assert run(units, model) == 1  # the second alone
    assert not any("What is the code of Argo?" in call.prompt for call in model.calls)
