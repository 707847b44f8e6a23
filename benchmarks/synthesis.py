"""Make a data set from a folder and check every sample of it again, in another process, from what stands on disk.

    python benchmarks/synthesis.py FOLDER [--samples 1000] [--workers 2] [--write]

Prints the samples by task and question type, the share with evidence in three or more documents, how many quotations
are inexact and how many answers are derived again (the SQL run, the path queried, over the documents of the sample's
own context alone), the audit of shortcuts, and the time that it took.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path

from longstride.curation.curator import Curator
from longstride.pipeline.settings import load_families
from longstride.records.parquet import read_documents, read_samples
from timing import machine

RESULTS = Path(__file__).parent / "results"
JOINED = 3  # documents


def checked(folder: Path) -> list[str]:
    """The lines of the report on a data set."""
    documents = {document.id: document for document in read_documents(folder / "documents")}
    curator = Curator(load_families())
    kinds: Counter[tuple[str, str]] = Counter()
    joined: Counter[str] = Counter()
    tasks: Counter[str] = Counter()
    lengths: list[int] = []
    outcomes: Counter[str] = Counter()
    misquoted = quotations = 0
    for sample in read_samples(folder / "samples"):
        kinds[sample.task, sample.question_type] += 1
        tasks[sample.task] += 1
        joined[sample.task] += len({evidence.document_id for evidence in sample.evidence}) >= JOINED
        lengths.append(sample.input_tokens or 0)
        quotations += len(sample.evidence)
        misquoted += sum(not evidence.quotes(documents[evidence.document_id]) for evidence in sample.evidence)
        for name, outcome in curator.check(sample, documents).outcomes:
            if name in ("answer", "grounding"):
                outcomes[f"{name}: {'passed' if outcome.passed else outcome.reason or outcome.skipped}"] += 1
    total = tasks.total()
    lines = [f"{total} samples over {len(documents)} documents, {min(lengths)}-{max(lengths)} tokens.", ""]
    lines += ["| task | question type | samples |", "|---|---|---|"]
    lines += [f"| {task} | {kind} | {count} |" for (task, kind), count in sorted(kinds.items())]
    lines += ["", f"Evidence in {JOINED} or more documents: "]
    lines[-1] += ", ".join(f"{task} {joined[task] / count:.0%}" for task, count in sorted(tasks.items()))
    lines += ["", f"Quotations: {quotations}, inexact: {misquoted}."]
    lines += [f"Checked again: {', '.join(f'{name} {count}' for name, count in sorted(outcomes.items()))}."]
    audit = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    lines += ["", "Shortcut audit:", "", "```", *(json.dumps(row, sort_keys=True) for row in audit), "```"]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--target-tokens", default="8k,32k")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--name", default="synthesis", help="of the file in benchmarks/results")
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/NAME.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        output = Path(temporary, "out")
        options = ["--samples", str(arguments.samples), "--target-tokens", arguments.target_tokens]
        command = [sys.executable, "-m", "longstride", "synthesize", str(arguments.folder), "-o", str(output)]
        begun = time.monotonic()
        subprocess.run([*command, *options, "--workers", str(arguments.workers)], check=True)
        seconds = time.monotonic() - begun
        report = [f"Made in {seconds:.0f} s with {arguments.workers} workers.", "", *checked(output)]
    print("\n".join(report))
    if arguments.write:
        about = "; ".join([date.today().isoformat(), *(f"{key} {value}" for key, value in machine().items())])
        shown = f"python benchmarks/synthesis.py FOLDER {' '.join(options)} --workers {arguments.workers}"
        head = [f"# {arguments.name}", "", f"{about}.", "", f"    {shown}", ""]
        (RESULTS / f"{arguments.name}.md").write_text("\n".join([*head, *report]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
