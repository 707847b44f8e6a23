"""The family of reading comprehension: questions of one or a few documents among many (paper Appendix B)."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from longstride.grading import grade, strict_form
from longstride.grading.text_match import contains_words
from longstride.records import Document
from longstride.synthesis.answer_shares import AnswerShares
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.reading.counts import COUNTS, count_answers, count_drafts, other_words
from longstride.synthesis.reading.drafts import Draft
from longstride.synthesis.reading.facts import ReadingFacts, reading_facts
from longstride.synthesis.reading.look_ups import LOOK_UP, look_up_answers, look_up_drafts, other_values
from longstride.synthesis.reading.needles import NEEDLE, needle_answers, needle_drafts, other_fillers
from longstride.synthesis.reading.orders import ORDERS, order_answers, order_drafts

NAME = "reading"
ANSWERED = {
    LOOK_UP: look_up_answers,
    NEEDLE: needle_answers,
    COUNTS: count_answers,
    ORDERS: order_answers,
}
OTHERS = {LOOK_UP: other_values, NEEDLE: other_fillers, COUNTS: other_words}
MOST_FAILURES = 300  # drafts in a row of one type without a question
NEAR_SOURCES = 40  # that wrong answers are taken from, beside the candidate's own


class ReadingFamily:
    """Questions of four types over plain text and labelled lines; see `candidates.QuestionFamily`."""

    name = NAME

    def extract(self, document: Document) -> ReadingFacts | None:
        """The text, labelled values and sentences of one document; None where it is empty."""
        return reading_facts(document)

    def propose(self, sources: Sequence[Source], max_context_tokens: int, seed: int, limit: int) -> Iterator[Candidate]:
        """Questions of the four types in turn.

        Each has one answer in the whole region, and loses it without any one of its documents.
        """
        fitting = [source for source in sources if source.facts and source.tokens <= max_context_tokens]
        draws = {what: random.Random(f"{seed}/{NAME}/{what}") for what in ANSWERED}
        drafts = {
            LOOK_UP: look_up_drafts(fitting, draws[LOOK_UP]),
            NEEDLE: needle_drafts(fitting, draws[NEEDLE]),
            COUNTS: count_drafts(fitting, max_context_tokens, draws[COUNTS]),
            ORDERS: order_drafts(fitting, max_context_tokens, draws[ORDERS]),
        }
        proposer = _Proposer(self, [source for source in sources if source.facts])
        streams = [proposer.candidates(each) for each in drafts.values()]
        found = 0
        while streams and found < limit:
            stream = streams.pop(0)
            candidate = next(stream, None)
            if candidate is not None:
                streams.append(stream)
                found += 1
                yield candidate

    def answers(self, derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
        """Every answer that these documents give: two where they state a thing twice and differently."""
        return ANSWERED[derivation["what"]](derivation, sources)

    def distractors(self, candidate: Candidate, sources: Sequence[Source]) -> tuple[str, ...]:
        """What the same question has for an answer elsewhere; nothing for numbers and orders."""
        others = OTHERS.get(candidate.derivation["what"])
        if others is None:
            return ()
        own = [source for source in sources if source.document_id in candidate.document_ids]
        near = sources if others is other_values else [*own, *sources[:NEAR_SOURCES]]
        found = dict.fromkeys(others(candidate.derivation, near))
        return tuple(each for each in found if each not in candidate.ground_truth)


class _Proposer:
    """The region, and the checks that a draft must pass."""

    def __init__(self, family: ReadingFamily, sources: Sequence[Source]) -> None:
        self.family, self.sources = family, sources
        self.by_id = {source.document_id: source for source in sources}
        self.shares = AnswerShares()
        self.keys: set[str] = set()

    def candidates(self, drafts: Iterator[Draft]) -> Iterator[Candidate]:
        """Those of the drafts that are good, up to very many failures in a row."""
        failures = 0
        for draft in drafts:
            candidate = self._candidate(draft)
            if candidate is not None:
                failures = 0
                yield candidate
            elif (failures := failures + 1) > MOST_FAILURES:
                return

    def _candidate(self, draft: Draft) -> Candidate | None:
        name = json.dumps(draft.derivation, sort_keys=True)
        key = f"{NAME}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
        kinds = (draft.question_type,)
        if key in self.keys or not self.shares.allows(kinds, draft.answer) or not self._is_well_put(draft):
            return None
        self.keys.add(key)
        self.shares.count(kinds, draft.answer)
        return Candidate(
            key=key,
            family=NAME,
            task="reading_comprehension",
            question_type=draft.question_type,
            core_question=draft.text,
            format_instructions=draft.form,
            ground_truth=(draft.answer,),
            reward_style=draft.style,
            document_ids=draft.document_ids,
            evidence=tuple(dict.fromkeys(draft.evidence)),
            derivation=draft.derivation,
            entities=draft.entities,
        )

    def _is_well_put(self, draft: Draft) -> bool:
        """Gradable, not in the question, the one answer of the region, and gone without any one of its documents."""
        if contains_words(strict_form(draft.text), strict_form(draft.answer)):
            return False
        if not _is_gradable(draft) or self.family.answers(draft.derivation, self.sources) != (draft.answer,):
            return False
        own = [self.by_id[name] for name in draft.document_ids]
        if self.family.answers(draft.derivation, own) != (draft.answer,):
            return False
        return all(
            self.family.answers(draft.derivation, [each for each in held if each is not left_out]) != (draft.answer,)
            for left_out in own
            for held in (own, self.sources)
        )


def _is_gradable(draft: Draft) -> bool:
    """True where the rule takes the answer for right."""
    try:
        return grade(f"The answer is {draft.answer}", draft.answer, draft.style, question=draft.text).score == 1
    except ValueError:
        return False
