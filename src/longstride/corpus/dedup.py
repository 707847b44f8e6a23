"""Exact and near duplicates (paper 3): the first in order stays, by MinHash over shingles of five words.

Two levels. A source that is nearly another is dropped whole, for splitting sets its parts off from the other's. A part
that is nearly a part of another source is dropped alone: a licence, a chapter printed twice. Parts of one source are
compared only for being the same, for a report's tables resemble each other and are not the same.

Memory grows with what is kept, by 0.7 to 0.9 kB a document: a gigabyte of text in documents of 2,000 tokens takes about
0.1 GB, in records of 100 words about 1 GB.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from longstride.corpus.bands import PERMUTATIONS, BandIndex
from longstride.corpus.packages import required
from longstride.records import Document

SHINGLE_WORDS = 5
THRESHOLD = 0.8  # Jaccard similarity of the shingles, as the MinHash estimates it (its standard error is 0.035)
SEED = 1
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Signature:
    """What the comparison needs of a text, 530 bytes: pickles."""

    digest: int  # of the text without its spacing: equal for exact duplicates
    minhash: array[int]


def signature(text: str) -> Signature:
    """The signature of a text: the same on every machine and every day.

    Case, punctuation, spacing and the composition of letters play no part. Raises InputError where rensa is missing.
    """
    words = WORD.findall(unicodedata.normalize("NFKC", text).lower())
    if len(words) < SHINGLE_WORDS:
        shingles = [" ".join(words)]
    else:
        shingles = list(map(" ".join, zip(*(words[place:] for place in range(SHINGLE_WORDS)), strict=False)))
    minhash = required("rensa").RMinHash(PERMUTATIONS, SEED)
    minhash.update(shingles)
    exact = hashlib.blake2b(" ".join(text.split()).encode("utf-8", "replace"), digest_size=8).digest()
    return Signature(int.from_bytes(exact, "little"), array("I", minhash.digest()))


class Deduplicator:
    """Says of each document whether it came before; sources whole, in order.

    A run that goes on after a kill first gives `replay` what was kept, and then says the same as if it had not ended.
    """

    def __init__(self, threshold: float = THRESHOLD) -> None:
        if not 0 < threshold <= 1:
            raise ValueError(f"threshold is {threshold}, expected more than 0 and at most 1")
        self.threshold = threshold
        self._sources = BandIndex(threshold)
        self._documents = BandIndex(threshold)
        self._seen: set[int] = set()  # digests of kept documents
        self._count = 0  # sources that something was kept of

    def add(self, documents: Sequence[Document], signatures: Sequence[Signature] | None = None) -> list[str | None]:
        """For each document of one source None (keep), or `duplicate_source`, `duplicate`, `near_duplicate`."""
        if not documents:
            return []
        signatures = [signature(each.text) for each in documents] if signatures is None else signatures
        if len(documents) > 1 and self._sources.near(_together(signatures)) is not None:
            return ["duplicate_source"] * len(documents)
        source = self._count
        reasons: list[str | None] = []
        for each in signatures:
            reason = self._reason(each, source)
            reasons.append(reason)
            if reason is None:
                self._keep(each, source)
        kept = [each for each, reason in zip(signatures, reasons, strict=True) if reason is None]
        self._end(kept, source)
        return reasons

    def replay(self, documents: Sequence[Document], signatures: Sequence[Signature] | None = None) -> None:
        """Take in the documents of one source that were kept before, in their order."""
        if not documents:
            return
        signatures = [signature(each.text) for each in documents] if signatures is None else signatures
        source = self._count
        for each in signatures:
            self._keep(each, source)
        self._end(signatures, source)

    def _reason(self, one: Signature, source: int) -> str | None:
        if one.digest in self._seen:
            return "duplicate"
        return "near_duplicate" if self._documents.near(one.minhash, but=source) is not None else None

    def _end(self, kept: Sequence[Signature], source: int) -> None:
        if len(kept) > 1:  # one document alone is found among the documents
            self._sources.insert(_together(kept), source)
        self._count += bool(kept)

    def _keep(self, one: Signature, source: int) -> None:
        self._seen.add(one.digest)
        self._documents.insert(one.minhash, source)


def _together(signatures: Sequence[Signature]) -> array[int]:
    """The MinHash of several texts as one."""
    if len(signatures) == 1:
        return signatures[0].minhash
    return array("I", map(min, *(each.minhash for each in signatures)))
