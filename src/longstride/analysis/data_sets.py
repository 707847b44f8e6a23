"""A data set's funnel and input lengths (paper 3, Figure 3), and samples to look at with their evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from longstride.analysis.logged import read_json
from longstride.analysis.runs import Part, Run
from longstride.curation.lengths import K, length_histogram
from longstride.errors import InputError
from longstride.evaluation.questions import length_label, length_order
from longstride.records import Document, Sample
from longstride.records.parquet import read_documents, read_samples

FUNNELS = (("funnel.json", "samples"), ("curation.json", "funnel"))  # file, where the stages stand in it
SHORT = 4 * K  # tokens: where no input is longer, Figure 3's first bucket would hold all
LOOKED_AT = 2_000  # samples among which those to show are chosen


@dataclass(frozen=True)
class FunnelStage:
    """One check: how many samples entered, how many went on, and why the others did not."""

    name: str
    entered: int
    left: int
    reasons: Mapping[str, int]


@dataclass(frozen=True)
class DataSetLog:
    """A data set in numbers."""

    part: Part
    funnel_log: str  # the file; empty where there is none
    funnel: tuple[FunnelStage, ...]
    samples_log: str
    input_tokens: tuple[int, ...]  # of each sample that tells
    tasks: Mapping[str, int]
    missing: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        return sum(self.tasks.values())

    @property
    def lengths(self) -> dict[str, int]:
        """Samples by input length: Figure 3's buckets, or finer ones where all would fall in the first."""
        if max(self.input_tokens, default=0) >= SHORT:
            return length_histogram(self.input_tokens)
        counts = Counter(map(length_label, self.input_tokens))
        return {label: counts[label] for label in sorted(counts, key=length_order)}


@dataclass(frozen=True)
class Example:
    """A sample with those of its documents that it quotes."""

    sample: Sample
    documents: tuple[Document, ...]


def read_data_set(run: Run, part: Part) -> DataSetLog:
    """The numbers of a data set; what is not there or damaged is told in `missing`."""
    missing: list[str] = []
    funnel_log, stages = "", tuple[FunnelStage, ...]()
    for name, key in FUNNELS:
        path = part.folder / name
        if path.exists():
            try:
                stages = tuple(_stages(read_json(path), key))
                funnel_log = run.log(path)
                break
            except (InputError, KeyError, TypeError, ValueError, AttributeError):
                missing.append(f"{run.log(path)} cannot be read")
    if not stages:
        missing.append(f"{part.name}: no funnel was recorded, so what fell out is not known")
    samples = part.folder / "samples"
    tokens: list[int] = []
    tasks: Counter[str] = Counter()
    try:
        for task, count in _columns(samples):
            tasks[task] += 1
            if count is not None:
                tokens.append(count)
    except InputError as error:
        missing.append(f"{run.log(samples)}: {error.problem}")
    if len(tokens) < tasks.total():
        missing.append(f"{part.name}: {tasks.total() - len(tokens)} samples do not say how long their inputs are")
    return DataSetLog(
        part, funnel_log, stages, run.log(samples), tuple(tokens), dict(sorted(tasks.items())), tuple(missing)
    )


def read_examples(part: Part) -> list[Example]:
    """A sample of each task with evidence, the first that stands there, and its quoted documents.

    Raises InputError for a damaged data set.
    """
    chosen: dict[str, Sample] = {}
    for sample in islice(read_samples(part.folder / "samples"), LOOKED_AT):
        if sample.evidence:
            chosen.setdefault(sample.task, sample)
    return [with_documents(part, chosen[task]) for task in sorted(chosen)]


def find_sample(parts: list[Part], sample_id: str) -> Example | None:
    """A sample of one of these data sets, with its quoted documents; None where it is in none that can be read."""
    for part in parts:
        try:
            for sample in read_samples(part.folder / "samples"):
                if sample.id == sample_id:
                    return with_documents(part, sample)
        except InputError:
            continue
    return None


def with_documents(part: Part, sample: Sample) -> Example:
    """A sample and the documents that it quotes, in the order of its quotations; what is missing is left out."""
    wanted = list(dict.fromkeys(each.document_id for each in sample.evidence))
    found: dict[str, Document] = {}
    for document in read_documents(part.folder / "documents"):
        if document.id in wanted:
            found[document.id] = document
        if len(found) == len(wanted):
            break
    return Example(sample, tuple(found[name] for name in wanted if name in found))


def _stages(values: Any, key: str) -> Iterator[FunnelStage]:
    for stage in values[key]:
        reasons = {str(reason): int(count) for reason, count in stage["reasons"].items()}
        yield FunnelStage(str(stage["stage"]), int(stage["in"]), int(stage["out"]), reasons)


def _columns(folder: Path) -> Iterator[tuple[str, int | None]]:
    """(task, input tokens) of each sample, without its texts. Raises InputError for a damaged file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        for file in sorted(each for each in folder.glob("*.parquet") if not each.name.startswith(".")):
            with pq.ParquetFile(file) as parquet:
                for batch in parquet.iter_batches(columns=["extra_info.task", "extra_info.input_tokens"]):
                    for row in batch.column("extra_info").to_pylist():
                        yield str(row["task"]), row.get("input_tokens")
    except (pa.ArrowException, OSError, KeyError, TypeError) as error:
        raise InputError(f"cannot be read ({type(error).__name__})", path=folder) from None
