"""The key goes to its server, in a header, and nowhere else."""

from __future__ import annotations

import asyncio
import logging
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from longstride.errors import InputError
from longstride.llm import Ledger, ModelError, load_settings, open_models
from longstride.llm.settings import ModelsSettings

if TYPE_CHECKING:
    from conftest import HeldClock, Server

KEY = "sk-very-secret-0123456789"


@pytest.mark.parametrize("ending", ["answered", "refused", "dropped", "overloaded"])
def test_the_key_is_sent_and_shows_nowhere(
    server: Server,
    held: HeldClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    ending: str,
):
    monkeypatch.setenv("JUDGE_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    good = server.answer("fine")
    server.reply = lambda asked: {
        "answered": good,
        "refused": server.error(401, f"Incorrect API key provided: {KEY}."),
        "dropped": replace(good, drop=True),
        "overloaded": server.error(503, f"key {KEY} is waiting"),
    }[ending]
    settings = server.settings(api_key_env="JUDGE_KEY", max_retries=1)
    shown: list[str] = [repr(settings), settings.model_dump_json(), repr(settings.role("judge"))]

    async def run() -> None:
        ledger = Ledger()
        async with open_models(settings, tmp_path / "cache.sqlite", ledger, clock=held.clock) as models:
            model = models.role("judge")
            shown.extend([repr(models), repr(model), repr(vars(model)), repr(models.settings)])
            try:
                await model.complete([{"role": "user", "content": "q"}])
            except ModelError as error:
                shown.extend([str(error), repr(error), "".join(traceback.format_exception(error))])
            shown.append(repr(ledger))

    asyncio.run(run())
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    shown += [record.getMessage() + repr(record.args) for record in caplog.records]
    assert not [text for text in shown if KEY in text]
    for path in tmp_path.iterdir():
        assert KEY.encode() not in path.read_bytes()


def test_a_server_without_a_key_is_sent_a_placeholder_and_no_one_else_s_key(
    server: Server, held: HeldClock, monkeypatch: pytest.MonkeyPatch
):
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, KEY)

    async def run(settings: ModelsSettings) -> None:
        async with open_models(settings, clock=held.clock) as models:
            await models.role("judge").complete([{"role": "user", "content": "q"}])

    asyncio.run(run(server.settings()))
    headers = {name.lower(): value for name, value in server.asked[0].headers.items()}
    assert headers["authorization"] == "Bearer none"
    assert KEY not in headers.values() and "openai-organization" not in headers
    asyncio.run(run(server.settings(api_key_env="OPENAI_API_KEY")))
    headers = {name.lower(): value for name, value in server.asked[1].headers.items()}
    assert (headers["authorization"], headers["openai-organization"]) == (f"Bearer {KEY}", KEY)


def test_a_key_in_place_of_its_variable_s_name_is_refused_without_repeating_it(tmp_path: Path):
    path = tmp_path / "models.toml"
    path.write_text(f'api_key_env = "{KEY}"')
    with pytest.raises(InputError, match="never the key itself") as error:
        load_settings(path)
    assert KEY not in str(error.value)
    with pytest.raises(ValidationError) as direct:
        ModelsSettings(api_key_env=KEY)
    assert KEY not in str(direct.value)
