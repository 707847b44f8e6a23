"""A few documents, rated, read and asked about for real, to tell what the whole corpus will take."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from longstride.corpus.judging import Judging, JudgingSettings
from longstride.curation.by_model.settings import SOLVER, CheckSettings
from longstride.llm.in_order import closing
from longstride.pipeline.settings import SynthesisSettings
from longstride.pipeline.with_models.estimate import Estimate
from longstride.pipeline.with_models.judging import poor
from longstride.pipeline.with_models.meter import Meter, Usage, metered
from longstride.pipeline.with_models.settings import ModelWork
from longstride.records import Document
from longstride.records.parquet import read_documents
from longstride.synthesis.with_models import Growth, ModelFamily, ReadDocument, Roles, Tally

SAMPLE_DOCUMENTS = 12  # not in the paper
NEIGHBOURS = 3  # of them stand together, since questions are made of documents that tell of each other
SAMPLE_QUESTIONS = 6  # of a family that could go on; not in the paper
ALL_QUESTIONS = 1_000  # more than the documents of a sample give


async def estimated(
    roles: Roles,
    *,
    files: Sequence[Path],
    documents: int,
    families: Mapping[str, ModelFamily],
    settings: SynthesisSettings,
    todo: ModelWork,
    checks: CheckSettings | None,
    tokens: Callable[[Sequence[Document]], list[int]],
) -> Estimate:
    """What the `documents` documents of `files` will take, by some of them."""
    places = sample_places(documents)
    sample = [each for place, each in enumerate(chain.from_iterable(map(read_documents, files))) if place in places]
    stages: dict[str, Meter] = {}
    sampled = Meter()

    def add(stage: str, meter: Meter, times: float) -> None:
        sampled.merge(meter)
        stages[stage] = Meter()
        stages[stage].merge(meter, times)

    if todo.judged_share:
        with metered() as rating:
            await poor(sample, JudgingSettings(seed=settings.seed), roles, Judging())
        add("rating documents", rating, todo.judged_share * documents / len(sample))
    wanted = {target: settings.candidates(target, 1) for target in settings.target_tokens}
    of_a_family = sum(wanted.values()) * settings.most_of_a_family
    regions, times = math.ceil(documents / settings.region_documents), documents / len(sample)
    trials = [_Trial(family, sample, tokens(sample), times / regions, settings, roles) for family in families.values()]
    for trial in await asyncio.gather(*(trial.made() for trial in trials)):
        name, growth = trial.family.name, trial.growth
        add(f"{name}: reading", trial.reading, times)
        add(f"{name}: joining", trial.joining, growth.shared * regions)  # the answers serve all lengths
        add(f"{name}: writing", trial.writing, trial.writings(of_a_family, regions))
    if checks is not None and checks.made:
        alike = sampled.roles.get(SOLVER) or sampled.total  # whoever answered, where no solver was asked
        length = alike.completion_tokens / alike.answers if alike.answers else 0.0
        stages["checking, at most"] = Meter({SOLVER: most_of_checks(checks, wanted, length)})
    return Estimate(stages, sampled=sampled, documents=len(sample), in_flight=roles.in_flight)


def sample_places(documents: int) -> set[int]:
    """Where the sample stands among so many documents: a few neighbours each, at equal distances from the first on."""
    if documents <= SAMPLE_DOCUMENTS:
        return set(range(documents))
    groups = SAMPLE_DOCUMENTS // NEIGHBOURS
    return {group * documents // groups + place for group in range(groups) for place in range(NEIGHBOURS)}


def most_of_checks(checks: CheckSettings, candidates: Mapping[int, int], answer_tokens: float) -> Usage:
    """What the checks ask if every candidate comes to the last of them, at the full length of its input."""
    contexts = {"blind": 0, "grounding": 1, "scarce": checks.max_left_out, "robustness": 1}  # with documents, a sample
    whole = Usage()
    for target, count in candidates.items():
        for check in checks.made:
            length = max(candidates) if check == "robustness" else target
            prompts = count * checks.answers * max(1, contexts[check])
            whole.add(Usage(prompts, count * checks.answers * contexts[check] * length, prompts * answer_tokens))
    return whole


@dataclass
class _Trial:
    """One family, tried on a few documents."""

    family: ModelFamily
    documents: Sequence[Document]
    tokens: Sequence[int]
    times: float  # as many documents has a region
    settings: SynthesisSettings
    roles: Roles
    growth: Growth = field(default_factory=Growth)
    reading: Meter = field(default_factory=Meter)
    joining: Meter = field(default_factory=Meter)  # what was asked before the first question
    writing: Meter = field(default_factory=Meter)
    questions: int = 0

    async def made(self) -> _Trial:
        """The trial with its meters read."""
        with metered() as self.reading:
            found = await asyncio.gather(*(self.family.extract(each, self.roles, Tally()) for each in self.documents))
        read = [ReadDocument(*each) for each in zip(self.documents, self.tokens, found, strict=True)]
        self.growth = self.family.growth(read, self.times)
        with metered() as self.joining:
            await self._proposed(read, 0)
        with metered() as whole:
            limit = SAMPLE_QUESTIONS if self.growth.questions is None else ALL_QUESTIONS
            self.questions = await self._proposed(read, limit)
        self.writing = whole.beyond(self.joining)
        return self

    def writings(self, wanted: float, regions: int) -> float:
        """How many times the writing of the trial gives so many questions, or all that there are."""
        if self.growth.questions is None:
            return wanted / (self.questions or SAMPLE_QUESTIONS)
        most = self.growth.questions * regions * len(self.settings.target_tokens)
        return min(wanted / self.questions, most) if self.questions else most

    async def _proposed(self, read: Sequence[ReadDocument], limit: int) -> int:
        room = int(min(self.settings.target_tokens) * self.settings.evidence_share)
        proposed = self.family.propose(read, room, self.settings.seed, limit, self.roles, Tally())
        async with closing(proposed) as questions:
            return sum([1 async for _ in questions])
