"""The corpus as document files: one for each batch of source files, so that a kill loses one batch at most."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path

from longstride.corpus import CorpusFile, Deduplicator, Funnel, Reading, batches, read_files, without_duplicates
from longstride.corpus.reading import ReadSource
from longstride.parallel import ordered_map
from longstride.pipeline.regions import Region
from longstride.records import Document
from longstride.records.parquet import read_documents, write_documents
from longstride.workspace import Workspace


def corpus_digest(files: Iterable[CorpusFile], on_file: Callable[[int], object]) -> str:
    """Names the content of the files and their places in the folder; `on_file` is told the bytes of each."""
    digest = hashlib.sha256()
    for file in files:
        if file.start == 0:  # a file in parts counts once
            with open(file.location, "rb") as stream:
                content = hashlib.file_digest(stream, "sha256").hexdigest()
            digest.update(f"{file.name}\0{content}\n".encode("utf-8", "surrogateescape"))
        on_file(file.bytes)
    return digest.hexdigest()


def write_corpus(
    work: Workspace, files: Sequence[CorpusFile], reading: Reading, workers: int, on_file: Callable[[int], object]
) -> tuple[list[tuple[Path, int]], Funnel]:
    """Write the documents of each batch of `files`; give the document files with their numbers of documents."""
    groups = list(batches(files))
    funnel, deduplicator = Funnel(), Deduplicator()
    written: list[tuple[Path, int]] = []
    left = [group for number, group in enumerate(groups) if not work.part(_mark(number)).exists()]
    results = ordered_map(partial(read_files, reading=reading), left, workers)
    for number, group in enumerate(groups):
        path = work.folder / "documents" / f"{number:05}.parquet"
        done = work.read_json(_mark(number))
        if done is None:
            counts, documents = _read_batch(next(results), deduplicator)
            if documents:
                write_documents(path, documents)
            done = {"documents": len(documents), "funnel": counts.as_dict()}
            work.write_json(_mark(number), done)
        elif done["documents"]:
            for same in _by_source(read_documents(path)):
                deduplicator.replay(same)
        funnel.add(Funnel.from_dict(done["funnel"]))
        if done["documents"]:
            written.append((path, done["documents"]))
        on_file(sum(file.bytes for file in group))
    return written, funnel


def regions_of(files: Sequence[tuple[Path, int]], region_documents: int) -> list[Region]:
    """Neighbouring document files together, so many documents or a few more in each."""
    regions: list[Region] = []
    held: list[Path] = []
    documents = 0
    for path, count in files:
        held.append(path)
        documents += count
        if documents >= region_documents:
            regions.append(Region(len(regions), tuple(held)))
            held, documents = [], 0
    if held and (documents >= region_documents // 4 or not regions):
        regions.append(Region(len(regions), tuple(held)))
    elif held:
        regions[-1] = Region(regions[-1].number, (*regions[-1].files, *held))
    return regions


def _read_batch(result: tuple[list[ReadSource], Funnel], deduplicator: Deduplicator) -> tuple[Funnel, list[Document]]:
    sources, counts = result
    return counts, list(without_duplicates(sources, deduplicator, counts))


def _by_source(documents: Iterable[Document]) -> Iterator[list[Document]]:
    for _, same in groupby(documents, lambda document: document.parent_id or document.id):
        yield list(same)


def _mark(number: int) -> str:
    return f"reading/{number:05}.json"
