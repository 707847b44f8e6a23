"""What a worker process knows: the settings, the question families, and the region of the corpus it works on."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from longstride.curation.curator import Curator
from longstride.pipeline.settings import SynthesisSettings, load_families
from longstride.records import Document
from longstride.records.parquet import read_documents
from longstride.synthesis.candidates import QuestionFamily, Source
from longstride.synthesis.contexts import rendered
from longstride.synthesis.distractors import DistractorPool
from longstride.tokens import Tokenizer, load_tokenizer

POOL_DOCUMENTS = 256  # that the robustness check draws from; not in the paper


@dataclass(frozen=True)
class Region:
    """Neighbouring document files that questions are made over."""

    number: int
    files: tuple[Path, ...]


class Worker:
    """One a process. It holds the facts of one region at a time."""

    def __init__(self, settings: SynthesisSettings) -> None:
        self.settings = settings
        self.tokenizer: Tokenizer = load_tokenizer(settings.tokenizer)
        self.families: dict[str, QuestionFamily] = load_families()
        self._loaded: LoadedRegion | None = None

    def load(self, region: Region) -> LoadedRegion:
        """The region's documents and facts; those of the region asked for last are held."""
        if self._loaded is None or self._loaded.region != region:
            self._loaded = LoadedRegion(region, self.families, self.tokenizer, self.settings.seed)
        return self._loaded


class LoadedRegion:
    """A region's documents, and what the families make of them when it is asked for."""

    def __init__(self, region: Region, families: Mapping[str, QuestionFamily], tokenizer: Tokenizer, seed: int) -> None:
        self.region, self.families, self.tokenizer, self.seed = region, families, tokenizer, seed
        documents = [document for file in region.files for document in read_documents(file)]
        self.documents = {document.id: document for document in documents}
        self._sources: dict[str, dict[str, Source]] = {}

    @cached_property
    def tokens(self) -> dict[str, int]:
        """What each document takes in a prompt."""
        counts = self.tokenizer.count_each([rendered(document) for document in self.documents.values()])
        return dict(zip(self.documents, counts, strict=True))

    def sources(self, family: str) -> dict[str, Source]:
        """The facts that `family` finds, by document; documents without any are left out."""
        if family not in self._sources:
            self._sources[family] = {
                document.id: Source(
                    document_id=document.id,
                    parent_id=document.parent_id or document.id,
                    title=document.title,
                    tokens=self.tokens[document.id],
                    facts=facts,
                )
                for document in self.documents.values()
                if (facts := self.families[family].extract(document))
            }
        return self._sources[family]

    @cached_property
    def pool(self) -> DistractorPool:
        """The documents as distractors."""
        sources = {family: self.sources(family) for family in self.families}
        documents: list[Document] = list(self.documents.values())
        return DistractorPool(documents, sources, self.families, self.tokenizer)

    @cached_property
    def curator(self) -> Curator:
        """Checks samples, with documents of this region for more distractors."""
        drawn = random.Random(f"{self.seed}/curator/{self.region.number}").sample(
            list(self.documents), min(POOL_DOCUMENTS, len(self.documents))
        )
        return Curator(
            self.families,
            pool=[self.documents[name] for name in drawn],
            seed=self.seed,
            count_tokens=self.tokenizer.count,
        )


_worker: Worker | None = None


def begin_worker(settings: SynthesisSettings) -> None:
    """Run once in each process, before its first item."""
    global _worker
    _worker = Worker(settings)


def current_worker() -> Worker:
    """This process's worker."""
    if _worker is None:
        raise RuntimeError("begin_worker was not called in this process")
    return _worker
