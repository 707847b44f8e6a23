from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from longstride.curation.by_model.settings import CheckSettings
from longstride.errors import InputError
from longstride.llm.settings import ModelsSettings
from longstride.pipeline.command import chosen_families
from longstride.pipeline.settings import QUESTION_FAMILIES, SynthesisSettings
from longstride.pipeline.with_models.settings import (
    MODEL_FAMILIES,
    ModelWork,
    load_model_families,
    model_work,
    prompts_digest,
)
from longstride.synthesis.knowledge_graph.by_model import nearness
from longstride.workspace import Workspace

if TYPE_CHECKING:
    from conftest import Setup


@pytest.mark.parametrize("name", sorted(MODEL_FAMILIES))
def test_each_family_is_there_under_its_name(name: str):
    family = load_model_families([name])[name]
    assert family.name == name
    assert family.roles
    assert family.stages


def test_a_manifest_without_models_is_as_it_was():
    plain = SynthesisSettings().as_dict()
    assert "models" not in plain
    assert "families" not in plain
    assert plain["seed"] == 0


def test_what_decides_the_data_set_stands_in_the_manifest(setup: Setup):
    plain = json.loads(json.dumps(setup.settings(CheckSettings(answers=3)).as_dict()))
    models = plain["models"]
    assert models["families"] == ["ships"]
    assert models["prompts"] == prompts_digest()
    assert models["checks"]["answers"] == 3
    assert set(models["roles"]) == {"extractor", "judge", "solver"}
    assert models["roles"]["solver"]["sampling"]["temperature"] == 0.7


def test_only_the_roles_that_are_asked_need_a_model(ships: None):
    models = ModelsSettings.model_validate({"roles": {"extractor": {"base_url": "http://h/v1", "model": "m"}}})
    assert set(model_work(models, ("ships",), None, 0.0).roles) == {"extractor"}
    with pytest.raises(InputError, match="no base_url for the role 'judge'; name one: --base-url"):
        model_work(models, ("ships",), None, 1.0)
    with pytest.raises(InputError, match="for the role"):
        model_work(models, ("ships",), CheckSettings(), 0.0)


def test_the_embedding_stands_in_the_manifest_of_the_family_that_uses_it(ships: None, monkeypatch: pytest.MonkeyPatch):
    models = ModelsSettings.model_validate({"base_url": "http://h/v1", "model": "m"})
    work = model_work(models, ("prose_graph", "ships"), None, 0.0)
    assert work.as_dict()["embedding"] == nearness.embedding_name()
    assert model_work(models, ("ships",), None, 0.0).as_dict()["embedding"] is None
    monkeypatch.setattr(nearness, "PACKAGE", "no-such-package")
    assert model_work(models, ("prose_graph",), None, 0.0).as_dict()["embedding"] is None


def test_a_data_set_begun_with_another_embedding_is_refused_with_the_difference(tmp_path: Path):
    begun, now = (
        SynthesisSettings(models=ModelWork(("prose_graph",), embedding=each)).as_dict()
        for each in (None, "wordllama 0.4.0")
    )
    with Workspace(tmp_path / "out", "data set", begun):
        pass
    with pytest.raises(InputError, match=r'models\.embedding null, now "wordllama 0\.4\.0"'):
        Workspace(tmp_path / "out", "data set", now).__enter__()
    with Workspace(tmp_path / "out", "data set", begun):
        pass


def test_prices_stand_beside_the_model_they_are_of(ships: None):
    priced = {"price_per_million_input_tokens": 1.0, "price_per_million_output_tokens": 2.0}
    models = ModelsSettings.model_validate({"base_url": "http://h/v1", "model": "m", **priced})
    assert model_work(models, ("ships",), None, 0.0).roles["extractor"]["prices"] == {"input": 1.0, "output": 2.0}


def test_a_missing_key_is_told_before_any_file_is_read(ships: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NOBODYS_KEY", raising=False)
    models = ModelsSettings.model_validate({"base_url": "http://h/v1", "model": "m", "api_key_env": "NOBODYS_KEY"})
    with pytest.raises(InputError, match="NOBODYS_KEY"):
        model_work(models, ("ships",), None, 0.0)


def test_unknown_families_and_shares_are_refused():
    with pytest.raises(InputError, match="unknown question family 'verse'"):
        ModelWork(("verse",))
    with pytest.raises(InputError, match=r"is 1\.5"):
        ModelWork((), judged_share=1.5)
    with pytest.raises(InputError, match="unknown question family 'verse'"):
        SynthesisSettings(families=("verse",))


def test_families_of_programs_and_of_models_are_told_apart():
    assert chosen_families("", with_models=False) == (None, ())
    assert chosen_families("", with_models=True) == (None, tuple(MODEL_FAMILIES))
    assert chosen_families("mase, tables,mase", with_models=True) == (("tables",), ("mase",))
    assert chosen_families("tables", with_models=False) == (("tables",), ())
    assert set(QUESTION_FAMILIES).isdisjoint(MODEL_FAMILIES)


@pytest.mark.parametrize(
    ("names", "with_models", "problem"),
    [
        ("verse", True, "unknown question family 'verse'"),
        ("mase", False, "mase asks a model, and none is named; name one: --base-url"),
        ("tables", True, "a model is named, and no family asks one"),
    ],
)
def test_a_family_without_a_model_and_a_model_without_a_family(names: str, with_models: bool, problem: str):
    with pytest.raises(InputError, match=problem):
        chosen_families(names, with_models=with_models)
