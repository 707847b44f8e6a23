"""What models do in a synthesis, region by region: rate, read and ask first, and check in the end (paper 3).

Each stage writes its pieces whole and passes over those that are there; every answer is in the cache before it is used.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longstride.corpus.judging import JudgingSettings
from longstride.curation.documents import DocumentFolder
from longstride.curation.funnel import Funnel
from longstride.llm.in_order import closing, in_order
from longstride.llm.ledger import Prices
from longstride.pipeline.assembling import AssemblyUnit
from longstride.pipeline.made_documents import merge_brought
from longstride.pipeline.proposing import ProposalUnit
from longstride.pipeline.regions import POOL_DOCUMENTS, Region
from longstride.pipeline.settings import SynthesisSettings
from longstride.pipeline.with_models import checking
from longstride.pipeline.with_models.display import RoleTotals
from longstride.pipeline.with_models.extracting import ExtractionUnit, extract
from longstride.pipeline.with_models.facts import FactFiles
from longstride.pipeline.with_models.judging import JudgingUnit, judge, rated
from longstride.pipeline.with_models.meter import Meter
from longstride.pipeline.with_models.proposing import propose, told_path
from longstride.pipeline.with_models.run import CACHE_FILE, ModelRun, NotBegun
from longstride.pipeline.with_models.sampling import estimated
from longstride.pipeline.with_models.settings import load_model_families
from longstride.pipeline.with_models.told import Told
from longstride.records.parquet import read_documents
from longstride.synthesis.contexts import style_named
from longstride.synthesis.with_models import ReadDocument, Roles
from longstride.tokens import Tokenizer
from longstride.workspace import Workspace

if TYPE_CHECKING:
    from rich.progress import Progress

FILES_AT_ONCE = 4  # so that one file's last answers do not hold up the next
ESTIMATE = "estimate.json"

Bar = Callable[[str, int, str], Callable[[int], object]]


class ModelStages:
    """The models' part of one data set.

    bar: opens a bar for so many things of a kind, and gives what moves it.
    """

    def __init__(
        self,
        work: Workspace,
        settings: SynthesisSettings,
        run: ModelRun,
        tokenizer: Tokenizer,
        progress: Progress,
        bar: Bar,
    ) -> None:
        todo = settings.models
        if todo is None:
            raise ValueError("the settings have no work for models")
        self.work, self.settings, self.todo, self.run = work, settings, todo, run
        self.tokenizer, self.progress, self.bar = tokenizer, progress, bar
        self.facts = FactFiles(work.part("facts"))
        self.families = load_model_families(todo.families)
        self.prices = {role: Prices(**asked["prices"]) for role, asked in todo.roles.items() if "prices" in asked}
        self.checks = self._check_settings()
        self._totals = RoleTotals(progress, run.ledger)
        self._told_paths: list[Path] = []
        self._judged: list[JudgingUnit] = []
        self._pieces: list[checking.CheckingUnit] = []

    def begin(self, files: Sequence[Path], documents: int) -> None:
        """Estimate what is ahead, once, and ask whether to begin. Raises NotBegun where the answer is no."""
        if self.work.read_json(ESTIMATE) is None:
            sampled = self._run(
                partial(
                    estimated,
                    files=files,
                    documents=documents,
                    families=self.families,
                    settings=self.settings,
                    todo=self.todo,
                    checks=self.checks,
                    tokens=self._tokens,
                )
            )
            estimate = replace(sampled, prices=self.prices)
            with self._paused():
                agreed = self.run.agree(estimate)
            if not agreed:
                raise NotBegun("not begun; the answers of the sample are kept: run the same command again, with --yes")
            self.work.write_json(ESTIMATE, {name: meter.to_json() for name, meter in estimate.stages.items()})

    def read_and_propose(self, region: Region, regions: int) -> list[ProposalUnit]:
        """Rate and read the region's documents, and make questions of them."""
        units = ProposalUnit.all([region], self.todo.families, self.settings, self.work.part("candidates"), regions)
        self._told_paths += [told_path(unit) for unit in units]
        self._run(partial(self._read_and_propose, region, units))
        return units

    def check(self, region: Region, units: Sequence[AssemblyUnit]) -> None:
        """Have a model check the samples of the region's pieces."""
        pieces = [
            checking.CheckingUnit(unit, self.work.part("checked"), self._shares(unit), self.prices) for unit in units
        ]
        self._told_paths += [piece.told_path for piece in pieces]
        self._pieces += pieces
        asked = sum(piece.asked_about(sample) for piece in pieces for sample in piece.samples())
        advance = self.bar("checking with models", asked, "samples")
        brought = merge_brought(
            (unit.documents_path for unit in units), self.work.part(f"checking-made/{region.number:05}")
        )
        documents = DocumentFolder([*region.files, *brought])
        own = [name for name in documents if documents.file_of(name) in region.files]
        drawn = random.Random(f"{self.settings.seed}/model checks/{region.number}").sample(
            own, min(POOL_DOCUMENTS, len(own))
        )
        pool = [documents[name] for name in drawn]
        self._run(
            lambda roles: checking.check(pieces, documents, pool, self.checks, self.tokenizer.count, roles, advance)
        )

    def checked(self) -> list[checking.CheckingUnit]:
        """The pieces that are done, of all regions until now."""
        return [piece for piece in self._pieces if piece.told_path.exists()]

    @property
    def check_stages(self) -> tuple[str, ...]:
        """The checks' names in a funnel."""
        return () if self.checks is None else checking.stages(self.checks)

    def told(self) -> tuple[Funnel, dict[str, Any], dict[str, Any]]:
        """What was dropped before there were samples, the verdicts on documents, and what everything took."""
        whole = Told.sum([*(unit.told_path for unit in self._judged), *self._told_paths])
        funnel, verdicts = Funnel(), dict[str, Any]()
        if self._judged:
            stage, verdicts = rated(self._judged)
            funnel.stages[stage.name] = stage
        funnel.merge(whole.funnel({name: family.stages for name, family in self.families.items()}))
        usage = {**whole.meter.total.to_json(), "money": whole.meter.money(self.prices), "roles": whole.meter.to_json()}
        return funnel, verdicts, usage

    async def _read_and_propose(self, region: Region, units: Sequence[ProposalUnit], roles: Roles) -> None:
        families = list(self.families.values())
        documents = sum(1 for file in region.files for _ in read_documents(file))
        if self.todo.judged_share:
            judged = [JudgingUnit(file, self.work.part("judged")) for file in region.files]
            self._judged += judged
            advance = self.bar("rating documents", documents, "documents")
            judging = JudgingSettings(share=self.todo.judged_share, seed=self.settings.seed)
            await _all(judged, partial(judge, settings=judging, roles=roles, on_document=advance), FILES_AT_ONCE)
        extracted = [ExtractionUnit(family, file, self.facts) for file in region.files for family in families]
        self._told_paths += [unit.told_path for unit in extracted]
        left = [each for file in region.files for each in read_documents(file)]
        advance = self.bar("reading with models", len(left) * len(families), "readings")
        await _all(extracted, partial(extract, roles=roles, on_document=advance), FILES_AT_ONCE)
        tokens = self._tokens(left)
        advance = self.bar("proposing with models", sum(unit.limit for unit in units), "questions")

        async def write(unit: ProposalUnit) -> None:
            facts = {name: found for file in region.files for name, found in self.facts.read(unit.family, file).items()}
            read = [ReadDocument(each, count, facts.get(each.id, {})) for each, count in zip(left, tokens, strict=True)]
            await propose(unit, self.families[unit.family], read, roles, self.settings, advance)

        await _all(units, write, len(units))

    def _tokens(self, documents: Sequence[Any]) -> list[int]:
        """What each document takes in a prompt."""
        style = style_named(self.settings.prompt)
        return self.tokenizer.count_each([style.rendered(each) for each in documents])

    def _shares(self, unit: AssemblyUnit) -> dict[str, Meter]:
        """What each candidate of a family took, of those written for the same region and length."""
        shares: dict[str, Meter] = {}
        same = ProposalUnit.all([unit.region], self.todo.families, self.settings, self.work.part("candidates"))
        for each in same:
            if each.target_tokens == unit.target_tokens:
                shares[each.family] = Meter()
                shares[each.family].merge(Told.read(told_path(each)).meter, 1 / max(1, each.count()))
        return shares

    def _check_settings(self) -> Any:
        """Other documents are added up to the longest target: a sample of that length is asked about as it stands."""
        if self.todo.checks is None:
            return None
        return replace(self.todo.checks, target_tokens=max(self.settings.target_tokens), seed=self.settings.seed)

    @contextmanager
    def _paused(self) -> Iterator[None]:
        """No bars are drawn while somebody reads and answers at a terminal."""
        live = self.progress.console.is_terminal
        if live:
            self.progress.stop()
        yield
        if live:
            self.progress.start()

    def _run(self, work: Callable[[Roles], Coroutine[Any, Any, Any]]) -> Any:
        """Do it on an event loop with the models open."""

        async def whole() -> Any:
            async with self._open() as roles:
                return await work(roles)

        return asyncio.run(whole())

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Roles]:
        async with (
            self.run.open(self.work.part(CACHE_FILE), self.todo.roles) as roles,
            self._totals.shown(),
        ):
            yield roles


async def _all(units: Sequence[Any], work: Callable[[Any], Coroutine[Any, Any, None]], at_once: int) -> None:
    """Do every piece, so many at a time."""
    async with closing(in_order(units, work, max(1, at_once))) as done:
        async for _ in done:
            pass
