"""The files that `ask` is given, as a stream of documents: nothing is filtered, nothing is left out without a word."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from longstride.corpus import CorpusFile, Funnel, Limits, find_files
from longstride.corpus.formats import FORMATS, format_of
from longstride.corpus.limits import MIB, Unreadable
from longstride.corpus.parsers import Parsers
from longstride.corpus.readers import SourceText, read_sources
from longstride.corpus.sources import MAGIC, SNIFFED_BYTES, escaped, read_bytes
from longstride.corpus.split import MIN_TOKENS, split_source
from longstride.errors import InputError
from longstride.records import Document
from longstride.tokens import PARAGRAPH_END, Tokenizer

LIMITS = Limits(max_file_bytes=128 * MIB, max_text_characters=128_000_000)
PART_CHARACTERS = 100_000  # a long text is handed on in parts, so that reading can begin before it is tokenised whole


@dataclass
class Texts:
    """Files and folders as documents, in the order given.

    table_tokens: of a part of a table, whose heading line each part says again.
    Raises InputError for a path that does not exist or a file that is empty or no text.
    """

    paths: Sequence[str | Path]
    tokenizer: Tokenizer
    table_tokens: int = 2_000
    funnel: Funnel = field(default_factory=Funnel)
    files: tuple[tuple[str, CorpusFile], ...] = field(init=False)  # each with the folder that it was found under
    taken_bytes: float = field(init=False, default=0.0)  # of the files, so far as their documents were handed on

    def __post_init__(self) -> None:
        if not self.paths:
            raise InputError("no file is named", cure="name files or folders, then the question")
        found: list[tuple[str, CorpusFile]] = []
        seen = set[tuple[str, int]]()
        for path in self.paths:
            folder = str(path) if os.path.isdir(path) else ""
            for file in find_files(path, LIMITS, self.funnel) if folder else _parts_of(_file(path)):
                place = (os.path.realpath(file.location), file.start)
                if place not in seen:
                    seen.add(place)
                    found.append((folder, file))
        if not found:
            raise InputError(f"no text is found in {', '.join(map(str, self.paths))}; {self.left_out() or 'no file'}")
        self.files = tuple(found)

    @property
    def total_bytes(self) -> int:
        return sum(file.bytes for _, file in self.files)

    def documents(self) -> Iterator[Document]:
        """The documents; streams. Each names its file (`source`) and, where it is a part, its place in the text."""
        self.taken_bytes, whole = 0.0, 0
        with Parsers(LIMITS) as parsers:
            for folder, file in self.files:
                name = os.path.join(escaped(folder), file.name) if folder else file.name
                before = whole
                whole += file.bytes
                for source in read_sources(file, LIMITS, parsers, self.funnel):
                    share = file.bytes / len(source.text) if not source.record else 1.0
                    for document in self._parts(source, name):
                        self.taken_bytes = min(whole, max(before, self.taken_bytes) + share * len(document.text))
                        yield document
                self.taken_bytes = float(whole)

    def left_out(self) -> str:
        """What was not read and why, in one line; empty where all was. Hidden files are passed over in silence."""
        counts = [(reason, count) for stage, reason, count in self.funnel.rows() if stage in ("files", "sources")]
        named = [f"{count} {reason}" for reason, count in counts if reason not in ("kept", "hidden")]
        return f"not read: {', '.join(named)}" if named else ""

    def _parts(self, source: SourceText, name: str) -> Iterator[Document]:
        whole = f"{name}#{source.record}" if source.record else name
        try:
            bounds = list(stretches(source.text)) if not source.head else self._rows(source)
        except Unreadable as error:
            self.funnel.count("sources", error.reason, whole)
            return
        for number, (start, end) in enumerate(bounds, 1):
            head = source.text[: source.head] if start else ""
            alone = len(bounds) == 1
            yield Document(
                id=whole if alone else f"{whole}#{number:04d}",
                title=source.title,
                family="literature",
                source=name,
                text=head + source.text[start:end],
                parent_id=None if alone else whole,
                parent_offset=None if alone else start - len(head),
            )

    def _rows(self, source: SourceText) -> list[tuple[int, int]]:
        segments = split_source(source, max(MIN_TOKENS, self.table_tokens), self.tokenizer)
        return [(segment.start, segment.end) for segment in segments]


def _file(path: str | Path) -> CorpusFile:
    """A file that is named itself; an unknown ending is read as text."""
    location = os.path.realpath(path)
    if not os.path.exists(location):
        raise InputError("does not exist", path=path)
    kind = format_of(str(path)) or "text"
    try:
        size = os.stat(location).st_size
        head = read_bytes(location, SNIFFED_BYTES, end=SNIFFED_BYTES)
    except Unreadable as error:
        raise InputError(f"cannot be read ({error.reason})", path=path) from None
    if not size:
        raise InputError("is empty", path=path)
    refused = next((reason for magic, reason in MAGIC if head.startswith(magic)), "")
    if refused:
        raise InputError(f"is no text ({refused})", path=path, cure="name a text, or a folder of them")
    if size > LIMITS.max_file_bytes and not FORMATS[kind].in_parts:
        raise InputError(f"has {size:,} bytes, over the limit of {LIMITS.max_file_bytes:,}", path=path, cure="split it")
    folder, name = os.path.split(location)
    return CorpusFile(folder, name, escaped(str(path)), kind, size)


def _parts_of(file: CorpusFile) -> Iterator[CorpusFile]:
    if not FORMATS[file.format].in_parts:
        yield file
        return
    for start in range(0, file.size, LIMITS.part_bytes):
        end = min(file.size, start + LIMITS.part_bytes)
        yield CorpusFile(file.root, file.path, file.name, file.format, file.size, start, end)


def stretches(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of bounded length that follow each other, cut after a paragraph, else a line, else a word."""
    start = 0
    while len(text) - start > PART_CHARACTERS:
        half, limit = start + PART_CHARACTERS // 2, start + PART_CHARACTERS
        ends = [match.end() for match in PARAGRAPH_END.finditer(text, half, limit)]
        line, space = text.rfind("\n", half, limit) + 1, text.rfind(" ", half, limit) + 1
        end = ends[-1] if ends else line or space or limit
        yield start, end
        start = end
    yield start, len(text)
