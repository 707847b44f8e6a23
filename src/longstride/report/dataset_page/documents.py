"""The documents of a page: each written once, in the order in which the samples first name them.

So the documents of a context lie together, and one or two shards hold what a sample reads. They are spooled first, in
the order of their files, since no sample knows where its documents stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple

from longstride.errors import InputError
from longstride.records import FAMILIES, Document
from longstride.report.dataset_page.shards import Shards, literal

MAX_PIECE_CHARACTERS = 100_000  # a longer text stands in pieces
CATALOG_ROWS = 500  # in a shard
PROMPT = len(FAMILIES)  # the "family" of a prompt's message, where a sample names no documents
MISSING = PROMPT + 1  # and that of a document that is not there


class _Spooled(NamedTuple):
    """Where a document stands in the spool: its description, then the pieces of its text."""

    family: int
    offset: int
    lengths: tuple[int, ...]  # bytes


class PageDocuments:
    """The documents that samples have named so far, by number; holds a few hundred bytes of each that it could name."""

    def __init__(self, folder: Path, spool: IO[bytes]) -> None:
        self.texts = Shards(folder, "documents")
        self.catalog = Shards(folder, "catalog", max_bytes=1 << 40, max_rows=CATALOG_ROWS)
        self.missing = 0
        self._spool = spool
        self._spooled: dict[str, _Spooled] = {}
        self._numbers: dict[str, int] = {}

    def spool(self, folder: Path, documents: Iterable[Document]) -> None:
        """Keep the documents of a folder for the samples that name them. Raises InputError for an id given twice."""
        offset = 0
        for document in documents:
            if document.id in self._spooled:
                cure = "give each document an id of its own"
                raise InputError(f"{document.id!r:.80} is the id of two documents", path=folder, field="id", cure=cure)
            lengths: list[int] = []
            for row in chain((_described(document),), _pieces(document.text)):
                self._spool.write(row)
                lengths.append(len(row))
            family = FAMILIES.index(document.family)
            self._spooled[document.id] = _Spooled(family, offset, tuple(lengths))
            offset += sum(lengths)

    def number(self, document_id: str) -> int:
        """The number of a document, which is written where it is named for the first time."""
        if document_id not in self._numbers:
            self._numbers[document_id] = self._named(document_id)
        return self._numbers[document_id]

    def family(self, document_id: str) -> int:
        """The place of a document's family among FAMILIES, or MISSING."""
        spooled = self._spooled.get(document_id)
        return MISSING if spooled is None else spooled.family

    def message(self, title: str, text: str) -> int:
        """The number of a text that is no document: a prompt's message."""
        described = literal(["", title, PROMPT, "", len(text), None, None]).encode()
        return self._written(described, _pieces(text))

    def _named(self, document_id: str) -> int:
        spooled = self._spooled.get(document_id)
        if spooled is None:
            self.missing += 1
            return self._written(literal([document_id, document_id, MISSING, "", 0, None, None]).encode(), ())
        self._spool.seek(spooled.offset)
        described, *pieces = (self._spool.read(length) for length in spooled.lengths)
        return self._written(described, pieces)

    def _written(self, described: bytes, pieces: Iterable[bytes]) -> int:
        places = [list(self.texts.append(piece)) for piece in pieces]
        number = self.catalog.rows
        self.catalog.append(described[:-1] + b"," + literal(places).encode() + b"]")
        return number


def _described(document: Document) -> bytes:
    family = FAMILIES.index(document.family)
    head = [document.id, document.title, family, document.source]
    return literal([*head, len(document.text), document.parent_id, document.parent_offset]).encode()


def _pieces(text: str) -> Iterator[bytes]:
    """The text in pieces, in UTF-8; a pair of surrogates that stands for one character is never cut."""
    for start in range(0, len(text), MAX_PIECE_CHARACTERS):
        yield literal(text[start : start + MAX_PIECE_CHARACTERS]).encode()
