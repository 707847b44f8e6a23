"""The scripted peer errs as often as it is told to, in the same way each time, and counts what it is asked."""

from __future__ import annotations

import asyncio
import json
import random
import urllib.request
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from longstride.corpus import Funnel, read_corpus
from longstride.llm import ModelsSettings, open_models


def saying(message: str, truth: Any, wrong: random.Random | None) -> str | None:
    return None if "unknown" in message else "right as right can be" if wrong is None else "wrong"


def new_peer(**changes: Any) -> Any:
    server, contract = (import_module(f"world_peer.{name}") for name in ("server", "contract"))
    return server.Peer(contract.Truth({}, {}), (saying,), **changes)


def body(text: str, seed: int | None = None, n: int = 1) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"model": "m", "messages": messages, "n": n} | ({} if seed is None else {"seed": seed})


def test_the_same_request_has_the_same_answer_and_seeds_err_for_themselves():
    one, two = new_peer(errors=0.5), new_peer(errors=0.5)
    asked = [body("a question", seed) for seed in range(40)]
    answers = [one.reply(each)[0] for each in asked]
    assert [two.reply(each)[0] for each in reversed(asked)] == answers[::-1]
    assert len(set(answers)) > 3
    assert new_peer(errors=0.5, seed=1).reply(asked[0]) + answers  # another peer errs elsewhere
    assert [new_peer(errors=0.5, seed=1).reply(each)[0] for each in asked] != answers


def test_so_many_err_and_in_every_way():
    peer = new_peer(errors=0.2)
    for number in range(3000):
        peer.reply(body(f"question {number}", 0))
    assert peer.kinds["right"] / 3000 == pytest.approx(0.8, abs=0.03)
    assert set(peer.kinds) == {"right", "wrong", "refused", "broken", "invented"}
    assert new_peer(errors=0.0).reply(body("x", 0, n=3)) == ["right as right can be"] * 3


def test_without_a_seed_each_time_is_another_draw():
    peer = new_peer(errors=0.5)
    assert len({peer.reply(body("again"))[0] for _ in range(30)}) > 1


def test_a_repaired_answer_is_that_of_the_prompt_before_it():
    repair = body("unknown words", 0)
    repair["messages"] = [{"role": "user", "content": "the prompt"}, *repair["messages"]]
    peer = new_peer()
    assert peer.reply(repair) == ["right as right can be"]
    assert not peer.unknown
    peer.reply(body("unknown", 0))
    assert peer.unknown == ["unknown"]


def test_over_a_socket_it_counts_what_it_answers_and_turns_away(tmp_path: Path):
    server = import_module("world_peer.server")
    peer = new_peer()
    peer.turn_away = 3

    async def go(url: str) -> list[str]:
        settings = ModelsSettings.model_validate({"base_url": url, "model": "m", "sampling": {"seed": 0}})
        async with open_models(settings, tmp_path / "answers.sqlite") as models:
            model = models.role("solver")
            asked = [model.complete([{"role": "user", "content": f"q{number}"}]) for number in range(5)]
            return [answers[0].text for answers in await asyncio.gather(*asked)]

    with server.serving(peer) as url:
        assert asyncio.run(go(url)) == ["right as right can be"] * 5
        assert asyncio.run(go(url)) == ["right as right can be"] * 5  # from the cache
        counts = json.loads(urllib.request.urlopen(url.removesuffix("/v1") + "/counts").read())
    assert (counts["answered"], counts["asked_again"], counts["turned_away"]) == (5, 0, 3)
    peer.reply(peer_body := body("q", 1))
    peer.reply(peer_body)
    assert peer.asked_again == 1  # it can be told


def test_its_pages_are_what_the_corpus_reads_from_their_files(tmp_path: Path):
    server = import_module("world_peer.server")
    truth = server.world_pages(0, 12)
    server.write_pages(truth, tmp_path)
    read = list(read_corpus(str(tmp_path), max_document_tokens=2000, funnel=Funnel()))
    pages = {(each.title, each.text) for each in truth.documents.values()}
    assert {(each.title, each.text) for each in read} == pages
    for facts in truth.facts.values():
        assert all(fact.document_id in truth.documents for fact in facts)
