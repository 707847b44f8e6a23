"""What a worker process knows: the settings, the question families, and the region of the corpus it works on."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from longstride.curation.curator import Curator
from longstride.pipeline.settings import SynthesisSettings, load_families
from longstride.pipeline.with_models.facts import FactFiles, StoredFamily
from longstride.pipeline.with_models.settings import load_model_families
from longstride.records import Document
from longstride.records.parquet import read_documents
from longstride.synthesis.candidates import QuestionFamily, Source
from longstride.synthesis.choices import MultipleChoiceFamily
from longstride.synthesis.contexts import style_named
from longstride.synthesis.distractors import DistractorPool
from longstride.tokens import Tokenizer, load_tokenizer

POOL_DOCUMENTS = 256  # that the robustness check draws from; not in the paper


@dataclass(frozen=True)
class Region:
    """Neighbouring document files that questions are made over."""

    number: int
    files: tuple[Path, ...]


class Worker:
    """One a process. It holds the facts of one region at a time.

    facts: where those stand that models found; None where no models are asked.
    """

    def __init__(self, settings: SynthesisSettings, facts: FactFiles | None = None) -> None:
        self.settings, self.facts = settings, facts
        self.tokenizer: Tokenizer = load_tokenizer(settings.tokenizer)
        self.families: dict[str, QuestionFamily] = load_families()
        if settings.models is not None:
            self.families |= {
                name: StoredFamily(family) for name, family in load_model_families(settings.models.families).items()
            }
        self.style = style_named(settings.prompt)
        self._loaded: LoadedRegion | None = None

    def load(self, region: Region) -> LoadedRegion:
        """The region's documents and facts; those of the region asked for last are held."""
        if self._loaded is None or self._loaded.region != region:
            self._loaded = LoadedRegion(region, self)
        return self._loaded


class LoadedRegion:
    """A region's documents, and what the families make of them when it is asked for."""

    def __init__(self, region: Region, worker: Worker) -> None:
        self.region, self.families, self.tokenizer = region, worker.families, worker.tokenizer
        self.style, self.seed, self.facts = worker.style, worker.settings.seed, worker.facts
        documents = [document for file in region.files for document in read_documents(file)]
        self.documents = {document.id: document for document in documents}
        self._sources: dict[str, dict[str, Source]] = {}
        self._found: dict[str, dict[str, Any]] = {}

    @cached_property
    def tokens(self) -> dict[str, int]:
        """What each document takes in a prompt."""
        counts = self.tokenizer.count_each([self.style.rendered(document) for document in self.documents.values()])
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
                if (facts := self._facts(self.families[family], document))
            }
        return self._sources[family]

    def _facts(self, family: QuestionFamily, document: Document) -> Any:
        """What the family finds in a document; of a family of families, what those found already."""
        if isinstance(family, StoredFamily):
            return self._found_by_models(family.name).get(document.id)
        if not isinstance(family, MultipleChoiceFamily):
            return family.extract(document)
        found = {name: self.sources(name).get(document.id) for name in family.families}
        return {name: source.facts for name, source in found.items() if source is not None}

    def _found_by_models(self, family: str) -> dict[str, Any]:
        """The facts that models found for a family, by document."""
        if self.facts is None:
            return {}
        if family not in self._found:
            files = (self.facts.read(family, file) for file in self.region.files)
            self._found[family] = {name: facts for file in files for name, facts in file.items()}
        return self._found[family]

    @cached_property
    def pool(self) -> DistractorPool:
        """The documents as distractors."""
        sources = {family: self.sources(family) for family in self.families}
        documents: list[Document] = list(self.documents.values())
        return DistractorPool(documents, sources, self.families, self.tokenizer, self.style)

    @cached_property
    def curator(self) -> Curator:
        """Checks samples, with documents of this region for more distractors."""
        drawn = random.Random(f"{self.seed}/curator/{self.region.number}").sample(
            list(self.documents), min(POOL_DOCUMENTS, len(self.documents))
        )
        return Curator(
            {
                name: _KnownFacts(family, self)
                for name, family in self.families.items()
                if not isinstance(family, StoredFamily) or family.rederives
            },
            pool=[self.documents[name] for name in drawn],
            seed=self.seed,
            count_tokens=self.tokenizer.count,
        )


class _KnownFacts:
    """A family, as curation needs it, that need not read a region's own documents again."""

    def __init__(self, family: QuestionFamily, region: LoadedRegion) -> None:
        self.family, self.region = family, region

    def extract(self, document: Document) -> Any:
        if self.region.documents.get(document.id) is not document:
            return self.family.extract(document)
        source = self.region.sources(self.family.name).get(document.id)
        return None if source is None else source.facts

    def answers(self, derivation: Mapping[str, Any], sources: Sequence[Any]) -> tuple[str, ...]:
        return self.family.answers(derivation, sources)


_worker: Worker | None = None


def begin_worker(settings: SynthesisSettings, facts: FactFiles | None = None) -> None:
    """Run once in each process, before its first item."""
    global _worker
    _worker = Worker(settings, facts)


def current_worker() -> Worker:
    """This process's worker."""
    if _worker is None:
        raise RuntimeError("begin_worker was not called in this process")
    return _worker
