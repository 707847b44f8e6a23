"""One group's update, the prompt shared or not: process CPU seconds and peak memory of scores and all gradients.

    python benchmarks/shared_prefix_update.py --quick
    python benchmarks/shared_prefix_update.py --repeats 3 --write

A Qwen3 of 3.7 million random weights in float32, one thread; G responses to one prompt, the gradient of each token's
log-prob given beforehand. Every measurement is a process of its own, sides take turns, and a pass over a tiny group
comes first. Sides: transformers row by row (the reference) and as one batch, both with SDPA and a head on the response
tokens alone; prefix-grouper with SDPA where it is installed; ours packed with the quickest kernels, packed with public
operations, and streamed.

Ideal ratio: FLOPs of the naive update over FLOPs of one that runs the prompt once. With n tokens and p pairs of a query
and a key it sees, a forward pass takes 2 n (weights of the linear layers) + 4 p (heads * width) a layer, and 2 H V for
each response token; a backward pass twice that on both sides, recomputation not counted. Naive: n = G (P + C),
p = G (P + C)(P + C + 1) / 2. Shared: n = P + G C, p = P (P + 1) / 2 + G (C P + C (C + 1) / 2). Ours does a little less
than the shared count: nothing of the last layer but keys and values is computed for the prompt.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable
from functools import partial

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from longstride.engines.local.policy import policy_of
from longstride.engines.local.shared_prefix import Row, SharedPrefix
from longstride.engines.local.update import accumulate_gradients
from measured_model import model_settings
from timing import Measurement, in_fresh_process, interleaved, peak_rss_bytes, table, write_results
from timing import Row as TimedRow

GROUP = 8
SIZES = ((2048, 64), (2048, 256), (8192, 64), (8192, 256), (4096, 1024))  # prompt tokens, response tokens
QUICK_SIZES = ((512, 32), (512, 256))
OURS = {"packed, quick": ("packed", "quick"), "packed, public": ("packed", "public"), "streamed": ("streamed", "quick")}
NAIVE, BATCH, PEER = "naive, row by row", "naive, one batch", "prefix-grouper"
Step = Callable[[Tensor, Tensor, Tensor], Tensor]  # prompt_P, responses_GC, token_gradients_GC -> logprobs_GC


def ideal_ratio(config: Qwen3Config, prompt: int, response: int, group: int = GROUP) -> float:
    """Naive FLOPs over shared FLOPs, as the head of this file counts them."""
    attended = config.num_attention_heads * config.head_dim
    stored = (config.num_key_value_heads or config.num_attention_heads) * config.head_dim
    weights = config.hidden_size * (2 * attended + 2 * stored + 3 * config.intermediate_size)
    head = 2 * config.hidden_size * config.vocab_size * group * response

    def flops(tokens: int, pairs: float) -> float:
        return config.num_hidden_layers * (2 * tokens * weights + 4 * pairs * attended) + head

    length = prompt + response
    naive = flops(group * length, group * length * (length + 1) / 2)
    own = response * prompt + response * (response + 1) / 2
    return naive / flops(prompt + group * response, prompt * (prompt + 1) / 2 + group * own)


def plain_logprobs(model: Qwen3ForCausalLM, hidden_TH: Tensor, targets_T: Tensor) -> Tensor:
    return model.lm_head(hidden_TH).log_softmax(-1).gather(1, targets_T[:, None])[:, 0]


def row_by_row(model: Qwen3ForCausalLM) -> Step:
    def step(prompt_P: Tensor, responses_GC: Tensor, gradients_GC: Tensor) -> Tensor:
        rows: list[Tensor] = []
        for response_C, gradient_C in zip(responses_GC, gradients_GC, strict=True):
            sequence_1L = torch.cat([prompt_P, response_C])[None]
            hidden_CH = model.model(input_ids=sequence_1L, use_cache=False).last_hidden_state[0, len(prompt_P) - 1 : -1]
            logprobs_C = plain_logprobs(model, hidden_CH, response_C)
            (logprobs_C * gradient_C).sum().backward()
            rows.append(logprobs_C.detach())
        return torch.stack(rows)

    return step


def one_batch(model: Qwen3ForCausalLM) -> Step:
    def step(prompt_P: Tensor, responses_GC: Tensor, gradients_GC: Tensor) -> Tensor:
        sequences_GL = torch.cat([prompt_P.expand(len(responses_GC), -1), responses_GC], 1)
        hidden_GCH = model.model(input_ids=sequences_GL, use_cache=False).last_hidden_state[:, len(prompt_P) - 1 : -1]
        logprobs_T = plain_logprobs(model, hidden_GCH.flatten(0, 1), responses_GC.flatten())
        (logprobs_T * gradients_GC.flatten()).sum().backward()
        return logprobs_T.detach().view_as(responses_GC)

    return step


def prefix_grouper(model: Qwen3ForCausalLM) -> Step:
    """Its README's way: one sequence, its own attention forward, here around SDPA with the mask it hands over."""
    from prefix_grouper import PrefixGrouper  # pyright: ignore[reportMissingImports]
    from prefix_grouper.forward import AttentionForward  # pyright: ignore[reportMissingImports]

    def masked(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, module: torch.nn.Module, **_: object) -> Tensor:
        queries, keys = query.shape[2], key.shape[2]
        seen = torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries)[None, None] & mask[:, None, None, :]
        scale = float(module.scaling)  # pyright: ignore[reportArgumentType]
        return scaled_dot_product_attention(query, key, value, attn_mask=seen, scale=scale, enable_gqa=True).transpose(
            1, 2
        )

    def step(prompt_P: Tensor, responses_GC: Tensor, gradients_GC: Tensor) -> Tensor:
        group, length = responses_GC.shape
        grouper = PrefixGrouper([[len(prompt_P)] + [length] * group])

        def attend(module: torch.nn.Module, query: Tensor, key: Tensor, value: Tensor, *_: object, **__: object):
            return AttentionForward(masked)(grouper, query, key, value, module), None

        AttentionInterface.register("prefix_grouper", attend)
        model.set_attn_implementation("prefix_grouper")
        ids_1L = torch.cat([prompt_P, responses_GC.flatten()])[None]
        after_C = len(prompt_P) + torch.arange(length)
        positions_1L = torch.cat([torch.arange(len(prompt_P)), after_C.repeat(group)])[None]
        hidden_LH = model.model(input_ids=ids_1L, position_ids=positions_1L, use_cache=False).last_hidden_state[0]
        first = torch.tensor([len(prompt_P) - 1])
        reads = torch.cat([torch.cat([first, after_C[:-1] + row * length]) for row in range(group)])
        logprobs_T = plain_logprobs(model, hidden_LH[reads], responses_GC.flatten())
        (logprobs_T * gradients_GC.flatten()).sum().backward()
        return logprobs_T.detach().view_as(responses_GC)

    return step


def ours(model: Qwen3ForCausalLM, form: str, operations: str) -> Step:
    policy = policy_of(model, PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({}, unk_token=""))))

    def step(prompt_P: Tensor, responses_GC: Tensor, gradients_GC: Tensor) -> Tensor:
        rows = tuple(Row(tuple(response)) for response in responses_GC.tolist())
        shared = SharedPrefix(tuple(prompt_P.tolist()), rows)
        scores = accumulate_gradients(policy, shared, list(gradients_GC), 1.0, form=form, operations=operations)
        return torch.stack([row.logprobs_T for row in scores])

    return step


def measure(side: str, prompt: int, response: int) -> Measurement:
    """What a fresh process does: a tiny group to load what is loaded lazily, then the one that counts."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Qwen3ForCausalLM(model_settings(eos_token_id=2))
    model.set_attn_implementation("sdpa")
    makers = {NAIVE: row_by_row, BATCH: one_batch, PEER: prefix_grouper}
    step = makers[side](model) if side in makers else ours(model, *OURS[side])
    generator = torch.Generator().manual_seed(1)

    def once(prompt_tokens: int, response_tokens: int) -> Tensor:
        prompt_P = torch.randint(3, 2048, (prompt_tokens,), generator=generator)
        responses_GC = torch.randint(3, 2048, (GROUP, response_tokens), generator=generator)
        gradients_GC = torch.randn(GROUP, response_tokens, generator=generator) / GROUP / response_tokens
        return step(prompt_P, responses_GC, gradients_GC)

    once(32, 8)
    model.zero_grad()
    before = peak_rss_bytes()
    start = time.process_time()
    logprobs_GC = once(prompt, response)
    seconds = time.process_time() - start
    sums = [logprobs_GC.sum().item()]
    sums += [p.grad.abs().sum().item() for p in model.parameters() if p.grad is not None and p.ndim == 2]
    return Measurement(seconds, result=(before, sums))


def check_agreement(results: dict[str, list[float]], tolerance: float = 1e-3) -> float:
    """The largest relative difference to the reference; exits where sides compute different things."""
    reference = results[NAIVE]
    worst = max(
        abs(ours - theirs) / abs(theirs)
        for values in results.values()
        for ours, theirs in zip(values, reference, strict=True)
    )
    if worst > tolerance:
        sys.exit(f"the sides disagree by {worst:.1e}: {results}")
    return worst


def compare(prompt: int, response: int, sides: list[str], repeats: int) -> tuple[list[TimedRow], list[str]]:
    """The sides' rows at one size, named by it, and what is to be said of them."""
    seen: dict[str, list[float]] = {}
    before: list[int] = []
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

    def run(side: str) -> Measurement:
        measured = in_fresh_process(measure, side, prompt, response, environment=threads)
        assert isinstance(measured.result, tuple)
        before.append(measured.result[0])
        seen[side] = measured.result[1]
        print(f"P={prompt} C={response} {side}: {measured.seconds:.2f} s", flush=True)
        return Measurement(measured.seconds, measured.peak_bytes)

    rows = interleaved({side: partial(run, side) for side in sides}, repeats=repeats, warmups=0)
    ideal = ideal_ratio(model_settings(), prompt, response)
    gains = [f"{row.side} {1 / row.ratio:.2f} ({1 / row.ratio / ideal:.2f} of ideal)" for row in rows[1:]]
    notes = [
        f"P={prompt}, C={response}, G={GROUP}: ideal ratio {ideal:.2f}; times quicker than row by row: "
        f"{'; '.join(gains)}. Sides agree within {check_agreement(seen):.0e}; before the step a process held "
        f"{max(before) / 2**20:.0f} MiB."
    ]
    by_side = {row.side: row for row in rows}
    packed, streamed = by_side.get("packed, quick"), by_side.get("streamed")
    if packed and streamed and packed.peak_bytes and streamed.peak_bytes:
        time_ratio = streamed.median_seconds / packed.median_seconds
        memory_ratio = streamed.peak_bytes / packed.peak_bytes
        notes.append(
            f"Streamed over packed at P={prompt}, C={response}: time {time_ratio:.2f}, peak {memory_ratio:.2f}."
        )
    return [TimedRow(**{**vars(row), "side": f"P={prompt} C={response} {row.side}"}) for row in rows], notes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, one round")
    parser.add_argument("--sizes", help="P:C,P:C,... in place of the standard ones")
    parser.add_argument("--sides", help="names, separated by semicolons; the reference always runs")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--write", action="store_true", help="write benchmarks/results/shared_prefix_update.md and .json"
    )
    parser.add_argument("--date", help="the date to write, ISO; today if left out")
    options = parser.parse_args()
    sizes = QUICK_SIZES if options.quick else SIZES
    if options.sizes:
        sizes = [tuple(map(int, size.split(":"))) for size in options.sizes.split(",")]
    sides = [NAIVE, BATCH, PEER, *OURS]
    if options.sides:
        sides = [NAIVE, *(side for side in options.sides.split(";") if side != NAIVE)]
    notes = [f"G={GROUP}, float32, one thread, process CPU seconds, {options.repeats} round(s), a fresh process each."]
    if PEER in sides and not importlib.util.find_spec("prefix_grouper"):
        sides.remove(PEER)
        notes.append("prefix-grouper is not installed and was left out.")
    rows: list[TimedRow] = []
    for prompt, response in sizes:
        measured, said = compare(prompt, response, sides, 1 if options.quick else options.repeats)
        rows, notes = rows + measured, notes + said
    print("\n" + table(rows) + "\n\n" + "\n".join(notes))
    if options.write:
        command = f"python benchmarks/shared_prefix_update.py --repeats {options.repeats} --write"
        print(write_results("shared_prefix_update", rows, command=command, date=options.date, notes=notes))


if __name__ == "__main__":
    main()
