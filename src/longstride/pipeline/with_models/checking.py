"""The checks that a model makes, of the samples that passed those of programs (paper 3, "Data Verification")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from longstride.curation.by_model.checking import check_samples, stage_of
from longstride.curation.by_model.distractors import DocumentTokens
from longstride.curation.by_model.settings import CheckSettings
from longstride.curation.funnel import Funnel
from longstride.llm.in_order import closing
from longstride.llm.ledger import Prices
from longstride.pipeline.assembling import AssemblyUnit
from longstride.pipeline.with_models.meter import Meter, each_metered
from longstride.pipeline.with_models.told import Told
from longstride.records import Document, Sample
from longstride.records.parquet import read_samples, write_samples
from longstride.synthesis.with_models import Roles
from longstride.workspace import write_json

NOT_ASKED = "not asked: a program answers it again"


@dataclass(frozen=True)
class CheckingUnit:
    """One piece of work: the samples of an assembled piece. Those of families without models pass unasked."""

    assembled: AssemblyUnit
    folder: Path  # where the samples go that pass, the funnel and what it tells
    shares: Mapping[str, Meter]  # what each candidate of a family took until here
    prices: Mapping[str, Prices]  # by role, where they are known

    @property
    def path(self) -> Path:
        return self.folder / self.assembled.path.name

    @property
    def funnel_path(self) -> Path:
        return self.path.with_suffix(".json")

    @property
    def target_tokens(self) -> int:
        return self.assembled.target_tokens

    @property
    def funnel_paths(self) -> tuple[Path, ...]:
        return (self.assembled.funnel_path, self.funnel_path)

    @property
    def documents_path(self) -> Path:
        return self.assembled.documents_path

    @property
    def told_path(self) -> Path:
        """The mark of a piece that is done."""
        return self.path.with_suffix(".told.json")

    def samples(self) -> Iterator[Sample]:
        """What is to be checked, in its order."""
        return read_samples(self.assembled.path)

    def asked_about(self, sample: Sample) -> bool:
        """True for a sample that models made."""
        return sample.generator in self.shares

    def with_cost(self, sample: Sample, checks: Meter) -> Sample:
        """The sample with what it took by role: its share of what its candidates took, and its own checks."""
        whole = Meter()
        whole.merge(self.shares[sample.generator])
        whole.merge(checks)
        cost = {"calls": whole.total.to_json()["answers"], "money": whole.money(self.prices), "roles": whole.to_json()}
        return replace(sample, cost={**sample.cost, **cost})

    def write(self, passed: Iterable[Sample], funnel: Funnel, told: Told) -> None:
        """Write the piece, its mark last."""
        write_samples(self.path, passed)
        write_json(self.funnel_path, funnel.to_json())
        told.write(self.told_path)


def stages(settings: CheckSettings) -> tuple[str, ...]:
    """The checks' names in a funnel, in their order."""
    return tuple(map(stage_of, settings.made))


async def check(
    units: Sequence[CheckingUnit],
    documents: Mapping[str, Document],
    pool: Sequence[Document],
    settings: CheckSettings | None,
    count_tokens: Callable[[str], int],
    roles: Roles,
    on_sample: Callable[[int], object],
) -> None:
    """Write each unit's samples that pass, with what they cost; what is there is not made again.

    Samples of all units are under way together; a unit is written when its last one is in. Without settings every
    sample passes unasked.
    """
    left = [unit for unit in units if not unit.told_path.exists()]
    if settings is None:
        for unit in left:
            passed = (
                unit.with_cost(sample, Meter()) if unit.asked_about(sample) else sample for sample in unit.samples()
            )
            unit.write(passed, Funnel(), Told())
        return
    meters: dict[int, Meter] = {}
    asked = (sample for unit in left for sample in unit.samples() if unit.asked_about(sample))
    under_way = replace(roles, in_flight=max(1, roles.in_flight // settings.answers))  # each asks so many at once
    results = check_samples(
        each_metered(asked, meters), documents, under_way, settings, pool=pool, tokens=DocumentTokens(count_tokens)
    )
    place = 0
    async with closing(results) as checked:
        for unit in left:
            funnel, told, passed = Funnel(stages(settings)), Told(), list[Sample]()
            for sample in unit.samples():
                if not unit.asked_about(sample):
                    passed.append(sample)
                    for name in funnel.stages:
                        funnel.count(name, note=NOT_ASKED)
                    continue
                result = await anext(checked)
                meter = meters.pop(place)
                place += 1
                told.meter.merge(meter)
                for name, outcome in result.verdict.outcomes:
                    funnel.count(name, outcome.reason, outcome.skipped)
                if result.verdict.passed:
                    passed.append(unit.with_cost(result.sample, meter))
                on_sample(1)
            unit.write(passed, funnel, told)
