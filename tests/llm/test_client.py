"""The client against a real server: what it sends, what it asks again, and what it gives up on."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from longstride.errors import InputError
from longstride.llm import Completion, ContextLengthError, Ledger, Message, ModelError, RequestRefused, Sampling
from longstride.llm import open_models as open_models_for_good
from longstride.llm.roles import Models
from longstride.llm.wire import seed_of

if TYPE_CHECKING:
    from conftest import Asked, HeldClock, Reply, Server


def user(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


def complete(
    server: Server,
    held: HeldClock,
    *,
    text: str = "q",
    role: str = "judge",
    ledger: Ledger | None = None,
    cache_path: Path | None = None,
    settings: dict[str, Any] | None = None,
    **call: Any,
) -> list[Completion]:
    """One question to a fresh client."""

    async def run() -> list[Completion]:
        async with open_models(server, held, ledger, cache_path, **(settings or {})) as models:
            return await models.role(role).complete(user(text), **call)

    return asyncio.run(run())


def open_models(
    server: Server, held: HeldClock, ledger: Ledger | None = None, cache_path: Path | None = None, **settings: Any
) -> Models:
    return open_models_for_good(server.settings(**settings), cache_path, ledger, clock=held.clock, rng=random.Random(0))


def test_the_request_holds_the_role_s_model_and_settings(server: Server, held: HeldClock):
    settings = {"sampling": {"extra": {"top_k": 20}}, "roles": {"judge": {"model": "j", "sampling": {"max_tokens": 5}}}}
    complete(server, held, settings=settings)
    assert server.asked[0].body == {
        "model": "j",
        "messages": user("q"),
        "temperature": 0.7,
        "top_p": 0.95,
        "max_tokens": 5,
        "top_k": 20,
    }


def test_sampling_of_the_call_replaces_the_role_s_but_keeps_its_extra(server: Server, held: HeldClock):
    sampling = Sampling(temperature=None, top_p=None, stop=("\n",), logprobs=True, extra={"min_p": 0.1})
    complete(server, held, settings={"sampling": {"seed": 3, "extra": {"top_k": 20}}}, sampling=sampling)
    body = server.asked[0].body
    assert {key: value for key, value in body.items() if key not in ("model", "messages")} == {
        "stop": ["\n"],
        "logprobs": True,
        "top_k": 20,
        "min_p": 0.1,
    }


def test_everything_the_server_says_is_kept(server: Server, held: HeldClock):
    logprobs = {"content": [{"token": "Yes", "logprob": -0.25, "top_logprobs": []}]}
    message = {"role": "assistant", "content": "Yes", "reasoning_content": "because"}
    server.script = [server.answer("", message=message, logprobs=logprobs, finish_reason="length")]
    (answer,) = complete(server, held)
    assert (answer.text, answer.reasoning, answer.finish_reason, answer.model) == ("Yes", "because", "length", "served")
    assert answer.logprobs is not None and (answer.logprobs[0].token, answer.logprobs[0].logprob) == ("Yes", -0.25)
    assert (answer.prompt_tokens, answer.completion_tokens, answer.cached) == (10, 4, False)


def test_an_answer_cut_before_its_first_word_is_an_answer(server: Server, held: HeldClock):
    server.script = [server.answer(None, finish_reason="length")]
    (answer,) = complete(server, held)
    assert (answer.text, answer.finish_reason) == ("", "length")


def troubles(server: Server) -> dict[str, Reply]:
    half = server.answer("half of this never comes")
    return {
        "429": server.error(429, "slow down"),
        "500": server.error(500, "oops"),
        "503": replace(half, status=503, body=b"<html>busy</html>"),
        "dropped": replace(half, drop=True),
        "half a body": replace(half, send_bytes=30),
        "no body": replace(half, send_bytes=0),
        "no JSON": replace(half, body=b'{"choices": [{"mess'),
        "not an object": replace(half, body=b"[]"),
        "no choices": server.answer(),
        "null choices": server.json({"choices": None}),
        "null content": server.answer(None),
        "empty content": server.answer(""),
        "an error inside a good response": server.json({"error": {"message": "upstream", "code": 502}}),
    }


@pytest.mark.parametrize(
    "trouble",
    [
        *("429", "500", "503", "dropped", "half a body", "no body", "no JSON", "not an object", "no choices"),
        *("null choices", "null content", "empty content", "an error inside a good response"),
    ],
)
def test_trouble_that_passes_is_asked_again_and_counted(server: Server, held: HeldClock, trouble: str):
    reply = troubles(server)[trouble]
    paid = trouble in ("no choices", "null content", "empty content")  # these name their usage
    server.script = [reply, reply]
    ledger = Ledger()
    (answer,) = complete(server, held, ledger=ledger)
    assert answer.text == "q -> 3.0"
    (row,) = ledger.rows()
    assert (row["requests"], row["retries"], row["failures"], row["answers"]) == (3, 2, 0, 1)
    assert (row["prompt_tokens"], row["completion_tokens"]) == ((30, 12) if paid else (10, 4))
    assert len(held.waits) == 2 and all(wait <= ceiling for wait, ceiling in zip(held.waits, (0.5, 1.0), strict=True))


@pytest.mark.parametrize("trouble", ["429", "dropped", "no JSON", "no choices"])
def test_trouble_that_stays_ends_in_one_line_after_the_allowed_tries(server: Server, held: HeldClock, trouble: str):
    reply = troubles(server)[trouble]
    server.reply = lambda asked: reply
    ledger = Ledger()
    with pytest.raises(ModelError) as error:
        complete(server, held, ledger=ledger)
    assert str(error.value).startswith(f"judge: m at {server.base_url}: ") and "(4 tries)" in str(error.value)
    assert "\n" not in str(error.value)
    (row,) = ledger.rows()
    assert (row["requests"], row["retries"], row["failures"], row["answers"]) == (4, 3, 1, 0)


def test_a_server_that_is_slow_is_given_up_after_its_time(server: Server, held: HeldClock):
    server.script = [replace(server.answer("late"), delay_seconds=3.0)]
    (answer,) = complete(server, held, settings={"timeout_seconds": 0.8})
    assert answer.text == "q -> 2.0" and len(server.asked) == 2


def test_no_server_at_all(server: Server, held: HeldClock):
    with pytest.raises(
        ModelError,
        match=r"connection failed .* \(Connection refused\) .*; check that the server runs",
    ):
        complete(server, held, settings={"base_url": "http://127.0.0.1:9/v1", "max_retries": 1})


@pytest.mark.parametrize(
    ("status", "cure"),
    [
        (400, "check model, sampling and extra"),
        (401, "set the environment variable A_KEY to a valid key"),
        (403, "the key in A_KEY may not use this model"),
        (404, "check model, and base_url"),
        (422, "check model, sampling and extra"),
    ],
)
def test_a_refusal_fails_at_once_and_says_what_to_do(
    server: Server, held: HeldClock, monkeypatch: pytest.MonkeyPatch, status: int, cure: str
):
    monkeypatch.setenv("A_KEY", "sk-1")
    server.script = [server.error(status, "the server's\nown words")]
    with pytest.raises(RequestRefused) as error:
        complete(server, held, settings={"api_key_env": "A_KEY"})
    assert error.value.status == status and len(server.asked) == 1 and held.waits == []
    assert f"HTTP {status}: the server's own words; {cure}" in str(error.value)


def test_a_prompt_that_is_too_long_has_an_error_of_its_own(server: Server, held: HeldClock):
    server.script = [server.error(400, "This model's maximum context length is 8192 tokens", "context_length_exceeded")]
    with pytest.raises(ContextLengthError, match="send fewer input tokens"):
        complete(server, held, n=3)
    assert len(server.asked) == 1


def test_a_spent_account_is_not_asked_again(server: Server, held: HeldClock):
    server.script = [server.error(429, "You exceeded your current quota", "insufficient_quota")]
    with pytest.raises(ModelError, match="no credit left"):
        complete(server, held)
    assert len(server.asked) == 1


def test_a_withheld_answer_is_not_asked_again(server: Server, held: HeldClock):
    server.script = [server.answer(None, finish_reason="content_filter")]
    with pytest.raises(ModelError, match="content filter"):
        complete(server, held)
    assert len(server.asked) == 1


@pytest.mark.parametrize("form", ["seconds", "date", "milliseconds"])
def test_retry_after_is_obeyed_by_all_workers(server: Server, held: HeldClock, form: str):
    headers = {
        "seconds": {"Retry_After": "30"},
        "date": {"Retry_After": formatdate(1_700_000_000 + held.seconds + 30, usegmt=True)},
        "milliseconds": {"retry_after_ms": "30000"},
    }[form]
    server.script = [server.error(429, "slow down", **headers)]

    async def run() -> None:
        async with open_models(server, held, max_concurrency=1) as models:
            model = models.role("solver")
            await asyncio.gather(*[model.complete(user(f"q{number}")) for number in range(4)])

    asyncio.run(run())
    refused, *later = server.asked
    assert len(later) == 4
    assert all(asked.at >= refused.at + 30 for asked in later)


def test_a_server_that_asks_for_too_long_a_wait_is_asked_again_after_five_minutes(server: Server, held: HeldClock):
    server.script = [server.error(503, "down", Retry_After="86400")]
    complete(server, held)
    assert 300 <= server.asked[1].at - server.asked[0].at < 302


def test_never_more_under_way_than_allowed(server: Server, held: HeldClock):
    server.reply = lambda asked: replace(server.same(asked), delay_seconds=0.01)
    settings = {"max_concurrency": 16, "roles": {"judge": {"max_concurrency": 5}}}

    async def run() -> None:
        async with open_models(server, held, **settings) as models:
            roles = [models.role("judge"), models.role("solver")]  # one server: one gate, the smaller maximum
            await asyncio.gather(*[roles[number % 2].complete(user(f"q{number}")) for number in range(60)])

    asyncio.run(run())
    assert len(server.asked) == 60
    assert 2 <= server.most_in_flight <= 5


def test_a_burst_of_refusals_slows_down_once(server: Server, held: HeldClock):
    server.script = [server.error(429)] * 8

    async def run() -> int:
        async with open_models(server, held) as models:
            model = models.role("solver")
            server.open.clear()
            answers = asyncio.gather(*[model.complete(user(f"q{number}")) for number in range(8)])
            await server.has_been_asked(8)
            server.open.set()
            await answers
            return models.limits()[server.base_url].event

    assert asyncio.run(run()) == 1
    assert len(server.asked) == 16


def test_ten_megabytes_arrive_whole(server: Server, held: HeldClock, tmp_path: Path):
    text = "longstride " * 1_000_000
    server.script = [server.answer(text)]
    cache_path = tmp_path / "cache.sqlite"
    assert complete(server, held, cache_path=cache_path)[0].text == text
    assert complete(server, held, cache_path=cache_path)[0].text == text
    assert len(server.asked) == 1


def test_votes_are_asked_for_together(server: Server, held: HeldClock):
    answers = complete(server, held, n=3)
    assert [answer.text for answer in answers] == ["q -> 1.0", "q -> 1.1", "q -> 1.2"]
    assert server.asked[0].body["n"] == 3
    assert [answer.completion_tokens for answer in answers] == [1, 1, 2]  # the server counts four for all


def test_a_server_that_ignores_n_is_asked_one_at_a_time(server: Server, held: HeldClock):
    server.reply = lambda asked: server.answer(f"{asked.text} -> {len(server.asked)}")
    ledger = Ledger()

    async def run() -> list[Completion]:
        async with open_models(server, held, ledger, max_concurrency=1) as models:
            first = await models.role("judge").complete(user("q"), n=3)
            return first + await models.role("judge").complete(user("p"), n=2)

    answers = asyncio.run(run())
    assert [answer.text for answer in answers] == ["q -> 1", "q -> 2", "q -> 3", "p -> 4", "p -> 5"]
    assert [asked.n for asked in server.asked] == [3, 1, 1, 1, 1]
    assert (ledger.totals()["requests"], ledger.totals()["failures"]) == (5, 0)


def test_a_server_that_refuses_n_is_asked_one_at_a_time(server: Server, held: HeldClock):
    def reply(asked: Asked) -> Reply:
        return server.error(400, "n must be 1") if asked.n > 1 else server.answer(f"{len(server.asked)}")

    server.reply = reply
    ledger = Ledger()

    async def run() -> list[Completion]:
        async with open_models(server, held, ledger, max_concurrency=1) as models:
            first = await models.role("judge").complete(user("q"), n=3)
            return first + await models.role("judge").complete(user("p"), n=2)

    assert [answer.text for answer in asyncio.run(run())] == ["2", "3", "4", "5", "6"]
    totals = ledger.totals()
    assert (totals["requests"], totals["answers"], totals["failures"]) == (6, 5, 0)


def test_a_request_that_is_wrong_in_itself_is_not_asked_for_each_vote(server: Server, held: HeldClock):
    server.reply = lambda asked: server.error(400, "no such setting")
    ledger = Ledger()
    with pytest.raises(RequestRefused, match="no such setting"):
        complete(server, held, n=5, ledger=ledger)
    assert [asked.n for asked in server.asked] == [5, 1]
    assert ledger.totals()["failures"] == 5


def test_an_empty_choice_among_good_ones_is_asked_for_alone(server: Server, held: HeldClock):
    server.script = [server.answer("one", None, "two")]
    answers = complete(server, held, n=3)
    assert [answer.text for answer in answers] == ["one", "two", "q -> 2.0"]
    assert [asked.n for asked in server.asked] == [3, 1]


def test_seeded_votes_differ_and_repeat(server: Server, held: HeldClock):
    sampling = Sampling(seed=7)
    complete(server, held, n=3, sampling=sampling)
    complete(server, held, sample_index=2, sampling=sampling)
    seeds = [asked.body["seed"] for asked in server.asked]
    assert sorted(seeds[:3]) == sorted([7, seed_of(7, 1), seed_of(7, 2)]) and len(set(seeds)) == 3
    assert seeds[3] == seed_of(7, 2)
    assert all(asked.n == 1 for asked in server.asked)


def test_one_vote_that_fails_leaves_the_others_in_the_cache(server: Server, held: HeldClock, tmp_path: Path):
    bad = seed_of(7, 1)
    server.reply = lambda asked: server.error(400, "no") if asked.body["seed"] == bad else server.answer("fine")
    call: dict[str, Any] = {"n": 3, "sampling": Sampling(seed=7), "cache_path": tmp_path / "cache.sqlite"}
    with pytest.raises(RequestRefused):
        complete(server, held, **call)
    server.reply = lambda asked: server.answer("late")
    assert [answer.text for answer in complete(server, held, **call)] == ["fine", "late", "fine"]
    assert len(server.asked) == 4


def test_the_same_question_under_way_is_asked_once(server: Server, held: HeldClock):
    server.reply = lambda asked: replace(server.same(asked), delay_seconds=0.05)
    ledger = Ledger()

    async def run() -> list[list[Completion]]:
        async with open_models(server, held, ledger) as models:
            roles = [models.role("judge"), models.role("solver")]
            return await asyncio.gather(*[roles[number % 2].complete(user("q")) for number in range(6)])

    answers = asyncio.run(run())
    assert len(server.asked) == 1
    assert [answer.text for (answer,) in answers] == ["q!"] * 6
    assert sum(not answer.cached for (answer,) in answers) == 1
    totals = ledger.totals()
    assert (totals["answers"], totals["cached_answers"], totals["prompt_tokens"]) == (1, 5, 10)


def test_a_caller_that_gives_up_leaves_a_sent_request_and_takes_an_unsent_one(
    server: Server, held: HeldClock, tmp_path: Path
):
    server.reply = server.same
    server.open.clear()

    async def run() -> None:
        async with open_models(server, held, cache_path=tmp_path / "c.sqlite", max_concurrency=1) as models:
            model = models.role("judge")
            sent = asyncio.create_task(model.complete(user("sent")))
            await server.has_been_asked(1)
            waiting = asyncio.create_task(model.complete(user("waiting")))
            await asyncio.sleep(0.02)
            for task in (sent, waiting):
                task.cancel()
            outcomes = await asyncio.gather(sent, waiting, return_exceptions=True)
            assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
            server.open.set()
            (again,) = await model.complete(user("sent"))
            assert again.cached

    asyncio.run(run())
    assert [asked.text for asked in server.asked] == ["sent"]


def test_what_cannot_be_asked_is_refused(server: Server, held: HeldClock):
    with pytest.raises(ValueError, match="n = 0"):
        complete(server, held, n=0)
    with pytest.raises(ValueError, match="sample_index = -1"):
        complete(server, held, sample_index=-1)
    with pytest.raises(InputError, match="lone surrogate"):
        complete(server, held, text="\ud800")
    with pytest.raises(InputError, match=r"extra\.stream"):
        complete(server, held, sampling=Sampling(extra={"stream": True}))
    assert server.asked == []


def test_models_that_are_not_open_say_so(server: Server, held: HeldClock):
    models = open_models(server, held)
    with pytest.raises(RuntimeError, match="async with"):
        models.role("judge")

    async def run() -> None:
        async with models:
            model = models.role("judge")
        with pytest.raises(RuntimeError, match="closed"):
            await model.complete(user("q"))

    asyncio.run(run())
