"""The family of multiple choice: the questions of other families, with options (paper 4.2)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

from longstride.records import Document
from longstride.synthesis.candidates import Candidate, QuestionFamily, Source
from longstride.synthesis.choices.making import FAMILY, LETTERS, as_multiple_choice
from longstride.synthesis.choices.rivals import Rivals

INNER = {
    "code": "longstride.synthesis.code:CodeFamily",
    "dialogue": "longstride.synthesis.dialogue:DialogueFamily",
    "in_context": "longstride.synthesis.in_context:InContextFamily",
    "knowledge_graph": "longstride.synthesis.knowledge_graph:KnowledgeGraphFamily",
    "reading": "longstride.synthesis.reading:ReadingFamily",
    "tables": "longstride.synthesis.tables.family:TablesFamily",
}
SPARE = 2  # questions of the inner families for each one wanted: some have no three wrong options
FEWEST_INNER = 40  # questions that a family without wrong answers of its own takes them from
NO_OPTION = "?"  # stands for an answer that is not among the options


@runtime_checkable
class OffersChoices(Protocol):
    """A family that knows wrong answers of the right type."""

    def distractors(self, candidate: Candidate, sources: Sequence[Source]) -> Sequence[str]:
        """Answers that other facts of `sources` would give, the most plausible first; none of them right."""
        ...


class MultipleChoiceFamily:
    """Questions of other families with four options; see `candidates.QuestionFamily`.

    Its facts are those of the inner families by name, and a question is answered again by the family that made it.
    """

    name = FAMILY

    def __init__(self, families: Sequence[QuestionFamily] | None = None) -> None:
        """`families` None takes all whose answers are short; see `INNER`."""
        self.families = {each.name: each for each in (_all_families() if families is None else families)}

    def extract(self, document: Document) -> dict[str, Any]:
        """The facts of each inner family that finds any."""
        found = {name: family.extract(document) for name, family in self.families.items()}
        return {name: facts for name, facts in found.items() if facts}

    def propose(self, sources: Sequence[Source], max_context_tokens: int, seed: int, limit: int) -> Iterator[Candidate]:
        """Questions of the inner families in turn; the right letters of each question type take turns, as drawn."""
        wanted = max(FEWEST_INNER, SPARE * (limit // max(1, len(self.families)) + 1))
        streams = [self._of_one(name, sources, max_context_tokens, seed, wanted) for name in sorted(self.families)]
        letters = _Letters(seed)
        for _ in range(limit):
            made = None
            while streams and made is None:
                stream = streams.pop(0)
                made = next((each for pair in stream if (each := letters.chosen(*pair)) is not None), None)
                if made is not None:
                    streams.append(stream)
            if made is None:
                return
            yield made

    def answers(self, derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
        """The letters of every answer that the inner family finds; "?" for one that is no option."""
        name = derivation["choice_of"]
        found = self.families[name].answers(derivation["inner"], _inner(name, sources))
        letters = dict(zip(derivation["options"], LETTERS, strict=True))
        return tuple(sorted({letters.get(answer, NO_OPTION) for answer in found}))

    def _of_one(
        self, name: str, sources: Sequence[Source], max_context_tokens: int, seed: int, wanted: int
    ) -> Iterator[tuple[Candidate, Sequence[str]]]:
        """The candidates of an inner family, each with wrong answers to choose from; no more are made than taken.

        A family without wrong answers of its own makes all of them first: they are each other's.
        """
        family, own = self.families[name], _inner(name, sources)
        seed = random.Random(f"{seed}/choices/{name}").getrandbits(48)  # other questions than the family's own
        candidates = family.propose(own, max_context_tokens, seed, wanted)
        if isinstance(family, OffersChoices):
            for candidate in candidates:
                yield candidate, family.distractors(candidate, own)
            return
        made = list(candidates)
        rivals = Rivals(made)
        for candidate in made:
            yield candidate, rivals.of(candidate)


def _inner(name: str, sources: Sequence[Source]) -> list[Source]:
    return [replace(each, facts=each.facts[name]) for each in sources if each.facts and name in each.facts]


class _Letters:
    """Gives each question type every letter once in four questions, so that their counts differ by one at most."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._blocks: Counter[str] = Counter()
        self._left: dict[str, list[str]] = {}

    def chosen(self, candidate: Candidate, distractors: Sequence[str]) -> Candidate | None:
        """The question with options, the right one under the letter whose turn it is; None where it has no options."""
        kind = candidate.question_type
        if not self._left.get(kind):
            self._left[kind] = random.Random(f"{self.seed}/choices/letters/{kind}/{self._blocks[kind]}").sample(
                LETTERS, 4
            )
            self._blocks[kind] += 1
        made = as_multiple_choice(candidate, distractors, self.seed, self._left[kind][-1])
        if made is not None:
            self._left[kind].pop()
        return made


def _all_families() -> list[QuestionFamily]:
    """Their libraries are imported only now."""
    found: list[QuestionFamily] = []
    for where in INNER.values():
        module, _, attribute = where.partition(":")
        found.append(getattr(import_module(module), attribute)())
    return found
