"""A group's rollout, one prompt and G responses, against transformers: process CPU seconds and peak memory.

    python benchmarks/group_rollout.py
    python benchmarks/group_rollout.py --prompt 8192 --rounds 3 --write

Sides: `generate(num_return_sequences=G)`, which processes the prompt G times; transformers with the prompt processed
once and its cache repeated for each response; and `LocalGenerator`, which decodes all responses against one cache.
Every measurement is a process of its own, sides take turns, and only the rollout is timed. All draw from the whole
softmax at temperature 1 and never stop early; ours records log-probs and entropies besides, the others do not.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import DynamicCache, PreTrainedTokenizerFast, Qwen3ForCausalLM

from longstride.engines.local.policy import policy_of
from longstride.engines.local.rollout import LocalGenerator
from longstride.engines.local.sampling import SamplingSettings
from longstride.records import GenerationRequest, Turn
from measured_model import VOCABULARY, model_settings
from timing import Measurement, in_fresh_process, interleaved, table, write_results

FORMS = ("generate, G sequences", "transformers, cache repeated", "LocalGenerator")


def tiny_model() -> Qwen3ForCausalLM:
    """A Qwen3 of 3.7 million random weights."""
    torch.manual_seed(0)
    return Qwen3ForCausalLM(model_settings(pad_token_id=0)).float().eval()


def prompt_ids(length: int) -> torch.Tensor:
    return torch.randint(3, VOCABULARY, (1, length), generator=torch.Generator().manual_seed(1))


def decoded_by_transformers(form: str, model: Any, prompt: int, tokens: int, group: int) -> torch.Tensor:
    """[G, tokens]"""
    ids = prompt_ids(prompt)
    sampling = {"do_sample": True, "temperature": 1.0, "top_k": 0, "top_p": 1.0, "pad_token_id": 0}
    if form == FORMS[0]:
        mask = torch.ones_like(ids)
        rows = model.generate(ids, attention_mask=mask, num_return_sequences=group, max_new_tokens=tokens, **sampling)
        return rows[:, prompt:]
    cache = DynamicCache(config=model.config)
    with torch.no_grad():
        model.model(ids[:, :-1], past_key_values=cache, use_cache=True)
    cache.batch_repeat_interleave(group)
    repeated = ids.expand(group, -1)
    mask = torch.ones_like(repeated)
    rows = model.generate(repeated, attention_mask=mask, past_key_values=cache, max_new_tokens=tokens, **sampling)
    return rows[:, prompt:]


def decoded_by_us(model: Qwen3ForCausalLM, prompt: int, tokens: int, group: int) -> tuple[Turn, ...]:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"w0": 0}, unk_token="w0")))
    settings = SamplingSettings(temperature=1.0, top_p=1.0)
    generator = LocalGenerator(policy_of(model, tokenizer), settings, seed=0, token_budget=2**20)
    ids = tuple(prompt_ids(prompt)[0].tolist())
    return generator.generate([GenerationRequest(ids, tokens, "benchmark", count=group)])[0]


def measure(form: str, prompt: int, tokens: int, group: int) -> Measurement:
    """What a fresh process does: the rollout twice, of which the second counts.

    The first loads what is loaded lazily, and its end is when the allocator has learnt the sizes of a growing cache:
    it doubles the time of the side that repeats its cache, which a process that lives long pays once.
    """
    torch.set_num_threads(1)
    model = tiny_model()
    drawn = 0
    seconds = 0.0
    for _ in range(2):
        start = time.process_time()
        if form == FORMS[2]:
            drawn = sum(len(turn.response_ids) for turn in decoded_by_us(model, prompt, tokens, group))
        else:
            drawn = decoded_by_transformers(form, model, prompt, tokens, group).numel()
        seconds = time.process_time() - start
    return Measurement(seconds, result=drawn)


def worst_logprob_difference(prompt: int, tokens: int, group: int) -> float:
    """Of the recorded log-probs from those of transformers' plain forward pass over the first response."""
    torch.set_num_threads(1)
    turn = decoded_by_us(tiny_model(), prompt, tokens, group)[0]
    sequence = torch.tensor([turn.prompt_ids + turn.response_ids])
    with torch.no_grad():
        logits = tiny_model()(sequence, logits_to_keep=tokens + 1).logits[0, :-1]
    logprobs = logits.log_softmax(-1).gather(1, torch.tensor(turn.response_ids)[:, None])[:, 0]
    return (logprobs - torch.tensor(turn.logprobs)).abs().max().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompt", type=int, default=2048, help="tokens")
    parser.add_argument("--output", type=int, default=64, help="tokens of each response")
    parser.add_argument("--group", type=int, default=8, help="responses")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/group_rollout_PROMPT.md, .json")
    parser.add_argument("--date", help="the date to write, ISO; today if left out")
    options = parser.parse_args()
    one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

    def side(form: str) -> Measurement:
        arguments = (form, options.prompt, options.output, options.group)
        measured = in_fresh_process(measure, *arguments, environment=one_thread)
        if measured.result != options.group * options.output:
            sys.exit(f"{form} drew {measured.result} tokens, expected {options.group * options.output}")
        print(f"{form}: {measured.seconds:.2f} s, {(measured.peak_bytes or 0) / 2**20:.0f} MiB", flush=True)
        return measured

    rows = interleaved({form: partial(side, form) for form in FORMS}, repeats=options.rounds, warmups=0)
    difference = in_fresh_process(
        worst_logprob_difference, options.prompt, options.output, options.group, environment=one_thread
    ).result
    assert isinstance(difference, float)
    if difference > 1e-4:
        sys.exit(f"recorded log-probs are off by {difference:.1e}: the sides do different things")
    peaks = [f"{row.side} {(row.peak_bytes or 0) / (rows[0].peak_bytes or 1):.2f}" for row in rows[1:]]
    notes = [
        f"Seconds are process CPU seconds. Prompt {options.prompt} tokens, {options.group} responses of "
        f"{options.output}, Qwen3 of 3.7M random weights, float32, one thread, {options.rounds} rounds, a fresh "
        "process each, the second rollout of each counts.",
        f"Peak memory is the whole process, libraries included; as a share of the first side's: {', '.join(peaks)}.",
        f"Log-probs recorded by LocalGenerator agree with a plain forward pass within {difference:.1e}.",
    ]
    print("\n" + table(rows) + "\n\n" + "\n".join(notes))
    if options.write:
        command = (
            f"python benchmarks/group_rollout.py --prompt {options.prompt} --output {options.output} "
            f"--group {options.group} --rounds {options.rounds} --write"
        )
        print(write_results(f"group_rollout_{options.prompt}", rows, command=command, date=options.date, notes=notes))


if __name__ == "__main__":
    main()
