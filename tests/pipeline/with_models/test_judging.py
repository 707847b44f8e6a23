from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from longstride.corpus.judging import JudgingSettings
from longstride.llm import Message, ModelError, ScriptedModel
from longstride.pipeline.with_models.judging import JudgingUnit, judge, rated
from longstride.records import Document
from longstride.records.parquet import read_documents, write_documents
from longstride.synthesis.with_models import Roles

GOOD = '{"quality": 5, "accuracy": 4, "coherence": 5, "reason": "clear"}'
POOR = '{"quality": 1, "accuracy": 4, "coherence": 5, "reason": "spam"}'


def say(messages: Sequence[Message], index: int) -> str | ModelError:
    text = messages[-1]["content"]
    return ModelError("down") if "silent" in text else POOR if "buy now" in text else GOOD


@pytest.fixture
def unit(tmp_path: Path) -> JudgingUnit:
    texts = ("a fine text", "buy now", "another fine text", "silent")
    documents = [Document(str(n), f"T{n}", "literature", "s", text) for n, text in enumerate(texts)]
    write_documents(tmp_path / "documents.parquet", documents)
    return JudgingUnit(tmp_path / "documents.parquet", tmp_path / "judged")


def run(unit: JudgingUnit, model: ScriptedModel) -> list[str]:
    roles = Roles(lambda _: model, 4)
    asyncio.run(judge(unit, JudgingSettings(), roles, lambda _: None))
    return [document.id for document in read_documents(unit.documents)]


def test_poor_documents_leave_their_file_and_others_stay_also_unjudged(unit: JudgingUnit):
    assert run(unit, ScriptedModel(say)) == ["0", "2", "3"]
    stage, verdicts = rated([unit])
    assert (stage.entered, stage.left) == (4, 3)
    assert stage.reasons == {"low quality": 1}
    assert stage.notes == {"no answer of the judge": 1}
    assert verdicts["by_family"] == {"literature": {"kept": 2, "low quality": 1, "no answer of the judge": 1}}


def test_what_is_judged_is_not_judged_again(unit: JudgingUnit):
    run(unit, ScriptedModel(say))
    assert run(unit, ScriptedModel([])) == ["0", "2", "3"]


def test_a_kill_between_verdict_and_file_changes_nothing(unit: JudgingUnit):
    whole = list(read_documents(unit.documents))
    run(unit, ScriptedModel(say))
    told = unit.told_path.read_bytes()
    write_documents(unit.documents, whole)  # as if it had been killed before the file was written anew
    assert run(unit, ScriptedModel([])) == ["0", "2", "3"]
    assert unit.told_path.read_bytes() == told


def test_a_file_of_which_nothing_is_left_is_an_empty_one(tmp_path: Path):
    write_documents(tmp_path / "d.parquet", [Document("0", "T", "literature", "s", "buy now")])
    unit = JudgingUnit(tmp_path / "d.parquet", tmp_path / "judged")
    assert run(unit, ScriptedModel(say)) == []
    assert json.loads(unit.path.read_text())["dropped"] == ["0"]


def test_units_that_are_not_done_are_not_told(unit: JudgingUnit):
    stage, verdicts = rated([unit])
    assert stage.entered == 0
    assert verdicts["outcomes"] == {}
