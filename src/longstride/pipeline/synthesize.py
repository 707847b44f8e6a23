"""`longstride synthesize`: from a folder of documents to a verified data set (paper 3, Figure 4).

Read the corpus, propose questions, extend each to a context, check it, choose. Every step writes its pieces whole or
not at all and passes over those that are there, so that a kill at any moment loses seconds; nothing depends on the
number of workers, the day, or how often the run was interrupted.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longstride.corpus import Funnel as CorpusFunnel
from longstride.corpus import Limits, Reading, find_files
from longstride.curation.benchmark_files import BenchmarkFiles
from longstride.curation.card import write_card
from longstride.curation.curator import CHECKS
from longstride.curation.description import DataSetDescription
from longstride.curation.documents import DocumentFolder
from longstride.curation.funnel import Funnel
from longstride.curation.shortcuts import ShortcutAudit
from longstride.errors import InputError
from longstride.files import content_digest
from longstride.llm import BudgetExceeded
from longstride.parallel import ordered_map
from longstride.pipeline.assembling import CONTEXTS_A_UNIT, STAGE, AssemblyUnit, Piece, assemble, grouped
from longstride.pipeline.choosing import choose, quotas, write_chosen
from longstride.pipeline.made_documents import MADE_FILES, made_by, merge_brought, write_used
from longstride.pipeline.proposing import ProposalUnit, propose, read_candidates
from longstride.pipeline.reading import corpus_digest, regions_of, write_corpus
from longstride.pipeline.regions import Region, begin_worker
from longstride.pipeline.settings import SynthesisSettings
from longstride.pipeline.with_models.display import DESCRIPTION_WIDTH
from longstride.pipeline.with_models.facts import FactFiles
from longstride.records import Sample
from longstride.records.parquet import read_documents
from longstride.synthesis.contexts import style_named
from longstride.tokens import load_tokenizer
from longstride.workspace import Workspace, write_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from longstride.pipeline.with_models.run import ModelRun
    from longstride.pipeline.with_models.stages import ModelStages

NAME = "longstride data set"
FUNNEL_FILE, AUDIT_FILE = "funnel.json", "audit.json"


def synthesize(
    folder: Path,
    output: Path,
    settings: SynthesisSettings,
    *,
    workers: int = 1,
    benchmarks: Path | None = None,
    console: Console | None = None,
    run: ModelRun | None = None,
) -> dict[str, Any]:
    """Make the data set, or go on making it; give the manifest.

    benchmarks: a folder of benchmark files that no question may stand in.
    run: the servers, where `settings.models` has work for them.

    Raises InputError where the folder is missing or holds nothing to ask about, and as `Workspace` does; with models
    NotBegun where the estimate is declined, and BudgetSpent after writing what was accepted until then.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column

    console = console or Console(stderr=True)
    whole = Column(no_wrap=True)  # where a terminal is narrow, bars give way
    columns = (
        TextColumn(f"{{task.description:{DESCRIPTION_WIDTH}}}", table_column=whole.copy()),
        BarColumn(),
        MofNCompleteColumn(table_column=whole.copy()),
        TextColumn("{task.fields[unit]}", table_column=whole.copy()),
        TimeElapsedColumn(table_column=whole.copy()),
        TimeRemainingColumn(table_column=whole.copy()),
    )
    with Progress(*columns, console=console) as progress:
        return _Synthesis(folder, output, settings, workers, benchmarks, progress, run).run()


class _Synthesis:
    def __init__(
        self,
        folder: Path,
        output: Path,
        settings: SynthesisSettings,
        workers: int,
        benchmarks: Path | None,
        progress: Progress,
        model_run: ModelRun | None,
    ) -> None:
        self.folder, self.output, self.settings, self.model_run = folder, output, settings, model_run
        self.workers, self.benchmarks, self.progress = workers, benchmarks, progress
        self.tokenizer, self.style = load_tokenizer(settings.tokenizer), style_named(settings.prompt)

    def run(self) -> dict[str, Any]:
        skipped = CorpusFunnel()
        files = list(find_files(self.folder, Limits(), skipped))
        advance = self._bar("identifying files", sum(file.bytes for file in files), "bytes")
        content = corpus_digest(files, advance)
        whole = {**self.settings.as_dict(), "corpus": content, "benchmarks": self._benchmarks_digest()}
        with Workspace(self.output, "data set", whole) as work:
            if not work.complete:
                reading = Reading(
                    self.settings.document_tokens,
                    self.settings.tokenizer,
                    dict(self.settings.document_families) or None,
                    self.settings.filtered,
                )
                advance = self._bar("reading documents", sum(file.bytes for file in files), "bytes")
                written, corpus = write_corpus(work, files, reading, self.workers, advance)
                corpus.add(skipped)
                if not written:
                    reasons = ", ".join(f"{reason} {count}" for _, reason, count in corpus.rows()) or "no files"
                    raise InputError(f"holds no document to ask about ({reasons})", path=self.folder)
                self._make(work, written, corpus)
            manifest = work.manifest()
            assert manifest is not None
            return manifest

    def _make(self, work: Workspace, written: list[tuple[Path, int]], corpus: CorpusFunnel) -> None:
        """Everything after the documents are there."""
        regions = regions_of(written, self.settings.region_documents)
        files = [path for path, _ in written]
        models = self._models(work)
        if models is None:
            self._finish(work, self._assemble(work, regions, self._propose(work, regions), len(regions)), corpus, files)
            return
        from longstride.pipeline.with_models.run import BudgetSpent

        spent: BudgetExceeded | None = None
        try:
            models.begin(files, sum(count for _, count in written))
            for region in regions:
                proposals = models.read_and_propose(region, len(regions)) + self._propose(work, [region], len(regions))
                models.check(region, self._assemble(work, [region], proposals, len(regions), models.facts))
        except BudgetExceeded as error:
            spent = error
        pieces = models.checked()
        whole = spent is None
        count = self._finish(work, pieces, corpus, files, models, complete=whole) if pieces or whole else 0
        if spent is not None:
            stand = f"{count:,} samples stand in {self.output}" if count else "no sample is accepted yet"
            raise BudgetSpent(f"{spent}: {stand}; the same command goes on, and no answer is paid for twice") from None

    def _models(self, work: Workspace) -> ModelStages | None:
        """The models' part, where the settings have one."""
        if self.settings.models is None:
            return None
        if self.model_run is None:
            raise ValueError("the settings have work for models, but no models are named")
        from longstride.pipeline.with_models.stages import ModelStages

        return ModelStages(work, self.settings, self.model_run, self.tokenizer, self.progress, self._bar)

    def _propose(self, work: Workspace, regions: list[Region], of_regions: int | None = None) -> list[ProposalUnit]:
        folder = work.part("candidates")
        units = ProposalUnit.all(regions, self.settings.question_families, self.settings, folder, of_regions)
        advance = self._bar("proposing questions", len(units), "pieces")
        for _ in ordered_map(propose, units, self.workers, begin_worker, (self.settings,)):
            advance(1)
        return units

    def _assemble(
        self,
        work: Workspace,
        regions: list[Region],
        proposals: list[ProposalUnit],
        of_regions: int,
        facts: FactFiles | None = None,
    ) -> list[AssemblyUnit]:
        units: list[AssemblyUnit] = []
        documents = DocumentFolder([file for region in regions for file in region.files])
        for region in regions:
            for target in self.settings.target_tokens:
                paths = [each.path for each in proposals if (each.region, each.target_tokens) == (region, target)]
                candidates = read_candidates(paths)[: self.settings.candidates(target, of_regions)]
                made = made_by(candidates)
                needed = sorted({name for each in candidates for name in each.required_ids})
                texts = [self.style.rendered(made.get(name) or documents[name]) for name in needed]
                tokens = dict(zip(needed, self.tokenizer.count_each(texts), strict=True))
                groups = grouped(candidates, tokens, target, self.settings)
                random.Random(f"{self.settings.seed}/{region.number}/{target}").shuffle(groups)
                for start in range(0, len(groups), CONTEXTS_A_UNIT):
                    path = work.part(f"samples/{region.number:05}-{target:08}-{start:06}.parquet")
                    units.append(AssemblyUnit(region, target, tuple(groups[start : start + CONTEXTS_A_UNIT]), path))
        advance = self._bar("building and checking", len(units), "pieces")
        for _ in ordered_map(assemble, units, self.workers, begin_worker, (self.settings, facts)):
            advance(1)
        return units

    def _finish(
        self,
        work: Workspace,
        pieces: Sequence[Piece],
        corpus: CorpusFunnel,
        corpus_files: list[Path],
        models: ModelStages | None = None,
        *,
        complete: bool = True,
    ) -> int:
        """Write the data set of what the pieces hold; give the number of samples."""
        funnel = Funnel((STAGE, *CHECKS, *(models.check_stages if models else ())))
        for path in (path for piece in pieces for path in piece.funnel_paths):
            funnel.merge(Funnel.from_json(json.loads(path.read_text(encoding="utf-8"))))
        files = [piece.path for piece in pieces]
        brought = merge_brought((piece.documents_path for piece in pieces), work.part("made"))
        documents = DocumentFolder([*corpus_files, *brought])
        advance = self._bar("choosing", list(funnel.stages.values())[-1].left, "samples")
        wanted = quotas(self.settings, [piece.target_tokens for piece in pieces])
        places, chosen, unread = choose(
            files, documents, wanted, self.settings.seed, self.benchmarks, partial(advance, 1)
        )
        funnel.merge(chosen)
        audit, description = ShortcutAudit(), DataSetDescription(self.tokenizer.count)
        used: set[str] = set()
        advance = self._bar("writing and auditing", len(places), "samples")

        def on_sample(sample: Sample) -> None:
            audit.add(sample, documents)
            description.add_sample(sample)
            used.update(sample.document_ids)
            advance(1)

        self._clear()
        count = write_chosen(files, places, self.output / "samples", on_sample)
        for file in [*corpus_files, *write_used(brought, used, self.output / "documents")]:
            for document in read_documents(file):
                description.add_document(document)
        before, verdicts, usage = models.told() if models else (Funnel(), {}, {})
        told = {"corpus": corpus.as_dict(), "samples": funnel.to_json(), "benchmarks_unread": dict(unread)}
        write_json(
            self.output / FUNNEL_FILE, {**told, "models": before.to_json(), "rated": verdicts} if models else told
        )
        write_json(self.output / AUDIT_FILE, audit.rows())
        before.merge(funnel)
        write_card(
            self.output,
            description,
            name=NAME,
            seed=self.settings.seed,
            tokenizer=self.tokenizer.name,
            configuration=work.settings,
            funnel=before,
            shortcuts=audit.rows(),
        )
        if complete:
            summary = {"samples": count, "documents": description.documents}
            work.finish({**summary, "usage": usage} if models else summary)
        return count

    def _clear(self) -> None:
        """Take away what an earlier run wrote of a data set that was not whole."""
        for leftover in [*(self.output / "samples").glob("*.parquet"), *(self.output / "documents").glob(MADE_FILES)]:
            leftover.unlink()

    def _benchmarks_digest(self) -> str | None:
        if self.benchmarks is None:
            return None
        root = self.benchmarks if self.benchmarks.is_dir() else self.benchmarks.parent
        return content_digest(root, BenchmarkFiles(self.benchmarks).files)

    def _bar(self, description: str, total: int | None, unit: str) -> Callable[[int], None]:
        task = self.progress.add_task(description, total=total, unit=unit)
        return lambda done: self.progress.advance(task, done)
