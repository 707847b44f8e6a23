"""Questions that models write, for each region, length and family (paper 3.2)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from longstride.llm.in_order import closing
from longstride.pipeline.proposing import ProposalUnit
from longstride.pipeline.settings import SynthesisSettings
from longstride.pipeline.with_models.meter import metered
from longstride.pipeline.with_models.told import Told
from longstride.synthesis.candidates import Candidate
from longstride.synthesis.with_models import ModelFamily, ReadDocument, Roles, Tally
from longstride.workspace import write_json


def told_path(unit: ProposalUnit) -> Path:
    """The mark of a piece that is done."""
    return unit.path.with_suffix(".told.json")


async def propose(
    unit: ProposalUnit,
    family: ModelFamily,
    documents: Sequence[ReadDocument],
    roles: Roles,
    settings: SynthesisSettings,
    on_candidate: Callable[[int], object],
) -> None:
    """Write the unit's candidates, each with the models of the family's roles in its derivation, and what it tells.

    What is there is not made again.
    """
    if told_path(unit).exists():
        on_candidate(unit.limit)
        return
    tally = Tally()
    seed = random.Random(f"{settings.seed}/{unit.region.number}/{unit.target_tokens}/{unit.family}").getrandbits(48)
    room = int(unit.target_tokens * settings.evidence_share)
    models = {role: roles.model(role).model_id for role in family.roles}
    candidates: list[Candidate] = []
    with metered() as meter:
        proposed = family.propose(documents, room, seed, unit.limit, roles, tally)
        async with closing(proposed) as found:
            async for each in found:
                candidates.append(replace(each, derivation={"models": models, **each.derivation}))
                on_candidate(1)
    on_candidate(unit.limit - len(candidates))
    wanted = settings.tasks
    write_json(unit.path, [asdict(each) for each in candidates if not wanted or each.task in wanted])
    Told({family.name: tally}, meter).write(told_path(unit))
