"""The proposer and the verifier of MASE over the fictional world. The solver's prompt is a player of `checks`."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import permutations, product

from longstride.corpus.world import Fact
from world_peer.contract import Known, Player, Truth

PROPOSER_SAYS = "You write examination questions over sets of documents, one question at a time."
VERIFIER_SAYS = "You check an examination question before it is used."
WANTS_OPTIONS = '"wrong_options": a list of three wrong'
DOCUMENT = re.compile(
    r"^<document (\d+) ([0-9a-f]{12})>\n# ([^\n]*)\n(.*?)\n</document \1 \2>$", re.DOTALL | re.MULTILINE
)
QUESTION = re.compile(r"^<question ([0-9a-f]{12})>\n(.*?)\n</question \1>$", re.DOTALL | re.MULTILINE)
ANSWER = re.compile(r"^<answer ([0-9a-f]{12})>\n(.*?)\n</answer \1>$", re.DOTALL | re.MULTILINE)
PASSAGE = re.compile(r"^<passage of document \d+ ([0-9a-f]{12})>\n(.*?)\n</passage", re.DOTALL | re.MULTILINE)
STEMS = {  # of a question over two facts of which the second speaks of what the first names
    "multi_fact": "what is recorded as the {second} of the {first} of {subject}?",
    "temporal": "at the time of writing, what stood on record as the {second} of the {first} of {subject}?",
    "causal": "since {subject} has a {first}, that {first} has a {second} too: which one is it?",
    "hypothetical": "had somebody asked for the {second} of the {first} of {subject}, what was there to reply?",
    "long_in_context_learning": "as things are named there, what does the {first} of {subject} have as its {second}?",
    "viewpoint": "which {second} do those who speak of the {first} of {subject} take it to have?",
}
GAP = "by how much do {subject} and {other} differ in what is recorded as {relation}?"  # of two numbers
SOURCES = "Going by '{one}' and '{other}', {asked}"  # where several documents state a fact, these two are meant
SHORTEST_LINE = 12  # characters: shorter ones are no quotations
WRONG_ANSWERS = 0.75  # of a wrong proposer's questions; the others have an invented quotation
GAPS_BESIDE = (11, 23, 47)  # from the right one to the wrong ones


@dataclass(frozen=True)
class Shown:
    """A fact whose line stands in one of the documents of the message."""

    fact: Fact
    line: str
    number: int  # of the document
    title: str


@dataclass(frozen=True)
class Asked:
    """A question over two facts of different documents."""

    question: str
    answer: str
    others: tuple[str, ...]  # wrong answers, three or more
    proof: tuple[Shown, Shown]
    wordings: tuple[str, ...]  # under which it may have been asked before


def propose(message: str, truth: Truth, wrong: random.Random | None) -> str | None:
    """A question over two facts in two of the documents, the newest document's first; it is registered."""
    if not message.startswith(PROPOSER_SAYS):
        return None
    kind = message.partition("The kind of question that is wanted now: ")[2].partition("\n")[0]
    asked = next(
        (
            each
            for each in _questions(kind, _shown(message, truth), truth)
            if not any(words in message for words in each.wordings)
        ),
        None,
    )
    if asked is None:
        return "I find nothing more to ask of these documents."
    lines = [each.line for each in asked.proof]
    truth.questions[asked.question] = Known(asked.answer, asked.others[0], tuple(lines))
    answer = asked.answer
    if wrong is not None and wrong.random() < WRONG_ANSWERS:
        answer = asked.others[0]
    elif wrong is not None:
        lines[0] = f"It is well known that {asked.others[0]} is the case here."
    said = {
        "quotes": [{"document": each.number, "text": line} for each, line in zip(asked.proof, lines, strict=True)],
        "question": asked.question,
        "answer": answer,
    }
    if WANTS_OPTIONS in message:
        said["wrong_options"] = [each for each in (asked.answer, *asked.others) if each != answer][:3]
    else:
        said["other_forms"] = []
    return json.dumps(said, ensure_ascii=False)


def verify(message: str, truth: Truth, wrong: random.Random | None) -> str | None:
    """True where the proposed answer is the world's and the quotations hold all that it needs; else, or wrong, not."""
    if not message.startswith(VERIFIER_SAYS):
        return None
    question, answer = QUESTION.search(message), ANSWER.search(message)
    known = truth.questions.get(question[2].partition("\n(A) ")[0]) if question else None
    passages = [match[2] for match in PASSAGE.finditer(message)]
    right = known is not None and answer is not None and answer[2].splitlines()[:1] == [known.answer]
    proven = known is not None and all(any(text in each for each in passages) for text in known.needed)
    verdict = {"answerable": known is not None, "single": right, "supported": right and proven}
    if wrong is not None:
        verdict = dict.fromkeys(verdict, not all(verdict.values()))
    return json.dumps({"reason": "as the world has it", **verdict})


def _shown(message: str, truth: Truth) -> dict[int, list[Shown]]:
    """By the number of each document in the message the single-valued facts of the world that it states."""
    found: dict[int, list[Shown]] = {}
    for match in DOCUMENT.finditer(message):
        number, title, text = int(match[1]), match[3], match[4]
        for name, document in truth.documents.items():
            if document.title not in title:
                continue
            for fact in truth.facts[name]:
                line = truth.sentence(fact).strip()
                if len(line) >= SHORTEST_LINE and line in text and len(truth.objects(fact.subject, fact.relation)) == 1:
                    found.setdefault(number, []).append(Shown(fact, line, number, title))
    return found


def _questions(kind: str, shown: dict[int, list[Shown]], truth: Truth) -> Iterator[Asked]:
    """Questions over pairs of documents, those of the highest numbers first; chains before gaps."""
    pairs = sorted(permutations(shown, 2), key=lambda pair: (-max(pair), -min(pair)))
    for make in (partial(_chain, STEMS.get(kind, STEMS["multi_fact"])), _gap):
        for one, other in pairs:
            for first, second in product(shown[one], shown[other]):
                asked = make(first, second, truth)
                if asked is not None and asked.answer.casefold() not in asked.question.casefold():
                    yield asked


def _chain(stem: str, one: Shown, other: Shown, truth: Truth) -> Asked | None:
    """Two facts that hang together: the object of the first is the subject of the second."""
    first, second = one.fact, other.fact
    if first.object != second.subject:
        return None
    answer = _written(second, truth)
    others = _others(second, answer, truth)
    if len(others) < 3:
        return None

    def worded(asked: str) -> str:
        filled = asked.format(subject=first.subject, first=first.relation, second=second.relation)
        return SOURCES.format(one=one.title, other=other.title, asked=filled)

    return Asked(worded(stem), answer, tuple(others), (one, other), tuple(map(worded, STEMS.values())))


def _gap(one: Shown, other: Shown, truth: Truth) -> Asked | None:
    """Two numbers of one relation: how far are they apart?"""
    first, second = one.fact, other.fact
    if first.relation != second.relation or not first.subject < second.subject:
        return None
    if not (first.object.isdecimal() and second.object.isdecimal()) or first.object == second.object:
        return None
    gap = abs(int(first.object) - int(second.object))
    asked = GAP.format(subject=first.subject, other=second.subject, relation=first.relation)
    asked = SOURCES.format(one=one.title, other=other.title, asked=asked)
    others = tuple(str(gap + beside) for beside in GAPS_BESIDE)
    return Asked(asked, str(gap), others, (one, other), (asked,))


def _written(fact: Fact, truth: Truth) -> str:
    """The object as its document writes it."""
    return truth.documents[fact.document_id].text[fact.start : fact.end]


def _others(fact: Fact, answer: str, truth: Truth) -> list[str]:
    """What documents write as the objects of the same relation of other subjects, in the world's order."""
    found: dict[str, None] = {}
    for facts in truth.facts.values():
        for each in facts:
            if each.relation == fact.relation and each.object != fact.object:
                found[_written(each, truth)] = None
    return [each for each in found if each not in answer and answer not in each]


PLAYERS: tuple[Player, ...] = (propose, verify)
