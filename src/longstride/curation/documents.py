"""The documents of a data set by id, from its parquet files: those used last are held, the others stay on disk."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path

from longstride.curation.bounded_cache import BoundedCache
from longstride.errors import InputError
from longstride.records import Document
from longstride.records.parquet import read_documents

MAX_CACHED_CHARACTERS = 64_000_000
ROWS_AT_ONCE = 64


class DocumentFolder(Mapping[str, Document]):
    """Every document of a folder of parquet files, or of the files named. Reads all of them once, and checks them.

    on_document: called for each document of that first reading.

    Raises InputError naming file and row of a malformed document, and of one whose id stands before it.
    """

    def __init__(
        self,
        folder: str | Path | Sequence[Path],
        on_document: Callable[[Document], None] | None = None,
        max_cached_characters: int = MAX_CACHED_CHARACTERS,
    ) -> None:
        self.files = parquet_files(folder) if isinstance(folder, str | Path) else list(folder)
        self._places: dict[str, tuple[int, int]] = {}  # id -> file, row in it
        self._cache: BoundedCache[str, Document] = BoundedCache(max_cached_characters)
        self._ends: dict[int, list[int]] = {}  # file -> the row after each of its row groups
        for number, file in enumerate(self.files):
            for row, document in enumerate(read_documents(file)):
                if document.id in self._places:
                    first_file, first_row = self._places[document.id]
                    raise InputError(
                        f"{document.id!r:.80} stands in {self.files[first_file].name} row {first_row} too",
                        path=file,
                        row=row,
                        field="id",
                        cure="give each document an id of its own",
                    )
                self._places[document.id] = number, row
                if on_document is not None:
                    on_document(document)
                self._cache.put(document.id, document, len(document.text))

    def __getitem__(self, document_id: str) -> Document:
        if document_id not in self._cache:
            self._load(*self._places[document_id])
        return self._cache.get(document_id, lambda: self._lost(document_id))

    def __contains__(self, document_id: object) -> bool:
        return document_id in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def file_of(self, document_id: str) -> Path:
        """The file that holds the document."""
        return self.files[self._places[document_id][0]]

    def _load(self, number: int, row: int) -> None:
        """Put the document at `row` into the cache, last, after those that are read with it."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.files[number]) as file:
            if number not in self._ends:
                metadata = file.metadata
                groups = range(metadata.num_row_groups)
                self._ends[number] = list(accumulate(metadata.row_group(group).num_rows for group in groups))
            ends = self._ends[number]
            group = bisect_right(ends, row)
            wanted = row - (ends[group - 1] if group else 0)
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, row_groups=[group]):
                if wanted >= batch.num_rows:
                    wanted -= batch.num_rows
                    continue
                rows = batch.to_pylist()
                for values in [*rows[:wanted], *rows[wanted + 1 :], rows[wanted]]:
                    document = _document(values)
                    self._cache.put(document.id, document, len(document.text))
                return

    def _lost(self, document_id: str) -> tuple[Document, int]:
        file, row = self._places[document_id]
        raise InputError(
            f"{document_id!r:.80} is no longer there",
            path=self.files[file],
            row=row,
            cure="leave the files as they are",
        )


def parquet_files(folder: str | Path) -> list[Path]:
    """The parquet files of a folder, in order. Raises InputError where it is missing or holds none."""
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("does not exist", path=folder, cure="name a data set's folder: documents/, samples/")
    files = sorted(file for file in folder.glob("*.parquet") if not file.name.startswith("."))
    if not files:
        raise InputError("holds no .parquet file", path=folder, cure="name a data set's folder: documents/, samples/")
    return files


def _document(values: Mapping[str, object]) -> Document:
    names = ("id", "title", "family", "source", "text", "parent_id", "parent_offset")
    return Document(**{name: values.get(name) for name in names})  # pyright: ignore[reportArgumentType]
