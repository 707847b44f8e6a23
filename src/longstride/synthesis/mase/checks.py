"""What a program can tell of a proposal before any model is asked: each refusal under a reason of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from longstride.grading import grade, numeric_match, strict_form
from longstride.grading.text_match import contains_words
from longstride.records import Document, Evidence
from longstride.synthesis.choices.numbers import read_number
from longstride.synthesis.choices.picking import distinct
from longstride.synthesis.mase.drafts import Draft
from longstride.synthesis.mase.proposals import ChoiceProposal, OpenProposal, Proposal, Quote
from longstride.synthesis.mase.quoting import find_quote
from longstride.synthesis.mase.tasks import Turn

NO_DOCUMENT = "a quotation names no document of the cluster"
NOT_QUOTED = "a quotation does not stand in its document"
ONE_DOCUMENT = "the evidence lies in one document of several"
NUMBERED = "the question speaks of a document by its number"
NO_QUESTION = "the question is no single line of words"
GIVEN_AWAY = "the question holds its answer"
NO_ANSWER = "the answer is no short line that its rule can grade"
NOT_DISTINCT = "the options are not four different ones"
STANDS_OUT = "the right option stands out by its length"

LONGEST_ANSWER_WORDS = 12  # of a short answer; not in the paper
FEWEST_QUESTION_WORDS = 4  # not in the paper
LENGTH_RATIO = 1.6  # of the right option to the longest wrong one, or of the shortest wrong one to it; not in the paper
SHORT_OPTION = 12  # characters by which a length may differ whatever the ratio; not in the paper
_NUMBERED = re.compile(
    r"\bdocuments?\s{1,4}(?:no\.?\s{0,4}|#\s{0,4}|number\s{1,4})?\d|\b(?:first|second|third|fourth|fifth|sixth|last)"
    r"\s{1,4}document\b",
    re.IGNORECASE,
)


def checked(proposal: Proposal, turn: Turn, documents: Sequence[Document]) -> Draft | str:
    """The proposal as a draft with exact quotations, or the reason why it is refused.

    documents: those that the proposer saw, in the order of their numbers.
    """
    evidence = _evidence(proposal.quotes, documents)
    if isinstance(evidence, str):
        return evidence
    if len(documents) > 1 and len({each.document_id for each in evidence}) < 2:
        return ONE_DOCUMENT
    question = proposal.question.strip()
    if not question.isprintable() or len(strict_form(question).split()) < FEWEST_QUESTION_WORDS:
        return NO_QUESTION
    if _NUMBERED.search(question):
        return NUMBERED
    answer = proposal.answer.strip()
    if contains_words(strict_form(question), strict_form(answer)):
        return GIVEN_AWAY
    if isinstance(proposal, ChoiceProposal):
        return _choice(question, answer, [each.strip() for each in proposal.wrong_options], turn, evidence)
    assert isinstance(proposal, OpenProposal)
    return _open(question, answer, proposal.other_forms, turn, evidence)


def _evidence(quotes: Sequence[Quote], documents: Sequence[Document]) -> tuple[Evidence, ...] | str:
    """The quotations, each once, in the order of the documents and of their places."""
    found: dict[Evidence, None] = {}
    for quote in sorted(quotes, key=lambda each: each.document):
        if quote.document > len(documents):
            return NO_DOCUMENT
        evidence = find_quote(documents[quote.document - 1], quote.text)
        if evidence is None:
            return NOT_QUOTED
        found[evidence] = None
    return tuple(found)


def _choice(
    question: str, answer: str, wrong: Sequence[str], turn: Turn, evidence: tuple[Evidence, ...]
) -> Draft | str:
    if not all(option.isprintable() and strict_form(option) for option in (answer, *wrong)):
        return NOT_DISTINCT
    if len(distinct(answer, wrong)) != len(wrong):
        return NOT_DISTINCT
    lengths = [len(each) for each in wrong]
    if len(answer) > max(LENGTH_RATIO * max(lengths), max(lengths) + SHORT_OPTION):
        return STANDS_OUT
    if min(lengths) > max(LENGTH_RATIO * len(answer), len(answer) + SHORT_OPTION):
        return STANDS_OUT
    return Draft(turn, question, (answer,), tuple(wrong), "choice", evidence)


def _open(
    question: str, answer: str, other_forms: Sequence[str], turn: Turn, evidence: tuple[Evidence, ...]
) -> Draft | str:
    number = read_number(answer)
    style = "numeric" if number and not number.year and number.ending in ("", "%") else "cover_exact_match"
    if not answer.isprintable() or not 0 < len(strict_form(answer).split()) <= LONGEST_ANSWER_WORDS:
        return NO_ANSWER
    if not _graded(answer, answer, style, question):
        return NO_ANSWER
    others = [each.strip() for each in other_forms]
    forms = [answer, *(each for each in others if _same(each, answer) and _graded(each, each, style, question))]
    return Draft(turn, question, tuple(dict.fromkeys(forms)), (), style, evidence)


def _same(form: str, answer: str) -> bool:
    """True for a form that names the answer by the program's own lights, not only by the proposer's word.

    It has the same value, or it is half of the answer's words or more, next to each other as they stand there.
    """
    if not form or not form.isprintable():
        return False
    if read_number(answer) and read_number(form):
        return numeric_match(form, answer) == 1.0
    words, own = strict_form(form), strict_form(answer)
    return contains_words(own, words) and 2 * len(words.split()) >= len(own.split())


def _graded(said: str, gold: str, style: str, question: str) -> bool:
    """True where a reader who says it in the form that is asked for is told right."""
    return grade(f"Therefore, the answer is {said}", gold, style, question=question).score == 1.0
