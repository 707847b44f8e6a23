"""The chunked head against the plain one: seconds and peak memory of log-probs, entropies and all gradients.

    python benchmarks/chunked_head.py
    python benchmarks/chunked_head.py --vocab 150000 --hidden 512 --tokens 4096 --threads 1 --repeats 1 --write

Every measurement is a process of its own, sides take turns, and only the forward and backward pass is timed. Peer:
`torch.utils.checkpoint` over chunks of the plain form, the usual way to save this memory without new code.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from longstride.rl.chunked_head import chunked_logprobs, default_chunk_tokens, policy_gradient_head
from timing import Measurement, in_fresh_process, interleaved, peak_rss_bytes, table, write_results

FORMS = ("plain", "plain, checkpointed in chunks", "chunked_logprobs", "policy_gradient_head")


def plain(hidden_TH: Tensor, weight_VH: Tensor, targets_T: Tensor) -> tuple[Tensor, Tensor]:
    logits_TV = hidden_TH @ weight_VH.T
    lse_T = logits_TV.logsumexp(-1)
    with torch.no_grad():
        entropy_T = lse_T - ((logits_TV - lse_T[:, None]).exp() * logits_TV).sum(-1)
    return logits_TV.gather(1, targets_T[:, None])[:, 0] - lse_T, entropy_T


def forward_backward(form: str, vocabulary: int, width: int, tokens: int) -> tuple[float, int, list[float]]:
    """Pass once forward and back through -(advantage * log-prob).mean(): seconds, peak before it, results."""
    generator = torch.Generator().manual_seed(0)
    weight_VH = torch.randn(vocabulary, width, generator=generator).mul_(0.05).requires_grad_()
    hidden_TH = torch.randn(tokens, width, generator=generator).requires_grad_()
    targets_T = torch.randint(0, vocabulary, (tokens,), generator=generator)
    gradient_T = torch.randn(tokens, generator=generator) / -tokens
    inputs_bytes = peak_rss_bytes()
    start = time.perf_counter()
    if form == "policy_gradient_head":
        loss, _, entropy_T = policy_gradient_head(hidden_TH, weight_VH, targets_T, gradient_T)
    else:
        if form == "plain":
            logprobs_T, entropy_T = plain(hidden_TH, weight_VH, targets_T)
        elif form == "chunked_logprobs":
            logprobs_T, entropy_T = chunked_logprobs(hidden_TH, weight_VH, targets_T)
        else:
            chunk = default_chunk_tokens(vocabulary, "cpu")
            parts = [
                checkpoint(plain, hidden_cH, weight_VH, targets_c, use_reentrant=False)
                for hidden_cH, targets_c in zip(hidden_TH.split(chunk), targets_T.split(chunk), strict=True)
            ]
            logprobs_T, entropy_T = (torch.cat(part) for part in zip(*parts, strict=True))
        loss = (logprobs_T * gradient_T).sum()
    loss.backward()
    seconds = time.perf_counter() - start
    assert hidden_TH.grad is not None and weight_VH.grad is not None
    sums = [loss, entropy_T.mean(), hidden_TH.grad.abs().sum(), weight_VH.grad.abs().sum()]
    return seconds, inputs_bytes, [value.item() for value in sums]


def measure(form: str, vocabulary: int, width: int, tokens: int, threads: int) -> Measurement:
    """What a fresh process does: a tiny pass to load what is loaded lazily, then the one that counts."""
    torch.set_num_threads(threads)
    forward_backward(form, 64, 8, 16)
    seconds, *result = forward_backward(form, vocabulary, width, tokens)
    return Measurement(seconds, result=result)


def check_agreement(results: dict[str, list[float]], tolerance: float = 1e-4) -> str:
    """Sides that compute different things must not be compared: exits unless all agree."""
    reference = results[FORMS[0]]
    worst = max(
        abs(ours - theirs) / abs(theirs)
        for values in results.values()
        for ours, theirs in zip(values, reference, strict=True)
    )
    if worst > tolerance:
        sys.exit(f"the forms disagree: {results}")
    return f"Loss, mean entropy and the absolute sums of both gradients agree within {worst:.1e} (relative)."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vocab", type=int, default=50_000)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/chunked_head.md and .json")
    parser.add_argument("--date", help="the date to write, ISO; today if left out")
    options = parser.parse_args()

    seen: dict[str, list[float]] = {}
    inputs: list[int] = []  # bytes
    threads = {"OMP_NUM_THREADS": str(options.threads), "MKL_NUM_THREADS": str(options.threads)}

    def side(form: str) -> Measurement:
        arguments = (form, options.vocab, options.hidden, options.tokens, options.threads)
        measured = in_fresh_process(measure, *arguments, environment=threads)
        assert isinstance(measured.result, list)
        inputs.append(measured.result[0])
        seen[form] = measured.result[1]
        print(f"{form}: {measured.seconds:.2f} s, {(measured.peak_bytes or 0) / 2**30:.2f} GiB", flush=True)
        return measured

    rows = interleaved({form: partial(side, form) for form in FORMS}, repeats=options.repeats, warmups=0)
    chunk = default_chunk_tokens(options.vocab, "cpu")
    peaks = {row.side: row.peak_bytes or 0 for row in rows}
    ratios = [f"{form} {peaks[form] / peaks[FORMS[0]]:.3f}" for form in FORMS[1:]]
    notes = [
        f"V={options.vocab}, H={options.hidden}, T={options.tokens}, float32, {options.threads} thread(s), "
        f"chunks of {chunk} tokens, {options.repeats} round(s), a fresh process each.",
        f"Peak memory is the whole process; {max(inputs) / 2**30:.2f} GiB of it are the interpreter and the inputs.",
        f"Ratio of peak memory to the plain form: {'; '.join(ratios)}.",
        check_agreement(seen),
    ]
    print("\n" + table(rows) + "\n\n" + "\n".join(notes))
    if options.write:
        command = (
            f"python benchmarks/chunked_head.py --vocab {options.vocab} --hidden {options.hidden} "
            f"--tokens {options.tokens} --threads {options.threads} --repeats {options.repeats} --write"
        )
        print(write_results("chunked_head", rows, command=command, date=options.date, notes=notes))


if __name__ == "__main__":
    main()
