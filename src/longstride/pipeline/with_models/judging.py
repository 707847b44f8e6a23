"""Documents that a model rates, file by file; those that it finds poor leave the corpus (paper 3.1)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longstride.corpus.funnel import KEPT
from longstride.corpus.judging import NO_ANSWER, NOT_JUDGED, Judging, JudgingSettings, judge_documents
from longstride.curation.funnel import Stage
from longstride.llm.in_order import closing
from longstride.pipeline.with_models.meter import metered
from longstride.pipeline.with_models.settings import JUDGE
from longstride.pipeline.with_models.told import Told
from longstride.records import Document
from longstride.records.parquet import read_documents, write_documents
from longstride.synthesis.with_models import Roles
from longstride.workspace import write_json

STAGE = "documents: rated"


@dataclass(frozen=True)
class JudgingUnit:
    """One piece of work: the documents of a file."""

    documents: Path
    folder: Path  # where its verdicts go

    @property
    def path(self) -> Path:
        """Of the verdicts in numbers, and the ids of what falls out."""
        return self.folder / f"{self.documents.stem}.json"

    @property
    def told_path(self) -> Path:
        """The mark of a piece that is done."""
        return self.path.with_suffix(".told.json")


async def judge(
    unit: JudgingUnit, settings: JudgingSettings, roles: Roles, on_document: Callable[[int], object]
) -> None:
    """Take the documents that a model finds poor out of their file, and write what it tells.

    Which fall out is written first, so that a kill before the file is written anew changes nothing.
    """
    documents = list(read_documents(unit.documents))
    if not unit.told_path.exists():
        judging = Judging()
        with metered() as meter:
            dropped = await poor(documents, settings, roles, judging, on_document)
        write_json(unit.path, {"dropped": dropped, **judging.as_dict()})
        Told(meter=meter).write(unit.told_path)
    else:
        on_document(len(documents))
    fallen = set(json.loads(unit.path.read_text(encoding="utf-8"))["dropped"])
    left = [document for document in documents if document.id not in fallen]
    if len(left) < len(documents):
        write_documents(unit.documents, left)


async def poor(
    documents: Sequence[Document],
    settings: JudgingSettings,
    roles: Roles,
    judging: Judging,
    on_document: Callable[[int], object] = lambda _: None,
) -> list[str]:
    """The ids of the documents that a model finds poor."""
    dropped: list[str] = []
    async with closing(judge_documents(documents, roles.model(JUDGE), settings, judging, roles.in_flight)) as verdicts:
        async for document, verdict in verdicts:
            on_document(1)
            if not verdict.keeps:
                dropped.append(document.id)
    return dropped


def rated(units: Sequence[JudgingUnit]) -> tuple[Stage, dict[str, Any]]:
    """The verdicts of the units that are done: as a stage, and by family and source."""
    whole = Judging()
    for unit in units:
        if unit.told_path.exists():
            found = json.loads(unit.path.read_text(encoding="utf-8"))
            whole.outcomes.update(found["outcomes"])
            _add(whole.by_family, found["by_family"])
            _add(whole.by_source, found["by_source"])
    notes = Counter({name: whole.outcomes[name] for name in (NOT_JUDGED, NO_ANSWER) if name in whole.outcomes})
    reasons = Counter({name: n for name, n in whole.outcomes.items() if name not in (KEPT, NOT_JUDGED, NO_ANSWER)})
    return Stage(STAGE, whole.outcomes.total(), reasons, notes), whole.as_dict()


def _add(counts: dict[str, Counter[str]], more: Mapping[str, Mapping[str, int]]) -> None:
    for name, outcomes in more.items():
        counts.setdefault(name, Counter()).update(outcomes)
