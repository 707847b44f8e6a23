"""Needles: a sentence of one document with a gap, to be filled by the name or the number that stands there."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from longstride.records import Evidence
from longstride.synthesis.candidates import Source
from longstride.synthesis.reading.drafts import Draft
from longstride.synthesis.reading.facts import WORD
from longstride.synthesis.structure.prose import Sentence

NEEDLE = "needle"
GAP = "_____"
SENTENCE_LENGTHS = (60, 300)  # characters
LONGEST_FILLER = 60
SHORTEST_SIDE = 8  # characters on either side of the gap
MOST_SHARE = 0.01  # of the documents may hold the filler: a frequent name would be guessed; not in the paper
FORMS = {
    "name": "Answer with the words that fill the gap and nothing else.",
    "number": "Answer with the number that fills the gap, as it is written there, and nothing else.",
}
NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,20}(?: [A-Z][a-z]{2,20}){0,2}(?![\w'’-])")
NUMBER = re.compile(r"(?<=[a-z,;(] )\d(?:[\d,.]{0,12}\d)(?![\w%-]|[.,]\d)")


def needle_drafts(sources: Sequence[Source], draw: random.Random) -> Iterator[Draft]:
    """One gap in each sentence that has a name or a number, in a random order.

    A word that stands somewhere in small letters too ("the Board") is no name: it would be guessed.
    """
    texts = [source.facts.flat for source in sources]
    most = max(1, int(len(texts) * MOST_SHARE))
    common = {word for text in texts for word in WORD.findall(text) if word.islower()}
    found = [
        (source, sentence)
        for source in sources
        for sentence in source.facts.sentences
        if SENTENCE_LENGTHS[0] <= len(sentence.flat) <= SENTENCE_LENGTHS[1]
    ]
    for source, sentence in draw.sample(found, len(found)):
        fillers = [
            (kind, match)
            for kind, pattern in (("name", NAME), ("number", NUMBER))
            for match in pattern.finditer(sentence.flat)
            if _is_worth_asking(match, sentence.flat, source.title) and common.isdisjoint(match[0].lower().split())
        ]
        if not fillers:
            continue
        kind, match = draw.choice(fillers)
        if sum(match[0] in text for text in texts) <= most:
            yield _draft(source, sentence, kind, match)


def needle_answers(derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
    """Everything that stands between the two sides of the gap in these documents, in order."""
    before, after = derivation["before"], derivation["after"]
    found = {filler for source in sources for filler in _fillers(source.facts.flat, before, after)}
    return tuple(sorted(found))


def other_fillers(derivation: Mapping[str, Any], sources: Sequence[Source]) -> Iterator[str]:
    """Names or numbers of the documents that could stand in the gap."""
    pattern = NAME if derivation["kind"] == "name" else NUMBER
    for source in sources:
        for sentence in source.facts.sentences:
            yield from (match[0] for match in pattern.finditer(sentence.flat))


def _fillers(text: str, before: str, after: str) -> Iterator[str]:
    start = text.find(before)
    while start >= 0:
        begin = start + len(before)
        end = text.find(after, begin, begin + LONGEST_FILLER + len(after))
        if end > begin:
            yield text[begin:end]
        start = text.find(before, start + 1)


def _is_worth_asking(match: re.Match[str], sentence: str, title: str) -> bool:
    sides = sentence[: match.start()], sentence[match.end() :]
    if min(map(len, sides)) < SHORTEST_SIDE:
        return False
    return not any(word in side for word in match[0].split() for side in (*sides, title))


def _draft(source: Source, sentence: Sentence, kind: str, match: re.Match[str]) -> Draft:
    before, after = sentence.flat[: match.start()], sentence.flat[match.end() :]
    quote = source.facts.text[sentence.start : sentence.end]
    return Draft(
        question_type="needle",
        text=(
            f"This sentence stands in one of the documents, where {GAP} is a gap made for this question:\n"
            f"{before}{GAP}{after}\nWhat stands in the gap?"
        ),
        form=FORMS[kind],
        style="cover_exact_match",
        answer=match[0],
        document_ids=(source.document_id,),
        evidence=(Evidence(source.document_id, sentence.start, sentence.end, quote),),
        derivation={"what": NEEDLE, "kind": kind, "before": before, "after": after},
    )
