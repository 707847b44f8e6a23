"""The tables of a sweep in Markdown, for readers, and in JSON, for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from longstride.analysis.intervals import Estimate
from longstride.analysis.sweeps import SweepLog, SweepTable, read_sweep
from longstride.files import replacing
from longstride.workspace import write_json

TABLES = "sweep_tables"
HEAD = ("arm", "seeds", "held-out reward", "over {base}", "entropy, nats", "response tokens", "CPU s a run")


def write_sweep_tables(folder: Path) -> tuple[Path, str]:
    """Write FOLDER/sweep_tables.md and .json from the logs of the runs; (the first's path, its text)."""
    log = read_sweep(folder)
    path = folder / f"{TABLES}.md"
    text = "\n\n".join(sweep_markdown(table) for table in log.tables) + "\n"
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    write_json(path.with_suffix(".json"), sweep_json(log))
    return path, text


def sweep_markdown(table: SweepTable) -> str:
    """A table with means and 95 % intervals over seeds, and what they are."""
    head = [each.format(base=table.base) for each in HEAD]
    lines = [f"**{table.about}**", "", _line(head), _line(["---"] * len(head))]
    for row in table.rows:
        lines.append(
            _line(
                [
                    row.arm,
                    str(len(row.seeds)),
                    _shown(row.held_out, "{:.3f}"),
                    "" if row.arm == table.base else _shown(row.over_base, "{:+.3f}"),
                    _shown(row.entropy, "{:.3f}"),
                    _shown(row.response_tokens, "{:.1f}"),
                    "-" if row.cpu_seconds is None else f"{row.cpu_seconds.value:.0f}",
                ]
            )
        )
    about = "Means and Student's 95 % intervals over seeds; "
    about += f"over {table.base}: of the differences between runs of one seed. "
    about += "Entropy and response tokens are those of the last steps."
    if table.before is not None:
        about += f" Before training the held-out reward is {_shown(table.before, '{:.3f}')}."
    lines += ["", about]
    if table.missing:
        lines.append(f"Not done yet: {'; '.join(table.missing)}.")
    return "\n".join(lines)


def sweep_json(log: SweepLog) -> dict[str, Any]:
    """The tables, and the numbers of each run that they are made of; an interval without end is null."""
    runs = [
        {
            "arm": each.arm,
            "seed": each.seed,
            "held_out_before": each.held_out_before,
            "held_out": each.held_out,
            "entropy": each.last("entropy"),
            "response_tokens": each.last("response_tokens"),
            "cpu_seconds": each.cpu_seconds,
        }
        for each in log.runs
    ]
    return {"tables": [_finite(asdict(table)) for table in log.tables], "runs": runs}


def _shown(estimate: Estimate | None, form: str) -> str:
    if estimate is None:
        return "-"
    if not estimate.has_interval:
        return form.format(estimate.value)
    return f"{form.format(estimate.value)} ({form.format(estimate.low)} to {form.format(estimate.high)})"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
