"""What models find in documents, file by file and family by family (paper 3.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longstride.llm.in_order import closing, in_order
from longstride.pipeline.with_models.facts import FactFiles
from longstride.pipeline.with_models.meter import metered
from longstride.pipeline.with_models.told import Told
from longstride.records import Document
from longstride.records.parquet import read_documents
from longstride.synthesis.with_models import ModelFamily, Roles, Tally
from longstride.workspace import write_json


@dataclass(frozen=True)
class ExtractionUnit:
    """One piece of work: what a family finds in a file of documents."""

    family: ModelFamily
    documents: Path
    files: FactFiles

    @property
    def told_path(self) -> Path:
        return self.files.path(self.family.name, self.documents).with_suffix(".told.json")


async def extract(unit: ExtractionUnit, roles: Roles, on_document: Callable[[int], object]) -> None:
    """Write the facts that the unit's family finds, and what it tells. What is there is not made again."""
    documents = list(read_documents(unit.documents))
    if unit.told_path.exists():
        on_document(len(documents))
        return
    tally = Tally()

    async def read(document: Document) -> dict[str, Any]:
        found = await unit.family.extract(document, roles, tally)
        on_document(1)
        return found

    with metered() as meter:
        async with closing(in_order(documents, read, roles.in_flight)) as results:
            found = [each async for each in results]
    facts = {document.id: each for document, each in zip(documents, found, strict=True) if each}
    write_json(unit.files.path(unit.family.name, unit.documents), facts)
    Told({unit.family.name: tally}, meter).write(unit.told_path)
