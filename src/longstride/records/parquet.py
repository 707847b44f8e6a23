"""Records in parquet, in the columns that verl, TRL and `datasets` read as they are.

Mappings whose keys differ from row to row (derivation, checks, cost, a rule's arguments) stand as JSON text: parquet
would otherwise give every row the keys of all the others. The same records give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from longstride.errors import InputError
from longstride.files import replacing
from longstride.records.cells import Cells
from longstride.records.samples import Document, Evidence, Message, PassRate, Sample
from longstride.records.trajectories import Trajectory, TrajectoryGroup, Turn

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")

# Sample field -> place in the row, for messages about a value rather than a cell
SAMPLE_FIELDS = {
    "data_source": "data_source",
    "prompt": "prompt",
    "ground_truth": "reward_model.ground_truth",
    "reward_style": "reward_model.style",
}


def write_documents(path: str | Path, documents: Iterable[Document]) -> int:
    """Write `documents` to one parquet file, whole or not at all; give their number. Streams."""
    return _write(path, _document_schema(), map(vars, documents))


def read_documents(path: str | Path) -> Iterator[Document]:
    """The documents of a parquet file, or of every one in a folder, in order; streams.

    Raises InputError naming file, row (from 0) and field of what is malformed.
    """
    return _read(path, ("id", "title", "family", "source", "text"), _document)


def write_samples(path: str | Path, samples: Iterable[Sample]) -> int:
    """Write `samples` to one parquet file, whole or not at all; give their number. Streams."""
    return _write(path, _sample_schema(), map(_sample_row, samples))


def read_samples(path: str | Path) -> Iterator[Sample]:
    """The samples of a parquet file, or of every one in a folder, in order; streams. Errors as `read_documents`."""
    return _read(path, ("data_source", "prompt", "ability", "reward_model", "extra_info"), _sample)


def write_groups(path: str | Path, groups: Iterable[TrajectoryGroup]) -> int:
    """Write `groups` to one parquet file, a row a group, whole or not at all; give their number. Streams."""
    return _write(path, _group_schema(), map(_group_row, groups))


def read_groups(path: str | Path) -> Iterator[TrajectoryGroup]:
    """The trajectory groups of a file or folder, in order; streams. Errors as `read_documents`."""
    return _read(path, ("id", "sample_id", "task", "trajectories"), _group)


def _write(path: str | Path, schema: pa.Schema, rows: Iterable[Mapping[str, Any]], rows_a_group: int = 64) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = 0
    with replacing(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        batch: list[Mapping[str, Any]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == rows_a_group:
                writer.write_table(pa.Table.from_pylist(batch, schema))
                count += len(batch)
                batch = []
        writer.write_table(pa.Table.from_pylist(batch, schema))
        return count + len(batch)


def _read(path: str | Path, columns: tuple[str, ...], build: Callable[[Cells], T]) -> Iterator[T]:
    path = Path(path)
    if not path.exists():
        raise InputError("does not exist", path=path, cure="check the path")
    files = (
        sorted(file for file in path.glob("*.parquet") if not file.name.startswith(".")) if path.is_dir() else [path]
    )
    if not files:
        raise InputError("holds no .parquet file", path=path, cure="name a data set's folder, or a file")
    for file in files:
        yield from _read_file(file, columns, build)


def _read_file(path: Path, columns: tuple[str, ...], build: Callable[[Cells], T]) -> Iterator[T]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            present = file.schema_arrow.names
            for column in columns:
                if column not in present:
                    raise InputError(
                        f"is missing; the file has {', '.join(present)}",
                        path=path,
                        field=column,
                        cure=f"expected the columns {', '.join(columns)}",
                    )
            row = 0
            for batch in file.iter_batches(batch_size=64):
                for values in batch.to_pylist():
                    try:
                        record = build(Cells(values))
                    except InputError as error:
                        raise InputError(
                            error.problem, path=path, row=row, field=error.field, cure=error.cure
                        ) from None
                    yield record
                    row += 1
    except (pa.ArrowException, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"is not a readable parquet file ({reason})", path=path, cure="make it again") from None


def _document(row: Cells) -> Document:
    return Document(
        id=row.text("id"),
        title=row.text("title"),
        family=row.text("family"),
        source=row.text("source"),
        text=row.text("text"),
        parent_id=row.text("parent_id", None),
        parent_offset=row.integer("parent_offset", None),
    )


def _sample(row: Cells) -> Sample:
    reward, extra = row.struct("reward_model"), row.struct("extra_info")
    truth = reward.values.get("ground_truth")
    cells = {
        "data_source": row.text("data_source"),
        "prompt": row.structs("prompt", _message),
        "ground_truth": (truth,) if isinstance(truth, str) else reward.texts("ground_truth"),
        "reward_style": reward.text("style"),
        "reward_arguments": reward.json("arguments"),
        "document_ids": extra.texts("document_ids", ()),
        "evidence": extra.structs("evidence", _evidence, ()),
        "context_id": extra.text("context_id", None),
        "seed": extra.integer("seed"),
        "pass_at_k": extra.structs("pass_at_k", _pass_rate, ()),
        "input_tokens": extra.integer("input_tokens", None),
        **{name: extra.json(name) for name in ("derivation", "checks", "cost")},
        **{
            name: extra.text(name)
            for name in ("id", "task", "question_type", "core_question", "format_instructions", "generator")
        },
    }
    try:
        return Sample(**cells)
    except InputError as error:
        name = (error.field or "").partition("[")[0].partition(".")[0]
        place = SAMPLE_FIELDS.get(name, f"extra_info.{name}") + (error.field or "")[len(name) :]
        raise InputError(error.problem, field=place, cure=error.cure) from None


def _message(cells: Cells) -> Message:
    return Message(role=cells.text("role"), content=cells.text("content"))


def _evidence(cells: Cells) -> Evidence:
    return Evidence(cells.text("document_id"), cells.integer("start"), cells.integer("end"), cells.text("text"))


def _pass_rate(cells: Cells) -> PassRate:
    return PassRate(
        model=cells.text("model"),
        rollouts=cells.integer("rollouts"),
        correct=cells.integer("correct"),
        mean_reward=cells.number("mean_reward"),
        max_input_tokens=cells.integer("max_input_tokens"),
        max_output_tokens=cells.integer("max_output_tokens"),
    )


def _group(row: Cells) -> TrajectoryGroup:
    group_id, task = row.text("id"), row.text("task")

    def trajectory(cells: Cells) -> Trajectory:
        return Trajectory(
            turns=cells.structs("turns", _turn),
            reward=cells.number("reward"),
            task=task,
            group_id=group_id,
            rollout_index=cells.integer("rollout_index"),
            answer=cells.text("answer", ""),
            details=cells.json("details"),
        )

    return TrajectoryGroup(group_id, row.text("sample_id"), task, row.structs("trajectories", trajectory))


def _turn(cells: Cells) -> Turn:
    return Turn(
        prompt_ids=cells.integers("prompt_ids"),
        response_ids=cells.integers("response_ids"),
        logprobs=cells.numbers("logprobs", None),
        entropies=cells.numbers("entropies", None),
        nucleus_mass=cells.numbers("nucleus_mass", None),
        finish_reason=cells.text("finish_reason", "stop"),
    )


def _sample_row(sample: Sample) -> dict[str, Any]:
    return {
        "data_source": sample.data_source,
        "prompt": list(sample.prompt),
        "ability": sample.task,
        "reward_model": {
            "style": sample.reward_style,
            "ground_truth": sample.ground_truth,
            "arguments": _json(sample.reward_arguments),
        },
        "extra_info": {
            **{name: getattr(sample, name) for name in ("id", "task", "question_type", "core_question")},
            "format_instructions": sample.format_instructions,
            "document_ids": sample.document_ids,
            "evidence": [vars(each) for each in sample.evidence],
            "context_id": sample.context_id,
            "derivation": _json(sample.derivation),
            "generator": sample.generator,
            "seed": sample.seed,
            "checks": _json(sample.checks),
            "pass_at_k": [vars(each) for each in sample.pass_at_k],
            "input_tokens": sample.input_tokens,
            "cost": _json(sample.cost),
        },
    }


def _group_row(group: TrajectoryGroup) -> dict[str, Any]:
    return {
        "id": group.id,
        "sample_id": group.sample_id,
        "task": group.task,
        "trajectories": [
            {
                **vars(trajectory),
                "turns": [vars(turn) for turn in trajectory.turns],
                "details": _json(trajectory.details),
            }
            for trajectory in group.trajectories
        ],
    }


def _json(values: Mapping[str, Any]) -> str:
    try:
        return json.dumps(values, ensure_ascii=False, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"{dict(values)!r:.80} does not stand as JSON: {error}") from None


def _document_schema() -> pa.Schema:
    import pyarrow as pa

    texts = [(name, pa.string()) for name in ("id", "title", "family", "source", "text", "parent_id")]
    return pa.schema([*texts, ("parent_offset", pa.int64())])


def _sample_schema() -> pa.Schema:
    import pyarrow as pa

    text, integer, texts = pa.string(), pa.int64(), pa.list_(pa.string())
    message = pa.struct([("role", text), ("content", text)])
    evidence = pa.struct([("document_id", text), ("start", integer), ("end", integer), ("text", text)])
    pass_rate = pa.struct(
        [
            ("model", text),
            ("rollouts", integer),
            ("correct", integer),
            ("mean_reward", pa.float64()),
            ("max_input_tokens", integer),
            ("max_output_tokens", integer),
        ]
    )
    extra = [
        *((name, text) for name in ("id", "task", "question_type", "core_question", "format_instructions")),
        ("document_ids", texts),
        ("evidence", pa.list_(evidence)),
        ("context_id", text),
        ("derivation", text),
        ("generator", text),
        ("seed", integer),
        ("checks", text),
        ("pass_at_k", pa.list_(pass_rate)),
        ("input_tokens", integer),
        ("cost", text),
    ]
    return pa.schema(
        [
            ("data_source", text),
            ("prompt", pa.list_(message)),
            ("ability", text),
            ("reward_model", pa.struct([("style", text), ("ground_truth", texts), ("arguments", text)])),
            ("extra_info", pa.struct(extra)),
        ]
    )


def _group_schema() -> pa.Schema:
    import pyarrow as pa

    text, ids, numbers = pa.string(), pa.list_(pa.int32()), pa.list_(pa.float32())
    turn = [("prompt_ids", ids), ("response_ids", ids)]
    turn += [(name, numbers) for name in ("logprobs", "entropies", "nucleus_mass")]
    trajectory = pa.struct(
        [
            ("rollout_index", pa.int64()),
            ("reward", pa.float64()),
            ("answer", text),
            ("details", text),
            ("turns", pa.list_(pa.struct([*turn, ("finish_reason", text)]))),
        ]
    )
    return pa.schema([("id", text), ("sample_id", text), ("task", text), ("trajectories", pa.list_(trajectory))])
