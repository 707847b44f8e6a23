"""`longstride synthesize`: from a folder of documents to a verified data set (paper 3, Figure 4).

Read the corpus, propose questions, extend each to a context, check it, choose. Every step writes its pieces whole or
not at all and passes over those that are there, so that a kill at any moment loses seconds; nothing depends on the
number of workers, the day, or how often the run was interrupted.
"""

from __future__ import annotations

import random
from collections.abc import Callable
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
from longstride.parallel import ordered_map
from longstride.pipeline.assembling import CONTEXTS_A_UNIT, STAGE, AssemblyUnit, assemble, grouped
from longstride.pipeline.choosing import choose, quotas, write_chosen
from longstride.pipeline.made_documents import made_by, merge_brought, write_used
from longstride.pipeline.proposing import ProposalUnit, propose, read_candidates
from longstride.pipeline.reading import corpus_digest, regions_of, write_corpus
from longstride.pipeline.regions import Region, begin_worker
from longstride.pipeline.settings import SynthesisSettings
from longstride.records.parquet import read_documents
from longstride.synthesis.contexts import style_named
from longstride.tokens import load_tokenizer
from longstride.workspace import Workspace, write_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

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
) -> dict[str, Any]:
    """Make the data set, or go on making it; give the manifest.

    benchmarks: a folder of benchmark files that no question may stand in.

    Raises InputError where the folder is missing or holds nothing to ask about, and as `Workspace` does.
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

    console = console or Console(stderr=True)
    columns = (
        TextColumn("{task.description:28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress:
        return _Synthesis(folder, output, settings, workers, benchmarks, progress).run()


class _Synthesis:
    def __init__(
        self,
        folder: Path,
        output: Path,
        settings: SynthesisSettings,
        workers: int,
        benchmarks: Path | None,
        progress: Progress,
    ) -> None:
        self.folder, self.output, self.settings = folder, output, settings
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
                regions = regions_of(written, self.settings.region_documents)
                proposals = self._propose(work, regions)
                files = [path for path, _ in written]
                assembled = self._assemble(work, regions, proposals, DocumentFolder(files))
                self._finish(work, assembled, corpus, files)
            manifest = work.manifest()
            assert manifest is not None
            return manifest

    def _propose(self, work: Workspace, regions: list[Region]) -> list[ProposalUnit]:
        units = ProposalUnit.all(regions, self.settings.question_families, self.settings, work.part("candidates"))
        advance = self._bar("proposing questions", len(units), "pieces")
        for _ in ordered_map(propose, units, self.workers, begin_worker, (self.settings,)):
            advance(1)
        return units

    def _assemble(
        self, work: Workspace, regions: list[Region], proposals: list[ProposalUnit], documents: DocumentFolder
    ) -> list[AssemblyUnit]:
        units: list[AssemblyUnit] = []
        for region in regions:
            for target in self.settings.target_tokens:
                paths = [each.path for each in proposals if (each.region, each.target_tokens) == (region, target)]
                candidates = read_candidates(paths)[: self.settings.candidates(target, len(regions))]
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
        for _ in ordered_map(assemble, units, self.workers, begin_worker, (self.settings,)):
            advance(1)
        return units

    def _finish(
        self, work: Workspace, assembled: list[AssemblyUnit], corpus: CorpusFunnel, corpus_files: list[Path]
    ) -> None:
        funnel = Funnel((STAGE, *CHECKS))
        for unit in assembled:
            funnel.merge(Funnel.from_json(work.read_json(str(unit.funnel_path.relative_to(work.part(""))))))
        files = [unit.path for unit in assembled]
        brought = merge_brought((unit.documents_path for unit in assembled), work.part("made"))
        documents = DocumentFolder([*corpus_files, *brought])
        advance = self._bar("choosing", funnel.stages[CHECKS[-1]].left, "samples")
        wanted = quotas(self.settings, [unit.target_tokens for unit in assembled])
        places, chosen, unread = choose(
            files, documents, wanted, self.settings.seed, self.benchmarks, partial(advance, 1)
        )
        funnel.merge(chosen)
        audit, description = ShortcutAudit(), DataSetDescription(self.tokenizer.count)
        used: set[str] = set()
        advance = self._bar("writing and auditing", len(places), "samples")

        def on_sample(sample: Any) -> None:
            audit.add(sample, documents)
            description.add_sample(sample)
            used.update(sample.document_ids)
            advance(1)

        count = write_chosen(files, places, self.output / "samples", on_sample)
        for file in [*corpus_files, *write_used(brought, used, self.output / "documents")]:
            for document in read_documents(file):
                description.add_document(document)
        write_json(
            self.output / FUNNEL_FILE,
            {"corpus": corpus.as_dict(), "samples": funnel.to_json(), "benchmarks_unread": dict(unread)},
        )
        write_json(self.output / AUDIT_FILE, audit.rows())
        write_card(
            self.output,
            description,
            name=NAME,
            seed=self.settings.seed,
            tokenizer=self.tokenizer.name,
            configuration=work.settings,
            funnel=funnel,
            shortcuts=audit.rows(),
        )
        work.finish({"samples": count, "documents": description.documents})

    def _benchmarks_digest(self) -> str | None:
        if self.benchmarks is None:
            return None
        root = self.benchmarks if self.benchmarks.is_dir() else self.benchmarks.parent
        return content_digest(root, BenchmarkFiles(self.benchmarks).files)

    def _bar(self, description: str, total: int | None, unit: str) -> Callable[[int], None]:
        task = self.progress.add_task(description, total=total, unit=unit)
        return lambda done: self.progress.advance(task, done)
