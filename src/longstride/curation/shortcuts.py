"""The shortcut audit: how often an answer can be had without reading the long context.

Two shortcuts: the question alone (the most frequent answer of its kind, or an answer that the question itself holds),
and the five documents that BM25 puts nearest to the question. Each rate stands beside what chance gives. Where a
reference model was asked (`by_model.audit`), its answers from the question alone and from those five stand beside them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from longstride.curation.bounded_cache import BoundedCache
from longstride.grading import strict_form
from longstride.records import Document, Sample

NEAREST = 5  # documents
MAX_CACHED_CHARACTERS = 32_000_000  # of the contexts that are indexed, and of the documents in their strict form

_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|[^\W_{_IDEOGRAPHS}]+")
_NUMBER = re.compile(r"-?\d[\d.]*%?\w*")
_YEAR = re.compile(r"[12]\d{3}")


@dataclass
class Tally:
    """Sums over the samples of one task and question type; each chance is a sum of probabilities."""

    samples: int = 0
    answers: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])  # answer type -> answers
    in_question: int = 0  # samples whose question holds the answer
    ranked: int = 0  # samples with more documents than NEAREST, with evidence
    evidence_near: int = 0  # of those: all evidence documents are among the nearest
    evidence_chance: float = 0.0  # the same for NEAREST documents at random
    answer_near: int = 0  # of those: the answer stands in one of the nearest
    answer_chance: float = 0.0
    asked: int = 0  # samples that a reference model answered from the question alone
    asked_right: float = 0.0  # the sum over those of the share of its answers that were right
    asked_chance: float = 0.0  # the same of guesses
    asked_near: int = 0  # samples that it answered from the nearest documents
    asked_near_right: float = 0.0

    def merge(self, other: Tally) -> None:
        for kind, counts in other.answers.items():
            self.answers.setdefault(kind, Counter()).update(counts)
        for each in fields(self):
            if each.name != "answers":
                setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


class ShortcutAudit:
    """Gathers samples in one pass; holds counts of answers, and the index of the contexts used last."""

    def __init__(self, max_cached_characters: int = MAX_CACHED_CHARACTERS) -> None:
        self.tallies: dict[tuple[str, str], Tally] = {}
        self.nearest = NearestDocuments(max_cached_characters)
        self._forms: BoundedCache[Document, str] = BoundedCache(max_cached_characters)

    def add(self, sample: Sample, documents: Mapping[str, Document]) -> None:
        """Count one sample; `documents` holds those that it names."""
        tally = self.tallies.setdefault((sample.task, sample.question_type), Tally())
        tally.samples += 1
        forms = [form for form in map(strict_form, sample.ground_truth) if form]
        answer = forms[0] if forms else sample.ground_truth[0].casefold()
        tally.answers.setdefault(answer_type(answer), Counter())[answer] += 1
        tally.in_question += names_its_answer(sample)
        proofs = {evidence.document_id for evidence in sample.evidence}
        if proofs and len(sample.document_ids) > NEAREST:
            self._rank(sample, documents, proofs, forms, tally)

    def add_answers(self, sample: Sample, alone: float, near: float | None, chance: float) -> None:
        """Count what a reference model answered to a sample, which `add` counts as well.

        alone: the share of its answers from the question alone that were right. near: the same from the nearest
            documents; None where the sample holds no more than those. chance: of a guess.
        """
        tally = self.tallies.setdefault((sample.task, sample.question_type), Tally())
        tally.asked += 1
        tally.asked_right += alone
        tally.asked_chance += chance
        if near is not None:
            tally.asked_near += 1
            tally.asked_near_right += near

    def merge(self, other: ShortcutAudit) -> None:
        """Add the counts of another shard."""
        for group, tally in other.tallies.items():
            self.tallies.setdefault(group, Tally()).merge(tally)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each task and question type, in order, and one for all; rates in 0..1, None where nothing was had.

        `most_frequent`: the share guessed right by the most frequent answer of the same answer type among the OTHER
        samples of the group (ties are broken by lot, and count as their chance). `chance`: one over the number of
        different answers. Rows have `asked_alone` and `asked_nearest` only where a reference model was asked.
        """
        groups = sorted(self.tallies.items())
        return [_row(task, kind, [tally]) for (task, kind), tally in groups] + (
            [_row("all", "all", [tally for _, tally in groups])] if groups else []
        )

    def _rank(
        self,
        sample: Sample,
        documents: Mapping[str, Document],
        proofs: set[str],
        forms: Sequence[str],
        tally: Tally,
    ) -> None:
        held = [documents[document_id] for document_id in sample.document_ids]
        near = self.nearest.places(sample, held)
        proving = {place for place, document in enumerate(held) if document.id in proofs}
        answering = {
            place for place, document in enumerate(held) if any(_holds(self._form(document), form) for form in forms)
        }
        tally.ranked += 1
        tally.evidence_near += proving <= set(near)
        tally.evidence_chance += _all_drawn(len(held), len(proving), NEAREST)
        tally.answer_near += not answering.isdisjoint(near)
        tally.answer_chance += 1 - _none_drawn(len(held), len(answering), NEAREST)

    def _form(self, document: Document) -> str:
        """The document's text in the form in which answers are looked for."""
        return self._forms.get(document, lambda: (strict_form(document.text), len(document.text)))


class NearestDocuments:
    """Which of a sample's documents BM25 puts nearest to its question; holds the index of the contexts used last."""

    def __init__(self, max_cached_characters: int = MAX_CACHED_CHARACTERS) -> None:
        self._contexts: BoundedCache[tuple[str, ...], _Context] = BoundedCache(max_cached_characters)

    def __len__(self) -> int:
        """How many contexts are held."""
        return len(self._contexts)

    def places(self, sample: Sample, held: Sequence[Document]) -> list[int]:
        """The places of the NEAREST ones among `held`, the sample's documents; the nearest first."""
        size = sum(len(document.text) for document in held)
        context = self._contexts.get(sample.document_ids, lambda: (_Context(held), size))
        return context.nearest(sample.core_question, NEAREST)


class _Context:
    """The documents of one context, indexed."""

    def __init__(self, documents: Sequence[Document]) -> None:
        import bm25s

        words = [_words(f"{document.title}\n{document.text}") for document in documents]
        self.known = {word for each in words for word in each}
        self.size = len(documents)
        self.index = bm25s.BM25()
        if self.known:
            self.index.index(words, show_progress=False)

    def nearest(self, question: str, count: int) -> list[int]:
        """The places of the `count` documents nearest to the question, equal scores in the order of the context."""
        asked = [word for word in _words(question) if word in self.known]
        scores = self.index.get_scores(asked).tolist() if asked else [0.0] * self.size
        return sorted(range(self.size), key=lambda place: -scores[place])[:count]


def names_its_answer(sample: Sample) -> bool:
    """True where the question holds an accepted answer, as "Of Benin, Chad and Mali, which ...?" does."""
    question = strict_form(sample.core_question)
    return any(_holds(question, form) for form in map(strict_form, sample.ground_truth) if form)


def answer_type(form: str) -> str:
    """What kind of answer a `strict_form` is: yes_no, choice, year, number, name (up to four words) or text."""
    if form in ("yes", "no", "true", "false"):
        return "yes_no"
    if len(form) == 1 and form.isalpha():
        return "choice"
    if _YEAR.fullmatch(form):
        return "year"
    words = form.split()
    if words and _NUMBER.fullmatch(words[0]):
        return "number"
    return "name" if len(words) <= 4 else "text"


def guessed_right(answers: Mapping[str, int]) -> float:
    """How many of these answers (answer -> how often) the most frequent one of the others guesses, in expectation."""
    of_count = Counter(answers.values())  # how many answers occur so often
    right = 0.0
    for count, kinds in of_count.items():
        rivals = of_count - Counter({count: 1})
        most = max(rivals, default=0)
        if count - 1 > most:
            right += kinds * count
        elif count - 1 == most > 0:
            right += kinds * count / (1 + rivals[most])
    return right


def _row(task: str, kind: str, tallies: Sequence[Tally]) -> dict[str, Any]:
    samples, ranked = (sum(getattr(tally, name) for tally in tallies) for name in ("samples", "ranked"))
    answers = [counts for tally in tallies for counts in tally.answers.values()]

    def share(name: str, of: int) -> float | None:
        return round(sum(getattr(tally, name) for tally in tallies) / of, 4) if of else None

    asked = sum(tally.asked for tally in tallies)
    reference = {
        "asked_alone": share("asked_right", asked),
        "asked_chance": share("asked_chance", asked),
        "asked_nearest": share("asked_near_right", sum(tally.asked_near for tally in tallies)),
    }
    return {
        "task": task,
        "question_type": kind,
        "samples": samples,
        "different_answers": sum(map(len, answers)),
        "most_frequent": round(math.fsum(map(guessed_right, answers)) / samples, 4),
        "chance": round(sum(counts.total() / len(counts) for counts in answers) / samples, 4),
        "answer_in_question": share("in_question", samples),
        "ranked": ranked,
        "evidence_in_nearest": share("evidence_near", ranked),
        "evidence_chance": share("evidence_chance", ranked),
        "answer_in_nearest": share("answer_near", ranked),
        "answer_chance": share("answer_chance", ranked),
        **(reference if asked else {}),
    }


def _holds(text: str, form: str) -> bool:
    return bool(form) and f" {form} " in f" {text} "


def _all_drawn(documents: int, wanted: int, drawn: int) -> float:
    """The chance that `drawn` of the documents at random hold all the wanted ones."""
    if wanted > drawn:
        return 0.0
    return math.comb(documents - wanted, drawn - wanted) / math.comb(documents, drawn)


def _none_drawn(documents: int, wanted: int, drawn: int) -> float:
    """The chance that `drawn` of the documents at random hold none of the wanted ones."""
    return math.comb(documents - wanted, drawn) / math.comb(documents, drawn)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
