"""What answers a question again: handed to curation, which does not know how questions are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from longstride.curation.bounded_cache import BoundedCache
from longstride.records import Document, Sample

MAX_CACHED_CHARACTERS = 64_000_000  # of the documents whose facts are held


class Family(Protocol):
    """A question family, as far as curation needs it: any of synthesis will do."""

    def extract(self, document: Document) -> Any:
        """The facts of one document; falsy where none."""
        ...

    def answers(self, derivation: Mapping[str, Any], sources: Sequence[Any]) -> tuple[str, ...]:
        """Every answer that these documents support, in the form of `Sample.ground_truth[0]`; () where none."""
        ...


@dataclass(frozen=True)
class Source:
    """A document's facts, in the form that `Family.answers` reads."""

    document: Document
    facts: Any
    count_tokens: Callable[[str], int]

    @property
    def document_id(self) -> str:
        return self.document.id

    @property
    def parent_id(self) -> str:
        """The id of the whole that the document was split from; its own where it was not."""
        return self.document.id if self.document.parent_id is None else self.document.parent_id

    @property
    def title(self) -> str:
        return self.document.title

    @cached_property
    def tokens(self) -> int:
        """What the text takes in a context; counted when a family asks for it."""
        return self.count_tokens(self.document.text)


class Underivable(Exception):
    """A family could not read a document or run a derivation: both may come from anywhere."""


class Rederivation:
    """Answers questions again by the family that made them, from the facts of the documents at hand.

    Documents without facts support no answer and are left out. The facts of the documents used last are held.

    count_tokens: of a text, for `Source.tokens`.
    """

    def __init__(
        self,
        families: Mapping[str, Family],
        count_tokens: Callable[[str], int],
        max_cached_characters: int = MAX_CACHED_CHARACTERS,
    ) -> None:
        self.families, self.count_tokens = dict(families), count_tokens
        self._sources: BoundedCache[tuple[str, Document], Source] = BoundedCache(max_cached_characters)

    def skipped(self, sample: Sample) -> str | None:
        """Why this sample cannot be answered again, or None where it can."""
        return None if sample.generator in self.families else "not re-derivable: its family is unknown"

    def answers(self, sample: Sample, documents: Sequence[Document]) -> tuple[str, ...]:
        """Every answer to the sample's question that `documents` support.

        Raises Underivable where the family fails on a document or on the derivation.
        """
        found = [self._source(sample.generator, document) for document in documents]
        sources = [source for source in found if source.facts]
        try:
            return tuple(self.families[sample.generator].answers(sample.derivation, sources))
        except Exception as error:  # the derivation is untrusted, and the family is anybody's
            raise Underivable(f"{type(error).__name__}: {error}") from error

    def _source(self, family: str, document: Document) -> Source:
        return self._sources.get((family, document), lambda: (self._extract(family, document), len(document.text)))

    def _extract(self, family: str, document: Document) -> Source:
        try:
            facts = self.families[family].extract(document)
        except Exception as error:
            raise Underivable(f"document {document.id}: {type(error).__name__}: {error}") from error
        return Source(document, facts, self.count_tokens)
