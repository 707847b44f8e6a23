"""A small family that asks one model, the ships that it reads about, and a server that plays along."""

from __future__ import annotations

import os
import random
import re
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from longstride.curation.by_model.settings import CheckSettings
from longstride.llm import Budget, Ledger, ModelError
from longstride.llm.settings import ModelsSettings
from longstride.pipeline.settings import SynthesisSettings
from longstride.pipeline.with_models import settings as model_settings
from longstride.pipeline.with_models.run import ModelRun
from longstride.pipeline.with_models.settings import ModelWork, model_work
from longstride.prompts.delimiting import delimited
from longstride.records import Document, Evidence
from longstride.synthesis.candidates import Candidate
from longstride.synthesis.with_models import Growth, ReadDocument, Roles, Tally

SHIPS = ("Argo", "Beagle", "Calypso", "Dove", "Endeavour", "Fram", "Gloria", "Hermione", "Iris", "Juno", "Kite", "Lark")
NOT_IN_TEXT = "the code is not in the text"
NO_ANSWER = "no answer of the model"


def code_of(ship: str) -> str:
    return str(10_000 + 317 * SHIPS.index(ship))


class ShipFamily:
    """Asks the extractor for the code in each document, and asks for it by the ship's name."""

    name = "ships"
    roles = ("extractor",)
    stages = ("codes",)
    rederives = True

    async def extract(self, document: Document, roles: Roles, tally: Tally) -> dict[str, Any]:
        try:
            prompt = f"Which code?\n{delimited(document.text)}"
            (answer,) = await roles.model("extractor").complete([{"role": "user", "content": prompt}])
        except ModelError:
            tally.count("codes", NO_ANSWER)
            return {}
        start = document.text.find(answer.text)
        if start < 0:
            tally.count("codes", NOT_IN_TEXT)
            return {}
        tally.count("codes")
        return {"ship": document.title, "code": answer.text, "start": start}

    async def propose(
        self,
        documents: Sequence[ReadDocument],
        max_context_tokens: int,
        seed: int,
        limit: int,
        roles: Roles,
        tally: Tally,
    ) -> AsyncIterator[Candidate]:
        found = [each for each in documents if each.facts and each.tokens <= max_context_tokens]
        random.Random(f"{seed}/ships").shuffle(found)
        for each in found[:limit]:
            code, start = each.facts["code"], each.facts["start"]
            yield Candidate(
                key=f"code-{each.document.id}",
                family=self.name,
                task="reading_comprehension",
                question_type="needle",
                core_question=f"What is the code of the ship {each.document.title}?",
                format_instructions="",
                ground_truth=(code,),
                reward_style="exact",
                document_ids=(each.document.id,),
                evidence=(Evidence(each.document.id, start, start + len(code), code),),
                derivation={"ship": each.document.title},
                entities=(each.document.title,),
            )

    def answers(self, derivation: Mapping[str, Any], facts: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each["code"] for each in facts if each["ship"] == derivation["ship"]))

    def growth(self, documents: Sequence[ReadDocument], times: float) -> Growth:
        return Growth()


def read_code(message: str, truth: Any, wrong: random.Random | None) -> str | None:
    """The extractor's player: the code of the document; a wrong one gives another, or one that is nowhere."""
    if not message.startswith("Which code?"):
        return None
    found = re.search(r"The code of the ship (\w+) is (\d+)", message)
    if found is None:
        return "I see no code"
    ship, code = found.groups()
    question = f"What is the code of the ship {ship}?"
    truth.questions[question] = import_module("world_peer.contract").Known(
        code, "77777", (f"The code of the ship {ship} is {code}",)
    )
    return code if wrong is None else wrong.choice(("77777", "I see no code"))


def rate(message: str, truth: Any, wrong: random.Random | None) -> str | None:
    """The judge's player: everything is good but what speaks of leaks; a wrong one says the contrary."""
    if "coherence" not in message:
        return None
    grade = 1 if ("leak" in message) != (wrong is not None) else 5
    return f'{{"quality": {grade}, "accuracy": {grade}, "coherence": {grade}, "reason": "as it is"}}'


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy stands before the loopback, and nobody's settings or keys leak into a test."""
    for name in list(os.environ):
        if name.startswith(("LONGSTRIDE_", "OPENAI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def ships(monkeypatch: pytest.MonkeyPatch) -> None:
    """The family is known by its name."""
    module = ModuleType("ships_for_tests")
    module.__dict__["ShipFamily"] = ShipFamily
    monkeypatch.setitem(sys.modules, "ships_for_tests", module)
    monkeypatch.setitem(model_settings.MODEL_FAMILIES, "ships", "ships_for_tests:ShipFamily")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A document for each ship, of about 120 tokens; that of the Kite speaks of leaks."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for ship in SHIPS:
        rest = "It had a leak in every storm." if ship == "Kite" else "It was a dry and quiet ship."
        weather = " ".join(f"On day {day} the {ship} met wind from quarter {day % 7}." for day in range(1, 9))
        text = f"# {ship}\n\nThe code of the ship {ship} is {code_of(ship)}.\n\n{rest} {weather}\n"
        (folder / f"{ship.lower()}.md").write_text(text)
    return folder


@pytest.fixture
def peer() -> Iterator[tuple[Any, str]]:
    """A server that plays the family's roles, the judge and the solver without an error, and its address."""
    server, contract, checks = (import_module(f"world_peer.{name}") for name in ("server", "contract", "checks"))
    peer = server.Peer(contract.Truth({}, {}), (read_code, rate, *checks.PLAYERS), keep_bodies=True)
    with server.serving(peer) as url:
        yield peer, url


class Setup:
    """Settings and runs over one server."""

    def __init__(self, url: str) -> None:
        self.models = ModelsSettings.model_validate(
            {"base_url": url, "model": "m", "max_retries": 2, "sampling": {"seed": 0}}
        )

    def settings(self, checks: CheckSettings | None = None, judged: float = 1.0, **changes: Any) -> SynthesisSettings:
        work: ModelWork = model_work(self.models, ("ships",), checks, judged)
        defaults: dict[str, Any] = {"samples": 6, "target_tokens": (700,), "target_shares": (1.0,), "families": ()}
        return SynthesisSettings(filtered=False, oversample=2.0, models=work, **{**defaults, **changes})

    def run(self, budget: Budget | None = None, **changes: Any) -> ModelRun:
        return ModelRun(self.models, ledger=Ledger(budget or Budget()), **changes)


@pytest.fixture
def setup(ships: None, peer: tuple[Any, str]) -> Setup:
    return Setup(peer[1])
