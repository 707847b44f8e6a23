"""What a few documents tell of many: what is asked once is not taken for what each question takes."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from longstride.llm import Ledger, ModelsSettings, ScriptedModel
from longstride.pipeline.settings import SynthesisSettings
from longstride.pipeline.synthesize import synthesize
from longstride.pipeline.with_models.estimate import Estimate
from longstride.pipeline.with_models.meter import MeteredModel
from longstride.pipeline.with_models.run import ModelRun
from longstride.pipeline.with_models.sampling import SAMPLE_QUESTIONS, estimated, sample_places
from longstride.pipeline.with_models.settings import ModelWork, model_work
from longstride.records import Document
from longstride.records.parquet import write_documents
from longstride.synthesis.candidates import Candidate
from longstride.synthesis.with_models import Growth, ReadDocument, Roles, Tally

FACTOR = 2.0  # between what is estimated of a role and what it is asked


class CountedFamily:
    """Asks the reader once a document, the joiner twice before any question, and the writer three times a question."""

    name: str = "counted"
    roles: tuple[str, ...] = ("reader", "joiner", "writer")
    stages: tuple[str, ...] = ()
    rederives: bool = False

    def __init__(self, gives: int, growth: Growth) -> None:
        self.gives, self.grows = gives, growth
        self.times: list[float] = []

    async def extract(self, document: Document, roles: Roles, tally: Tally) -> dict[str, Any]:
        await _ask(roles, "reader", document.id)
        return {}

    async def propose(
        self,
        documents: Sequence[ReadDocument],
        max_context_tokens: int,
        seed: int,
        limit: int,
        roles: Roles,
        tally: Tally,
    ) -> AsyncIterator[Candidate]:
        for number in range(2):
            await _ask(roles, "joiner", str(number))
        for number in range(min(limit, self.gives)):
            for turn in range(3):
                await _ask(roles, "writer", f"{number} {turn}")
            yield _candidate(number)

    def answers(self, derivation: Mapping[str, Any], facts: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        return ()

    def growth(self, documents: Sequence[ReadDocument], times: float) -> Growth:
        self.times.append(times)
        return self.grows


async def _ask(roles: Roles, role: str, text: str) -> None:
    await roles.model(role).complete([{"role": "user", "content": text}])


def _candidate(number: int) -> Candidate:
    return Candidate(f"c{number}", "counted", "multi_hop", "multi_fact", "?", "", ("x",), "exact", ("d0",), (), {}, ())


def estimate_of(folder: Path, family: CountedFamily, **changes: Any) -> Estimate:
    """Of 36 documents and 49 candidates, where nothing is rated or checked."""
    write_documents(folder / "d.parquet", [Document(f"d{n}", f"D{n}", "literature", "s", "text") for n in range(36)])
    settings = SynthesisSettings(
        **{"samples": 24, "target_tokens": (900,), "target_shares": (1.0,), "oversample": 2.0, **changes}
    )
    models = {role: MeteredModel(role, ScriptedModel(lambda messages, index: "yes")) for role in family.roles}
    work = estimated(
        Roles(models.__getitem__),
        files=[folder / "d.parquet"],
        documents=36,
        families={"counted": family},
        settings=settings,
        todo=ModelWork(families=(), judged_share=0.0),
        checks=None,
        tokens=lambda documents: [1] * len(documents),
    )
    return asyncio.run(work)


def calls(estimate: Estimate) -> dict[tuple[str, str], float]:
    return {
        (name, role): usage.answers for name, meter in estimate.stages.items() for role, usage in meter.roles.items()
    }


def test_what_is_asked_before_the_first_question_is_not_asked_for_each(tmp_path: Path):
    """By hand: 36 documents are read; the joiner's 2 calls grow fivefold; 24.5 questions take 3 calls each."""
    family = CountedFamily(100, Growth(shared=5.0))
    assert calls(estimate_of(tmp_path, family)) == {
        ("counted: reading", "reader"): 36,
        ("counted: joining", "joiner"): 10,
        ("counted: writing", "writer"): pytest.approx(24.5 * 3),
    }
    assert family.times == [3.0]  # twelve documents of 36


def test_what_is_shared_is_asked_in_each_region_and_grows_to_its_size(tmp_path: Path):
    family = CountedFamily(100, Growth(shared=5.0))
    assert calls(estimate_of(tmp_path, family, region_documents=18))["counted: joining", "joiner"] == 20
    assert family.times == [1.5]


def test_documents_that_give_no_more_questions_bound_what_is_asked(tmp_path: Path):
    """By hand: twelve documents give 2 questions for 6 calls, so 36 give 6 for 18, and 24.5 are never reached."""
    assert calls(estimate_of(tmp_path, CountedFamily(2, Growth(questions=3.0))))["counted: writing", "writer"] == 18
    plenty = calls(estimate_of(tmp_path, CountedFamily(200, Growth(questions=3.0))))
    assert plenty["counted: writing", "writer"] == pytest.approx(24.5 * 3)


def test_a_family_that_could_go_on_is_stopped_and_the_sample_tells_what_it_took(tmp_path: Path):
    estimate = estimate_of(tmp_path, CountedFamily(100, Growth()))
    assert estimate.documents == 12
    assert {role: usage.answers for role, usage in estimate.sampled.roles.items()} == {
        "reader": 12,
        "joiner": 2,
        "writer": 3 * SAMPLE_QUESTIONS,
    }


def test_the_sample_is_spread_over_the_corpus_a_few_neighbours_each():
    assert sorted(sample_places(100)) == [0, 1, 2, 25, 26, 27, 50, 51, 52, 75, 76, 77]
    assert sample_places(12) == set(range(12))
    for documents in range(40):
        places = sample_places(documents)
        assert len(places) == min(12, documents)
        assert all(0 <= place < documents for place in places)


@pytest.mark.slow
@pytest.mark.parametrize("errors", [0.2])
def test_every_role_is_asked_about_as_often_as_estimated(tmp_path: Path, errors: float):
    """The three families over the fictional world: no role's calls are twice or half of what was estimated of it."""
    server = import_module("world_peer.server")
    truth, told = server.world_pages(0, 40), list[Estimate]()
    server.write_pages(truth, tmp_path / "pages")
    with server.serving(server.Peer(truth, server.all_players(), errors)) as url:
        models = ModelsSettings.model_validate({"base_url": url, "model": "m", "sampling": {"seed": 0}})
        work = model_work(models, ("mase", "prose_graph", "prose_tables"), None, 1.0)
        settings = SynthesisSettings(
            samples=20, target_tokens=(4000,), target_shares=(1.0,), families=(), oversample=3.0, models=work
        )
        run = ModelRun(models, ledger=Ledger(), agree=lambda estimate: told.append(estimate) or True)
        console = Console(file=io.StringIO())
        made = synthesize(tmp_path / "pages", tmp_path / "out", settings, console=console, run=run)
    foreseen: dict[str, float] = {}
    for meter in told[0].stages.values():
        for role, usage in meter.roles.items():
            foreseen[role] = foreseen.get(role, 0.0) + usage.answers
    asked = {role: usage["answers"] for role, usage in made["usage"]["roles"].items()}
    assert foreseen.keys() == asked.keys() >= {"extractor", "linker", "judge", "obfuscator", "query_writer"}
    wrong = {
        role: (foreseen[role], asked[role]) for role in asked if not 1 / FACTOR < foreseen[role] / asked[role] < FACTOR
    }
    assert not wrong
