"""What synthesis with models must reach (issue 9): wrong answers, throughput, bursts of 429, and kills.

    python benchmarks/synthesis_with_models.py errors kills throughput bursts --write

errors: the peer plays every role over the fictional world, and a fifth of its answers in every role are wrong, refused,
broken or invented. An accepted sample is wrong where its answer is not the world's.
controls: the same without the checks by a model, and then with everything besides that several answers decide believed
on one: what keeps wrong answers out. They are kept in a file of their own.
kills: the command is killed at twenty random moments and goes on; its data set is compared byte for byte with that of a
run that was left alone, and every request is looked up among the answers that had been received before it.
throughput: three roles on one server that takes a second for an answer, 256 requests at once.
bursts: the same with short answers, while the server turns a burst of requests away with 429.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from client_load import bursts, throughput
from longstride.grading import grade
from longstride.llm import Sampling
from longstride.llm.wire import Question, seed_of
from longstride.records import Sample
from longstride.records.parquet import read_samples
from longstride.synthesis.choices import LETTERS
from timing import Row, table, write_results
from world_peer.contract import Known, Truth
from world_peer.server import Peer, all_players, serving, world_pages, write_pages

FAMILIES = ("prose_graph", "prose_tables", "mase")
VOTES = 64  # sample indices that a request is looked up under
ERRORS, CONTROLS, KILLS, THROUGHPUT, BURSTS = PARTS = ("errors", "controls", "kills", "throughput", "bursts")


def synthesize(folder: Path, output: Path, url: str, *options: str, unvoted: bool = False) -> BaseProcess:
    """The command in a process of its own, begun; its imports are done once for all such processes."""
    line = ["synthesize", str(folder), "-o", str(output), "--base-url", url, "--model", "world-peer"]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["longstride.pipeline.command", "longstride.pipeline.with_models.stages", "openai"])
    process = context.Process(target=_typed, args=([*line, "--workers", "1", "--yes", *options], unvoted))
    process.start()
    return process


def _typed(line: Sequence[str], unvoted: bool) -> None:
    """The command line, without its output."""
    from longstride.cli import main as command

    if unvoted:
        from longstride.pipeline.with_models.settings import MODEL_FAMILIES
        from world_peer.unvoted import PLACES

        MODEL_FAMILIES.update(PLACES)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    command(line)


def ended_well(process: BaseProcess) -> None:
    """Wait for a command; raises RuntimeError where it failed."""
    process.join()
    if process.exitcode:
        raise RuntimeError(f"the command ended with {process.exitcode}")


def known_of(sample: Sample, truth: Truth) -> Known | None:
    """What the peer knows of a sample's question."""
    found = max((each for each in truth.questions if each in sample.core_question), key=len, default=None)
    return None if found is None else truth.questions[found]


def is_right(sample: Sample, known: Known) -> bool:
    """The sample's answer is the world's: by the sample's own rule, of a multiple choice by the option's text."""
    if sample.reward_style == "choice":
        return sample.derivation["options"][LETTERS.index(sample.ground_truth[0])] == known.answer
    response = f"Therefore, the answer is ({known.answer})."
    return grade(response, sample.ground_truth, sample.reward_style, sample.reward_arguments).score >= 1


def errors(
    documents: int, samples: int, share: float, seed: int, checks: str = "all", unvoted: bool = False
) -> tuple[list[str], dict[str, Any]]:
    """Notes and figures: accepted samples by family, and the wrong ones among them; `checks` are those by a model."""
    truth = world_pages(seed, documents)
    peer = Peer(truth, all_players(), share, seed)
    with tempfile.TemporaryDirectory() as folder, serving(peer) as url:
        pages, output = Path(folder) / "pages", Path(folder) / "out"
        write_pages(truth, pages)
        options = ("--samples", str(samples), "--target-tokens", "4k", "--families", ",".join(FAMILIES))
        options = (*options, "--checks", checks)
        begun = time.perf_counter()
        ended_well(synthesize(pages, output, url, *options, unvoted=unvoted))
        seconds = time.perf_counter() - begun
        funnel = json.loads((output / "funnel.json").read_text())
        accepted = list(read_samples(output / "samples"))
    unknown, by_family, wrong = 0, Counter[str](), Counter[str]()
    for sample in accepted:
        known = known_of(sample, truth)
        by_family[sample.generator] += 1
        unknown += known is None
        wrong[sample.generator] += known is not None and not is_right(sample, known)
    made = funnel["samples"][0]["in"]
    figures = {
        "documents": documents,
        "error_share": share,
        "checks": checks,
        "unvoted": unvoted,
        "answers": peer.answered,
        "answers_by_kind": dict(sorted(peer.kinds.items())),
        "candidates": made,
        "accepted": len(accepted),
        "accepted_by_family": dict(sorted(by_family.items())),
        "wrong": wrong.total(),
        "wrong_by_family": dict(sorted(wrong.items())),
        "unknown_to_the_world": unknown,
        "seconds": round(seconds, 1),
        "funnel": funnel,
    }
    erred = 1 - peer.kinds["right"] / max(1, peer.kinds.total())
    controls = f" ({checks} of the checks by a model{', without votes' if unvoted else ''})"
    note = (
        f"errors{controls if checks != 'all' or unvoted else ''}: {erred:.1%} of {peer.answered:,} answers erred; "
        f"{made} candidates, {len(accepted)} accepted "
        f"({', '.join(f'{name} {count}' for name, count in sorted(by_family.items())) or 'none'}), "
        f"{wrong.total()} with a wrong answer ({wrong.total() / max(1, len(accepted)):.1%}), "
        f"{unknown} that the world does not know"
    )
    return [note], figures


def digests(folder: Path) -> dict[str, str]:
    """The data set's files by their content."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != ".lock"
    }


def received(cache: Path) -> set[str]:
    """The keys of the answers that are in a cache whose process is dead."""
    if not cache.exists():
        return set()
    connection = sqlite3.connect(cache)
    try:
        return {key for (key,) in connection.execute("SELECT key FROM answers")}
    except sqlite3.OperationalError:
        return set()  # killed before the table was made
    finally:
        connection.close()


def keys_of(body: dict[str, Any], url: str, seed: int) -> list[str]:
    """The names that the cache may know a request by: its sample index is found by its seed."""
    sampling = Sampling(
        temperature=body.get("temperature"),
        top_p=body.get("top_p"),
        max_tokens=body.get("max_tokens"),
        seed=seed,
        stop=tuple(body.get("stop") or ()),
        extra={"response_format": body["response_format"]} if "response_format" in body else {},
    )
    indices = [index for index in range(VOTES) if seed_of(seed, index) == body["seed"]]
    return Question(url, body["model"], tuple(body["messages"]), sampling).keys(indices)


@dataclass
class Killed:
    """How a command fared that was killed again and again."""

    kills: int = 0
    requests: int = 0
    asked_again: int = 0  # requests whose answer had been received before the process that sent them began
    identical: bool = False
    samples: int = 0  # in the data set
    not_found: int = 0  # requests whose sample index is unknown
    states: list[int] = field(default_factory=list[int])  # answers that had been received at each kill


def killed(
    pages: Path,
    folder: Path,
    peer: Peer,
    url: str,
    whole: Path,
    options: Sequence[str],
    times: int,
    requests: int,
    seed: int,
) -> Killed:
    """Kill the command up to `times` times, at random moments of a run of so many requests; compare with `whole`."""
    generator, fate = random.Random(seed), Killed()
    output, cache = folder / "killed", folder / "killed" / ".work" / "answers.sqlite"
    peer.keep_bodies = True
    before: set[str] = set()
    while True:
        peer.asked.clear()
        process = synthesize(pages, output, url, *options)
        if fate.kills < times:
            until = generator.randint(1, max(1, 2 * requests // times))
            while process.is_alive() and len(peer.asked) < until:
                time.sleep(0.005)
            process.join(generator.uniform(0.0, 0.5))  # also while nothing is asked
            process.kill()
        process.join()
        for body in list(peer.asked):
            keys = keys_of(body, url, 0)
            fate.requests += 1
            fate.not_found += not keys
            fate.asked_again += any(key in before for key in keys)
        if process.exitcode == 0:
            break
        fate.kills += 1
        before = received(cache)
        fate.states.append(len(before))
    fate.identical = digests(output) == digests(whole)
    fate.samples = sum(1 for _ in read_samples(output / "samples"))
    return fate


def kills(documents: int, samples: int, times: int, seed: int) -> tuple[list[str], dict[str, Any]]:
    """Notes and figures of a command that is killed so many times."""
    truth = world_pages(seed, documents)
    peer = Peer(truth, all_players(), 0.2, seed, delay_seconds=0.02)
    options = ("--samples", str(samples), "--target-tokens", "3k", "--families", ",".join(FAMILIES))
    with tempfile.TemporaryDirectory() as name, serving(peer) as url:
        folder = Path(name)
        write_pages(truth, folder / "pages")
        whole = folder / "whole"
        ended_well(synthesize(folder / "pages", whole, url, *options))
        fate = killed(folder / "pages", folder, peer, url, whole, options, times, peer.answered // 3, seed)
    note = (
        f"kills: {fate.kills} times kill -9; {fate.requests:,} requests, {fate.asked_again} of them for an answer that "
        f"had been received; the data set of {fate.samples} samples is "
        f"{'the same' if fate.identical else 'NOT the same'} byte for byte"
    )
    return [note], vars(fate)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and with --write keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="+", choices=PARTS)
    parser.add_argument("--documents", type=int, default=120, help="pages of the world")
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--errors", type=float, default=0.2)
    parser.add_argument("--calls", type=int, default=30_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="keep the figures in benchmarks/results")
    chosen = parser.parse_args(arguments)
    size = (chosen.documents, chosen.samples, chosen.errors, chosen.seed)
    kept, controls = _Kept(), _Kept()
    for part in chosen.parts:
        if part == ERRORS:
            kept.add(part, *errors(*size))
        elif part == CONTROLS:
            controls.add("without checks", *errors(*size, checks="none"))
            controls.add("without checks and votes", *errors(*size, checks="none", unvoted=True))
        elif part == KILLS:
            kept.add(part, *kills(chosen.documents // 4, chosen.samples // 8, chosen.kills, chosen.seed))
        elif part == THROUGHPUT:
            told, kept.rows = throughput(chosen.calls)
            kept.add(part, told, {})
        else:
            kept.add(part, *bursts(chosen.calls))
    print(table(kept.rows) if kept.rows else "")
    if chosen.write:
        for name, what in (("synthesis_with_models", kept), ("synthesis_with_models_controls", controls)):
            what.write(name)


@dataclass
class _Kept:
    """What one file of results is to hold."""

    notes: list[str] = field(default_factory=list[str])
    rows: list[Row] = field(default_factory=list[Row])
    figures: dict[str, Any] = field(default_factory=dict[str, Any])

    def add(self, part: str, told: Sequence[str], figures: dict[str, Any]) -> None:
        print(*told, sep="\n", flush=True)
        self.notes += told
        if figures:
            self.figures[part] = figures

    def write(self, name: str) -> None:
        """Nothing where nothing was measured."""
        if not self.notes:
            return
        command = " ".join(["python", "benchmarks/synthesis_with_models.py", *sys.argv[1:]])
        path = write_results(name, self.rows, command=command, notes=self.notes).with_suffix(".json")
        record = json.loads(path.read_text(encoding="utf-8")) | {"figures": self.figures}
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
