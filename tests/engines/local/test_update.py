"""Packed and streamed updates against a plain forward pass a row, and against one written by hand."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from longstride.engines.local import update
from longstride.engines.local.layouts import Packed
from longstride.engines.local.policy import Policy, policy_of
from longstride.engines.local.shared_prefix import Row, SharedPrefix
from longstride.engines.local.update import TokenScores, accumulate_gradients, logprobs, packed_hidden

VOCABULARY = 61
ARCHITECTURES = ("qwen3", "qwen2", "llama")
WAYS = [(form, operations) for form in ("packed", "streamed") for operations in ("quick", "public")]
TinyModel = Callable[..., PreTrainedModel]
MakePolicy = Callable[..., Policy]


@pytest.fixture
def make_policy(tiny_model: TinyModel, tiny_tokenizer: PreTrainedTokenizerBase) -> MakePolicy:
    def make(architecture: str = "qwen3", *, gradient_checkpointing: bool = False, **settings: object) -> Policy:
        model = tiny_model(architecture, **settings)
        return policy_of(model, tiny_tokenizer, gradient_checkpointing=gradient_checkpointing)

    return make


def ids(count: int, name: str = "ids") -> tuple[int, ...]:
    draw = random.Random(f"0/{name}/{count}")
    return tuple(draw.randrange(3, VOCABULARY) for _ in range(count))


def group(prefix: int = 23, responses: Sequence[int] = (7, 1, 12, 4)) -> SharedPrefix:
    rows = tuple(Row(ids(length, f"row {index}")) for index, length in enumerate(responses))
    return SharedPrefix(ids(prefix, "prefix"), rows)


def gradients_for(shared: SharedPrefix, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    generator = torch.Generator().manual_seed(5)
    return [torch.randn(len(row.targets), generator=generator, dtype=torch.float64).to(dtype) for row in shared.rows]


def naive(
    model: PreTrainedModel, shared: SharedPrefix, token_gradients: Sequence[Tensor], temperature: float
) -> tuple[list[TokenScores], dict[str, Tensor]]:
    """Each row by itself through transformers' own attention and a plain head; gradients of the weighted sum."""
    model = copy.deepcopy(model)
    model.set_attn_implementation("sdpa")
    scores: list[TokenScores] = []
    for row, gradient_T in zip(shared.rows, token_gradients, strict=True):
        sequence = torch.tensor([shared.prefix_ids + row.ids])
        start = len(shared.prefix_ids) + row.loss_from
        logits_LV = model(input_ids=sequence, use_cache=False).logits[0]
        logprobs_TV = (logits_LV[start - 1 : -1] / temperature).log_softmax(-1)
        logprobs_T = logprobs_TV.gather(1, sequence[0, start:, None])[:, 0]
        scores.append(TokenScores(logprobs_T.detach(), -(logprobs_TV.exp() * logprobs_TV).sum(-1).detach()))
        (logprobs_T * gradient_T.to(logprobs_T.dtype)).sum().backward()
    return scores, gradients_of(model)


def gradients_of(model: PreTrainedModel) -> dict[str, Tensor]:
    return {
        name: torch.zeros_like(parameter) if parameter.grad is None else parameter.grad.clone()
        for name, parameter in model.named_parameters()
    }


def worst_relative(found: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    """The largest distance of a parameter's gradient to the expected one, over the expected one's norm."""
    assert found.keys() == expected.keys()
    return max(
        ((found[name] - expected[name]).norm() / expected[name].norm().clamp(min=1e-12)).item() for name in expected
    )


def assert_scores(found: list[TokenScores], expected: list[TokenScores], tolerance: float = 1e-5) -> None:
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours.logprobs_T, theirs.logprobs_T, atol=tolerance, rtol=0, check_dtype=False)
        torch.testing.assert_close(ours.entropy_T, theirs.entropy_T, atol=tolerance, rtol=0, check_dtype=False)


def assert_equal_to_naive(policy: Policy, shared: SharedPrefix, *, temperature: float = 0.7, **options: object) -> None:
    token_gradients = gradients_for(shared)
    scores, gradients = naive(policy.model, shared, token_gradients, temperature)
    policy.model.zero_grad()
    found = accumulate_gradients(policy, shared, token_gradients, temperature, **options)  # pyright: ignore[reportArgumentType]
    assert_scores(found, scores)
    assert worst_relative(gradients_of(policy.model), gradients) < 1e-4


@pytest.mark.parametrize(("form", "operations"), WAYS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_scores_and_gradients_are_those_of_a_plain_forward_pass_a_row(
    make_policy: MakePolicy, architecture: str, form: str, operations: str
):
    assert_equal_to_naive(make_policy(architecture), group(), form=form, operations=operations, slice_tokens=10)


@pytest.mark.parametrize(("form", "operations"), WAYS)
@pytest.mark.parametrize("heads", [1, 2, 4])
def test_any_number_of_key_value_heads(make_policy: MakePolicy, heads: int, form: str, operations: str):
    policy = make_policy(num_key_value_heads=heads)
    assert_equal_to_naive(policy, group(), form=form, operations=operations, slice_tokens=10)


@pytest.mark.parametrize("form", ["packed", "streamed"])
@pytest.mark.parametrize("settings", [{"tie_word_embeddings": True}, {"gradient_checkpointing": True}])
def test_tied_embeddings_and_gradient_checkpointing(make_policy: MakePolicy, settings: dict[str, bool], form: str):
    assert_equal_to_naive(make_policy(**settings), group(), form=form, slice_tokens=10)


@pytest.mark.parametrize(("form", "operations"), WAYS)
@pytest.mark.parametrize(
    "shared",
    [
        group(prefix=1, responses=(5, 3)),
        group(prefix=40, responses=(1,)),
        group(prefix=9, responses=(0, 60, 0, 1)),
        SharedPrefix((), (Row(ids(8, "a"), 3), Row(ids(5, "b"), 1))),
        SharedPrefix(ids(12), (Row(ids(8, "a"), 3), Row(ids(5, "b")), Row(ids(4, "c"), 4), Row(ids(3, "d"), 1))),
        SharedPrefix(ids(12), (Row(ids(8, "a"), 3), Row(ids(6, "b"), 2))),
    ],
    ids=["prefix of one", "one row", "empty rows, ragged", "no prefix", "context in some rows", "context in all"],
)
def test_odd_shapes(make_policy: MakePolicy, shared: SharedPrefix, form: str, operations: str):
    assert_equal_to_naive(make_policy(), shared, form=form, operations=operations, slice_tokens=8)


@pytest.mark.parametrize(("form", "operations"), WAYS)
def test_in_float64_the_forms_are_much_closer(make_policy: MakePolicy, form: str, operations: str):
    policy, shared = make_policy(dtype=torch.float64), group()
    token_gradients = gradients_for(shared, torch.float64)
    scores, gradients = naive(policy.model, shared, token_gradients, 0.7)
    policy.model.zero_grad()
    found = accumulate_gradients(policy, shared, token_gradients, 0.7, form=form, operations=operations, slice_tokens=9)
    assert_scores(found, scores, 1e-12)
    assert worst_relative(gradients_of(policy.model), gradients) < 1e-6  # transformers takes its norms in float32


def test_a_forward_pass_written_by_hand_agrees(make_policy: MakePolicy):
    """Attention, rotation, norms and head spelt out with loops over heads, in float64, from the weights alone."""
    policy, shared = make_policy("llama", dtype=torch.float64), group(prefix=6, responses=(3, 5))
    weights, width = policy.model.state_dict(), 8

    def norm(hidden_LH: Tensor, name: str) -> Tensor:
        return weights[name] * hidden_LH / (hidden_LH.square().mean(-1, keepdim=True) + 1e-6).sqrt()

    def rotated(vector_Ld: Tensor) -> Tensor:
        frequency = (1 / 10000 ** (torch.arange(0, width, 2, dtype=torch.float32) / width)).float()
        angle_Lf = torch.arange(len(vector_Ld)).float()[:, None] * frequency
        cos, sin = angle_Lf.cos().double(), angle_Lf.sin().double()
        left, right = vector_Ld[:, : width // 2], vector_Ld[:, width // 2 :]
        return torch.cat([left * cos - right * sin, right * cos + left * sin], -1)

    def by_hand(sequence: tuple[int, ...]) -> Tensor:
        hidden_LH = weights["model.embed_tokens.weight"][list(sequence)]
        for layer in range(3):
            at = f"model.layers.{layer}."
            read_LH = norm(hidden_LH, at + "input_layernorm.weight")
            query, key, value = (read_LH @ weights[f"{at}self_attn.{kind}_proj.weight"].T for kind in "qkv")
            heads: list[Tensor] = []
            for head in range(4):
                mine, theirs = (slice(width * h, width * (h + 1)) for h in (head, head // 2))
                score_LL = rotated(query[:, mine]) @ rotated(key[:, theirs]).T / width**0.5
                late_LL = torch.ones_like(score_LL).triu(1).bool()
                heads.append(score_LL.masked_fill(late_LL, -torch.inf).softmax(-1) @ value[:, theirs])
            hidden_LH = hidden_LH + torch.cat(heads, -1) @ weights[at + "self_attn.o_proj.weight"].T
            read_LH = norm(hidden_LH, at + "post_attention_layernorm.weight")
            gate, up, down = (weights[f"{at}mlp.{kind}_proj.weight"] for kind in ("gate", "up", "down"))
            gated = read_LH @ gate.T
            hidden_LH = hidden_LH + (gated * gated.sigmoid() * (read_LH @ up.T)) @ down.T
        return (norm(hidden_LH, "model.norm.weight") @ weights["lm_head.weight"].T / 0.7).log_softmax(-1)

    for row, scores in zip(shared.rows, logprobs(policy, shared, 0.7), strict=True):
        sequence = shared.prefix_ids + row.ids
        logprobs_TV = by_hand(sequence)[len(shared.prefix_ids) - 1 : -1]
        torch.testing.assert_close(scores.logprobs_T, logprobs_TV.gather(1, torch.tensor(row.ids)[:, None])[:, 0])
        torch.testing.assert_close(scores.entropy_T, -(logprobs_TV.exp() * logprobs_TV).sum(-1))


def test_rows_that_see_each_other_fail_the_check(make_policy: MakePolicy, monkeypatch: pytest.MonkeyPatch):
    """Negative control: one causal mask over the packed sequence, as a reset of position_ids alone leaves it."""

    def one_sequence(self: Packed, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        whole = Packed(0, (query.shape[2],))
        return attend(whole, layer, query, key, value, scale)

    policy, shared = make_policy(), group()
    attend = Packed.attend
    monkeypatch.setattr(Packed, "attend", one_sequence)
    with pytest.raises(AssertionError):
        assert_equal_to_naive(policy, shared, form="packed")


def test_rows_cut_from_the_prompt_fail_the_check(make_policy: MakePolicy, monkeypatch: pytest.MonkeyPatch):
    """Negative control: each row a sequence of its own, as transformers reads a reset of position_ids."""

    def cut_off(self: Packed, layer: int, query: Tensor, key: Tensor, value: Tensor, scale: float) -> Tensor:
        apart = Packed(0, (self.prefix_length, *self.lengths))
        return attend(apart, layer, query, key, value, scale)

    policy, shared = make_policy(), group()
    attend = Packed.attend
    monkeypatch.setattr(Packed, "attend", cut_off)
    with pytest.raises(AssertionError):
        assert_equal_to_naive(policy, shared, form="packed")


@pytest.mark.parametrize(("form", "operations"), WAYS)
def test_every_row_reads_the_first_token_of_the_prompt(make_policy: MakePolicy, form: str, operations: str):
    policy, shared = make_policy(), group()
    other = SharedPrefix((3 if shared.prefix_ids[0] != 3 else 4, *shared.prefix_ids[1:]), shared.rows)
    options = {"form": form, "operations": operations, "slice_tokens": 10}
    before, after = (
        accumulate_gradients(policy, each, gradients_for(each), 1.0, **options) for each in (shared, other)
    )
    for one, two in zip(before, after, strict=True):
        assert ((one.logprobs_T - two.logprobs_T).abs() > 1e-4).all()


def test_two_groups_forward_then_both_backward_under_checkpointing(make_policy: MakePolicy):
    """A layout kept in a global would recompute the first group under the second one's layout."""
    policy = make_policy(gradient_checkpointing=True)
    groups = (group(), group(prefix=11, responses=(3, 9)))
    expected: dict[str, Tensor] = {}
    for shared in groups:
        _, gradients = naive(policy.model, shared, gradients_for(shared), 1.0)
        expected = {name: gradients[name] + expected.get(name, 0) for name in gradients}
    losses: list[Tensor] = []
    for shared in groups:
        hidden = packed_hidden(policy, shared)
        for row, hidden_TH, gradient_T in zip(shared.rows, hidden, gradients_for(shared), strict=True):
            logprobs_TV = (hidden_TH @ policy.head_weight_VH.T).log_softmax(-1)
            losses.append((logprobs_TV.gather(1, torch.tensor(row.ids)[:, None])[:, 0] * gradient_T).sum())
    torch.stack(losses).sum().backward()
    assert worst_relative(gradients_of(policy.model), expected) < 1e-4


def test_gradients_add_up_over_groups(make_policy: MakePolicy):
    policy, shared = make_policy(tie_word_embeddings=True), group()
    accumulate_gradients(policy, shared, gradients_for(shared), 0.7)
    once = gradients_of(policy.model)
    accumulate_gradients(policy, shared, gradients_for(shared), 0.7, form="streamed")
    twice = gradients_of(policy.model)
    assert worst_relative(twice, {name: 2 * gradient for name, gradient in once.items()}) < 1e-4


@pytest.mark.parametrize("form", ["packed", "streamed"])
@pytest.mark.parametrize("slice_tokens", [10, 1000])
def test_gradients_that_depend_on_the_scores(make_policy: MakePolicy, form: str, slice_tokens: int):
    """Off-policy: the function sees the scores of all rows at once, and what it gives is what is taken."""
    policy, shared = make_policy(), group()
    seen: list[list[TokenScores]] = []

    def ratio_gradients(scores: list[TokenScores]) -> list[Tensor]:
        seen.append(list(scores))
        return [(row.logprobs_T + 4.0).exp() for row in scores]

    expected_scores, _ = naive(policy.model, shared, gradients_for(shared), 0.7)
    given = [(row.logprobs_T + 4.0).exp() for row in expected_scores]
    _, expected = naive(policy.model, shared, given, 0.7)
    policy.model.zero_grad()
    accumulate_gradients(policy, shared, ratio_gradients, 0.7, form=form, slice_tokens=slice_tokens)
    assert len(seen) == 1
    assert_scores(seen[0], expected_scores)
    assert worst_relative(gradients_of(policy.model), expected) < 1e-4


@pytest.mark.parametrize("slice_tokens", [1, 10, 1000])
def test_scores_alone_are_those_of_the_update_and_leave_no_gradient(make_policy: MakePolicy, slice_tokens: int):
    policy, shared = make_policy(), group(responses=(7, 0, 12, 4))
    scores, _ = naive(policy.model, shared, gradients_for(shared), 0.7)
    assert_scores(logprobs(policy, shared, 0.7, slice_tokens=slice_tokens), scores)
    assert all(parameter.grad is None for parameter in policy.model.parameters())


def test_a_group_that_learns_nothing_is_scored_and_leaves_no_gradient(make_policy: MakePolicy):
    policy, shared = make_policy(), group()
    found = accumulate_gradients(policy, shared, [torch.zeros(len(row.targets)) for row in shared.rows], 0.7)
    assert_scores(found, logprobs(policy, shared, 0.7))
    assert all(parameter.grad is None for parameter in policy.model.parameters())


def test_frozen_weights_get_no_gradient_and_do_not_change_the_others(make_policy: MakePolicy):
    policy, shared = make_policy(), group()
    _, expected = naive(policy.model, shared, gradients_for(shared), 0.7)
    for name, parameter in policy.model.named_parameters():
        parameter.requires_grad_("layers.1.self_attn.v_proj" in name or "layers.2.mlp" in name)
    for form in ("packed", "streamed"):
        policy.model.zero_grad()
        accumulate_gradients(policy, shared, gradients_for(shared), 0.7, form=form, slice_tokens=10)
        found = {name: parameter.grad for name, parameter in policy.trainable.items()}
        assert all(parameter.grad is None for parameter in policy.model.parameters() if not parameter.requires_grad)
        assert len(found) == 4
        for name, gradient in found.items():
            assert gradient is not None
            assert (gradient - expected[name]).norm() < 1e-4 * expected[name].norm()


def test_large_groups_are_streamed(make_policy: MakePolicy, monkeypatch: pytest.MonkeyPatch):
    policy, shared = make_policy(), group()  # 23 - 1 tokens of prefix and 24 of rows
    taken: list[str] = []
    for form in ("packed", "streamed"):
        step = getattr(update, f"_{form}")

        def noted(*arguments: object, form: str = form, step: Callable[..., object] = step) -> object:
            taken.append(form)
            return step(*arguments)

        monkeypatch.setattr(update, f"_{form}", noted)
    for limit in (46, 45):
        monkeypatch.setattr(update, "PACKED_TOKENS", limit)
        accumulate_gradients(policy, shared, gradients_for(shared), 1.0)
    assert taken == ["packed", "streamed"]


def test_bfloat16_runs_and_stays_near(make_policy: MakePolicy):
    policy, shared = make_policy(dtype=torch.bfloat16), group()
    scores, expected = naive(policy.model.float(), shared, gradients_for(shared), 1.0)
    policy.model.to(torch.bfloat16)  # pyright: ignore[reportArgumentType]
    for form in ("packed", "streamed"):
        policy.model.zero_grad()
        found = accumulate_gradients(policy, shared, gradients_for(shared), 1.0, form=form, slice_tokens=10)
        assert_scores(found, scores, 0.5)
        assert worst_relative({n: g.float() for n, g in gradients_of(policy.model).items()}, expected) < 0.2


def test_gradients_of_16_bit_weights_can_be_gathered_in_float32(make_policy: MakePolicy):
    policy, shared = make_policy(dtype=torch.bfloat16), group()
    for parameter in policy.model.parameters():
        parameter.grad_dtype = torch.float32
    for form in ("packed", "streamed"):
        accumulate_gradients(policy, shared, gradients_for(shared), 1.0, form=form)
    assert {parameter.grad.dtype for parameter in policy.model.parameters() if parameter.grad is not None} == {
        torch.float32
    }


@pytest.mark.parametrize(
    ("token_gradients", "message"),
    [
        ([torch.zeros(7)], "1 token gradients for 4 rows"),
        ([torch.zeros(7), torch.zeros(2), torch.zeros(12), torch.zeros(4)], r"token_gradients\[1\] is \(2,\)"),
        ([torch.zeros(7), torch.full((1,), torch.nan), torch.zeros(12), torch.zeros(4)], "not finite"),
    ],
)
def test_gradients_that_do_not_fit_are_refused(make_policy: MakePolicy, token_gradients: list[Tensor], message: str):
    with pytest.raises(ValueError, match=message):
        accumulate_gradients(make_policy(), group(), token_gradients, 1.0)


def test_unknown_names_are_refused(make_policy: MakePolicy):
    shared = group()
    with pytest.raises(ValueError, match="unknown form 'both'; known: auto, packed, streamed"):
        accumulate_gradients(make_policy(), shared, gradients_for(shared), 1.0, form="both")
    with pytest.raises(ValueError, match="unknown operations 'slow'; known: quick, public"):
        accumulate_gradients(make_policy(), shared, gradients_for(shared), 1.0, operations="slow")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(("form", "operations"), WAYS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_on_a_gpu(make_policy: MakePolicy, dtype: torch.dtype, form: str, operations: str):
    policy, shared = make_policy(), group()
    scores, expected = naive(policy.model, shared, gradients_for(shared), 1.0)
    policy.model.to("cuda", dtype)  # pyright: ignore[reportArgumentType]
    found = accumulate_gradients(
        policy, shared, gradients_for(shared), 1.0, form=form, operations=operations, slice_tokens=10
    )
    wide = dtype == torch.float32
    assert_scores([TokenScores(s.logprobs_T.cpu(), s.entropy_T.cpu()) for s in found], scores, 1e-3 if wide else 0.5)
    gradients = {name: gradient.cpu().float() for name, gradient in gradients_of(policy.model).items()}
    assert worst_relative(gradients, expected) < (1e-2 if wide else 0.2)
