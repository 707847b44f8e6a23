"""Triples of one document, by a model (paper 3.2, "KG Construction"): read several times, gleaned, and voted on.

A triple counts with a quote that the text holds and that holds the object. Independent samples must agree on it; one
that too few found is kept as doubtful, so that no question is called unique against it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from longstride.llm import ChatModel, ModelError, complete_structured
from longstride.llm.in_order import in_order
from longstride.prompts import fill_prompt
from longstride.prompts.delimiting import delimited
from longstride.records import Document
from longstride.synthesis.knowledge_graph.by_model.quoting import holds_value
from longstride.synthesis.knowledge_graph.by_model.replies import ReadTriple, ReadTriples
from longstride.synthesis.knowledge_graph.by_model.triples import (
    Triple,
    is_pronoun,
    name_key,
    node_key,
    relation_key,
    time_key,
)
from longstride.synthesis.knowledge_graph.by_model.voting import NO_ANSWER
from longstride.synthesis.quoting import find_quote
from longstride.synthesis.with_models import Tally

STAGE = "triples"
CHUNK_CHARACTERS = 12_000  # of a text that is read at once; not in the paper

_PARAGRAPH = re.compile(r"\n\s*\n")
_Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Reading:
    """How often a text is read."""

    samples: int = 3  # not in the paper
    agreeing: int = 2  # not in the paper
    gleanings: int = 1  # further passes of each sample; not in the paper

    def __post_init__(self) -> None:
        if not 1 <= self.agreeing <= self.samples or self.gleanings < 0:
            raise ValueError(
                f"{self.agreeing} of {self.samples} samples with {self.gleanings} gleanings cannot be read"
            )


async def extract_triples(document: Document, model: ChatModel, reading: Reading, tally: Tally) -> list[Triple]:
    """The triples of a document that a sample found, in the order of their quotes; `votes` says how many samples.

    Counts each under the stage `triples`: passed, or why it was dropped ("too few samples agree" keeps it as doubtful).
    """
    found: list[Triple] = []
    for start, end in chunks(document.text):
        votes: dict[_Key, int] = {}
        first: dict[_Key, Triple] = {}

        async def ask(sample: int, start: int = start, end: int = end) -> dict[_Key, Triple]:
            return await _read(document, (start, end), model, sample, reading.gleanings, tally)

        async for read in in_order(range(reading.samples), ask, reading.samples):
            for key, triple in read.items():
                votes[key] = votes.get(key, 0) + 1
                first.setdefault(key, triple)
        found += [replace(triple, votes=votes[key]) for key, triple in first.items()]
    for triple in found:
        tally.count(STAGE, None if triple.votes >= reading.agreeing else "too few samples agree")
    return sorted(found, key=lambda each: (each.start, each.end, each.subject, each.relation, each.object, each.time))


def chunks(text: str) -> Iterator[tuple[int, int]]:
    """The parts of a text that are read at once, in whole paragraphs; a longer paragraph is a part of its own."""
    start = end = 0
    for stop in [*(match.end() for match in _PARAGRAPH.finditer(text)), len(text)]:
        if stop - start > CHUNK_CHARACTERS and end > start:
            yield start, end
            start = end
        end = stop
    if text[start:].strip():
        yield start, end


async def _read(
    document: Document, span: tuple[int, int], model: ChatModel, sample: int, gleanings: int, tally: Tally
) -> dict[_Key, Triple]:
    """What one sample finds in one part, by its keys."""
    title, text = delimited(document.title, "title"), delimited(document.text[slice(*span)])
    found: dict[_Key, Triple] = {}
    for reading in range(1 + gleanings):
        prompt = fill_prompt("extractor_triples", title=title, text=text)
        if reading:
            seen = [{"subject": x.subject, "relation": x.relation, "object": x.object} for x in found.values()]
            listed = json.dumps(seen, ensure_ascii=False, indent=0)
            prompt = fill_prompt("extractor_gleaning", title=title, text=text, found=delimited(listed, "found"))
        try:
            reply = await complete_structured(
                model, [{"role": "user", "content": prompt}], ReadTriples, sample_index=sample
            )
        except ModelError:
            tally.count(STAGE, NO_ANSWER)
            continue
        for each in reply.triples:
            triple = _checked(each, document, span)
            if isinstance(triple, str):
                tally.count(STAGE, triple)
            else:
                key = name_key(triple.subject), relation_key(triple.relation), node_key(triple.object), triple.time
                found.setdefault(key, triple)
    return found


def _checked(read: ReadTriple, document: Document, span: tuple[int, int]) -> Triple | str:
    """The triple at its place in the document, or why it cannot be used."""
    subject, relation, target = (" ".join(each.split()) for each in (read.subject, read.relation, read.object))
    if not relation_key(relation) or len(name_key(subject)) < 3 or len(node_key(target)) < 3:
        return "an empty part"
    if is_pronoun(subject) or is_pronoun(target):
        return "a pronoun for a name"
    if name_key(subject) == node_key(target):
        return "a thing related to itself"
    place = find_quote(document.text[slice(*span)], read.quote)
    if place is None:
        return "quote not in the text"
    start, end = span[0] + place[0], span[0] + place[1]
    quote = document.text[start:end]
    if not holds_value(quote, target):
        return "object not in the quote"
    if not holds_value(document.text, subject) and not holds_value(document.title, subject):
        return "subject not in the document"
    time = time_key(read.time)
    if any(not holds_value(f"{document.title}\n{document.text}", part) for part in time.split("-") if part):
        return "time not in the document"
    if time and node_key(target) == f"d:{time}":
        time = ""
    return Triple(subject, relation, target, time, start, end, 1)
