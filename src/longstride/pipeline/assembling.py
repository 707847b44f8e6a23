"""Contexts for the candidates, and the checks of each sample, piece by piece (paper 3)."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from longstride.curation.curator import with_checks
from longstride.curation.funnel import Funnel
from longstride.pipeline.made_documents import made_by, write_brought
from longstride.pipeline.regions import LoadedRegion, Region, Worker, current_worker
from longstride.pipeline.settings import SynthesisSettings
from longstride.records import Sample
from longstride.records.parquet import write_samples
from longstride.synthesis.candidates import Candidate
from longstride.synthesis.contexts import sample_of
from longstride.workspace import write_json

DATA_SOURCE = "longstride"
CONTEXTS_A_UNIT = 8  # pieces small enough that a kill loses seconds
OPEN_GROUPS = 16  # contexts that a candidate may still join
STAGE = "context"
NO_CONTEXT = "its documents do not fit, or give another answer together"


class Piece(Protocol):
    """Samples that passed every check of one piece of work."""

    @property
    def path(self) -> Path:
        """Of the samples."""
        ...

    @property
    def target_tokens(self) -> int: ...

    @property
    def funnel_paths(self) -> tuple[Path, ...]:
        """Of what was counted on the way, in order."""
        ...

    @property
    def documents_path(self) -> Path:
        """Of the documents that its samples bring, if any do."""
        ...


@dataclass(frozen=True)
class AssemblyUnit:
    """One piece of work: some contexts of a region and a length."""

    region: Region
    target_tokens: int
    groups: tuple[tuple[Candidate, ...], ...]
    path: Path  # where the samples go; the funnel stands beside it

    @property
    def funnel_path(self) -> Path:
        return self.path.with_suffix(".json")

    @property
    def funnel_paths(self) -> tuple[Path, ...]:
        return (self.funnel_path,)

    @property
    def documents_path(self) -> Path:
        """Where the documents go that its samples bring, if any do."""
        return self.path.with_suffix(".documents.parquet")


def assemble(unit: AssemblyUnit) -> Path:
    """Write the unit's samples that pass every check, and its funnel. What is there is not made again."""
    if not unit.funnel_path.exists():
        worker = current_worker()
        loaded = worker.load(unit.region)
        funnel = Funnel((STAGE,))
        accepted: list[Sample] = []
        made = made_by(each for group in unit.groups for each in group)
        documents = ChainMap(made, loaded.documents)
        for group in unit.groups:
            for sample in _samples(group, loaded, unit.target_tokens, worker, funnel):
                verdict = loaded.curator.check(sample, documents)
                for name, outcome in verdict.outcomes:
                    funnel.count(name, outcome.reason, outcome.skipped)
                if verdict.passed:
                    accepted.append(with_checks(sample, verdict.checks()))
        write_brought(unit.documents_path, accepted, made)
        write_samples(unit.path, accepted)
        write_json(unit.funnel_path, funnel.to_json())
    return unit.path


def grouped(
    candidates: Sequence[Candidate], tokens: dict[str, int], target_tokens: int, settings: SynthesisSettings
) -> list[tuple[Candidate, ...]]:
    """Candidates that share a context: the first with room for their documents takes them, those of a parent first."""
    room = int(target_tokens * settings.evidence_share)
    groups: list[list[Candidate]] = []
    held: list[set[str]] = []
    for candidate in candidates:
        needed = set(candidate.required_ids)
        best, saved = None, -1
        for place in range(max(0, len(groups) - OPEN_GROUPS), len(groups)):
            together = held[place] | needed
            full = len(groups[place]) >= settings.context_questions
            if full or sum(tokens[name] for name in together) > room:
                continue
            if (shared := len(held[place] & needed)) > saved:
                best, saved = place, shared
        if best is None:
            groups.append([candidate])
            held.append(needed)
        else:
            groups[best].append(candidate)
            held[best] |= needed
    return [tuple(group) for group in groups]


def _samples(
    group: Sequence[Candidate], loaded: LoadedRegion, target_tokens: int, worker: Worker, funnel: Funnel
) -> list[Sample]:
    """The group's samples in one context; where they cannot share one, each in its own."""
    context = loaded.pool.extend(group, target_tokens, worker.settings.seed)
    if context is None and len(group) > 1:
        return [sample for each in group for sample in _samples((each,), loaded, target_tokens, worker, funnel)]
    for _ in group:
        funnel.count(STAGE, NO_CONTEXT if context is None else None)
    if context is None:
        return []
    seed = worker.settings.seed
    return [sample_of(each, context, worker.tokenizer, DATA_SOURCE, seed, worker.style) for each in group]
