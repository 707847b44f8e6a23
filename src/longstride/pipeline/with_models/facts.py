"""What models found in documents, kept in files beside them, and the families that answer from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longstride.records import Document
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.with_models import ModelFamily


@dataclass(frozen=True)
class FactFiles:
    """Where the facts stand: a file for each family and file of documents."""

    folder: Path

    def path(self, family: str, documents: Path) -> Path:
        """Where the facts go that `family` finds in a file of documents."""
        return self.folder / family / f"{documents.stem}.json"

    def read(self, family: str, documents: Path) -> dict[str, Any]:
        """The facts by document; documents without any are left out."""
        return json.loads(self.path(family, documents).read_text(encoding="utf-8"))


class StoredFamily:
    """A model family as programs need it: its facts come from files, its answers from itself."""

    def __init__(self, family: ModelFamily) -> None:
        self.family, self.name, self.rederives = family, family.name, family.rederives

    def extract(self, document: Document) -> Any:
        """Nothing: of a document that no model has read, no facts are known."""
        return None

    def propose(self, sources: Sequence[Source], max_context_tokens: int, seed: int, limit: int) -> Iterator[Candidate]:
        """Nothing: its questions are written by models."""
        return iter(())

    def answers(self, derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
        """As the family, from the facts of these documents."""
        return self.family.answers(derivation, [source.facts for source in sources])
