"""From a folder to documents: found, read, split, filtered, and freed of duplicates, file by file (paper 3.1).

`read_corpus` does it all and streams. A pipeline that resumes takes the pieces: `batches` of files, `read_files` on a
batch (a function of its arguments alone, in any process), and one `Deduplicator` over the batches in their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from longstride.corpus.dedup import THRESHOLD, Deduplicator, Signature, signature
from longstride.corpus.families import Families, checked_families, family_of
from longstride.corpus.filters import quality_reason
from longstride.corpus.funnel import KEPT, Funnel
from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.packages import required
from longstride.corpus.parsers import Parsers
from longstride.corpus.readers import SourceText, read_sources
from longstride.corpus.sources import CorpusFile, find_files
from longstride.corpus.split import MIN_TOKENS, split_source
from longstride.parallel import ordered_map
from longstride.records import Document
from longstride.tokens import Tokenizer, load_tokenizer

BATCH_FILES = 64
BATCH_BYTES = 8 * 2**20


@dataclass(frozen=True)
class Reading:
    """How to read; picklable, and made of plain values, so that a manifest can hold it."""

    max_document_tokens: int
    tokenizer: str = "bundled"  # as load_tokenizer has it
    families: Families = None
    filtered: bool = True  # by the quality filters
    pdf_reader: str = "pdfium"  # or "docling", which is an extra
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class ReadSource:
    """One source: its documents and, for the search for duplicates, the signature of each."""

    documents: tuple[Document, ...]
    signatures: tuple[Signature, ...]


def batches(files: Iterable[CorpusFile]) -> Iterator[list[CorpusFile]]:
    """Runs of files in their order, of bounded number and size."""
    held: list[CorpusFile] = []
    size = 0
    for file in files:
        if held and (len(held) == BATCH_FILES or size + file.bytes > BATCH_BYTES):
            yield held
            held, size = [], 0
        held.append(file)
        size += file.bytes
    if held:
        yield held


def read_files(files: Sequence[CorpusFile], reading: Reading) -> tuple[list[ReadSource], Funnel]:
    """The sources of `files` in order, split and filtered, and the counts of what was left out and why.

    The same files and settings give the same result in any process. Duplicates are still in it.
    """
    funnel = Funnel()
    tokenizer = load_tokenizer(reading.tokenizer)
    if reading.filtered:
        required("numpy")
    read: list[ReadSource] = []
    with Parsers(reading.limits, reading.pdf_reader) as parsers:
        for file in files:
            for source in read_sources(file, reading.limits, parsers, funnel):
                documents = _documents(source, file, reading, tokenizer, funnel)
                if documents:
                    read.append(ReadSource(tuple(documents), tuple(signature(each.text) for each in documents)))
    return read, funnel


def without_duplicates(sources: Iterable[ReadSource], deduplicator: Deduplicator, funnel: Funnel) -> Iterator[Document]:
    """The documents that did not come before, counted in `funnel.documents` with those that did."""
    for source in sources:
        reasons = deduplicator.add(source.documents, source.signatures)
        for document, reason in zip(source.documents, reasons, strict=True):
            funnel.count("documents", reason or KEPT, document.id)
            if reason is None:
                yield document


def read_corpus(
    folder: str | Path,
    *,
    max_document_tokens: int,
    tokenizer: str | Path | None = None,
    families: Families = None,
    filtered: bool = True,
    pdf_reader: str = "pdfium",
    limits: Limits | None = None,
    duplicate_threshold: float = THRESHOLD,
    workers: int = 1,
    funnel: Funnel | None = None,
) -> Iterator[Document]:
    """The documents of a folder, in the order of their files; streams, and counts into `funnel` as it goes.

    Args:
        max_document_tokens: of a document; a quarter of the smallest target length (DESIGN.md).
        tokenizer: as `load_tokenizer` has it.
        families: one of records.FAMILIES for all, or sub-folder -> family; None infers each source's.
        filtered: False keeps what the quality filters would leave out.
        pdf_reader: "docling", an extra, finds tables without ruling lines too; it is slow and fetches models.
        duplicate_threshold: Jaccard similarity from which a document is a duplicate of an earlier one.
        workers: processes; the result does not depend on their number. With more than one, a script that calls this
            needs the usual `if __name__ == "__main__":`.

    Raises InputError for a folder, family or tokenizer that is not there, ValueError for a limit under 32 tokens.
    """
    if workers < 1:
        raise ValueError(f"workers is {workers}, expected 1 or more")
    if max_document_tokens < MIN_TOKENS:
        raise ValueError(f"max_document_tokens is {max_document_tokens}, expected {MIN_TOKENS} or more")
    funnel = funnel if funnel is not None else Funnel()
    name = load_tokenizer(tokenizer).name
    reading = Reading(max_document_tokens, name, checked_families(families), filtered, pdf_reader, limits or Limits())
    files = find_files(folder, reading.limits, funnel)
    return _read(batches(files), reading, Deduplicator(duplicate_threshold), workers, funnel)


def _read(
    groups: Iterable[Sequence[CorpusFile]], reading: Reading, deduplicator: Deduplicator, workers: int, funnel: Funnel
) -> Iterator[Document]:
    for sources, counts in ordered_map(partial(read_files, reading=reading), groups, workers):
        funnel.add(counts)
        yield from without_duplicates(sources, deduplicator, funnel)


def _documents(
    source: SourceText, file: CorpusFile, reading: Reading, tokenizer: Tokenizer, funnel: Funnel
) -> list[Document]:
    """The documents of one source that pass the filters of its family.

    A document is its source's text from `parent_offset` on; but for the head that the parts of a table say again.
    """
    whole = f"{file.name}#{source.record}" if source.record else file.name
    try:
        segments = split_source(source, reading.max_document_tokens, tokenizer)
    except Unreadable as error:
        funnel.count("sources", error.reason, whole)
        return []
    family = family_of(source, file.name, reading.families)
    documents: list[Document] = []
    for number, segment in enumerate(segments, 1):
        text = source.text[segment.start : segment.end].rstrip("\n")
        start = segment.start + len(text) - len(text.lstrip("\n"))
        text = text.lstrip("\n")
        if not text.strip():
            continue
        if segment.start and source.head:
            text = source.text[: source.head] + text
        alone = len(segments) == 1
        document = Document(
            id=whole if alone else f"{whole}#{number:04d}",
            title=segment.title,
            family=family,
            source=file.name,
            text=text,
            parent_id=None if alone else whole,
            parent_offset=None if alone else start,
        )
        if reading.filtered and (reason := quality_reason(document)):
            funnel.count("documents", reason, document.id)
        else:
            documents.append(document)
    funnel.count("sources", KEPT if documents else "no_document_kept", whole)
    return documents
