"""Documents that questions brought with them (a conversation, a sheet of examples), on their way into the data set.

Each piece of work writes those of its accepted samples; the data set holds those of the chosen ones, each once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from longstride.records import Document, Sample
from longstride.records.parquet import read_documents, write_documents
from longstride.synthesis.candidates import Candidate

DOCUMENTS_A_FILE = 256
PATTERN = "made-{:05}.parquet"  # in the data set's documents
MADE_FILES = "made-*.parquet"


def made_by(candidates: Iterable[Candidate]) -> dict[str, Document]:
    """The documents that the candidates bring, by id."""
    return {document.id: document for each in candidates for document in each.made_documents}


def write_brought(path: Path, samples: Sequence[Sample], made: Mapping[str, Document]) -> None:
    """Write those of `made` that the samples hold, where there are any."""
    used = sorted({name for sample in samples for name in sample.document_ids if name in made})
    if used:
        write_documents(path, [made[name] for name in used])


def merge_brought(files: Iterable[Path], folder: Path) -> list[Path]:
    """Every document of the files that are there, each once, in the order of their first appearance; in new files."""
    seen: set[str] = set()

    def fresh() -> Iterator[Document]:
        for file in files:
            for document in read_documents(file) if file.exists() else ():
                if document.id not in seen:
                    seen.add(document.id)
                    yield document

    return _written(fresh(), folder)


def write_used(files: Sequence[Path], used: Collection[str], folder: Path) -> list[Path]:
    """The documents of `files` whose ids are `used`, in the data set's folder of documents."""
    documents = (document for file in files for document in read_documents(file))
    return _written((document for document in documents if document.id in used), folder)


def _written(documents: Iterator[Document], folder: Path) -> list[Path]:
    paths: list[Path] = []
    while batch := list(islice(documents, DOCUMENTS_A_FILE)):
        paths.append(folder / PATTERN.format(len(paths)))
        write_documents(paths[-1], batch)
    return paths
