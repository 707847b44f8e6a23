"""What the command `merge` does with its options, and what it prints."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from longstride.errors import InputError
from longstride.merging.checkpoints import REPORT_FILE, Dtype, MergeSettings, Method, Progress, merge_checkpoints
from longstride.merging.plan import Mismatch
from longstride.merging.sce import Variant

GIGABYTE = 1_000_000_000


def run_merge(
    base: Path,
    models: Sequence[Path],
    output: Path,
    *,
    method: Method,
    topk: float,
    variant: Variant,
    weights: str,
    dtype: Dtype,
    max_shard_gb: float,
) -> None:
    """`longstride merge`: a bar while it works, then a table by layer."""
    settings = MergeSettings(method, topk, variant, parse_weights(weights), dtype)
    console = Console(highlight=False)
    try:
        with _MergeBar(console) as progress:
            max_shard_bytes = int(max_shard_gb * GIGABYTE)
            report = merge_checkpoints(
                base, models, output, settings, max_shard_bytes=max_shard_bytes, progress=progress
            )
    except Mismatch as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        raise
    console.print(report.table())
    for number, model in enumerate(report.models, start=1):
        console.print(f"{number} is {model}", markup=False, soft_wrap=True)
    read = [f"{count:,} of {name}" for name, count in zip((report.base, *report.models), report.masters, strict=True)]
    if any(report.masters):
        console.print(f"tensors read from float32 masters: {', '.join(read)}", markup=False, soft_wrap=True)
    for note in report.notes:
        console.print(f"note: {note}", markup=False, soft_wrap=True)
    console.print(f"{output}; {output / REPORT_FILE} tells more", markup=False, soft_wrap=True)


def parse_weights(weights: str) -> tuple[float, ...] | None:
    """`"0.7,0.3"` -> `(0.7, 0.3)`; None where there are none. InputError for what is no number."""
    if not weights:
        return None
    try:
        return tuple(float(part) for part in weights.split(","))
    except ValueError:
        raise InputError(f"--weights {weights!r} are no numbers", cure="write them as 0.7,0.3") from None


class _MergeBar(Progress):
    """Bytes written, time left, and the tensor at work; nothing where no terminal is."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("merging"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        doing = TextColumn("{task.fields[doing]}", markup=False)
        self._bar = Bar(*columns, doing, console=console, disable=not console.is_terminal, transient=True)
        self._task = self._bar.add_task("merging", total=None, doing="")

    def __enter__(self) -> _MergeBar:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def begin(self, total_bytes: int) -> None:
        self._bar.update(self._task, total=total_bytes)

    def tensor(self, name: str) -> None:
        self._bar.update(self._task, doing=name)

    def advance(self, count_bytes: int) -> None:
        self._bar.advance(self._task, count_bytes)
