"""Which samples a stage trains on, by how well the model does on them (paper 4.1, 4.2)."""

from __future__ import annotations

import random
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from longstride.curation.balance import equal_shares
from longstride.curation.strata import draw_strata, pass_bin
from longstride.errors import InputError
from longstride.grading import pass_at_k
from longstride.records import PassRate, Sample
from longstride.rl import retrospective_weights, weighted_draw


def latest_rates(samples: Sequence[Sample]) -> list[PassRate]:
    """The last measurement of each sample. InputError where one has none."""
    for sample in samples:
        if not sample.pass_at_k:
            raise InputError(f"sample {sample.id!r:.80} was not measured", cure="measure the data set first")
    return [sample.pass_at_k[-1] for sample in samples]


def equal_draws(
    rates: Sequence[PassRate], sources: Sequence[Hashable], count: int | None, seed: int, *, bins: int, fill: bool
) -> list[int]:
    """The places of up to `count` samples: of each source alike, and in each the same number of every bin (4.2).

    sources: of each sample, where it comes from: the paper stratifies the data of each source apart.
    count: None takes as many as equal draws allow. See `curation.strata.draw_strata` for `bins` and `fill`.
    """
    places: dict[Hashable, list[int]] = {}
    for place, source in enumerate(sources):
        places.setdefault(source, []).append(place)
    stock = {source: len(members) for source, members in places.items()}
    shares = stock if count is None else equal_shares(stock, count, random.Random(f"{seed}/sources"))
    chosen: list[int] = []
    for number, (source, members) in enumerate(places.items()):
        of_source = [rates[place] for place in members]
        drawn = draw_strata(of_source, shares[source], seed + number, bins=bins, fill=fill)
        chosen += [members[index] for index in drawn]
    return sorted(chosen)


def retrospective_draw(
    rates: Sequence[PassRate], count: int | None, seed: int, *, max_never_solved_share: float
) -> list[int]:
    """The places of up to `count` samples, hard ones more likely (4.1); always solved ones are left out.

    Of what is drawn, never solved ones are at most the stated share, however few the others are.
    Raises InputError where nothing is left.
    """
    rewards = [rate.mean_reward for rate in rates]
    if max_never_solved_share < 1 and not any(rewards):
        problem = f"the model solved none of the {len(rewards)} samples even once"
        raise InputError(problem, cure='warm it up for longer, measure more, or set selection = "all"')
    rollouts = max(rate.rollouts for rate in rates)
    try:
        weights = retrospective_weights(rewards, rollouts, max_never_solved_share)
    except ValueError as error:
        raise InputError(str(error), cure="give other data to the stage, or select all") from None
    able = sum(weight > 0 for weight in weights)
    wanted = able if count is None else min(count, able)
    chosen = weighted_draw(weights, wanted, seed)
    never = [place for place in chosen if rewards[place] == 0]
    if len(never) <= max_never_solved_share * wanted:
        return chosen
    others = [0.0 if reward == 0 else weight for reward, weight in zip(rewards, weights, strict=True)]
    unsolved = [weight if reward == 0 else 0.0 for reward, weight in zip(rewards, weights, strict=True)]
    solved_sometimes = sum(weight > 0 for weight in others)
    hardest = int(max_never_solved_share * wanted)
    if wanted - hardest > solved_sometimes and max_never_solved_share < 1:
        hardest = int(solved_sometimes * max_never_solved_share / (1 - max_never_solved_share))
    easier = min(solved_sometimes, wanted - hardest)
    return sorted([*weighted_draw(others, easier, seed), *weighted_draw(unsolved, hardest, seed)])


def bin_counts(rates: Sequence[PassRate], bins: int) -> dict[str, int]:
    """How many samples stand in each bin of pass@1, in order: `never`, `1/4`, ..., `always`."""
    names = {0: "never", bins + 1: "always"} | {number: f"up to {number}/{bins}" for number in range(1, bins + 1)}
    counts = dict.fromkeys([names[number] for number in range(bins + 2)], 0)
    for rate in rates:
        counts[names[pass_bin(pass_at_k(rate.rollouts, rate.correct, 1), bins)]] += 1
    return counts


def select(samples: Sequence[Sample], settings: Mapping[str, Any]) -> tuple[list[int], dict[str, Any]]:
    """(the places of the chosen, an account of the choice as plain JSON) by the settings of a stage."""
    rates = latest_rates(samples)
    count, seed, bins = settings["samples"], settings["seed"], settings["bins"]
    if settings["selection"] == "strata":
        sources = [sample.data_source for sample in samples]
        chosen = equal_draws(rates, sources, count, seed, bins=bins, fill=settings["fill"])
    else:
        share = settings["max_never_solved_share"]
        chosen = retrospective_draw(rates, count, seed, max_never_solved_share=share)
    if not chosen:
        problem = "nothing is selected: there are more bins of pass@k than samples to draw"
        raise InputError(problem, cure="raise samples, or set fill = true")
    drawn = [rates[place] for place in chosen]
    return chosen, {
        "selection": settings["selection"],
        "measured": len(samples),
        "selected": len(chosen),
        "measured_by_pass_rate": bin_counts(rates, bins),
        "selected_by_pass_rate": bin_counts(drawn, bins),
        "measured_mean_reward": sum(rate.mean_reward for rate in rates) / len(rates),
        "selected_mean_reward": sum(rate.mean_reward for rate in drawn) / len(drawn),
    }
