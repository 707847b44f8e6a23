"""Entropy of tokens, responses and batches (Eqs. 9, 11), on examples that can be worked by hand."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from longstride.rl.entropy import batch_entropy, sequence_entropy, token_entropy, token_mean_entropy

INF = math.inf


def recomputed(logits: Tensor, temperature: float = 1.0) -> list[float]:
    """Eq. 9 word by word, in Python floats."""
    entropies = []
    for row in logits.double().reshape(-1, logits.shape[-1]).tolist():
        exponentials = [math.exp((value - max(row)) / temperature) for value in row]
        shares = [value / sum(exponentials) for value in exponentials]
        entropies.append(-sum(share * math.log(share) for share in shares if share > 0))
    return entropies


def test_four_equal_words_have_an_entropy_of_log_4_and_a_certain_word_of_0():
    logits = torch.tensor([[0.0, 0.0, 0.0, 0.0], [1000.0, 0.0, 0.0, 0.0], [math.log(3), 0.0, -INF, -INF]])
    three_to_one = math.log(4) - 0.75 * math.log(3)
    assert token_entropy(logits).tolist() == pytest.approx([math.log(4), 0.0, three_to_one], abs=1e-6)


def test_a_lower_temperature_sharpens():
    logits = torch.tensor([math.log(3), 0.0])
    assert token_entropy(logits, 0.5).item() == pytest.approx(math.log(10) - 0.9 * math.log(9), abs=1e-6)  # 9 to 1
    assert token_entropy(logits, 0.5).item() < token_entropy(logits, 1.0).item() - 0.1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_equals_a_plain_recomputation_in_float64(dtype: torch.dtype):
    logits = (torch.randn(3, 5, 97, generator=torch.Generator().manual_seed(0)) * 4).to(dtype)
    entropy = token_entropy(logits, 0.7)
    assert entropy.shape == (3, 5)
    assert entropy.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    assert entropy.flatten().tolist() == pytest.approx(recomputed(logits, 0.7), abs=1e-5)


def test_a_shift_of_all_logits_changes_nothing():
    logits = torch.randn(4, 11, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert token_entropy(logits + 1e6).tolist() == pytest.approx(token_entropy(logits).tolist(), abs=1e-8)


def test_gradients():
    logits = torch.randn(3, 7, generator=torch.Generator().manual_seed(2), dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: token_entropy(x, 0.7), [logits])


def test_a_masked_word_gets_a_gradient_of_0_and_the_others_what_they_had_without_it():
    logits = torch.tensor([[0.3, -INF, 1.2, -0.5]], dtype=torch.float64, requires_grad=True)
    token_entropy(logits, 0.7).sum().backward()
    shorter = torch.tensor([[0.3, 1.2, -0.5]], dtype=torch.float64, requires_grad=True)
    token_entropy(shorter, 0.7).sum().backward()
    assert logits.grad is not None and shorter.grad is not None
    assert logits.grad[0, 1] == 0
    assert logits.grad[0, [0, 2, 3]].tolist() == pytest.approx(shorter.grad[0].tolist(), abs=1e-15)


def test_gradients_return_in_the_dtype_of_the_logits():
    logits = torch.randn(2, 9).bfloat16().requires_grad_()
    token_entropy(logits).sum().backward()
    assert logits.grad is not None and logits.grad.dtype == torch.bfloat16 and logits.grad.isfinite().all()


class LargestFloat32(TorchDispatchMode):
    """Remembers the largest float32 tensor that any operation gives back."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # pyright: ignore
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and result.dtype == torch.float32:
            self.numel = max(self.numel, result.numel())
        return result


def test_16_bit_logits_are_never_held_whole_in_float32(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("longstride.rl.entropy.BLOCK_ELEMENTS", 3 * 50)
    logits = torch.randn(20, 50, dtype=torch.bfloat16, requires_grad=True)
    with LargestFloat32() as largest:
        token_entropy(logits).sum().backward()
    assert largest.numel == 3 * 50


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_logits_are_left_alone(dtype: torch.dtype):
    logits = torch.randn(3, 5).to(dtype)
    before = logits.clone()
    token_entropy(logits.requires_grad_()).sum().backward()
    assert torch.equal(logits, before)


def test_no_tokens_give_no_entropies():
    assert token_entropy(torch.zeros(0, 5)).shape == (0,)


@pytest.mark.parametrize(
    ("logits", "temperature", "message"),
    [
        (torch.tensor([[0.0, 1.0], [math.nan, 1.0]]), 1.0, "token 1"),
        (torch.tensor([[0.0, INF]]), 1.0, "token 0"),
        (torch.tensor([[-INF, -INF]]), 1.0, "token 0"),
        (torch.zeros(2, 3), 0.0, "temperature is 0.0"),
        (torch.zeros(2, 3), -1.0, "temperature is -1.0"),
        (torch.zeros(2, 3), math.nan, "temperature is nan"),
        (torch.zeros(2, 0), 1.0, "V > 0"),
        (torch.zeros(2, 3, dtype=torch.long), 1.0, "int64"),
    ],
)
def test_token_entropy_refuses(logits: Tensor, temperature: float, message: str):
    with pytest.raises(ValueError, match=message):
        token_entropy(logits, temperature)


# One short certain response and one long unsure one; the last entry of the first row is padding.
ENTROPY = torch.tensor([[0.2, 0.4, math.nan, 9.0], [1.0, 2.0, 3.0, 2.0]])
MASK = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]])


def test_eq_11_weighs_responses_equally_and_the_token_mean_does_not():
    assert sequence_entropy(ENTROPY, MASK).tolist() == pytest.approx([0.3, 2.0])
    assert batch_entropy(ENTROPY, MASK).item() == pytest.approx((0.3 + 2.0) / 2)
    assert token_mean_entropy(ENTROPY, MASK).item() == pytest.approx((0.2 + 0.4 + 1 + 2 + 3 + 2) / 6)


def test_the_turns_of_a_trajectory_are_one_sequence():
    entropy = torch.tensor([[1.0, 1.0], [4.0, 0.0], [3.0, 0.0]])
    mask = torch.tensor([[True, True], [True, False], [True, False]])
    assert sequence_entropy(entropy, mask, ["agent", "plain", "agent"]).tolist() == pytest.approx([5 / 3, 4.0])
    assert batch_entropy(entropy, mask, ["agent", "plain", "agent"]).item() == pytest.approx((5 / 3 + 4) / 2)
    assert batch_entropy(entropy, mask).item() == pytest.approx((1 + 4 + 3) / 3)  # read as three responses


def test_an_empty_turn_is_fine_an_empty_trajectory_is_named():
    entropy, mask = torch.ones(3, 2), torch.tensor([[1, 1], [0, 0], [1, 0]])
    assert sequence_entropy(entropy, mask, ["a", "a", "b"]).tolist() == [1.0, 1.0]
    assert token_mean_entropy(entropy, mask).item() == 1.0
    with pytest.raises(ValueError, match="trajectory 1 has no response token"):
        sequence_entropy(entropy, mask)
    with pytest.raises(ValueError, match="trajectory 'b' has no response token"):
        batch_entropy(entropy, mask, ["a", "b", "a"])


def test_gradients_reach_response_tokens_only():
    entropy = torch.tensor([[0.2, 0.4, math.nan, 9.0], [1.0, 2.0, 3.0, 2.0]], requires_grad=True)
    batch_entropy(entropy, MASK).backward()
    assert entropy.grad is not None
    assert entropy.grad.tolist() == [[0.25, 0.25, 0, 0], [0.125] * 4]


@given(st.lists(st.lists(st.floats(0, 12), min_size=1, max_size=6), min_size=1, max_size=6), st.integers(0, 3))
def test_padding_and_order_do_not_matter(responses: list[list[float]], padding: int):
    width = max(map(len, responses)) + padding
    entropy = torch.tensor([row + [77.0] * (width - len(row)) for row in responses], dtype=torch.float64)
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in responses])
    means = [sum(row) / len(row) for row in responses]
    assert batch_entropy(entropy, mask).item() == pytest.approx(sum(means) / len(means))
    assert sequence_entropy(entropy.flip(0), mask.flip(0)).tolist() == pytest.approx(means[::-1])


@pytest.mark.parametrize(
    ("entropy", "mask", "names", "message"),
    [
        (torch.zeros(0, 3), torch.zeros(0, 3), None, "R > 0"),
        (torch.zeros(3), torch.zeros(3), None, r"expected floats \[R, T\]"),
        (torch.zeros(2, 3), torch.ones(2, 4), None, "mask_RT is"),
        (torch.zeros(2, 3), torch.full((2, 3), 0.5), None, "other than 0 and 1"),
        (torch.tensor([[0.0], [math.nan]]), torch.ones(2, 1), None, "row 1, token 0 is nan"),
        (torch.tensor([[0.0, INF]]), torch.ones(1, 2), None, "row 0, token 1 is inf"),
        (torch.zeros(2, 3), torch.ones(2, 3), ["a"], "trajectories has 1 entries for 2 rows"),
    ],
)
def test_batch_entropy_refuses(entropy: Tensor, mask: Tensor, names: list[str] | None, message: str):
    with pytest.raises(ValueError, match=message):
        batch_entropy(entropy, mask, names)
