"""Decontamination against any folder of benchmark files (paper 3: "test set decontamination").

A sample is contaminated where a benchmark holds 13 words in a row of its question (or the whole of a shorter one), or,
in one record, its answer together with a passage that proves it. What is indexed are our own samples: the benchmarks,
which may be far larger, stream past.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longstride.curation.benchmark_files import BenchmarkFiles, BenchmarkRecord
from longstride.grading import numeric_match, strict_form
from longstride.records import Document, Evidence, Sample

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

QUESTION = "its question stands in a benchmark"
ANSWER_AND_EVIDENCE = "its answer and evidence stand in a benchmark"

WORDS = 13  # in a row; the paper does not say (GPT-3's number)
MIN_CONTAINED_WORDS = 5  # a question of fewer must be the whole of a benchmark's text, not stand in it
MIN_PASSAGE_WORDS = 6  # a document that has fewer around its evidence says nothing that tells it apart
MAX_ANSWER_CHARACTERS = 400  # a longer text of a benchmark is not taken for an answer
MAX_NUMBER_WORDS = 3  # of a number with its unit; a question may well hold the number that answers another

_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|[^\W_{_IDEOGRAPHS}]+")
_FACTOR = 0x9E3779B97F4A7C15  # odd, so that multiplying loses nothing modulo 2**64


@dataclass(frozen=True)
class Contamination:
    """Where a sample was found."""

    sample_id: str
    reason: str  # QUESTION or ANSWER_AND_EVIDENCE
    file: str  # of the benchmark, relative to its folder
    row: int
    words: str  # the words in a row that both hold

    def __str__(self) -> str:
        return f"{self.file}: row {self.row}: {self.words!r}"


@dataclass(frozen=True)
class _Text:
    """A text of ours in numbered words: the question of a sample, or a passage of its evidence."""

    sample: int
    reason: str
    words: array[int]


class PhraseIndex:
    """Phrases of our samples, found again in the texts that stream past.

    Words are numbered, phrases hashed to 64 bits; a hit is then compared word by word, so a hash never lies.
    Memory: about 100 bytes a phrase, of which a question of n words has n - 12.
    """

    def __init__(self, words: int = WORDS) -> None:
        if words < 2:
            raise ValueError(f"words is {words}, expected 2 or more")
        self.words = words
        self._numbers: dict[str, int] = {}  # of words, from 1
        self._texts: list[_Text] = []
        self._phrases: dict[int, dict[int, list[tuple[int, int]]]] = {}  # length -> hash -> text, offset in it
        self._sorted: dict[int, npt.NDArray[np.uint64]] = {}

    def add(self, sample: int, reason: str, text: str) -> None:
        """Index every phrase of `words` words of a text, or all of a shorter one."""
        import numpy as np

        found = _words(text)
        if not found:
            return
        numbers = array("q", [self._numbers.setdefault(word, len(self._numbers) + 1) for word in found])
        length = min(self.words, len(numbers))
        phrases = self._phrases.setdefault(length, {})
        hashes = _hashes(np.array(numbers, np.uint64), np.arange(len(numbers) - length + 1), length)
        for offset, value in enumerate(hashes.tolist()):
            phrases.setdefault(value, []).append((len(self._texts), offset))
        self._texts.append(_Text(sample, reason, numbers))
        self._sorted.clear()

    def find(self, text: str) -> Iterator[tuple[int, str, str]]:
        """(sample, reason, words) of each phrase of ours that `text` holds; a phrase may come more than once."""
        import numpy as np

        if not self._sorted:
            self._sorted = {length: np.sort(np.array(list(held), np.uint64)) for length, held in self._phrases.items()}
        words = _words(text)
        numbers = np.fromiter((self._numbers.get(word, 0) for word in words), np.uint64, len(words))
        foreign = np.concatenate([[0], np.cumsum(numbers == 0)])  # words before each place that we do not have
        for length, known in sorted(self._sorted.items()):
            if len(words) < length or (length < MIN_CONTAINED_WORDS and len(words) > length):
                continue
            places = np.flatnonzero(foreign[length:] == foreign[:-length])
            hashes = _hashes(numbers, places, length)
            at = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
            hit = known[at] == hashes
            for place, value in zip(places[hit].tolist(), hashes[hit].tolist(), strict=True):
                theirs = numbers[place : place + length].tolist()
                for number, offset in self._phrases[length][value]:
                    ours = self._texts[number]
                    if ours.words[offset : offset + length].tolist() == theirs:
                        yield ours.sample, ours.reason, " ".join(words[place : place + length])


@dataclass(frozen=True)
class Decontamination:
    """What a search found and what it read."""

    found: Mapping[str, Contamination]  # sample id -> the first place where it was found
    files: int
    records: int
    problems: Mapping[str, str]  # file of the benchmarks -> why it, or the rest of it, was not read

    @property
    def read(self) -> dict[str, Any]:
        """What was read of the benchmarks, as plain JSON."""
        return {"files": self.files, "records": self.records, "problems": dict(self.problems)}


def find_contamination(
    samples: Iterable[Sample],
    document_of: Callable[[str], Document | None],
    benchmarks: str | Path,
    *,
    words: int = WORDS,
    on_file: Callable[[int, int], None] | None = None,
) -> Decontamination:
    """Which of the samples stand in the files of a folder. Reads the samples once, holding their questions' words.

    document_of: a document by its id, for the words around a quotation; None where there is none.
    on_file: told how many files of how many are done.

    Raises InputError where the folder holds no file that can be read.
    """
    files = BenchmarkFiles(benchmarks)
    index = PhraseIndex(words)
    ids: list[str] = []
    golds: list[tuple[str, ...]] = []
    for number, sample in enumerate(samples):
        ids.append(sample.id)
        golds.append(sample.ground_truth)
        index.add(number, QUESTION, sample.core_question)
        for passage in _passages(sample, document_of, words):
            index.add(number, ANSWER_AND_EVIDENCE, passage)
    found: dict[str, Contamination] = {}
    for done, path in enumerate(files.files):
        if on_file is not None:
            on_file(done, len(files.files))
        for record in files.read(path):
            for number, reason, phrase in _hits(index, record, golds):
                found.setdefault(ids[number], Contamination(ids[number], reason, record.file, record.row, phrase))
    if on_file is not None:
        on_file(len(files.files), len(files.files))
    return Decontamination(found, len(files.files), files.records, files.problems)


def _hits(
    index: PhraseIndex, record: BenchmarkRecord, golds: Sequence[tuple[str, ...]]
) -> Iterator[tuple[int, str, str]]:
    proven: dict[int, str] = {}  # sample -> its passage that this record holds
    for text in record.texts:
        for number, reason, phrase in index.find(text):
            if reason == QUESTION:
                yield number, reason, phrase
            else:
                proven.setdefault(number, phrase)
    if proven:
        answers = [text for text in record.texts if len(text) <= MAX_ANSWER_CHARACTERS]
        for number, phrase in proven.items():
            if any(_same_answer(answer, golds[number]) for answer in answers):
                yield number, ANSWER_AND_EVIDENCE, phrase


def _same_answer(answer: str, golds: tuple[str, ...]) -> bool:
    form = strict_form(answer)
    if not form:
        return False
    if form in map(strict_form, golds):
        return True
    return len(form.split()) <= MAX_NUMBER_WORDS and any(_same_number(answer, gold) for gold in golds)


def _same_number(answer: str, gold: str) -> bool:
    try:
        return numeric_match(answer, gold) == 1.0
    except ValueError:  # the gold answer is no number
        return False


def _passages(sample: Sample, document_of: Callable[[str], Document | None], words: int) -> Iterator[str]:
    """For each quotation, the `words` words of its document in the middle of which it stands, or its first words.

    A quotation is often one cell of a table: with its neighbours it is told apart from the same number elsewhere.
    """
    told: set[str] = set()
    for evidence in sample.evidence:
        document = document_of(evidence.document_id)
        passage = evidence.text if document is None else _around(document, evidence, words)
        if passage not in told and len(_words(passage)) >= MIN_PASSAGE_WORDS:
            told.add(passage)
            yield passage


def _around(document: Document, evidence: Evidence, words: int) -> str:
    reach = 40 * words  # characters to look for words in, on either side
    start, stop = max(0, evidence.start - reach), min(len(document.text), evidence.start + len(evidence.text) + reach)
    spans = [match.span() for match in _WORD.finditer(document.text, start, stop)]
    first = next((place for place, (_, end) in enumerate(spans) if end > evidence.start), len(spans))
    inside = sum(begin < evidence.end for begin, _ in spans[first:])
    first = max(0, min(first - max(0, words - inside) // 2, len(spans) - words))
    kept = spans[first : first + words]
    return document.text[kept[0][0] : kept[-1][1]] if kept else ""


def _words(text: str) -> list[str]:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _WORD.findall(text.casefold())


def _hashes(numbers: npt.NDArray[np.uint64], places: npt.NDArray[np.intp], length: int) -> npt.NDArray[np.uint64]:
    """The hash of the `length` words from each place on; wraps modulo 2**64."""
    import numpy as np

    factor = np.uint64(_FACTOR)
    mixed = numbers * factor
    mixed ^= mixed >> np.uint64(29)
    hashes = np.zeros(len(places), np.uint64)
    for step in range(length):
        hashes = hashes * factor + mixed[places + step]
    return hashes
