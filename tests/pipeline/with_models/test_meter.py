import asyncio
from collections.abc import Sequence

import pytest

from longstride.llm import (
    Completion,
    ContextLengthError,
    Message,
    ModelError,
    RequestRefused,
    Sampling,
    ScriptedModel,
    ServerUnreachable,
)
from longstride.llm.in_order import closing, in_order
from longstride.llm.ledger import Prices
from longstride.llm.scripted import Reply
from longstride.pipeline.with_models.meter import (
    MOST_LOST,
    Meter,
    MeteredModel,
    ServerLost,
    Usage,
    each_metered,
    metered,
)

QUESTION: list[Message] = [{"role": "user", "content": "?"}]


def answering(messages: Sequence[Message], index: int) -> Completion:
    return Completion("yes", prompt_tokens=10, completion_tokens=2 + index)


def test_what_is_asked_inside_the_block_is_counted_by_role_also_by_tasks():
    solver, judge = (MeteredModel(role, ScriptedModel(answering)) for role in ("solver", "judge"))

    async def go() -> Meter:
        await solver.complete(QUESTION)  # before the block
        with metered() as meter:
            await asyncio.gather(solver.complete(QUESTION, n=2), judge.complete(QUESTION))
        await judge.complete(QUESTION)
        return meter

    meter = asyncio.run(go())
    assert meter.roles == {"solver": Usage(2, 20, 2 + 3), "judge": Usage(1, 10, 2)}
    assert meter.total == Usage(3, 30, 7)
    assert meter.received == 3


def test_an_answer_of_the_cache_counts_as_much_but_was_not_waited_for():
    model = MeteredModel("solver", ScriptedModel([Completion("yes", prompt_tokens=10, cached=True)]))

    async def go() -> Meter:
        with metered() as meter:
            await model.complete(QUESTION)
        return meter

    meter = asyncio.run(go())
    assert meter.roles == {"solver": Usage(1, 10, 0)}
    assert (meter.received, meter.waited_seconds) == (0, 0.0)


def test_what_is_beyond_another_meter_leaves_out_the_roles_that_it_has_whole():
    shared = Meter({"linker": Usage(4, 40, 8), "writer": Usage(1, 10, 2)}, received=5, waited_seconds=1.0)
    whole = Meter({"linker": Usage(4, 40, 8), "writer": Usage(3, 30, 7)}, received=2, waited_seconds=0.5)
    assert whole.beyond(shared) == Meter({"writer": Usage(2, 20, 5)}, received=2, waited_seconds=0.5)
    assert whole.roles["writer"] == Usage(3, 30, 7)  # is left as it was


def test_a_wrong_key_or_a_wrong_model_ends_the_run_at_once_and_a_refused_prompt_does_not():
    def failing(status: int) -> MeteredModel:
        return MeteredModel("solver", ScriptedModel([RequestRefused(f"HTTP {status}", status)]))

    for status in (401, 404):
        with pytest.raises(ServerLost, match=f"HTTP {status}; nothing is lost"):
            asyncio.run(failing(status).complete(QUESTION))
    for status in (400, 403, 422):
        with pytest.raises(RequestRefused):
            asyncio.run(failing(status).complete(QUESTION))


def test_a_server_that_is_gone_ends_the_run_and_one_that_comes_again_does_not():
    gone = ServerUnreachable("the connection failed")

    def ask(script: list[Reply], calls: int) -> list[str]:
        model = MeteredModel("solver", ScriptedModel(script))

        async def each() -> list[str]:
            told: list[str] = []
            for _ in range(calls):
                try:
                    told.append((await model.complete(QUESTION))[0].text)
                except ServerUnreachable:
                    told.append("gone")
            return told

        return asyncio.run(each())

    assert ask([*[gone] * (MOST_LOST - 1), "yes"] * 3, 3 * MOST_LOST) == [*["gone"] * (MOST_LOST - 1), "yes"] * 3
    with pytest.raises(ServerLost, match="the connection failed"):
        ask([gone] * MOST_LOST, MOST_LOST)


@pytest.mark.parametrize("error", [RequestRefused("HTTP 400: no such model", 400), ModelError("HTTP 500")])
def test_a_role_whose_first_calls_all_fail_ends_the_run_and_one_that_has_answered_does_not(error: ModelError):
    def ask(script: list[Reply]) -> int:
        model = MeteredModel("solver", ScriptedModel(script))

        async def each() -> int:
            failed = 0
            for _ in script:
                try:
                    await model.complete(QUESTION)
                except ModelError:
                    failed += 1
            return failed

        return asyncio.run(each())

    with pytest.raises(ServerLost, match=f"{error}; nothing is lost"):
        ask([error] * MOST_LOST)
    assert ask(["yes", *[error] * (MOST_LOST + 1)]) == MOST_LOST + 1
    too_long = ContextLengthError("too long", 400)
    assert ask([too_long] * (MOST_LOST + 1)) == MOST_LOST + 1  # of each prompt alone: others may fit


def test_each_item_of_a_bounded_fan_out_has_a_meter_of_its_own():
    model = MeteredModel("solver", ScriptedModel(answering))
    meters: dict[int, Meter] = {}

    async def ask(times: int) -> None:
        for _ in range(times):
            await model.complete(QUESTION)

    async def go() -> None:
        async with closing(in_order(each_metered([3, 1, 2], meters), ask, 2)) as done:
            async for _ in done:
                pass

    asyncio.run(go())
    assert {place: meter.total.answers for place, meter in meters.items()} == {0: 3, 1: 1, 2: 2}


def test_a_request_with_its_own_sampling_has_the_run_s_seed():
    class Seeded(ScriptedModel):
        sampling = Sampling(seed=5)

    inner = Seeded(answering)
    model = MeteredModel("judge", inner)
    asyncio.run(model.complete(QUESTION, sampling=Sampling(temperature=0.0)))
    asyncio.run(model.complete(QUESTION, sampling=Sampling(seed=9)))
    asyncio.run(model.complete(QUESTION))
    assert [call.sampling and call.sampling.seed for call in inner.calls] == [5, 9, None]  # None: as the model has it
    assert model.sampling == Sampling(seed=5)


def test_shares_and_sums_and_money():
    whole = Meter({"solver": Usage(3, 300, 30)})
    part = Meter()
    part.merge(whole, 1 / 3)
    part.merge(Meter({"judge": Usage(1, 1, 1)}))
    assert part.to_json() == {
        "judge": {"answers": 1, "prompt_tokens": 1, "completion_tokens": 1},
        "solver": {"answers": 1, "prompt_tokens": 100, "completion_tokens": 10},
    }
    assert Meter.from_json(part.to_json()) == part
    assert whole.money({"solver": Prices(2.0, 10.0)}) == (300 * 2.0 + 30 * 10.0) / 1e6
    assert part.money({"solver": Prices(2.0, 10.0)}) is None  # the judge's is not known
