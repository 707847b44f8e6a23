from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from longstride.pipeline.regions import Region, Worker
from longstride.pipeline.with_models.facts import FactFiles, StoredFamily
from longstride.pipeline.with_models.settings import load_model_families
from longstride.records import Document
from longstride.records.parquet import write_documents
from longstride.synthesis.candidates import Source

if TYPE_CHECKING:
    from conftest import Setup


@pytest.fixture
def region(tmp_path: Path) -> Region:
    documents = [Document(name, name, "literature", "s", f"The {name} is here.") for name in ("Argo", "Dove")]
    write_documents(tmp_path / "00000.parquet", documents)
    facts = FactFiles(tmp_path / "facts").path("ships", tmp_path / "00000.parquet")
    facts.parent.mkdir(parents=True)
    facts.write_text(json.dumps({"Argo": {"ship": "Argo", "code": "1", "start": 0}, "Dove": {}}))
    return Region(0, (tmp_path / "00000.parquet",))


def test_a_region_knows_what_models_found_and_programs_beside_it(setup: Setup, region: Region, tmp_path: Path):
    loaded = Worker(setup.settings(), FactFiles(tmp_path / "facts")).load(region)
    sources = loaded.sources("ships")
    assert list(sources) == ["Argo"]  # a document without facts is no source
    assert sources["Argo"].facts["code"] == "1"
    assert sources["Argo"].tokens == loaded.tokens["Argo"]
    assert "tables" in loaded.pool.families


def test_before_models_have_read_nothing_is_known(setup: Setup, region: Region):
    assert Worker(setup.settings()).load(region).sources("ships") == {}


def test_a_stored_family_answers_from_facts_and_reads_nothing(ships: None):
    stored = StoredFamily(load_model_families(["ships"])["ships"])
    facts = {"ship": "Argo", "code": "1", "start": 0}
    sources = [Source("Argo", "Argo", "Argo", 5, facts)]
    assert stored.answers({"ship": "Argo"}, sources) == ("1",)
    assert stored.answers({"ship": "Dove"}, sources) == ()
    assert stored.extract(Document("Argo", "Argo", "literature", "s", "The code of Argo is 1.")) is None
    assert list(stored.propose(sources, 100, 0, 1)) == []


def test_only_a_family_that_rederives_is_checked_by_a_program(setup: Setup, region: Region, tmp_path: Path):
    loaded = Worker(setup.settings(), FactFiles(tmp_path / "facts")).load(region)
    assert "ships" in loaded.curator.rederivation.families
    other = Worker(setup.settings(), FactFiles(tmp_path / "facts"))
    stored = other.families["ships"]
    assert isinstance(stored, StoredFamily)
    stored.rederives = False
    assert "ships" not in other.load(region).curator.rederivation.families
