"""Data sets between steps: several read as one, and what was chosen written with the documents that it needs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from longstride.records import Document, Sample
from longstride.records.parquet import read_documents, read_samples, write_documents, write_samples

SAMPLES, DOCUMENTS = "samples", "documents"
FILE = "part-00000.parquet"


def distinct_samples(folders: Sequence[Path]) -> list[Sample]:
    """The samples of all folders, in order; of those with one id that which was measured most often, else the first."""
    found: dict[str, Sample] = {}
    for folder in folders:
        for sample in read_samples(folder / SAMPLES if (folder / SAMPLES).is_dir() else folder):
            known = found.setdefault(sample.id, sample)
            if len(sample.pass_at_k) > len(known.pass_at_k):
                found[sample.id] = sample
    return list(found.values())


def write_data_set(folder: Path, samples: Iterable[Sample], sources: Sequence[Path]) -> int:
    """Write samples, and of the documents of the data sets `sources` those that they hold; how many samples."""
    wanted: set[str] = set()

    def noted() -> Iterator[Sample]:
        for sample in samples:
            wanted.update(sample.document_ids)
            yield sample

    count = write_samples(folder / SAMPLES / FILE, noted())
    write_documents(folder / DOCUMENTS / FILE, _documents(sources, wanted))
    return count


def _documents(sources: Sequence[Path], wanted: set[str]) -> Iterator[Document]:
    """Each once. Two data sets may have other documents under one id; a sample's prompt tells which it means."""
    written: set[str] = set()
    for source in sources:
        if not (source / DOCUMENTS).is_dir():
            continue
        for document in read_documents(source / DOCUMENTS):
            content = hashlib.sha256(f"{document.id}\0{document.text}".encode()).hexdigest()
            if document.id in wanted and content not in written:
                written.add(content)
                yield document
