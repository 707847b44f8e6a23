"""Group rollouts against transformers' own generation and plain forward passes, and against themselves regrouped."""

from __future__ import annotations

import copy
import gc
import math
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from longstride.engines.local.attention import AttentionLayout
from longstride.engines.local.decoding import NextTokens, OwnCache, StretchCache
from longstride.engines.local.policy import Policy, policy_of
from longstride.engines.local.rollout import LocalGenerator, cached_token_bytes, model_stop_ids, position_limit
from longstride.engines.local.sampling import SamplingSettings
from longstride.errors import InputError
from longstride.records import GenerationRequest, Turn

VOCABULARY = 61
STOP = 2
TinyModel = Callable[..., PreTrainedModel]
MakePolicy = Callable[..., Policy]
GREEDY = SamplingSettings(temperature=0.0)
SAMPLED = SamplingSettings(temperature=0.7, top_p=0.95)


@pytest.fixture
def make_policy(tiny_model: TinyModel, tiny_tokenizer: PreTrainedTokenizerBase) -> MakePolicy:
    def make(architecture: str = "qwen3", **settings: object) -> Policy:
        return policy_of(tiny_model(architecture, **settings), tiny_tokenizer)

    return make


def ids(count: int, name: str) -> tuple[int, ...]:
    draw = random.Random(f"0/{name}")
    return tuple(draw.randrange(3, VOCABULARY) for _ in range(count))


def requests_of_all_kinds() -> list[GenerationRequest]:
    """Groups with lone prompts, an equal one, and beginnings in common one and two levels deep; several limits."""
    chunk, longer = ids(40, "chunk"), ids(40, "chunk") + ids(20, "longer")
    return [
        GenerationRequest(ids(23, "alone"), 12, "alone", count=4),
        GenerationRequest(longer + ids(5, "a"), 9, "a", count=2),
        GenerationRequest(chunk + ids(7, "b"), 9, "b", count=3),
        GenerationRequest(longer + ids(3, "c"), 14, "c"),
        GenerationRequest(ids(23, "alone"), 12, "again", first_index=2, count=2),
        GenerationRequest(chunk, 12, "chunk", count=2),
        GenerationRequest(ids(1, "one"), 1, "one", count=2),
    ]


def generated(
    policy: Policy,
    requests: Sequence[GenerationRequest],
    settings: SamplingSettings = SAMPLED,
    *,
    seed: int = 0,
    budget: int = 100_000,
    chunk: int | None = None,
) -> list[tuple[Turn, ...]]:
    return LocalGenerator(policy, settings, seed, budget, chunk_tokens=chunk).generate(requests)


def responses(groups: Sequence[tuple[Turn, ...]]) -> list[list[tuple[int, ...]]]:
    return [[turn.response_ids for turn in group] for group in groups]


def plain_scores(policy: Policy, turn: Turn, temperature: float) -> tuple[Tensor, Tensor]:
    """Log-probs and entropies of the response by transformers' own attention over the whole sequence, in float64."""
    model = copy.deepcopy(policy.model).double()
    model.set_attn_implementation("eager")
    sequence = torch.tensor([turn.prompt_ids + turn.response_ids])
    with torch.no_grad():
        logits_TV = model(input_ids=sequence).logits[0, len(turn.prompt_ids) - 1 : -1] / temperature
    logprobs_TV = logits_TV.log_softmax(-1)
    chosen_T = logprobs_TV.gather(1, torch.tensor(turn.response_ids)[:, None])[:, 0]
    return chosen_T, -(logprobs_TV.exp() * logprobs_TV).sum(-1)


def worst_difference(policy: Policy, turns: Sequence[Turn], temperature: float) -> tuple[float, float]:
    """Of log-probs and of entropies."""
    worst = (0.0, 0.0)
    for turn in turns:
        assert turn.logprobs is not None and turn.entropies is not None
        logprobs_T, entropy_T = plain_scores(policy, turn, temperature)
        differences = (
            (logprobs_T - torch.tensor(turn.logprobs, dtype=torch.float64)).abs().max().item(),
            (entropy_T - torch.tensor(turn.entropies, dtype=torch.float64)).abs().max().item(),
        )
        worst = max(worst[0], differences[0]), max(worst[1], differences[1])
    return worst


@pytest.mark.parametrize("architecture", ["qwen3", "qwen2", "llama"])
@pytest.mark.parametrize("chunk", [5, None])
def test_greedy_responses_are_those_of_transformers(make_policy: MakePolicy, architecture: str, chunk: int | None):
    policy = make_policy(architecture)
    theirs = copy.deepcopy(policy.model)
    theirs.set_attn_implementation("eager")
    requests = requests_of_all_kinds()
    for request, group in zip(requests, generated(policy, requests, GREEDY, chunk=chunk), strict=True):
        prompt = torch.tensor([request.prompt_ids])
        found = theirs.generate(  # pyright: ignore[reportCallIssue]
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=request.max_output_tokens,
            do_sample=False,
            pad_token_id=1,
        )[0, prompt.shape[1] :].tolist()
        assert [list(turn.response_ids) for turn in group] == [found] * request.count


@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_recorded_logprobs_and_entropies_are_those_of_a_plain_forward_pass(make_policy: MakePolicy, kv_heads: int):
    policy = make_policy(num_key_value_heads=kv_heads)
    turns = [turn for group in generated(policy, requests_of_all_kinds(), chunk=7) for turn in group]
    assert len(turns) == 16 and sum(len(turn.response_ids) for turn in turns) > 80
    assert max(worst_difference(policy, turns, 0.7)) < 1e-5
    assert min(worst_difference(policy, turns, 0.75)) > 1e-2  # the check can fail


def test_every_token_of_the_prompt_moves_every_response(make_policy: MakePolicy):
    """A layout that cuts rows off from a stretch of their prompt would show here, as would positions that restart."""
    policy = make_policy()
    chunk = ids(40, "chunk")
    other = (chunk[0] % (VOCABULARY - 4) + 4, *chunk[1:])
    for first, second in (((*chunk, 5), (*other, 5)), (chunk, other)):
        groups = [generated(policy, [GenerationRequest(prompt, 1, "x", count=3)]) for prompt in (first, second)]
        for one, two in zip(groups[0][0], groups[1][0], strict=True):
            assert one.entropies is not None and two.entropies is not None
            assert abs(one.entropies[0] - two.entropies[0]) > 1e-6


def test_a_request_gives_the_same_tokens_whatever_is_sampled_beside_it(make_policy: MakePolicy):
    policy, requests = make_policy(), requests_of_all_kinds()
    together = responses(generated(policy, requests))
    alone = [responses(generated(policy, [request]))[0] for request in requests]
    tight = responses(generated(policy, requests, budget=83, chunk=3))
    order = random.Random("0/order").sample(range(len(requests)), len(requests))
    shuffled = responses(generated(policy, [requests[place] for place in order]))
    assert together == alone == tight == [shuffled[order.index(place)] for place in range(len(requests))]
    assert together != responses(generated(policy, requests, seed=1))


def test_a_group_asked_for_in_parts_is_the_group(make_policy: MakePolicy):
    policy, prompt = make_policy(), ids(20, "prompt")
    whole = generated(policy, [GenerationRequest(prompt, 10, "s", count=6)])[0]
    parts = generated(policy, [GenerationRequest(prompt, 10, "s", first, 2) for first in (4, 0, 2)])
    assert responses([whole]) == [responses([parts[1] + parts[2] + parts[0]])[0]]
    assert len(set(responses([whole])[0])) > 1


def test_equal_prompts_of_different_streams_draw_apart(make_policy: MakePolicy):
    prompt = ids(20, "prompt")
    first, second = generated(make_policy(), [GenerationRequest(prompt, 10, name, count=3) for name in ("a", "b")])
    assert responses([first]) != responses([second])


def test_rows_end_at_a_stop_token_or_at_their_limit(make_policy: MakePolicy):
    policy = make_policy(initializer_range=0.05)
    settings = SamplingSettings(temperature=1.0, top_p=1.0, stop_token_ids=(9, 17, 30, 44))
    group = generated(policy, [GenerationRequest(ids(11, "ends"), 40, "ends", count=32)], settings)[0]
    stops = {STOP, 9, 17, 30, 44}
    for turn in group:
        stopped = turn.response_ids[-1] in stops
        assert turn.finish_reason == ("stop" if stopped else "length")
        assert stopped or len(turn.response_ids) == 40
        assert not stops & set(turn.response_ids[:-1])
        assert turn.logprobs is not None and len(turn.logprobs) == len(turn.response_ids)
    assert len({len(turn.response_ids) for turn in group}) > 10  # ragged
    assert max(worst_difference(policy, group[:8], 1.0)) < 1e-5


def test_the_nucleus_mass_stands_beside_the_full_softmax(make_policy: MakePolicy):
    policy, request = make_policy(), GenerationRequest(ids(20, "nucleus"), 12, "nucleus", count=4)
    for settings in (SamplingSettings(0.7, 0.6), SamplingSettings(0.7, 1.0, top_k=3)):
        turns = generated(policy, [request], settings)[0]
        assert max(worst_difference(policy, turns, 0.7)) < 1e-5
        for turn in turns:
            assert turn.nucleus_mass is not None and turn.logprobs is not None
            for logprob, mass in zip(turn.logprobs, turn.nucleus_mass, strict=True):
                assert math.exp(logprob) <= mass + 1e-6
                assert settings.top_k or mass >= 0.6 - 1e-6
    full = generated(policy, [request], SamplingSettings(0.7, 1.0))[0]
    assert {mass for turn in full for mass in turn.nucleus_mass or ()} == {1.0}


class Spy:
    """A policy that notes what its layouts hold."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.rows: list[int] = []
        self.cached_tokens: list[int] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self.policy, name)

    def hidden(self, ids_1L: Tensor, positions_1L: Tensor, layout: AttentionLayout) -> Tensor:
        assert isinstance(layout, NextTokens)
        stretches = {cache for level in layout.levels for cache, _ in level}
        own = sum((rows.stop - rows.start) * (cache.tokens + 1) for cache, rows in layout.own)
        self.cached_tokens.append(own + sum(cache.length for cache in stretches))
        self.rows.append(ids_1L.shape[1])
        return self.policy.hidden(ids_1L, positions_1L, layout)


@pytest.mark.parametrize("budget", [83, 90, 140, 1000])
def test_the_token_budget_is_kept_and_used(make_policy: MakePolicy, budget: int):
    spy = Spy(make_policy())
    generator = LocalGenerator(spy, SAMPLED, 0, budget)  # pyright: ignore[reportArgumentType]
    generator.generate(requests_of_all_kinds())
    assert max(spy.cached_tokens) <= generator.usage.peak_cache_tokens <= budget
    assert generator.usage.generated_tokens > sum(spy.rows)  # each row's first token comes with its prompt
    whole = 23 + 4 * 12 + 2 * 12 + 40 + 20 + 2 * 9 + 5 + 3 * 9 + 7 + 14 + 3 + 2 * 12 + 1 + 2
    assert (generator.usage.peak_cache_tokens == whole) == (budget >= whole)
    assert min(budget, whole) - generator.usage.peak_cache_tokens < 40


def test_prompts_are_processed_once_and_their_common_beginning_too(make_policy: MakePolicy):
    generator = LocalGenerator(make_policy(), SAMPLED, 0, 1000)
    generator.generate(requests_of_all_kinds())
    assert generator.usage.prefilled_tokens == 23 + 40 + 20 + 5 + 7 + 3 + 1
    chunk = ids(40, "chunk")
    tight = LocalGenerator(make_policy(), SAMPLED, 0, 40 + 6 + 10)
    tight.generate([GenerationRequest((*chunk, *ids(6, str(turn))), 10, str(turn)) for turn in range(5)])
    assert tight.usage.prefilled_tokens == 40 + 5 * 6  # one after the other, and the chunk stays
    assert tight.usage.peak_cache_tokens == 56


def test_rows_that_ended_are_not_computed(make_policy: MakePolicy):
    spy = Spy(make_policy(initializer_range=0.05))
    settings = SamplingSettings(temperature=1.0, top_p=1.0, stop_token_ids=(9, 17, 30, 44))
    generator = LocalGenerator(spy, settings, 0, 10_000)  # pyright: ignore[reportArgumentType]
    group = generator.generate([GenerationRequest(ids(11, "ends"), 40, "ends", count=32)])[0]
    assert sum(spy.rows) == sum(len(turn.response_ids) - 1 for turn in group)
    assert all(later <= earlier for earlier, later in pairwise(spy.rows))


def test_progress_is_told_in_tokens(make_policy: MakePolicy):
    told: list[int] = []
    generator = LocalGenerator(make_policy(), SAMPLED, 0, 200, on_tokens=told.append)
    groups = generator.generate(requests_of_all_kinds())
    total = sum(len(turn.response_ids) for group in groups for turn in group)
    assert sum(told) == total == generator.usage.generated_tokens
    assert len(told) > 10


def test_nothing_asked_gives_nothing(make_policy: MakePolicy):
    assert generated(make_policy(), []) == []


def test_the_policy_is_sampled_as_it_stands(make_policy: MakePolicy):
    policy, request = make_policy(), GenerationRequest(ids(20, "prompt"), 10, "s", count=2)
    generator = LocalGenerator(policy, GREEDY, 0, 1000)
    before = generator.generate([request])
    assert responses(before) == responses(generator.generate([request]))
    with torch.no_grad():
        for parameter in policy.trainable.values():
            parameter.mul_(-1.5)
    after = generator.generate([request])[0]
    assert max(worst_difference(policy, after, 1.0)) < 1e-5
    assert responses([after]) != responses(before)


def test_no_graph_is_recorded_and_no_gradient_touched(make_policy: MakePolicy):
    policy = make_policy()
    generated(policy, requests_of_all_kinds()[:2])
    assert torch.is_grad_enabled()
    assert all(parameter.grad is None and parameter.requires_grad for parameter in policy.trainable.values())


def test_bfloat16_decodes_and_records_what_it_computed(make_policy: MakePolicy):
    policy = make_policy(dtype=torch.bfloat16)
    turns = generated(policy, [GenerationRequest(ids(30, "sixteen"), 10, "s", count=4)], chunk=11)[0]
    assert 0 < max(worst_difference(policy, turns, 0.7)) < 0.5


class Sizes(TorchDispatchMode):
    """Notes the largest tensor that any operation gives."""

    largest = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, Tensor):
                self.largest = max(self.largest, tensor.numel())
        return result


def test_a_long_prompt_makes_no_square_mask_and_no_logits_of_its_positions(make_policy: MakePolicy):
    policy, request = make_policy(), GenerationRequest(ids(500, "long"), 3, "s", count=2)
    generated(policy, [GenerationRequest(ids(5, "short"), 3, "s")])  # tries the kernels once
    with Sizes() as chunked:
        generated(policy, [request], chunk=8)
    scores_of_a_chunk, logits = 4 * 8 * 500, 500 * VOCABULARY
    assert 2 * 500 * 8 <= chunked.largest <= scores_of_a_chunk < logits  # no less than a layer's keys
    with Sizes() as whole, torch.no_grad():
        theirs = copy.deepcopy(policy.model)
        theirs.set_attn_implementation("eager")
        theirs(input_ids=torch.tensor([request.prompt_ids]))
    assert whole.largest >= 500 * 500  # the check can fail


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_gpu_gives_what_a_plain_forward_pass_gives(make_policy: MakePolicy, dtype: torch.dtype):
    policy = make_policy(dtype=dtype)
    policy.model.to("cuda")  # pyright: ignore[reportArgumentType]
    turns = [turn for group in generated(policy, requests_of_all_kinds(), chunk=7) for turn in group]
    policy.model.to("cpu")  # pyright: ignore[reportArgumentType]
    assert max(worst_difference(policy, turns, 0.7)) < (1e-4 if dtype == torch.float32 else 0.5)


@pytest.mark.parametrize(
    ("request_", "budget", "message"),
    [
        (GenerationRequest((), 5, "s7"), 999, "the prompt of 's7' is empty"),
        (GenerationRequest((3, 61), 5, "s7"), 999, r"holds token 61, but the model knows 0 \.\. 60; use the model's"),
        (GenerationRequest((3, -1), 5, "s7"), 999, "holds token -1"),
        (
            GenerationRequest(ids(500, "long"), 13, "s7"),
            999,
            "has 500 tokens, and 13 of output make 513, over the model's 512 positions",
        ),
        (
            GenerationRequest(ids(50, "dear"), 13, "s7", count=4),
            101,
            "has 50 tokens, and 4 responses of up to 13 make 102, over the token budget of 101; raise token_budget",
        ),
    ],
)
def test_requests_that_cannot_be_met_are_refused_with_the_figures(
    make_policy: MakePolicy, request_: GenerationRequest, budget: int, message: str
):
    told: list[int] = []
    generator = LocalGenerator(make_policy(), SAMPLED, 0, budget, on_tokens=told.append)
    with pytest.raises(InputError, match=message):
        generator.generate([GenerationRequest((5, 6), 4, "fine"), request_])
    assert told == []


def test_what_just_fits_is_met(make_policy: MakePolicy):
    generated(make_policy(), [GenerationRequest(ids(500, "long"), 12, "s")], budget=512)


def test_yarn_stretches_the_positions_that_there_are(make_policy: MakePolicy):
    yarn = {"rope_type": "yarn", "rope_theta": 10_000.0, "factor": 3.0, "original_max_position_embeddings": 64}
    policy = make_policy(max_position_embeddings=64, rope_parameters=yarn)
    assert position_limit(policy) == 192
    assert position_limit(make_policy(max_position_embeddings=64)) == 64
    turns = generated(policy, [GenerationRequest(ids(180, "far"), 12, "s", count=2)], chunk=50)[0]
    assert max(worst_difference(policy, turns, 0.7)) < 1e-5
    with pytest.raises(InputError, match="make 193, over the model's 192 positions"):
        generated(policy, [GenerationRequest(ids(180, "far"), 13, "s")])


def test_contracts(make_policy: MakePolicy):
    policy = make_policy()
    for wrong in (GenerationRequest((5,), 0, "s"), GenerationRequest((5,), 3, "s", count=0)):
        with pytest.raises(ValueError, match="asks for"):
            generated(policy, [wrong])
    with pytest.raises(ValueError, match="token_budget is 0"):
        LocalGenerator(policy, SAMPLED, 0, 0)
    with pytest.raises(ValueError, match="chunk_tokens 0"):
        LocalGenerator(policy, SAMPLED, 0, 9, chunk_tokens=0)
    with torch.no_grad():
        policy.head_weight_VH[4, 0] = torch.nan
    with pytest.raises(ValueError, match="gives NaN for token 0 of 's'"):
        generated(policy, [GenerationRequest((5,), 3, "s")])


def test_stop_tokens_are_those_of_model_and_tokenizer(make_policy: MakePolicy):
    policy = make_policy(eos_token_id=[4, 7])
    assert policy.model.generation_config is not None
    policy.model.generation_config.eos_token_id = 8
    assert model_stop_ids(policy) == {2, 4, 7, 8}  # 2 is the tokenizer's


def test_a_cached_token_takes_what_the_caches_hold(make_policy: MakePolicy):
    policy = make_policy()
    layers, heads, width, bytes_each, pair = 3, 2, 8, 4, 2
    assert cached_token_bytes(policy) == layers * heads * width * bytes_each * pair


def test_stretches_and_own_tokens_are_let_go(make_policy: MakePolicy):
    """Every cache that a call made is gone when it returns; held ones would fill memory over a run."""
    policy = make_policy()
    generated(policy, requests_of_all_kinds())
    gc.collect()
    assert not [thing for thing in gc.get_objects() if type(thing) in (StretchCache, OwnCache)]
