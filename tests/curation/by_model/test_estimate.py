"""The estimate is what is then asked where nothing falls, and never less."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from longstride.curation.by_model import (
    CheckEstimate,
    CheckSettings,
    Distractors,
    DocumentTokens,
    check_samples,
    estimate_checks,
)
from longstride.records import Document, Sample


def count(text: str) -> int:
    return len(text.split())


def estimate(
    samples: Sequence[Sample], world: dict[str, Document], settings: CheckSettings
) -> dict[str, CheckEstimate]:
    distractors = Distractors(list(world.values()), DocumentTokens(count))
    return {each.check: each for each in estimate_checks(samples, world, settings, distractors, count)}


def test_it_counts_what_is_asked(good: Sample, choice: Sample, world: dict[str, Document], roles_of: Any):
    settings, roles = CheckSettings(), roles_of(in_flight=1)

    async def run() -> list[bool]:
        results = check_samples(
            [good, choice], world, roles, settings, pool=list(world.values()), tokens=DocumentTokens(count)
        )
        return [result.verdict.passed async for result in results]

    assert asyncio.run(run()) == [True, True]
    calls = roles.model("solver").calls
    told = estimate([good, choice], world, settings)
    assert sum(each.prompts for each in told.values()) == len({call.prompt for call in calls}) == 5 + 9
    assert sum(each.answers for each in told.values()) == sum(call.n for call in calls)
    exact = sum(call.n * count(call.prompt) for call in calls)
    marks = sum(call.n * call.prompt.count("<document ") for call in calls)
    assert abs(sum(each.prompt_tokens for each in told.values()) - exact) <= marks


def test_of_one_evidence_document_scarce_asks_nothing_new(look_ups: list[Sample], world: dict[str, Document]):
    told = estimate(look_ups, world, CheckSettings())
    assert told["scarce"] == CheckEstimate("scarce")
    assert told["blind"].prompts == told["grounding"].prompts == told["robustness"].prompts == 12
    alone = estimate(look_ups, world, CheckSettings(checks=("scarce",)))
    assert alone["scarce"].answers == 48 and alone["scarce"].prompt_tokens == told["grounding"].prompt_tokens


def test_the_measurement_for_strata_takes_the_samples_own_length(good: Sample, world: dict[str, Document]):
    told = estimate([good], world, CheckSettings(checks=(), strata=1, answers=3))
    assert told == {"pass_rate": CheckEstimate("pass_rate", 1, 3, 3000)}
    counted = estimate([replace(good, input_tokens=None)], world, CheckSettings(checks=(), strata=1, answers=1))
    assert counted["pass_rate"].prompt_tokens == count(good.prompt[0]["content"])


def test_without_evidence_nothing_is_left_out(
    good: Sample, world: dict[str, Document], make_sample: Callable[..., Sample]
):
    told = estimate([replace(good, evidence=())], world, CheckSettings(checks=("grounding", "scarce")))
    assert told["grounding"].prompts == told["scarce"].prompts == 0
