"""Triples as a model reads them (paper 3.2), and the keys by which two of them are compared.

A node's key is `n:` with a normal name, `q:` with a number, or `d:` with the year of a date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from longstride.synthesis.knowledge_graph.names import normal_name, normal_words, singular
from longstride.synthesis.knowledge_graph.values import read_date, read_measure

PRONOUNS = frozenset({
    "he", "she", "it", "they", "we", "i", "you", "this", "that", "these", "those", "who", "which", "his", "her",
    "its", "their", "him", "them", "one", "author", "company", "person", "document", "text", "report"
})  # fmt: skip
AUXILIARIES = frozenset({"is", "was", "are", "were", "be", "been", "has", "have", "had", "the", "a", "an"})

_YEAR = re.compile(r"(?<!\d)[12]\d{3}(?!\d)")


@dataclass(frozen=True, slots=True)
class Triple:
    """A fact of one document; `document.text[start:end]` is the quote that states it."""

    subject: str
    relation: str
    object: str
    time: str  # for which it holds; "" where none is stated
    start: int
    end: int
    votes: int  # samples of the extractor that found it
    document_id: str = ""
    quote: str = ""

    def to_json(self) -> dict[str, Any]:
        """What a document's facts keep of it."""
        return {
            "subject": self.subject,
            "relation": self.relation,
            "object": self.object,
            "time": self.time,
            "start": self.start,
            "end": self.end,
            "votes": self.votes,
        }


def triples_of(facts: Mapping[str, Any], document_id: str = "", text: str = "") -> list[Triple]:
    """The triples of one document's facts, with their quotes where its text is given."""
    return [
        Triple(**fields, document_id=document_id, quote=text[fields["start"] : fields["end"]])
        for fields in facts.get("triples", ())
    ]


@lru_cache(maxsize=1 << 16)
def node_key(text: str) -> str:
    """The key of an object: "12 July 1838" is `d:1838`, "1,504 m" is `q:1504`, anything else a name."""
    text = text.strip()
    date = read_date(text)
    if date and date.end == len(text):
        return f"d:{date.year}"
    measure = read_measure(text)
    if measure and not any(word[:1].isupper() and word[1:].islower() and len(word) > 2 for word in text.split()):
        return f"q:{measure.number.normalize():f}"
    return name_key(text)


def name_key(name: str) -> str:
    """The key of an entity by its name."""
    return f"n:{normal_name(name)}"


@lru_cache(maxsize=1 << 14)
def relation_key(relation: str) -> str:
    """A relation's words without auxiliaries and plurals: "was founded by" is "founded by"; prepositions stay."""
    words = [singular(word) for word in normal_words(relation)]
    return " ".join([word for word in words if word not in AUXILIARIES] or words)


def time_key(time: str | None) -> str:
    """The years of a time, or its words: "at the end of 2024" is "2024"."""
    years = _YEAR.findall(time or "")
    return "-".join(years) or " ".join(normal_words(time or ""))


def is_proper(name: str) -> bool:
    """True for a name that can mean the same thing in two documents: it has a capital, or no small letters at all."""
    letters = [letter for letter in name if letter.isalpha()]
    return bool(letters) and (any(map(str.isupper, letters)) or not any(map(str.islower, letters)))


def is_pronoun(name: str) -> bool:
    """True for a name that means something only where it stands: "it", "the company"."""
    return normal_name(name) in PRONOUNS
