"""The chunked head against the plain one: full logits, log_softmax, autograd, all in float64."""

from __future__ import annotations

import math
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from longstride.rl.chunked_head import (
    TILE_ELEMENTS,
    chunked_logprobs,
    default_chunk_tokens,
    head_gradients,
    policy_gradient_head,
)

T, H, V = 13, 6, 41


class Case(NamedTuple):
    hidden: Tensor
    weight: Tensor
    bias: Tensor
    targets: Tensor
    gradients: Tensor  # d loss / d log-prob; tokens 3 and 7 are masked


def case(tokens: int = T, dtype: torch.dtype = torch.float64, seed: int = 0) -> Case:
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    gradients = normal(tokens)
    gradients[[place for place in (3, 7) if place < tokens]] = 0
    targets = torch.randint(0, V, (tokens,), generator=generator)
    return Case(normal(tokens, H).to(dtype), normal(V, H).to(dtype), normal(V).to(dtype), targets, gradients)


def plain(
    hidden: Tensor, weight: Tensor, targets: Tensor, bias: Tensor | None, temperature: float
) -> tuple[Tensor, Tensor]:
    logits = hidden.double() @ weight.double().T
    if bias is not None:
        logits = logits + bias.double()
    logprobs = torch.log_softmax(logits / temperature, -1)
    return logprobs[torch.arange(len(targets)), targets], -torch.where(
        logprobs.isinf(), 0, logprobs.exp() * logprobs.masked_fill(logprobs.isinf(), 0)
    ).sum(-1)


def leaves(data: Case) -> tuple[Tensor, Tensor, Tensor]:
    return (
        data.hidden.clone().requires_grad_(),
        data.weight.clone().requires_grad_(),
        data.bias.clone().requires_grad_(),
    )


def plain_gradients(data: Case, temperature: float, entropy_gradients: Tensor | None = None) -> list[Tensor]:
    tensors = [tensor.detach().clone().double().requires_grad_() for tensor in data[:3]]
    logprobs, entropy = plain(tensors[0], tensors[1], data.targets, tensors[2], temperature)
    loss = (logprobs * data.gradients).sum()
    if entropy_gradients is not None:
        loss = loss + (entropy * entropy_gradients).sum()
    loss.backward()
    return [tensor.grad for tensor in tensors if tensor.grad is not None]


def close(ours: Tensor | None, theirs: Tensor, tolerance: float = 1e-12) -> bool:
    assert ours is not None and ours.shape == theirs.shape
    return bool((ours.double() - theirs.double()).abs().max() <= tolerance)


def test_two_words_by_hand():
    """Logits 2 log 3 and 0 at temperature 2: three to one, and d log p / d logit = (1/4, -1/4) / 2."""
    hidden = torch.tensor([[1.0, 0.0]], requires_grad=True)
    weight = torch.tensor([[2 * math.log(3), 5.0], [0.0, 5.0]], requires_grad=True)
    logprobs, entropy = chunked_logprobs(hidden, weight, torch.tensor([0]), temperature=2.0)
    assert logprobs.item() == pytest.approx(math.log(0.75))
    assert entropy.item() == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
    logprobs.sum().backward()
    assert hidden.grad is not None and weight.grad is not None
    assert hidden.grad[0].tolist() == pytest.approx([0.25 * math.log(3), 0.0], abs=1e-6)
    assert weight.grad.flatten().tolist() == pytest.approx([0.125, 0, -0.125, 0], abs=1e-6)


@pytest.mark.parametrize("chunk", [1, 4, T, 100, None])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("biased", [False, True])
def test_both_forms_equal_the_plain_head(chunk: int | None, temperature: float, biased: bool):
    data = case()
    if not biased:
        data = data._replace(bias=torch.zeros_like(data.bias))
    bias = data.bias if biased else None
    logprobs, entropy = plain(data.hidden, data.weight, data.targets, bias, temperature)
    expected = plain_gradients(data, temperature)

    hidden, weight, bias_leaf = leaves(data)
    options = {"bias_V": bias_leaf if biased else None, "temperature": temperature, "chunk_tokens": chunk}
    ours, our_entropy = chunked_logprobs(hidden, weight, data.targets, **options)
    (ours * data.gradients).sum().backward()
    assert close(ours, logprobs) and close(our_entropy, entropy)
    assert close(hidden.grad, expected[0]) and close(weight.grad, expected[1])
    assert not biased or close(bias_leaf.grad, expected[2])

    hidden, weight, bias_leaf = leaves(data)
    options["bias_V"] = bias_leaf if biased else None
    loss, ours, our_entropy = policy_gradient_head(hidden, weight, data.targets, data.gradients, **options)
    (3 * loss).backward()
    assert close(loss, (logprobs * data.gradients).sum())
    assert close(ours, logprobs) and close(our_entropy, entropy)
    assert not ours.requires_grad and not our_entropy.requires_grad
    assert close(hidden.grad, 3 * expected[0]) and close(weight.grad, 3 * expected[1])
    assert not biased or close(bias_leaf.grad, 3 * expected[2])

    options["bias_V"] = bias
    result = head_gradients(data.hidden, data.weight, data.targets, data.gradients, **options)
    assert close(result.hidden_TH, expected[0]) and close(result.weight_VH, expected[1])
    assert close(result.logprobs_T, logprobs) and close(result.entropy_T, entropy)


@pytest.mark.parametrize("chunk", [2, 100])
def test_gradients_of_log_probs_and_entropy_together(chunk: int):
    data = case(seed=1)
    weights = torch.randn(T, dtype=torch.float64)
    weights[3] = 0  # neither gradient: the token is left out of the backward pass
    expected = plain_gradients(data, 0.7, weights)
    hidden, weight, bias = leaves(data)
    logprobs, entropy = chunked_logprobs(hidden, weight, data.targets, bias_V=bias, temperature=0.7, chunk_tokens=chunk)
    (logprobs @ data.gradients + entropy @ weights).backward()
    for leaf, gradient in zip((hidden, weight, bias), expected, strict=True):
        assert close(leaf.grad, gradient)


def test_gradcheck():
    data = case(tokens=5)
    assert torch.autograd.gradcheck(
        lambda hidden, weight, bias: chunked_logprobs(
            hidden, weight, data.targets, bias_V=bias, temperature=0.7, chunk_tokens=2
        ),
        leaves(data),
    )
    assert torch.autograd.gradcheck(lambda x: chunked_logprobs(x, data.weight, data.targets)[1], [leaves(data)[0]])


def test_gradients_taken_in_the_forward_pass_are_slopes_of_the_loss():
    data = case(tokens=5)

    def loss(weight: Tensor) -> float:
        return policy_gradient_head(data.hidden, weight, data.targets, data.gradients, chunk_tokens=2).loss.item()

    result = head_gradients(data.hidden, data.weight, data.targets, data.gradients, chunk_tokens=2)
    step = torch.zeros_like(data.weight)
    step[int(data.targets[0]), 2] = 1e-6
    slope = (loss(data.weight + step) - loss(data.weight - step)) / 2e-6
    assert result.weight_VH is not None
    assert slope == pytest.approx(result.weight_VH[int(data.targets[0]), 2].item(), rel=1e-6)


def test_the_comparison_would_notice_a_wrong_target_and_a_wrong_temperature():
    data = case()
    expected = plain_gradients(data, 0.7)
    right = head_gradients(data.hidden, data.weight, data.targets, data.gradients, bias_V=data.bias, temperature=0.7)
    assert close(right.hidden_TH, expected[0])
    moved = data.targets.clone()
    moved[0] = (moved[0] + 1) % V
    wrong = head_gradients(data.hidden, data.weight, moved, data.gradients, bias_V=data.bias, temperature=0.7)
    assert (right.logprobs_T != wrong.logprobs_T).tolist() == [True] + [False] * (T - 1)
    assert not close(wrong.hidden_TH, expected[0], 1e-3)
    for temperature in (1.0, 0.71):
        wrong = head_gradients(
            data.hidden, data.weight, data.targets, data.gradients, bias_V=data.bias, temperature=temperature
        )
        assert not close(wrong.hidden_TH, expected[0], 1e-3)


@given(st.integers(0, 9), st.integers(1, 11), st.floats(0.2, 3.0), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_any_length_chunk_and_temperature(tokens: int, chunk: int, temperature: float, seed: int):
    data = case(tokens, seed=seed)
    hidden, weight, bias = leaves(data)
    options = {"bias_V": bias, "temperature": temperature, "chunk_tokens": chunk}
    logprobs, entropy = chunked_logprobs(hidden, weight, data.targets, **options)
    loss = policy_gradient_head(hidden, weight, data.targets, data.gradients, **options).loss
    (loss - logprobs @ data.gradients).backward()  # the two forms cancel
    expected, expected_entropy = plain(data.hidden, data.weight, data.targets, data.bias, temperature)
    assert logprobs.tolist() == pytest.approx(expected.tolist(), abs=1e-9)
    assert entropy.tolist() == pytest.approx(expected_entropy.tolist(), abs=1e-9)
    for leaf in (hidden, weight, bias):
        assert leaf.grad is not None and (leaf.grad.abs() < 1e-9).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_16_bit_inputs_are_worked_in_float32_and_gradients_return_in_their_dtype(dtype: torch.dtype):
    data = case(tokens=64, dtype=dtype)
    expected_logprobs, expected_entropy = plain(data.hidden, data.weight, data.targets, data.bias, 0.7)
    expected = plain_gradients(data, 0.7)
    for form in ("recompute", "in forward"):
        hidden, weight, bias = leaves(data)
        options = {"bias_V": bias, "temperature": 0.7, "chunk_tokens": 5}
        with torch.autocast("cpu", dtype=torch.bfloat16):  # changes nothing
            if form == "recompute":
                logprobs, entropy = chunked_logprobs(hidden, weight, data.targets, **options)
                (logprobs @ data.gradients.float()).backward()
            else:
                loss, logprobs, entropy = policy_gradient_head(hidden, weight, data.targets, data.gradients, **options)
                loss.backward()
        assert logprobs.dtype == entropy.dtype == torch.float32
        assert close(logprobs, expected_logprobs, 1e-4) and close(entropy, expected_entropy, 1e-4)
        for leaf, gradient in zip((hidden, weight, bias), expected, strict=True):
            assert leaf.grad is not None and leaf.grad.dtype == dtype
            assert (leaf.grad.double() - gradient).abs().max() <= gradient.abs().max() * 2.0**-8


def test_a_masked_vocabulary_word_is_as_if_it_were_not_there():
    data = case()
    data.bias[-4:] = -math.inf
    targets = data.targets % (V - 4)
    data = data._replace(targets=targets)
    hidden, weight, bias = leaves(data)
    logprobs, entropy = chunked_logprobs(hidden, weight, targets, bias_V=bias, temperature=0.7)
    (logprobs @ data.gradients + entropy.sum()).backward()
    expected, expected_entropy = plain(data.hidden, data.weight[:-4], targets, data.bias[:-4], 0.7)
    assert close(logprobs, expected) and close(entropy, expected_entropy)
    assert weight.grad is not None and bias.grad is not None and hidden.grad is not None
    assert (weight.grad[-4:] == 0).all() and (bias.grad[-4:] == 0).all() and hidden.grad.isfinite().all()
    result = head_gradients(data.hidden, data.weight, targets, data.gradients, bias_V=data.bias, temperature=0.7)
    assert result.weight_VH is not None and (result.weight_VH[-4:] == 0).all() and result.weight_VH.isfinite().all()
    impossible, _ = chunked_logprobs(data.hidden[:1], data.weight, torch.tensor([V - 1]), bias_V=data.bias)
    assert impossible.item() == -math.inf


class Allocations(TorchDispatchMode):
    """Remembers sizes of the tensors that operations give back, and how many matrix products were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[tuple[int, ...]] = []
        self.storages: dict[int, int] = {}  # bytes by address
        self.products = 0  # multiply-adds

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # pyright: ignore
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else [result]:
            if isinstance(tensor, Tensor):
                self.sizes.append(tuple(tensor.shape))
                storage = tensor.untyped_storage()
                self.storages[storage.data_ptr()] = max(storage.nbytes(), self.storages.get(storage.data_ptr(), 0))
        if func.overloadpacket in (torch.ops.aten.mm, torch.ops.aten.addmm_, torch.ops.aten.addmm):
            left, right = [a for a in args if isinstance(a, Tensor)][-2:]
            self.products += left.shape[0] * left.shape[1] * right.shape[1]
        return result

    def largest(self) -> int:
        return max(math.prod(size) for size in self.sizes)


def run(form: str, hidden: Tensor, weight: Tensor, targets: Tensor, gradients: Tensor, chunk: int) -> None:
    if form == "plain":
        (plain(hidden, weight, targets, None, 1.0)[0] @ gradients.double()).backward()
    elif form == "recompute":
        (chunked_logprobs(hidden, weight, targets, chunk_tokens=chunk)[0] @ gradients).backward()
    else:
        policy_gradient_head(hidden, weight, targets, gradients, chunk_tokens=chunk).loss.backward()


@pytest.mark.parametrize("form", ["recompute", "in forward"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_all_logits_are_never_held(form: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(TILE_ELEMENTS, "cpu", 2 * 4000)
    tokens, width, words, chunk = 300, 4, 4000, 16
    hidden = torch.randn(tokens, width).to(dtype).requires_grad_()
    weight = torch.randn(words, width).to(dtype).requires_grad_()
    targets, gradients = torch.randint(0, words, (tokens,)), torch.randn(tokens)
    with Allocations() as seen:
        run(form, hidden, weight, targets, gradients, chunk)
    assert seen.largest() == chunk * words
    buffers = [size for size in seen.storages.values() if size >= chunk * words * 4]
    assert len(buffers) == 1 or (form == "recompute" and len(buffers) == 2)  # there, one for each direction
    with Allocations() as seen:
        run("plain", hidden, weight, targets, gradients, chunk)
    assert seen.largest() == tokens * words  # the measure does see a plain head's logits


@pytest.mark.parametrize(
    ("form", "masked", "needs_hidden", "needs_weight", "products"),
    [
        ("recompute", 0, True, True, 4),
        ("recompute", 20, True, True, 2.5),  # half the tokens have no gradient: 1 + 3/2
        ("in forward", 0, True, True, 3),
        ("in forward", 20, True, True, 2),  # 1 + 2/2
        ("in forward", 0, True, False, 2),
        ("in forward", 0, False, True, 2),
        ("in forward", 40, True, True, 1),
    ],
)
def test_matrix_products_in_units_of_one_head(
    form: str, masked: int, needs_hidden: bool, needs_weight: bool, products: float
):
    tokens, width, words = 40, 8, 512
    hidden, weight = torch.randn(tokens, width), torch.randn(words, width)
    hidden.requires_grad_(needs_hidden)
    weight.requires_grad_(needs_weight)
    gradients = torch.randn(tokens)
    gradients[:masked] = 0
    with Allocations() as seen:
        run(form, hidden, weight, torch.randint(0, words, (tokens,)), gradients, 7)
    assert seen.products == products * tokens * width * words
    if not needs_weight:  # no buffer for a gradient that nobody wants: only the weight itself is this large
        assert {address for address, size in seen.storages.items() if size >= words * width * 4} <= {
            weight.untyped_storage().data_ptr(),
            *(address for address, size in seen.storages.items() if size == 7 * words * 4),
        }


def test_what_is_frozen_or_under_no_grad_gets_no_gradient():
    data = case()
    hidden, weight, _ = leaves(data)
    policy_gradient_head(hidden, weight.detach(), data.targets, data.gradients).loss.backward()
    assert close(hidden.grad, plain_gradients(data._replace(bias=data.bias * 0), 1.0)[0]) and weight.grad is None
    with torch.no_grad(), Allocations() as seen:
        assert not policy_gradient_head(hidden, weight, data.targets, data.gradients).loss.requires_grad
    assert seen.products == T * H * V  # the forward product alone
    result = head_gradients(data.hidden, data.weight, data.targets, data.gradients, hidden=False, weight=False)
    assert result.hidden_TH is None and result.weight_VH is None and result.bias_V is None


def test_the_weight_gradient_can_be_added_to_a_buffer():
    data = case()
    first = head_gradients(data.hidden, data.weight, data.targets, data.gradients).weight_VH
    assert first is not None
    buffer = torch.ones_like(data.weight)
    result = head_gradients(
        data.hidden, data.weight, data.targets, data.gradients, weight_gradient_VH=buffer, chunk_tokens=3
    )
    assert result.weight_VH is buffer and close(buffer, first + 1)
    with pytest.raises(ValueError, match=r"weight_gradient_VH is \(41, 6\) torch.float32, expected"):
        head_gradients(data.hidden, data.weight, data.targets, data.gradients, weight_gradient_VH=buffer.float())
    with pytest.raises(ValueError, match="weight=False"):
        head_gradients(data.hidden, data.weight, data.targets, data.gradients, weight=False, weight_gradient_VH=buffer)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_inputs_are_left_alone(dtype: torch.dtype):
    data = case(dtype=dtype)
    before = [tensor.clone() for tensor in data]
    hidden, weight, bias = (tensor.requires_grad_() for tensor in data[:3])
    for temperature in (1.0, 0.7):
        logprobs, entropy = chunked_logprobs(hidden, weight, data.targets, bias_V=bias, temperature=temperature)
        (logprobs.sum() + entropy.sum()).backward()
        policy_gradient_head(hidden, weight, data.targets, data.gradients, bias_V=bias).loss.backward()
    assert all(torch.equal(tensor, copy) for tensor, copy in zip(data, before, strict=True))


def test_a_second_backward_is_refused():
    data = case()
    loss = policy_gradient_head(*leaves(data)[:2], data.targets, data.gradients).loss
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="given away by a first"):
        loss.backward()


def test_no_tokens_give_empty_results_and_gradients_of_0():
    data = case(tokens=0)
    hidden, weight, _ = leaves(data)
    loss, logprobs, entropy = policy_gradient_head(hidden, weight, data.targets, data.gradients)
    (loss + chunked_logprobs(hidden, weight, data.targets)[0].sum()).backward()
    assert loss.item() == 0 and logprobs.shape == entropy.shape == (0,)
    assert weight.grad is not None and (weight.grad == 0).all()


def test_the_default_chunk_follows_the_vocabulary():
    assert default_chunk_tokens(151_936, "cpu") == 256
    assert default_chunk_tokens(100, "cpu") == 400_000
    assert default_chunk_tokens(10**9, "cpu") == 1
    assert default_chunk_tokens(151_936, "cuda") > default_chunk_tokens(151_936, "cpu")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_TH": torch.zeros(T, H, 1)}, r"expected floats \[T, H\]"),
        ({"hidden_TH": torch.zeros(T, H, dtype=torch.long)}, "int64"),
        ({"hidden_TH": torch.full((T, H), math.nan)}, "hidden_TH is not finite at token 0"),
        ({"hidden_TH": torch.cat([torch.zeros(2, H), torch.full((T - 2, H), math.inf)])}, "at token 2"),
        ({"weight_VH": torch.zeros(V, H + 1)}, r"weight_VH is \(41, 7\)"),
        ({"weight_VH": torch.zeros(0, H)}, "V > 0"),
        ({"weight_VH": torch.full((V, H), math.nan)}, "token 0 has no distribution"),
        ({"targets_T": torch.zeros(T - 1, dtype=torch.long)}, r"expected integers \[13\]"),
        ({"targets_T": torch.zeros(T)}, "expected integers"),
        ({"targets_T": torch.full((T,), V)}, r"targets_T\[0\] is 41, outside \[0, 41\)"),
        ({"targets_T": torch.full((T,), -1)}, r"targets_T\[0\] is -1"),
        ({"bias_V": torch.zeros(V - 1)}, r"bias_V is \(40,\)"),
        ({"bias_V": torch.full((V,), -math.inf)}, "token 0 has no distribution"),
        ({"temperature": 0.0}, "temperature is 0.0"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"chunk_tokens": 0}, "chunk_tokens is 0"),
    ],
)
def test_refuses(change: dict[str, object], message: str):
    inputs = {"hidden_TH": torch.zeros(T, H), "weight_VH": torch.zeros(V, H), "targets_T": torch.zeros(T).long()}
    with pytest.raises(ValueError, match=message):
        chunked_logprobs(**(inputs | change))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match=message):
        policy_gradient_head(**(inputs | {"token_gradients_T": torch.ones(T)} | change))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("gradients", "message"),
    [(torch.ones(T + 1), r"expected floats \(13,\)"), (torch.full((T,), math.nan), "not finite at token 0")],
)
def test_refuses_token_gradients(gradients: Tensor, message: str):
    data = case()
    with pytest.raises(ValueError, match=message):
        policy_gradient_head(data.hidden, data.weight, data.targets, gradients)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_gives_what_the_cpu_gives():
    data = case(tokens=50)
    here = head_gradients(*data[:2], data.targets, data.gradients, bias_V=data.bias, temperature=0.7)
    there = head_gradients(
        *(tensor.cuda() for tensor in (*data[:2], data.targets, data.gradients)),
        bias_V=data.bias.cuda(),
        temperature=0.7,
        chunk_tokens=7,
    )
    for ours, theirs in zip(there, here, strict=True):
        assert ours is not None and theirs is not None and close(ours.cpu(), theirs, 1e-10)
