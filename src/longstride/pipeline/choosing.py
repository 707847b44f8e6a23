"""From the samples that passed every check to the data set: no near-duplicates, no benchmarks, balanced shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path

from longstride.curation.balance import balance_key, choose_by_keys, frequent_answers
from longstride.curation.decontamination import find_contamination
from longstride.curation.documents import DocumentFolder
from longstride.curation.duplicates import QuestionDeduplicator
from longstride.curation.funnel import Funnel
from longstride.curation.shortcuts import answer_type, names_its_answer
from longstride.grading import strict_form
from longstride.pipeline.settings import SynthesisSettings
from longstride.records import Sample
from longstride.records.parquet import read_samples, write_samples

STAGES = ("duplicates", "decontamination", "answers", "balance")
NAMED = "its question names the answer, as many of its kind do"
NOT_CHOSEN = "more than its share"
TOO_FREQUENT = "an answer that many questions of its kind have"
MOST_FREQUENT = 0.03  # of the answers of a task, question type and form that may be the same; not in the paper
MOST_NAMED = 0.1  # of the questions of a task and question type may name their answer; not in the paper
SAMPLES_A_FILE = 256

Place = tuple[int, int]  # file, row


@dataclass(frozen=True)
class Quota:
    """How many samples of a length are wanted, and the files that hold such."""

    count: int
    files: frozenset[int]  # places in the list of files


def quotas(settings: SynthesisSettings, targets: Sequence[int]) -> list[Quota]:
    """The samples wanted of each length; `targets` is the length of each file's samples. The counts sum up."""
    bounds = [round(settings.samples * share) for share in accumulate(settings.target_shares)]
    return [
        Quota(high - low, frozenset(place for place, each in enumerate(targets) if each == target))
        for target, low, high in zip(settings.target_tokens, [0, *bounds], bounds, strict=False)
    ]


def choose(
    files: Sequence[Path],
    documents: DocumentFolder,
    wanted: Sequence[Quota],
    seed: int,
    benchmarks: Path | None,
    on_sample: Callable[[], object],
) -> tuple[list[Place], Funnel, Mapping[str, str]]:
    """Where the chosen samples stand, in order; why the others were left out; which benchmark files were not read.

    Of each length its quota, balanced over tasks and question types; where one length has too few, the others fill.
    """
    funnel = Funnel(STAGES)
    deduplicator = QuestionDeduplicator()
    found, problems = {}, {}
    if benchmarks is not None:
        contamination = find_contamination((sample for _, sample in _read(files)), documents.get, benchmarks)
        found, problems = contamination.found, contamination.problems
    keys: dict[Place, tuple[str, ...]] = {}
    answers = _Answers()
    for place, sample in _read(files):
        on_sample()
        duplicate = deduplicator.check(sample)
        funnel.count("duplicates", duplicate.reason, duplicate.skipped)
        if duplicate.reason is not None:
            continue
        hit = found.get(sample.id)
        skipped = "no benchmarks were named" if benchmarks is None else None
        funnel.count("decontamination", hit.reason if hit else None, skipped)
        if hit is None:
            deduplicator.keep(sample)
            keys[place] = balance_key(sample)
            if sample.reward_style == "choice":
                keys[place] = (*keys[place], *sample.ground_truth)  # letters stay balanced
            else:
                answers.add(place, sample)
    guessable = answers.guessable()
    for place in list(keys):
        funnel.count("answers", guessable.get(place))
        if place in guessable:
            del keys[place]
    return sorted(_chosen(keys, wanted, seed, funnel)), funnel, problems


class _Answers:
    """What could be guessed without reading: an answer that many questions have, one that its question names."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._answers: list[tuple[tuple[str, ...], str]] = []  # what may be guessed among, and the answer
        self._named: list[tuple[tuple[str, ...], str]] = []

    def add(self, place: Place, sample: Sample) -> None:
        """Take note of a sample that is no multiple choice."""
        answer, kind = sample.ground_truth[0].casefold(), (sample.task, sample.question_type)
        self._places.append(place)
        self._answers.append(((*kind, answer_type(strict_form(answer))), answer))
        self._named.append((kind, "named" if names_its_answer(sample) else sample.id))

    def guessable(self) -> dict[Place, str]:
        """Those that are too many of their kind, and why."""
        named = dict.fromkeys((self._places[index] for index in frequent_answers(self._named, MOST_NAMED)), NAMED)
        frequent = (self._places[index] for index in frequent_answers(self._answers, MOST_FREQUENT))
        return named | dict.fromkeys(frequent, TOO_FREQUENT)


def _chosen(keys: Mapping[Place, tuple[str, ...]], wanted: Sequence[Quota], seed: int, funnel: Funnel) -> set[Place]:
    chosen: set[Place] = set()
    for quota in wanted:
        chosen |= _balanced({place: key for place, key in keys.items() if place[0] in quota.files}, quota.count, seed)
    short = sum(quota.count for quota in wanted) - len(chosen)
    chosen |= _balanced({place: key for place, key in keys.items() if place not in chosen}, short, seed)
    for place in keys:
        funnel.count("balance", None if place in chosen else NOT_CHOSEN)
    return chosen


def _balanced(keys: Mapping[Place, tuple[str, ...]], count: int, seed: int) -> set[Place]:
    places = list(keys)
    return {places[index] for index in choose_by_keys(list(keys.values()), count, seed)}


def write_chosen(
    files: Sequence[Path], places: Sequence[Place], folder: Path, on_sample: Callable[[Sample], object]
) -> int:
    """Write the chosen samples to `folder` in files of a fixed size; give their number. Streams."""
    wanted = set(places)
    samples = (sample for place, sample in _read(files) if place in wanted)
    written = 0
    while batch := list(islice(samples, SAMPLES_A_FILE)):
        write_samples(folder / f"{written // SAMPLES_A_FILE:05}.parquet", batch)
        for sample in batch:
            on_sample(sample)
        written += len(batch)
    return written


def _read(files: Sequence[Path]) -> Iterator[tuple[Place, Sample]]:
    for number, file in enumerate(files):
        for row, sample in enumerate(read_samples(file)):
            yield (number, row), sample
