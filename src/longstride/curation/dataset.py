"""Curation of a whole data set folder in our columns, whoever made it (paper 3 "Data Verification", 4.2)."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longstride.curation.balance import balance_key, choose_by_keys
from longstride.curation.benchmark_files import BenchmarkFiles
from longstride.curation.by_model.audit import ReferenceAnswers
from longstride.curation.by_model.chance import chance_of
from longstride.curation.by_model.checking import CheckedSample, stage_of, with_findings
from longstride.curation.by_model.curating import ByModel, ModelChecks
from longstride.curation.card import write_card
from longstride.curation.curator import CHECKS, Curator
from longstride.curation.decontamination import WORDS, Decontamination, find_contamination
from longstride.curation.description import DataSetDescription
from longstride.curation.documents import DocumentFolder, parquet_files
from longstride.curation.duplicates import SIMILARITY, QuestionDeduplicator
from longstride.curation.families import Family
from longstride.curation.funnel import Funnel
from longstride.curation.grounding import MAX_LEFT_OUT
from longstride.curation.outcome import Outcome
from longstride.curation.report import CurationReport, Rejection
from longstride.curation.robustness import DISTRACTORS
from longstride.curation.shortcuts import ShortcutAudit
from longstride.curation.strata import draw_strata_of_sources
from longstride.errors import InputError
from longstride.files import content_digest
from longstride.records import Document, PassRate, Sample
from longstride.records.parquet import read_documents, read_samples, write_documents, write_samples
from longstride.tokens import BUNDLED, load_tokenizer
from longstride.workspace import WORK, Workspace

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

Place = tuple[int, int]  # the number of a file of samples, and the row in it
KIND = "curated data set"
STAGES = ("id", *CHECKS, "duplicates", "decontamination", "balance")
SAME_ID = "its id stands before it"
NOT_CHOSEN = "more than its share"
OTHER_STRATUM = "its stratum of pass@k has more than the smallest"
NO_BENCHMARKS = "not decontaminated: no benchmarks were named"


@dataclass(frozen=True)
class CurationSettings:
    """What decides a curation, beside the data set, the families and the benchmarks."""

    seed: int = 0
    distractors: int = DISTRACTORS  # documents that robustness adds
    pool_documents: int = 1024  # that it draws them from: as many of the data set; not in the paper
    scarce: str = "each"  # see `check_grounding`
    max_left_out: int = MAX_LEFT_OUT
    only_rederived: bool = False  # refuse samples whose answers cannot be derived again
    similarity: float = SIMILARITY  # of near duplicates, 0..100
    contamination_words: int = WORDS
    samples: int | None = None  # keep so many, balanced; None keeps all that pass
    tokenizer: str = BUNDLED


def curate_dataset(
    folder: str | Path,
    families: Mapping[str, Family],
    *,
    output: str | Path | None = None,
    benchmarks: str | Path | None = None,
    settings: CurationSettings | None = None,
    by_model: ByModel | None = None,
    console: Console | None = None,
) -> CurationReport:
    """Check every sample of `folder`; write `curation.json` and `curation_rejected.jsonl`, and the samples that pass.

    families: by the name in `Sample.generator`. A sample of another one keeps its place, and its checks are counted as
        not made (or it falls out: `CurationSettings.only_rederived`).
    output: a folder for the data set of what passed, with `checks` filled in, its documents, card and manifest; None
        writes the two files into `folder` and nothing else. Where it stands there whole already, it is made no again.
    benchmarks: a folder of benchmark files that no sample may stand in.
    by_model: checks by a model, of the samples that pass the others; see `curation.by_model`. Its answers are kept
        under `.work` of the output, or of `folder` where there is none, until the output is whole.
    console: shows progress; None shows nothing.

    The same data set, settings, families' names, benchmarks and answers give the same bytes. Memory is bounded but
    for a few hundred bytes a sample and its question's words.
    Raises InputError for a folder that is none of ours, malformed rows, and an output that is something else's; and
    what models raise, as BudgetExceeded: the same call then goes on from the answers that came.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    folder = Path(folder)
    output, benchmarks = (None if path is None else Path(path) for path in (output, benchmarks))
    if output is not None and output.resolve() == folder.resolve():
        raise InputError("is the data set itself", path=output, cure="name another folder")
    curation = _Curation(folder, families, output, benchmarks, settings or CurationSettings(), by_model)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=console is None) as progress:
        if output is None:
            report = curation.run(progress)
            report.write(folder)
            return report
        with Workspace(output, KIND, curation.configuration) as work:
            if not work.complete:
                report = curation.run(progress)
                report.write(output)
                work.finish({"samples": report.kept})
            return CurationReport.read(output)


@dataclass(frozen=True)
class _Passed:
    """What is held of a sample that passed every check."""

    sample_id: str
    checks: dict[str, Any]
    key: tuple[str, ...]  # what it is balanced by
    data_source: str
    rate: PassRate | None = None  # as a model's checks measured it


class _Curation:
    """One run over one folder: check all, balance what passed, audit and write what stays."""

    def __init__(
        self,
        folder: Path,
        families: Mapping[str, Family],
        output: Path | None,
        benchmarks: Path | None,
        settings: CurationSettings,
        by_model: ByModel | None = None,
    ) -> None:
        self.folder, self.families, self.output = folder, families, output
        self.benchmarks, self.settings, self.by_model = benchmarks, settings, by_model
        self.sample_files = parquet_files(folder / "samples")
        self.tokenizer = load_tokenizer(settings.tokenizer)
        self.funnel = Funnel((*STAGES[:-1], *_stages_of(by_model), STAGES[-1]))
        self.rejections: list[Rejection] = []
        self.configuration = self._configuration()

    def run(self, progress: Progress) -> CurationReport:
        task = progress.add_task("reading documents", total=sum(map(_rows, parquet_files(self.folder / "documents"))))
        documents = DocumentFolder(self.folder / "documents", lambda _: progress.advance(task))
        contamination = self._contamination(documents, progress)
        passed = self._check(documents, contamination, progress)
        audit, description = ShortcutAudit(), DataSetDescription(self.tokenizer.count)
        asked = self._model_checks(documents)
        if asked is not None and asked.by_model.settings.made:
            passed = self._check_by_model(asked, passed, progress)
        kept = self._balance(passed)
        if asked is not None and asked.by_model.settings.audit:
            self._ask_reference(asked, kept, audit, progress)
        self._write(documents, kept, audit, description, progress)
        report = CurationReport(
            samples=self.funnel.stages[STAGES[0]].entered,
            kept=len(kept),
            funnel=self.funnel,
            shortcuts=audit.rows(),
            configuration=self.configuration,
            benchmarks=contamination and contamination.read,
            rejections=tuple(sorted(self.rejections, key=lambda each: (each.file, each.row))),
        )
        if self.output is not None:
            write_card(
                self.output,
                description,
                seed=self.settings.seed,
                tokenizer=self.tokenizer.name,
                configuration=self.configuration,
                funnel=self.funnel,
                shortcuts=report.shortcuts,
            )
        return report

    def _configuration(self) -> dict[str, Any]:
        files = [*parquet_files(self.folder / "documents"), *self.sample_files]
        configuration: dict[str, Any] = {
            **asdict(self.settings),
            "families": sorted(self.families),
            "data_set": content_digest(self.folder, files),
            "benchmarks": None,
        }
        if self.by_model is not None:
            configuration["by_model"] = self.by_model.as_record()
        if self.benchmarks is not None:
            read = BenchmarkFiles(self.benchmarks)
            root = self.benchmarks if self.benchmarks.is_dir() else self.benchmarks.parent
            configuration["benchmarks"] = content_digest(root, read.files)
        return configuration

    def _samples(self) -> Iterator[tuple[Place, Sample]]:
        for number, file in enumerate(self.sample_files):
            for row, sample in enumerate(read_samples(file)):
                yield (number, row), sample

    def _contamination(self, documents: DocumentFolder, progress: Progress) -> Decontamination | None:
        if self.benchmarks is None:
            return None
        task = progress.add_task("reading benchmarks", total=None)
        return find_contamination(
            (sample for _, sample in self._samples()),
            documents.get,
            self.benchmarks,
            words=self.settings.contamination_words,
            on_file=lambda done, files: progress.update(task, completed=done, total=files),
        )

    def _check(
        self, documents: DocumentFolder, contamination: Decontamination | None, progress: Progress
    ) -> dict[Place, _Passed]:
        curator = self._curator(documents)
        deduplicator = QuestionDeduplicator(self.settings.similarity)
        seen: set[str] = set()
        passed: dict[Place, _Passed] = {}
        task = progress.add_task("checking samples", total=sum(map(_rows, self.sample_files)))
        for place, sample in self._samples():
            checks: dict[str, Any] = {}
            for stage, outcome in self._outcomes(sample, documents, curator, deduplicator, contamination, seen):
                self.funnel.count(stage, outcome.reason, outcome.skipped)
                if outcome.reason is not None:
                    self._reject(place, sample.id, stage, outcome)
                    break
                checks[stage] = outcome.as_record()
            else:
                deduplicator.keep(sample)
                passed[place] = _Passed(sample.id, checks, balance_key(sample), sample.data_source)
            seen.add(sample.id)
            progress.advance(task)
        return passed

    def _pool(self, documents: DocumentFolder) -> list[Document]:
        ids = list(documents)
        drawn = random.Random(f"{self.settings.seed}/pool").sample(ids, min(self.settings.pool_documents, len(ids)))
        return [documents[document_id] for document_id in drawn]

    def _curator(self, documents: DocumentFolder) -> Curator:
        settings = self.settings
        return Curator(
            self.families,
            pool=self._pool(documents),
            seed=settings.seed,
            distractors=settings.distractors,
            scarce=settings.scarce,
            max_left_out=settings.max_left_out,
            count_tokens=self.tokenizer.count,
        )

    def _outcomes(
        self,
        sample: Sample,
        documents: DocumentFolder,
        curator: Curator,
        deduplicator: QuestionDeduplicator,
        contamination: Decontamination | None,
        seen: set[str],
    ) -> Iterator[tuple[str, Outcome]]:
        """The outcome of each stage before balance, made as it is asked for."""
        yield "id", Outcome(SAME_ID) if sample.id in seen else Outcome()
        for name, outcome in curator.check(sample, documents).outcomes:
            if self.settings.only_rederived and name == "answer" and outcome.skipped is not None:
                outcome = Outcome(outcome.skipped, sample.generator)
            yield name, outcome
        yield "duplicates", deduplicator.check(sample)
        if contamination is None:
            yield "decontamination", Outcome(skipped=NO_BENCHMARKS)
        elif (hit := contamination.found.get(sample.id)) is not None:
            yield "decontamination", Outcome(hit.reason, str(hit))
        else:
            yield "decontamination", Outcome(numbers={"benchmark_records": contamination.records})

    def _model_checks(self, documents: DocumentFolder) -> ModelChecks | None:
        if self.by_model is None:
            return None
        folder = (self.output or self.folder) / WORK
        return ModelChecks(self.by_model, folder, documents, self._pool(documents), self.tokenizer.count)

    def _check_by_model(
        self, asked: ModelChecks, passed: Mapping[Place, _Passed], progress: Progress
    ) -> dict[Place, _Passed]:
        """What passes the checks by a model too, with what they found; of the strata, equal draws."""
        asked.estimate(sample for place, sample in self._samples() if place in passed)
        task = progress.add_task("asking models", total=len(passed))
        places, left = iter(passed), dict[Place, _Passed]()

        def take(result: CheckedSample) -> None:
            place = next(places)
            for stage, outcome in result.verdict.outcomes:
                self.funnel.count(stage, outcome.reason, outcome.skipped)
            if (failed := result.verdict.failed) is not None:
                self._reject(place, result.sample.id, *failed)
            else:
                checks = {**passed[place].checks, **result.verdict.checks()}
                left[place] = replace(passed[place], checks=checks, rate=result.rate)
            progress.update(task, advance=1, description=f"asking models: {asked.by_model.spent()}")

        asked.check((sample for place, sample in self._samples() if place in passed), take)
        return self._strata(left)

    def _strata(self, passed: Mapping[Place, _Passed]) -> dict[Place, _Passed]:
        """Of each data source as many samples of each stratum of pass@k (paper 4.2); all where no strata are wanted."""
        if self.by_model is None or (count := self.by_model.settings.strata) is None:
            return dict(passed)
        rated = {place: (each.data_source, each.rate) for place, each in passed.items() if each.rate is not None}
        places = list(rated)
        chosen = draw_strata_of_sources(list(rated.values()), count, self.settings.seed)
        return self._staying("strata", passed, {places[index] for index in chosen}, OTHER_STRATUM)

    def _ask_reference(
        self, asked: ModelChecks, kept: Mapping[Place, _Passed], audit: ShortcutAudit, progress: Progress
    ) -> None:
        """Add to the audit what a reference model answers without reading."""
        task = progress.add_task("asking the reference model", total=len(kept))

        def take(answers: ReferenceAnswers) -> None:
            if answers.alone is not None:
                audit.add_answers(answers.sample, answers.alone, answers.near, chance_of(answers.sample))
            progress.update(task, advance=1, description=f"asking the reference model: {asked.by_model.spent()}")

        asked.audit((sample for place, sample in self._samples() if place in kept), audit.nearest, take)

    def _balance(self, passed: Mapping[Place, _Passed]) -> dict[Place, _Passed]:
        wanted = len(passed) if self.settings.samples is None else self.settings.samples
        places = list(passed)
        chosen = choose_by_keys([each.key for each in passed.values()], wanted, self.settings.seed)
        return self._staying("balance", passed, {places[index] for index in chosen}, NOT_CHOSEN)

    def _staying(
        self, stage: str, passed: Mapping[Place, _Passed], chosen: set[Place], reason: str
    ) -> dict[Place, _Passed]:
        """The chosen ones; the others fall out for `reason`."""
        for place, each in passed.items():
            outcome = Outcome() if place in chosen else Outcome(reason, ", ".join(each.key))
            self.funnel.count(stage, outcome.reason)
            if outcome.reason is not None:
                self._reject(place, each.sample_id, stage, outcome)
        return {place: each for place, each in passed.items() if place in chosen}

    def _reject(self, place: Place, sample_id: str, stage: str, outcome: Outcome) -> None:
        file = self.sample_files[place[0]].relative_to(self.folder).as_posix()
        self.rejections.append(Rejection(file, place[1], sample_id, stage, outcome.reason or "", outcome.detail))

    def _write(
        self,
        documents: DocumentFolder,
        kept: Mapping[Place, _Passed],
        audit: ShortcutAudit,
        description: DataSetDescription,
        progress: Progress,
    ) -> None:
        """Audit and describe what stays; write it, and the documents that it names, where there is an output."""
        named: set[str] = set()
        task = progress.add_task("auditing" if self.output is None else "auditing and writing", total=len(kept))

        def staying(number: int, file: Path) -> Iterator[Sample]:
            for row, sample in enumerate(read_samples(file)):
                if (each := kept.get((number, row))) is None:
                    continue
                audit.add(sample, documents)
                description.add_sample(sample)
                named.update(sample.document_ids)
                progress.advance(task)
                yield with_findings(sample, each.checks, each.rate)

        for number in sorted({number for number, _ in kept}):
            file = self.sample_files[number]
            if self.output is None:
                deque(staying(number, file), maxlen=0)
            else:
                write_samples(self.output / "samples" / file.name, staying(number, file))
        if self.output is None:
            return
        for file in sorted({documents.file_of(document_id) for document_id in named}):
            wanted = (document for document in read_documents(file) if document.id in named)
            write_documents(self.output / "documents" / file.name, map(description.add_document, wanted))


def _stages_of(by_model: ByModel | None) -> tuple[str, ...]:
    """The stages between decontamination and balance."""
    if by_model is None:
        return ()
    made = tuple(map(stage_of, by_model.settings.made))
    return made if by_model.settings.strata is None else (*made, "strata")


def _rows(file: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(file).num_rows
    except pa.ArrowException:
        return 0  # reading it says what is wrong
