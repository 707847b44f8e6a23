"""Passages of ordinary documents: what an assistant of a made conversation says, so that no model is needed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from string import capwords

from longstride.records import Document
from longstride.synthesis.candidates import Source
from longstride.synthesis.dialogue.turns import is_plain

FEWEST_WORDS, MOST_WORDS = 25, 150
WANTED_WORDS = (40, 90, 60, 120)  # after which a passage ends with its sentence, in turn
MOST_OF_A_DOCUMENT = 12  # passages, spread evenly over it
FEWEST_LETTERS = 0.7  # share of the characters that are no spaces
LARGE_SOURCE = 40  # passages: a larger source is a book, whose chapters are subjects of their own
LONGEST_TOPIC = 50  # characters

_PARAGRAPH = re.compile(r"\n[ \t\r]*\n|\n(?=[-*•] )")
_ITEM_LABEL = re.compile(r"\A[-*•] (?:[^:.\n]{1,60}: )*")
_SENTENCE_END = re.compile(r"(?<=[a-z0-9)%’'][a-z0-9)%”\"’'])[.!?][\"”’')]*(?=\s+[\"“‘'(]?[A-Z])")
_OPENS = re.compile(r"[\"“‘']?[A-Z]")
_CLOSES = re.compile(r"[.!?][\"”’')]*\Z")
_LABELLED = re.compile(r"\b(?:user|assistant|system)\s*:", re.IGNORECASE)
_PART = re.compile(r"\s*\(part \d+ of \d+\)\Z")
_NUMBERED = re.compile(
    r"\A(?:chap(?:ter)?|part|item|section|book|letter)\b\.?\s+(?:[ivxlcdm]+|\d+)[a-z]?\b[.:]*\s*", re.I
)
_MISREAD = re.compile(r'"| about ')  # in a request or its quotation
_WRITTEN_BY = re.compile(r",? (?:\d{4}, )?by .*\Z")


@dataclass(frozen=True)
class Passages:
    """What a document of prose gives: passages of 25 to 150 words, their lines joined; and what it is about."""

    headings: tuple[str, ...]  # from the whole down to the part, as its title has them
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Passage:
    """A passage with its place in the corpus."""

    topic: str
    text: str
    parent_id: str


def passages_of(document: Document) -> Passages | None:
    """The passages of a document, in order; None where it has none, or is code or a dialogue."""
    if document.family in ("code", "dialogue"):
        return None
    found = list(dict.fromkeys(_each_passage(document.text)))
    step = max(1, -(-len(found) // MOST_OF_A_DOCUMENT))
    headings = tuple(_PART.sub("", document.title).split(" > "))
    return Passages(headings, tuple(found[::step])) if found else None


def by_topic(sources: Sequence[Source]) -> dict[str, list[Passage]]:
    """The passages of the corpus under what they are about: their source's name, or a chapter's in a long one."""
    sizes: defaultdict[str, int] = defaultdict(int)
    prose = [(each.parent_id, each.facts) for each in sources if isinstance(each.facts, Passages)]
    for parent, facts in prose:
        sizes[parent] += len(facts.texts)
    topics: dict[str, dict[str, Passage]] = {}
    for parent, facts in prose:
        topic = _topic(facts.headings, chapters=sizes[parent] > LARGE_SOURCE)
        if topic:
            for text in facts.texts:
                topics.setdefault(topic, {}).setdefault(text, Passage(topic, text, parent))
    return {topic: list(passages.values()) for topic, passages in topics.items()}


def _each_passage(text: str) -> Iterator[str]:
    wanted = cycle(WANTED_WORDS)
    for paragraph in _PARAGRAPH.split(text):
        if "|" in paragraph or paragraph.lstrip().startswith(("#", "```", "<")):
            continue
        whole = " ".join(_ITEM_LABEL.sub("", paragraph.strip()).split())
        length, start = next(wanted), 0
        for end in [*(match.end() for match in _SENTENCE_END.finditer(whole)), len(whole)]:
            run = whole[start:end].strip()
            if len(run.split()) >= length or end == len(whole):
                if _is_good(run):
                    yield run
                length, start = next(wanted), end


def _is_good(run: str) -> bool:
    if not FEWEST_WORDS <= len(run.split()) <= MOST_WORDS or not is_plain(run):
        return False
    letters = sum(map(str.isalpha, run))
    return (
        letters >= FEWEST_LETTERS * len(run.replace(" ", ""))
        and bool(_OPENS.match(run))
        and bool(_CLOSES.search(run))
        and not _LABELLED.search(run)
    )


def _topic(headings: Sequence[str], chapters: bool) -> str:
    """The innermost heading that says something where `chapters` are told apart, else the name of the whole; or ""."""
    cleaned = [_cleaned(each) for each in headings]
    inner = [each for each in cleaned[1:] if len(each.split()) > 1 and " – " not in each]
    for topic in [*reversed(inner if chapters else []), cleaned[0]]:
        if 2 < len(topic) <= LONGEST_TOPIC and is_plain(topic) and topic[0].isalpha() and not _MISREAD.search(topic):
            return topic
    return ""


def _cleaned(heading: str) -> str:
    text = _WRITTEN_BY.sub("", _NUMBERED.sub("", " ".join(heading.split()))).strip(" .:,")
    return capwords(text) if text.isupper() else text
