"""A fictional world (paper 3.1, and the knowledge grounding of 3): documents whose facts no model can know.

People, places, companies, filings, programs and conversations that refer to each other, all computed from a seed, from
ten documents to about 190 million tokens, in bounded memory. Two documents never disagree.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count as numbers
from pathlib import Path
from typing import Literal

from longstride.corpus.world.documents import plan, write
from longstride.corpus.world.facts import Atlas
from longstride.corpus.world.files import write_files
from longstride.corpus.world.page import Fact
from longstride.corpus.world.small import SmallWorld, small_vocabulary
from longstride.corpus.world.terms import MANY_VALUED
from longstride.errors import InputError, unknown_name
from longstride.records import Document
from longstride.tokens import load_tokenizer

__all__ = ["MANY_VALUED", "Fact", "Vocabulary", "World", "small_vocabulary", "write_world"]

VOCABULARIES = ("full", "small")
Vocabulary = Literal["full", "small"]


class World:
    """One consistent set of invented facts, and the documents that state them.

    `full` goes on for about 700,000 documents in five families; `small` is one set of 272 documents of about 18
    words each, in a closed vocabulary (`small_vocabulary`) and three families. The same seed gives the same bytes, and
    the first documents are the same however many are asked for.
    """

    def __init__(self, seed: int, vocabulary: Vocabulary = "full") -> None:
        if vocabulary not in VOCABULARIES:
            raise unknown_name("vocabulary", vocabulary, VOCABULARIES)
        self.seed, self.vocabulary = seed, vocabulary

    def pages(self, count: int | None = None, tokens: int | None = None) -> Iterator[tuple[Document, tuple[Fact, ...]]]:
        """Each document with the facts that it states, in order; streams.

        Stops after `count` documents, or with the document that brings the total to `tokens` (of the bundled
        tokenizer, or of words in the small vocabulary), whichever is first. Raises InputError where the world is
        smaller than that.
        """
        for name, limit in (("count", count), ("tokens", tokens)):
            if limit is not None and limit < 0:
                raise InputError(f"is {limit}, expected 0 or more", field=name)
        if count == 0 or tokens == 0:
            return
        made = total = 0
        for document, facts in self._pages():
            yield document, facts
            made += 1
            total += self._size(document) if tokens is not None else 0
            if made == count or (tokens is not None and total >= tokens):
                return
        if count is not None or tokens is not None:
            raise InputError(
                f"the small world has {made} documents, fewer than asked for", cure="take another seed too"
            )

    def documents(self, count: int | None = None, tokens: int | None = None) -> Iterator[Document]:
        """The documents of `pages`; streams."""
        return (document for document, _ in self.pages(count, tokens))

    def facts(self, count: int | None = None, tokens: int | None = None) -> Iterator[Fact]:
        """The gold facts of the documents of `pages`, in the order of their text; streams."""
        return (fact for _, facts in self.pages(count, tokens) for fact in facts)

    def _pages(self) -> Iterator[tuple[Document, tuple[Fact, ...]]]:
        if self.vocabulary == "small":
            yield from SmallWorld(self.seed).pages()
            return
        atlas = Atlas(self.seed)
        for district in numbers():
            for kind, index in plan(district):
                yield write(atlas, district, kind, index)

    def _size(self, document: Document) -> int:
        return len(document.text.split()) if self.vocabulary == "small" else load_tokenizer().count(document.text)


def write_world(
    folder: str | Path, seed: int, vocabulary: Vocabulary = "full", count: int | None = None, tokens: int | None = None
) -> int:
    """Write a world's documents to `folder` as real files; gives how many. The same arguments give the same bytes.

    Raises InputError where a full world has no end: one of `count` and `tokens` must then be given.
    """
    world = World(seed, vocabulary)
    if vocabulary == "full" and count is None and tokens is None:
        raise InputError("a full world has no end", cure="say how many documents or tokens to write")
    return write_files(folder, world.documents(count, tokens))
