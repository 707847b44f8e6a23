"""What a curation found: the report that `curation.json` holds, and the list of what fell out beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longstride.curation.funnel import Funnel
from longstride.errors import InputError
from longstride.files import replacing
from longstride.workspace import write_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

REPORT, REJECTED = "curation.json", "curation_rejected.jsonl"
SHOWN = 5  # rejections that are printed


@dataclass(frozen=True)
class Rejection:
    """A sample that fell out, and where it stands."""

    file: str  # relative to the data set's folder
    row: int  # from 0
    sample_id: str
    stage: str
    reason: str
    detail: str

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.file}: row {self.row}: {self.sample_id}: {self.stage}: {self.reason}{detail}"


@dataclass(frozen=True)
class CurationReport:
    """What a curation found."""

    samples: int
    kept: int
    funnel: Funnel
    shortcuts: list[dict[str, Any]]  # the rows of ShortcutAudit, over what was kept
    configuration: Mapping[str, Any]
    benchmarks: Mapping[str, Any] | None  # files, records, problems; None where none were named
    rejections: tuple[Rejection, ...] = field(repr=False, default=())

    def write(self, folder: Path) -> None:
        """Write both files, each whole or not at all."""
        with replacing(folder / REJECTED) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in self.rejections)
        values = {
            "samples": self.samples,
            "kept": self.kept,
            "funnel": self.funnel.to_json(),
            "shortcuts": self.shortcuts,
            "configuration": dict(self.configuration),
            "benchmarks": self.benchmarks,
        }
        write_json(folder / REPORT, values)

    @classmethod
    def read(cls, folder: Path) -> CurationReport:
        """The report that `write` wrote. Raises InputError where it is missing or damaged."""
        path = folder / REPORT
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            funnel = Funnel.from_json(values.pop("funnel"))
            with (folder / REJECTED).open(encoding="utf-8") as lines:
                rejections = tuple(Rejection(**json.loads(line)) for line in lines)
            return cls(**values, funnel=funnel, rejections=rejections)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"is not a curation's report ({error})", path=path, cure="make it again") from None

    def show(self, console: Console) -> None:
        """Print the funnel, the first samples that fell out, the audit, and what of the benchmarks was not read."""
        console.print(self.funnel.table(f"{self.kept:,} of {self.samples:,} samples pass"))
        for rejection in self.rejections[:SHOWN]:
            console.print(f"  {rejection}", markup=False, highlight=False)
        if len(self.rejections) > SHOWN:
            console.print(f"  and {len(self.rejections) - SHOWN:,} more: {REJECTED}", markup=False, highlight=False)
        for file, problem in dict((self.benchmarks or {}).get("problems", {})).items():
            console.print(f"  benchmark {file}: {problem}", markup=False, highlight=False)
        if self.shortcuts:
            console.print(shortcuts_table(self.shortcuts))
        if asked := [row for row in self.shortcuts if row.get("asked_alone") is not None]:
            console.print(reference_table(asked))


def shortcuts_table(rows: list[dict[str, Any]]) -> Table:
    """The shortcut audit as a rich table; in brackets what chance gives."""
    from rich.table import Table

    table = Table(title="Answered without reading (chance)", title_justify="left")
    table.add_column("task")
    table.add_column("question type")
    for name in ("samples", "most frequent", "in question", "evidence in nearest 5", "answer in nearest 5"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            row["task"],
            row["question_type"],
            f"{row['samples']:,}",
            rate(row["most_frequent"], row["chance"]),
            rate(row["answer_in_question"]),
            rate(row["evidence_in_nearest"], row["evidence_chance"]),
            rate(row["answer_in_nearest"], row["answer_chance"]),
        )
    return table


def reference_table(rows: list[dict[str, Any]]) -> Table:
    """What a reference model answers right without reading, as a rich table; in brackets what guessing gives."""
    from rich.table import Table

    table = Table(title="Answered by a reference model without reading (guessing)", title_justify="left")
    table.add_column("task")
    table.add_column("question type")
    for name in ("question alone", "nearest 5 documents"):
        table.add_column(name, justify="right")
    for row in rows:
        alone = rate(row["asked_alone"], row["asked_chance"])
        table.add_row(row["task"], row["question_type"], alone, rate(row["asked_nearest"]))
    return table


def rate(share: float | None, chance: float | None = None) -> str:
    """A share of 0..1 in percent, what chance gives behind it; empty where nothing was had."""
    if share is None:
        return ""
    return f"{share:.1%}" if chance is None else f"{share:.1%} ({chance:.1%})"
