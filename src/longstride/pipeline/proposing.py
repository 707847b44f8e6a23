"""Questions for each region, length and family, before they have a context."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from longstride.pipeline.regions import Region, current_worker
from longstride.pipeline.settings import SynthesisSettings
from longstride.records import Document, Evidence
from longstride.synthesis.candidates import Candidate
from longstride.workspace import write_json


@dataclass(frozen=True)
class ProposalUnit:
    """One piece of work: a family's questions over a region, for inputs of one length."""

    region: Region
    family: str
    target_tokens: int
    limit: int
    path: Path  # where the candidates go

    @classmethod
    def all(
        cls,
        regions: Sequence[Region],
        families: Sequence[str],
        settings: SynthesisSettings,
        folder: Path,
        of_regions: int | None = None,
    ) -> list[ProposalUnit]:
        """Every piece, region by region, so that a worker keeps its region for long.

        of_regions: how many there are in all, where `regions` are only some.
        """
        share = of_regions or len(regions)
        name = "{region.number:05}-{target:08}-{family}.json"
        return [
            cls(
                region,
                family,
                target,
                int(settings.candidates(target, share) * settings.most_of_a_family) + 1,
                folder / name.format(region=region, target=target, family=family),
            )
            for region in regions
            for family in families
            for target in settings.target_tokens
        ]

    def count(self) -> int:
        """How many candidates there are."""
        return len(json.loads(self.path.read_text(encoding="utf-8")))


def propose(unit: ProposalUnit) -> int:
    """Write the unit's candidates; give their number. What is there is not made again."""
    if not unit.path.exists():
        worker = current_worker()
        settings = worker.settings
        sources = list(worker.load(unit.region).sources(unit.family).values())
        seed = random.Random(f"{settings.seed}/{unit.region.number}/{unit.target_tokens}").getrandbits(48)
        found = worker.families[unit.family].propose(
            sources,
            max_context_tokens=int(unit.target_tokens * settings.evidence_share),
            seed=seed,
            limit=unit.limit,
        )
        wanted = settings.tasks
        write_json(unit.path, [asdict(each) for each in found if not wanted or each.task in wanted])
    return unit.count()


def read_candidates(paths: Sequence[Path]) -> list[Candidate]:
    """The candidates of several files, in turn by question type, so that any number of the first is a fair share."""
    by_type: defaultdict[tuple[str, str], list[Candidate]] = defaultdict(list)
    seen: Counter[str] = Counter()
    for path in paths:
        for values in json.loads(path.read_text(encoding="utf-8")):
            candidate = _candidate(values)
            if not seen[candidate.key]:
                by_type[candidate.task, candidate.question_type].append(candidate)
            seen[candidate.key] += 1
    turns = [
        (place, kind, candidate) for kind, group in sorted(by_type.items()) for place, candidate in enumerate(group)
    ]
    return [candidate for _, _, candidate in sorted(turns, key=lambda turn: turn[:2])]


def _candidate(values: dict[str, Any]) -> Candidate:
    lists = {name: tuple(values[name]) for name in ("ground_truth", "document_ids", "entities")}
    evidence = tuple(Evidence(**each) for each in values["evidence"])
    made = tuple(Document(**each) for each in values["made_documents"])
    return Candidate(**{**values, **lists, "evidence": evidence, "made_documents": made})
