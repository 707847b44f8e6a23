"""Reading, filtering and deduplicating on one core, against datatrove's equivalent steps; and peak memory.

    python benchmarks/corpus_reading.py --datatrove-python /path/to/its/venv/bin/python
    python benchmarks/corpus_reading.py --size 20 --memory-size 1000 --write

datatrove holds other versions of some packages, so it wants an environment of its own, of which `--datatrove-python`
names the interpreter:  python -m venv DT && DT/bin/pip install 'datatrove[io,processing]' spacy
Without it that side is left out, which is said.

Both sides read the same files of JSON lines with the rules of Gopher and FineWeb on, and drop near duplicates by
MinHash over shingles of five words; each run is a process of its own, held to one core, and sides take turns. Ours also
counts tokens and splits each text into documents, which datatrove does not. The text is made up: words by Zipf's law, a
tenth near copies, a twentieth exact copies, a twentieth junk.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from timing import Measurement, in_fresh_process, interleaved, peak_rss_bytes, table, write_results

SYLLABLES = [first + last for first in "bdfghklmnprst" for last in "aeio"]
STOP_WORDS = ["the", "of", "and", "to", "in", "that", "is", "with", "was", "for", "it", "as", "on", "be", "by", "at"]
MAX_DOCUMENT_TOKENS = 2_000
ONE_THREAD = {"TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def texts(megabytes: float, seed: int = 0) -> Iterator[tuple[str, str]]:
    """(kind, text) until about `megabytes` are made; a few of the latest texts are kept to copy from."""
    rng = random.Random(f"corpus_reading/{seed}")
    words = STOP_WORDS + ["".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))) for _ in range(20_000)]
    weights = [1 / (rank + 3) for rank in range(len(words))]
    cumulative = [sum(weights[: len(STOP_WORDS)])]
    for weight in weights[len(STOP_WORDS) :]:
        cumulative.append(cumulative[-1] + weight)
    tail = words[len(STOP_WORDS) - 1 :]
    left, recent = megabytes * 1e6, list[str]()
    while left > 0:
        draw = rng.random()
        if recent and draw < 0.05:
            kind, text = "copy", rng.choice(recent)
        elif recent and draw < 0.15:
            kept = rng.choice(recent).split(" ")
            for _ in range(len(kept) // 100):
                kept[rng.randrange(len(kept))] = rng.choice(words)
            kind, text = "near", " ".join(kept)
        elif draw < 0.2:
            kind, text = "junk", "Buy it now at the best price of the web. " * rng.randint(20, 200)
        else:
            kind, text = "fresh", _prose(rng, rng.randint(150, 6_000), tail, cumulative)
            recent = [*recent[-50:], text]
        left -= len(text)
        yield kind, text


def _prose(rng: random.Random, count: int, words: list[str], cumulative: list[float]) -> str:
    drawn = rng.choices(words, cum_weights=cumulative, k=count)
    for place in range(0, count, 3):
        drawn[place] = rng.choice(STOP_WORDS)
    sentences: list[str] = []
    place = 0
    while place < count:
        length = rng.randint(6, 24)
        sentences.append(
            " ".join(drawn[place : place + length]).capitalize() + (".\n\n" if rng.random() < 0.2 else ".")
        )
        place += length
    return " ".join(sentences)


def make_json_lines(folder: Path, megabytes: float) -> None:
    with (folder / "texts.jsonl").open("w") as file:
        for number, (_, text) in enumerate(texts(megabytes)):
            file.write(json.dumps({"id": str(number), "text": text}) + "\n")


def make_mixed(folder: Path, megabytes: float) -> None:
    """A folder of every cheap format: half of it one large file of JSON lines."""
    make_json_lines(folder, megabytes / 2)
    for number, (_, text) in enumerate(texts(megabytes / 2, seed=1)):
        place = folder / f"{number // 1000:04d}"
        place.mkdir(exist_ok=True)
        kind = number % 20
        if kind == 0:
            rows = "".join(
                f"<tr><td>{word}</td><td>$</td><td>{len(word)},{number}</td></tr>" for word in text.split()[:60]
            )
            (place / f"{number}.html").write_text(f"<h1>Page {number}</h1><p>{text}</p><table>{rows}</table>")
        elif kind == 1:
            rows = "".join(f"{word},{at},{number}\n" for at, word in enumerate(text.split()))
            (place / f"{number}.csv").write_text("word,place,file\n" + rows)
        elif kind < 10:
            (place / f"{number}.md").write_text(f"# Text {number}\n\n{text}\n")
        else:
            (place / f"{number}.txt").write_text(text)


def ours(folder: str) -> Measurement:
    """Read `folder` on one core: seconds, what came of it, and the peak of the largest process it started."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    from longstride.corpus import Funnel, read_corpus
    from longstride.tokens import load_tokenizer

    load_tokenizer()
    funnel, characters = Funnel(), 0
    start = time.perf_counter()
    for document in read_corpus(folder, max_document_tokens=MAX_DOCUMENT_TOKENS, families="literature", funnel=funnel):
        characters += len(document.text)
    seconds = time.perf_counter() - start
    parser_peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    counts = {f"{stage}: {reason}": count for stage, reason, count in funnel.rows()}
    return Measurement(seconds, result={"parser_peak_bytes": parser_peak, "characters": characters, **counts})


def datatrove_side(folder: str) -> None:
    """Runs under datatrove's interpreter; prints its seconds, characters kept and peak memory as JSON."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    from datatrove.executor import LocalPipelineExecutor  # pyright: ignore[reportMissingImports]
    from datatrove.pipeline.dedup import (  # pyright: ignore[reportMissingImports]
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.filters import (  # pyright: ignore[reportMissingImports]
        FineWebQualityFilter,
        GopherQualityFilter,
        GopherRepetitionFilter,
    )
    from datatrove.pipeline.readers import JsonlReader  # pyright: ignore[reportMissingImports]
    from datatrove.pipeline.writers import JsonlWriter  # pyright: ignore[reportMissingImports]
    from datatrove.utils.word_tokenizers import load_word_tokenizer  # pyright: ignore[reportMissingImports]

    load_word_tokenizer("eng").word_tokenize("warm")
    with tempfile.TemporaryDirectory() as work:
        filtered, signatures, buckets, removed = (
            f"{work}/{name}" for name in ("filtered", "signatures", "buckets", "removed")
        )
        steps = [
            [
                JsonlReader(folder, compression=None),
                GopherRepetitionFilter(),
                GopherQualityFilter(),
                FineWebQualityFilter(),
                JsonlWriter(filtered, compression=None),
            ],
            [JsonlReader(filtered, compression=None), MinhashDedupSignature(output_folder=signatures)],
            [MinhashDedupBuckets(input_folder=signatures, output_folder=buckets)],
            [MinhashDedupCluster(input_folder=buckets, output_folder=removed)],
            [
                JsonlReader(filtered, compression=None),
                MinhashDedupFilter(input_folder=removed),
                JsonlWriter(f"{work}/kept", compression=None),
            ],
        ]
        start = time.perf_counter()
        for number, step in enumerate(steps):
            tasks = 14 if number == 2 else 1  # a task a bucket, run one after the other
            LocalPipelineExecutor(step, tasks=tasks, workers=1, logging_dir=f"{work}/logs{number}").run()
        seconds = time.perf_counter() - start
        kept = [json.loads(line)["text"] for path in sorted(Path(work, "kept").iterdir()) for line in path.open()]
    found = {"seconds": seconds, "peak": peak_rss_bytes(), "texts": len(kept), "characters": sum(map(len, kept))}
    print("RESULT " + json.dumps(found))


def datatrove(interpreter: str, folder: str) -> Measurement:
    command = [interpreter, __file__, "--datatrove-side", folder]
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise SystemExit(f"datatrove's side failed:\n{done.stderr[-2000:]}")
    found = json.loads(lines[-1].removeprefix("RESULT "))
    return Measurement(found.pop("seconds"), found.pop("peak"), found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=float, default=20, help="MB of JSON lines that both sides read")
    parser.add_argument("--memory-size", type=float, default=50, help="MB of the mixed folder that ours alone reads")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--datatrove-python", help="the interpreter of an environment that holds datatrove")
    parser.add_argument("--write", action="store_true", help="write results/corpus_reading.md and .json")
    parser.add_argument("--datatrove-side", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.datatrove_side:
        datatrove_side(chosen.datatrove_side)
        return
    with tempfile.TemporaryDirectory() as folder:
        make_json_lines(Path(folder), chosen.size)
        megabytes = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
        results: dict[str, object] = {}

        def noted(name: str, measurement: Measurement) -> Measurement:
            results[name] = measurement.result
            return measurement

        sides = {"longstride": lambda: noted("longstride", in_fresh_process(ours, folder, environment=ONE_THREAD))}
        if chosen.datatrove_python:
            sides["datatrove"] = lambda: noted("datatrove", datatrove(chosen.datatrove_python, folder))
        else:
            print("datatrove's side is left out: name its interpreter with --datatrove-python (see --help)")
        rows = interleaved(sides, repeats=chosen.repeats, warmups=0)
    notes = [
        f"{row.side}: {megabytes / row.median_seconds:.2f} MB/s of {megabytes:.0f} MB; {results[row.side]}"
        for row in rows
    ]
    with tempfile.TemporaryDirectory() as folder:
        make_mixed(Path(folder), chosen.memory_size)
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6
        measured = in_fresh_process(ours, folder, environment=ONE_THREAD)
    notes.append(
        f"memory: a folder of {size:.0f} MB (text, Markdown, HTML, CSV, JSON lines) took {measured.seconds:.0f} s and "
        f"at most {(measured.peak_bytes or 0) / 2**30:.2f} GiB in the reading process; {measured.result}"
    )
    print(table(rows), *notes, sep="\n")
    if chosen.write:
        arguments = ("DT/bin/python" if "/" in argument else argument for argument in sys.argv[1:])
        command = " ".join(["python", "benchmarks/corpus_reading.py", *arguments])
        print(write_results("corpus_reading", rows, command=command, notes=notes))


if __name__ == "__main__":
    main()
