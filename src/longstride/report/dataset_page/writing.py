"""Writing the page: one pass over the documents, one over the samples; memory does not grow with the texts.

All that the page loads stands in a folder named for its content, and `index.html`, which names that folder, is replaced
last: a kill at any moment leaves the page of before or the new one.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from longstride.errors import InputError
from longstride.file_lock import FileLock
from longstride.files import replacing
from longstride.records import FAMILIES, QUESTION_TYPES, TASKS, Sample
from longstride.records.parquet import read_documents, read_samples
from longstride.report.dataset_page.documents import CATALOG_ROWS, PageDocuments
from longstride.report.dataset_page.rows import list_row, sample_row
from longstride.report.dataset_page.shards import Shards, literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

T = TypeVar("T")

DEFAULT_FOLDER = "view"
INDEX, PARTIAL, LOCK = "index.html", ".partial", ".lock"
STYLES = ("style.css",)
SCRIPTS = tuple(
    f"{name}.js" for name in ("loading", "records", "text", "sql", "path", "derivation", "reader", "list", "app")
)
OURS = '<meta name="generator" content="longstride dataset page">'
MAX_SAMPLE_SHARD_BYTES = 400_000  # one is read for a sample
MAX_LIST_SHARD_BYTES = 2_000_000  # all are read at the start


def write_dataset_page(folder: str | Path, output: str | Path | None = None, *, console: Console | None = None) -> Path:
    """Write a page that shows the data set of `folder` in a browser; gives the path of its `index.html`.

    output: a folder for the page, `folder/view` where None; a page that stands there is replaced.
    console: shows progress; None shows nothing.

    The same data set gives the same bytes. While it is written, the documents' texts take their room on disk twice.
    Raises InputError for a folder that is no data set, for malformed rows and for an output that is something else.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    folder = Path(folder)
    for part in ("documents", "samples"):
        if not any((folder / part).glob("*.parquet")):
            cure = "name a data set's folder: documents/*.parquet, samples/*.parquet"
            raise InputError(f"is no data set: no .parquet file in {part}/", path=folder, cure=cure)
    output = folder / DEFAULT_FOLDER if output is None else Path(output)
    _claim(output)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    lock = FileLock(output / LOCK)
    if not lock.exclusive(timeout_seconds=0):
        raise InputError("is being written by another process", path=output, cure="wait for it, or name another folder")
    try:
        with Progress(*columns, console=console, disable=console is None) as progress:
            return _write(folder, output, progress)
    finally:
        lock.release()


def _claim(output: Path) -> None:
    """Make the folder. Raises InputError where it is something else's."""
    index = output / INDEX
    if output.exists():
        if not output.is_dir():
            raise InputError("is not a folder", path=output, cure="name a folder for the page")
        names = [each.name for each in output.iterdir() if not each.name.startswith(".")]
        ours = OURS in index.read_text("utf-8", errors="replace")[:2000] if index.is_file() else not names
        if not ours and not all(name.startswith("page-") for name in names):
            raise InputError("holds something else than a page", path=output, cure="name an empty folder")
    output.mkdir(parents=True, exist_ok=True)


def _write(folder: Path, output: Path, progress: Progress) -> Path:
    partial = output / PARTIAL
    shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed
    partial.mkdir()
    try:
        name = f"page-{_write_content(folder, partial, progress)}"
        index = _asset(INDEX).replace("{{page}}", name)
        if (output / name).exists():  # the same content, or what is left of it
            shutil.rmtree(output / name)
        partial.rename(output / name)
        with replacing(output / INDEX) as temporary:
            temporary.write_text(index, encoding="utf-8")
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    for other in output.glob("page-*"):
        if other.name != name:
            shutil.rmtree(other)
    return output / INDEX


def _write_content(folder: Path, target: Path, progress: Progress) -> str:
    """Write all that the page loads into `target`; gives a digest of it."""
    assets = [_asset(name) for name in (*STYLES, *SCRIPTS)]
    for name, text in zip((*STYLES, *SCRIPTS), assets, strict=True):
        (target / name).write_text(text, encoding="utf-8")
    with tempfile.TemporaryFile(dir=target) as spool:
        documents = PageDocuments(target, spool)
        documents.spool(folder / "documents", _counted(folder / "documents", read_documents, "Documents", progress))
        lists = Shards(target, "list", max_bytes=MAX_LIST_SHARD_BYTES)
        samples = Shards(target, "samples", max_bytes=MAX_SAMPLE_SHARD_BYTES)
        every = (lists, samples, documents.catalog, documents.texts)
        generators: dict[str, int] = {}
        try:
            for sample in _counted(folder / "samples", read_samples, "Samples", progress):
                generator = generators.setdefault(sample.generator, len(generators))
                lists.append(literal(list_row(sample, generator, _families(sample, documents))).encode())
                samples.append(literal(sample_row(sample, _numbers(sample, documents))).encode())
            for each in every:
                each.close()
        finally:
            for each in every:
                each.abandon()
    summary = literal(
        [
            folder.resolve().name,
            samples.rows,
            documents.catalog.rows,
            documents.missing,
            [TASKS, QUESTION_TYPES, list(generators), FAMILIES],
            len(lists.firsts),
            samples.firsts,
            CATALOG_ROWS,
        ]
    )
    (target / "summary-000.js").write_text(f'longstride.shard("summary",0,\n{summary});\n', encoding="utf-8")
    digests = [digest for each in every for digest in each.digests]
    return hashlib.sha256(literal([_asset(INDEX), *assets, summary, *digests]).encode()).hexdigest()[:16]


def _families(sample: Sample, documents: PageDocuments) -> list[int]:
    """The families of the documents that it quotes, or of all where it quotes none."""
    quoted = [each.document_id for each in sample.evidence] or sample.document_ids
    return sorted({documents.family(each) for each in quoted})


def _numbers(sample: Sample, documents: PageDocuments) -> list[int]:
    if sample.document_ids:
        return [documents.number(each) for each in sample.document_ids]
    return [
        documents.message(f"Prompt, message {place} ({message['role']})", message["content"])
        for place, message in enumerate(sample.prompt, 1)
    ]


def _counted(folder: Path, read: Callable[[Path], Iterator[T]], what: str, progress: Progress) -> Iterator[T]:
    """The records of a folder, counted on the progress bar."""
    task = progress.add_task(what, total=_count_rows(folder))
    for record in read(folder):
        yield record
        progress.advance(task)


def _count_rows(folder: Path) -> int | None:
    """How many rows the files say that they have; None where one of them cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return sum(pq.read_metadata(file).num_rows for file in folder.glob("[!.]*.parquet"))
    except (pa.ArrowException, OSError):
        return None


def _asset(name: str) -> str:
    return resources.files(__package__ or "").joinpath("page", name).read_text("utf-8")
