"""Draws on examples worked by hand, the nucleus against a sort in Python, and the softmax against many draws."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from longstride.engines.local import sampling
from longstride.engines.local.noise import noise_key, uniform
from longstride.engines.local.sampling import (
    Draws,
    SamplingSettings,
    draw,
    draw_tokens,
    head_logits,
    smallest_kept,
    stop_ids,
)
from longstride.errors import InputError

FULL = SamplingSettings(temperature=1.0, top_p=1.0)


def drawn(shares: list[float], numbers: list[float], settings: SamplingSettings) -> Draws:
    """The draws of one distribution for several numbers."""
    logits_RV = torch.tensor(shares, dtype=torch.float64).log().float().expand(len(numbers), -1)
    return draw(logits_RV, torch.tensor(numbers, dtype=torch.float64), settings)


def test_a_token_is_where_the_cumulative_share_passes_the_number():
    draws = drawn([0.5, 0.3, 0.2], [0.0, 0.49, 0.51, 0.79, 0.81, 1 - 2.0**-52], FULL)
    assert draws.token_R.tolist() == [0, 0, 1, 1, 2, 2]
    assert draws.logprob_R.exp().tolist() == pytest.approx([0.5, 0.5, 0.3, 0.3, 0.2, 0.2], abs=1e-6)
    entropy = -(0.5 * math.log(0.5) + 0.3 * math.log(0.3) + 0.2 * math.log(0.2))
    assert draws.entropy_R.tolist() == pytest.approx([entropy] * 6, abs=1e-6)
    assert draws.nucleus_mass_R.tolist() == [1.0] * 6


def test_temperature_one_half_squares_the_shares():
    draws = drawn([0.5, 0.3, 0.2], [0.65, 0.66, 0.9], SamplingSettings(temperature=0.5, top_p=1.0))
    assert draws.token_R.tolist() == [0, 1, 2]  # steps at 25/38 = .658 and 34/38 = .895
    assert draws.logprob_R.exp().tolist() == pytest.approx([25 / 38, 9 / 38, 4 / 38], abs=1e-6)


def test_top_p_draws_from_the_nucleus_and_records_the_full_softmax():
    draws = drawn([0.2, 0.5, 0.3], [0.62, 0.63, 0.99], SamplingSettings(temperature=1.0, top_p=0.75))
    assert draws.token_R.tolist() == [1, 2, 2]  # of 0.8 in all, the step is at 0.625
    assert draws.logprob_R.exp().tolist() == pytest.approx([0.5, 0.3, 0.3], abs=1e-6)
    assert draws.nucleus_mass_R.tolist() == pytest.approx([0.8] * 3, abs=1e-6)
    full = drawn([0.2, 0.5, 0.3], [0.0], FULL)
    assert draws.entropy_R.tolist() == pytest.approx(full.entropy_R.tolist() * 3, abs=1e-6)


@pytest.mark.parametrize(
    ("top_p", "top_k", "mass"),
    [(0.5, 0, 0.6), (0.61, 0, 0.8), (1.0, 1, 0.6), (1.0, 2, 0.8), (0.74, 2, 0.6), (0.76, 2, 0.8), (1.0, 9, 1.0)],
)
def test_top_p_counts_within_what_top_k_leaves(top_p: float, top_k: int, mass: float):
    draws = drawn([0.6, 0.2, 0.15, 0.05], [0.0], SamplingSettings(1.0, top_p, top_k))
    assert draws.nucleus_mass_R.item() == pytest.approx(mass, abs=1e-6)


def test_equally_probable_tokens_stay_or_go_together():
    draws = drawn([0.25] * 4, [0.0, 0.99], SamplingSettings(temperature=1.0, top_p=0.3))
    assert draws.token_R.tolist() == [0, 3]
    assert draws.nucleus_mass_R.tolist() == pytest.approx([1.0] * 2, abs=1e-6)


def test_greedy_takes_the_first_of_the_most_probable_and_records_temperature_one():
    draws = drawn([0.2, 0.4, 0.4], [0.99], SamplingSettings(temperature=0.0))
    assert draws.token_R.tolist() == [1]
    assert draws.logprob_R.exp().item() == pytest.approx(0.4, abs=1e-6)
    assert draws.nucleus_mass_R.item() == pytest.approx(0.4, abs=1e-6)


def test_a_word_out_of_the_vocabulary_is_never_drawn():
    logits_RV = torch.tensor([[-math.inf, 0.0, -math.inf, 0.0, -math.inf]]).expand(3, -1)
    draws = draw(logits_RV, torch.tensor([0.0, 0.5, 1 - 2.0**-52], dtype=torch.float64), FULL)
    assert draws.token_R.tolist() == [1, 3, 3]
    assert draws.entropy_R.tolist() == pytest.approx([math.log(2)] * 3, abs=1e-6)


def test_nan_shows_in_what_is_recorded_and_not_as_a_crash():
    draws = draw(torch.full((1, 5), math.nan), torch.tensor([0.5], dtype=torch.float64), SamplingSettings())
    assert draws.entropy_R.isnan().all()
    assert 0 <= int(draws.token_R) < 5


def nucleus_by_hand(weights: list[float], top_p: float, top_k: int) -> set[int]:
    """Going down from the most probable token until enough is held; ties with the last one come along."""
    order = sorted(range(len(weights)), key=lambda token: -weights[token])
    candidates = order[: top_k or None]
    wanted, held, last = top_p * math.fsum(weights[token] for token in candidates), 0.0, candidates[-1]
    for token in candidates:
        held += weights[token]
        if held >= wanted and top_p < 1:
            last = token
            break
    return {token for token, weight in enumerate(weights) if weight >= weights[last]}


@given(
    st.lists(st.integers(1, 64), min_size=1, max_size=40),
    st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.95]),
    st.integers(0, 12),
    st.sampled_from([(8192, 1024), (4, 2), (1, 1)]),
)
def test_the_nucleus_is_that_of_a_sort(counts: list[int], top_p: float, top_k: int, limits: tuple[int, int]):
    weight_1V = torch.tensor([counts], dtype=torch.float32) / 64
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "SORTED_WHOLE", limits[0])
        patch.setattr(sampling, "MOST_PROBABLE", min(limits[1], len(counts)))
        smallest_11 = smallest_kept(weight_1V, weight_1V.sum(-1, keepdim=True), top_p, top_k)
    kept = set((weight_1V >= smallest_11)[0].nonzero().squeeze(-1).tolist())
    assert kept == nucleus_by_hand([count / 64 for count in counts], top_p, top_k)


def numbers(count: int, stream: str) -> Tensor:
    return torch.tensor([uniform(noise_key(0, stream, 0), place) for place in range(count)], dtype=torch.float64)


def chi_square(tokens: list[int], probabilities: list[float]) -> float:
    counts = Counter(tokens)
    return sum(
        (counts[token] - len(tokens) * share) ** 2 / (len(tokens) * share) for token, share in enumerate(probabilities)
    )


def test_many_draws_follow_the_softmax_and_not_that_of_another_temperature():
    logits_V = torch.randn(12, generator=torch.Generator().manual_seed(3))
    draws = draw(logits_V.expand(20_000, -1), numbers(20_000, "softmax"), SamplingSettings(0.8, 1.0))
    expected = (logits_V / 0.8).softmax(-1).tolist()
    assert chi_square(draws.token_R.tolist(), expected) < 31.3  # 99.9 % of 11 degrees of freedom
    assert chi_square(draws.token_R.tolist(), (logits_V / 0.9).softmax(-1).tolist()) > 31.3


def test_many_draws_from_a_nucleus_follow_what_it_leaves():
    logits_V = torch.tensor([0.4, 0.1, 0.3, 0.15, 0.05]).log()
    draws = draw(logits_V.expand(20_000, -1), numbers(20_000, "nucleus"), SamplingSettings(1.0, 0.8))
    tokens = draws.token_R.tolist()
    assert set(tokens) == {0, 2, 3}
    assert chi_square([[0, 2, 3].index(token) for token in tokens], [0.4 / 0.85, 0.3 / 0.85, 0.15 / 0.85]) < 13.8


def test_rows_may_be_drawn_some_at_a_time(monkeypatch: pytest.MonkeyPatch):
    generator = torch.Generator().manual_seed(0)
    hidden_RH, weight_VH = torch.randn(7, 6, generator=generator), torch.randn(11, 6, generator=generator)
    bias_V = torch.randn(11, generator=generator)
    whole = draw_tokens(hidden_RH, weight_VH, bias_V, numbers(7, "blocks"), SamplingSettings())
    logits_RV = hidden_RH.double() @ weight_VH.double().T + bias_V.double()
    assert torch.allclose(
        whole.logprob_R.double(), (logits_RV / 0.7).log_softmax(-1).gather(1, whole.token_R[:, None])[:, 0], atol=1e-5
    )
    monkeypatch.setattr(sampling, "ELEMENTS_AT_A_TIME", 25)
    parts = draw_tokens(hidden_RH, weight_VH, bias_V, numbers(7, "blocks"), SamplingSettings())
    assert parts.token_R.tolist() == whole.token_R.tolist()
    assert torch.allclose(parts.entropy_R, whole.entropy_R, atol=1e-6)


def test_sixteen_bit_states_give_logits_that_are_not_rounded_to_sixteen_bits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sampling, "HEAD_ELEMENTS_AT_A_TIME", 64)
    generator = torch.Generator().manual_seed(0)
    hidden_RH = torch.randn(3, 16, generator=generator).bfloat16()
    weight_VH = torch.randn(33, 16, generator=generator).bfloat16()
    exact_RV = hidden_RH.double() @ weight_VH.double().T
    logits_RV = head_logits(hidden_RH, weight_VH, None)
    assert logits_RV.dtype == torch.float32
    assert torch.allclose(logits_RV.double(), exact_RV, atol=1e-5)
    assert not torch.allclose((hidden_RH @ weight_VH.T).double(), exact_RV, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": math.nan}, "temperature"),
        ({"top_p": 0.0}, "top_p"),
        ({"top_p": 1.01}, "top_p"),
        ({"top_k": -1}, "top_k"),
    ],
)
def test_settings_without_a_meaning_are_refused_by_name(settings: dict[str, float], field: str):
    with pytest.raises(InputError, match=f"field {field}: is "):
        SamplingSettings(**settings)  # pyright: ignore[reportArgumentType]


def test_stop_ids_come_as_one_as_several_or_not_at_all():
    assert stop_ids(None, 2, [2, 5], (7,)) == {2, 5, 7}
