"""The first few documents, rated, read and asked about for real, to tell what the whole corpus will take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
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
from longstride.synthesis.with_models import ModelFamily, ReadDocument, Roles, Tally

SAMPLE_DOCUMENTS = 6  # not in the paper
SAMPLE_QUESTIONS = 2  # of each family; not in the paper


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
    """What `documents` documents will take, by the first of `files`."""
    sample = list(islice((each for file in files for each in read_documents(file)), SAMPLE_DOCUMENTS))
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
    trials = [_Trial(family, sample, tokens(sample), settings, roles) for family in families.values()]
    for trial in await asyncio.gather(*(trial.made() for trial in trials)):
        add(f"{trial.family.name}: reading", trial.reading, documents / len(sample))
        add(f"{trial.family.name}: writing", trial.writing, of_a_family / (trial.questions or SAMPLE_QUESTIONS))
    if checks is not None and checks.made:
        answers = sampled.total.answers
        length = sampled.total.completion_tokens / answers if answers else 0.0
        stages["checking, at most"] = Meter({SOLVER: most_of_checks(checks, wanted, length)})
    return Estimate(stages, sampled=sampled, documents=len(sample), in_flight=roles.in_flight)


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
    settings: SynthesisSettings
    roles: Roles
    reading: Meter = field(default_factory=Meter)
    writing: Meter = field(default_factory=Meter)
    questions: int = 0

    async def made(self) -> _Trial:
        """The trial with its meters read."""
        tally = Tally()
        with metered() as self.reading:
            found = await asyncio.gather(*(self.family.extract(each, self.roles, tally) for each in self.documents))
        read = [ReadDocument(*each) for each in zip(self.documents, self.tokens, found, strict=True)]
        room = int(min(self.settings.target_tokens) * self.settings.evidence_share)
        with metered() as self.writing:
            proposed = self.family.propose(read, room, self.settings.seed, SAMPLE_QUESTIONS, self.roles, tally)
            async with closing(proposed) as questions:
                async for _ in questions:
                    self.questions += 1
        return self
