"""The family of long in-context learning: sheets of examples, and what only they can tell (paper Appendix B)."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from longstride.grading import grade, strict_form
from longstride.grading.text_match import contains_words
from longstride.records import Document, Evidence
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.in_context.drafts import Draft
from longstride.synthesis.in_context.labels import LabelMaker, labels_told, renamed
from longstride.synthesis.in_context.material import Material, read_material
from longstride.synthesis.in_context.nonsense import nonsense
from longstride.synthesis.in_context.rule_questions import MACHINE_KINDS, RECORD_KINDS, rule_draft, solve
from longstride.synthesis.in_context.sheets import RENAMING, Entry, Sheet, read_sheet, sheet_document, sheet_part

NAME = "in_context"
LABEL_KINDS = ("names", "forms")
KINDS = ("badges", "names", "numbers", "classes", "forms", "prices", "letters")  # asked for in turn
LIST_SHARE = 0.25  # of the evidence, for a list of labels; not in the paper
FEWEST_TOKENS = 300  # that the sheets of a question take
TRIES = 12  # draws for one question
MOST_IDLE_TURNS = 4 * len(KINDS)  # without a new question
MOST_OF_ONE_ANSWER = 2  # questions; not in the paper


class InContextFamily:
    """Questions that their own sheets of examples teach to answer; see `candidates.QuestionFamily`.

    A hidden rule is one of a finite space that the question states: every rule of the space that agrees with the
    sheets gives the same answer, and without any one sheet they do not. What labels mean is told by the list of
    examples alone, and by the notice that renames them.
    """

    name = NAME

    def extract(self, document: Document) -> Material | None:
        """The sheet that a document is, or the passages and values that it gives to sort; None where neither."""
        return read_material(document)

    def propose(self, sources: Sequence[Source], max_context_tokens: int, seed: int, limit: int) -> Iterator[Candidate]:
        """Questions of each kind in turn, each with the sheets that it brings."""
        if max_context_tokens < FEWEST_TOKENS:
            return
        maker = LabelMaker([source.facts for source in sources if source.facts and source.facts.sheet is None])
        list_tokens = int(max_context_tokens * LIST_SHARE)
        keys: set[str] = set()
        answers: list[str] = []
        idle = 0
        for turn in count():
            if len(keys) >= limit or idle >= MOST_IDLE_TURNS:
                return
            idle += 1
            draw = random.Random(f"{seed}/{NAME}/{turn}")
            candidate = _drawn(KINDS[turn % len(KINDS)], maker, list_tokens, draw)
            if candidate is None or candidate.key in keys:
                continue
            if len("".join(each.text for each in candidate.made_documents)) > 2 * max_context_tokens:
                continue  # a token may take two characters
            if answers.count(candidate.ground_truth[0]) >= MOST_OF_ONE_ANSWER:
                continue
            keys.add(candidate.key)
            answers.append(candidate.ground_truth[0])
            idle = 0
            yield candidate

    def answers(self, derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
        """Every answer that the register's sheets at hand allow; () where what must be read is not there.

        Of rules over records: what each rule of the space that agrees with them makes of the query. Machines and
        labels need every sheet, for a missing one is a step that nothing tells.
        """
        sheets = [source.facts.sheet for source in sources if source.facts.sheet is not None]
        return _answers(derivation, [each for each in sheets if each.register == derivation["register"]])

    def distractors(self, candidate: Candidate, sources: Sequence[Source]) -> tuple[str, ...]:
        """What rules that only some of the sheets allow would answer, or the other labels' new names."""
        derivation, right = candidate.derivation, candidate.ground_truth[0]
        sheets = [sheet for document in candidate.made_documents if (sheet := read_sheet(document.text)) is not None]
        if derivation["kind"] in LABEL_KINDS:
            found = [new for sheet in sheets if sheet.part == RENAMING for _, new in sheet.pairs]
        else:
            found = [
                answer
                for left_out in sheets
                for answer in _answers(derivation, [each for each in sheets if each is not left_out])
            ]
            found += [result for sheet in sheets for _, result in sheet.pairs]
        return tuple(dict.fromkeys(each for each in found if each != right))


def _answers(derivation: Mapping[str, Any], sheets: Sequence[Sheet]) -> tuple[str, ...]:
    kind, query, total = derivation["kind"], derivation["query"], derivation["sheets"]
    if kind in LABEL_KINDS:
        listed = [pair for sheet in sheets if sheet.part != RENAMING for pair in sheet.pairs]
        renaming = [pair for sheet in sheets if sheet.part == RENAMING for pair in sheet.pairs]
        return renamed(labels_told(kind, listed, query), renaming)
    numbered = {
        number: pairs
        for number in range(1, total + 1)
        if (pairs := [pair for sheet in sheets if sheet.part == sheet_part(number, total) for pair in sheet.pairs])
    }
    if not numbered or (kind in MACHINE_KINDS and len(numbered) < total):
        return ()
    return solve(kind, numbered, query, derivation["words"]).outputs


def _drawn(kind: str, maker: LabelMaker, list_tokens: int, draw: random.Random) -> Candidate | None:
    """A candidate of this kind with a register of its own; None where nothing good was drawn."""
    for _ in range(TRIES):
        register = nonsense(draw, 3).capitalize()
        if kind in RECORD_KINDS + MACHINE_KINDS:
            draft = rule_draft(kind, register, draw)
        else:
            draft = maker.draft(kind, register, list_tokens, draw)
            if draft is None:
                return None
        candidate = _candidate(register, draft) if draft is not None else None
        if candidate is not None:
            return candidate
    return None


def _candidate(register: str, draft: Draft) -> Candidate | None:
    """The candidate of a draft; None where its answer stands in the question, or is not what its sheets tell."""
    total = len(draft.sheets)
    documents = [
        sheet_document(register, sheet_part(number, total), pairs) for number, pairs in enumerate(draft.sheets, 1)
    ]
    if draft.renaming:
        documents.append(sheet_document(register, RENAMING, draft.renaming))
    read = [sheet for document in documents if (sheet := read_sheet(document.text)) is not None]
    derivation = {
        "kind": draft.kind,
        "register": register,
        "sheets": total,
        "query": draft.query,
        "words": list(draft.words),
        **draft.details,
    }
    if _answers(derivation, read) != (draft.answer,):
        return None
    if any(_answers(derivation, read[:at] + read[at + 1 :]) == (draft.answer,) for at in range(len(read))):
        return None
    if contains_words(strict_form(draft.text), strict_form(draft.answer)):
        return None
    if grade(f"The answer is {draft.answer}", draft.answer, draft.style, question=draft.text).score != 1:
        return None
    return Candidate(
        key=f"{NAME}-{hashlib.sha256(''.join(each.id for each in documents).encode()).hexdigest()[:16]}",
        family=NAME,
        task="reading_comprehension",
        question_type="long_in_context_learning",
        core_question=draft.text,
        format_instructions=draft.form,
        ground_truth=(draft.answer,),
        reward_style=draft.style,
        document_ids=tuple(document.id for document in documents),
        evidence=tuple(
            Evidence(document.id, entry.start, entry.end, document.text[entry.start : entry.end])
            for document, sheet in zip(documents, read, strict=True)
            for entry in _proof(sheet, draft, derivation)
        ),
        derivation=derivation,
        entities=(register, *draft.entities),
        made_documents=tuple(documents),
    )


def _proof(sheet: Sheet, draft: Draft, derivation: Mapping[str, Any]) -> list[Entry]:
    """The lines that teach the answer: all of a sheet of a rule, those of the label in a list or a notice."""
    if draft.kind not in LABEL_KINDS:
        return list(sheet.entries)
    label = derivation["label"]
    return [entry for entry in sheet.entries if label == (entry.given if sheet.part == RENAMING else entry.result)]
