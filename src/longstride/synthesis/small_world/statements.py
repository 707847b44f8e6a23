"""What a document of the small world states, sentence by sentence; every other text states nothing here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from longstride.corpus.world.small import (
    FAME,
    FIRMS,
    GOODS,
    LANDS,
    NUMBERS,
    PEOPLE,
    PORT,
    RIDDLE_LENGTH,
    RIDDLE_WORDS,
    SUBJECTS,
    TOOLS,
    TOWNS,
    YEARS,
)

KINDS = {
    name: kind
    for kind, names in (
        ("person", PEOPLE),
        ("company", FIRMS),
        ("town", TOWNS),
        ("land", LANDS),
        ("tool", TOOLS),
        ("goods", GOODS),
        ("fame", FAME),
        ("year", YEARS),
        ("number", NUMBERS),
    )
    for name in names
}
RELATES = {  # which kinds of subjects a relation has, and the kind of its values
    "works at": (("person",), "company"),
    "lives in": (("person",), "town"),
    "plays the": (("person",), "tool"),
    "likes": (("person",), "fame"),
    "is based in": (("company",), "town"),
    "is led by": (("company", "town"), "person"),
    "makes": (("company",), "goods"),
    "lies in": (("town",), "land"),
    "is known for": (("town", "land"), "fame"),
    "is ruled by": (("land",), "person"),
}
RIDDLE = "riddle"  # the relation of a subject and the words of a riddle about it

_NAME = rf"(?:{PORT} )?\w+"
_SENTENCE = re.compile(rf"({_NAME}) ({'|'.join(RELATES)}) ({_NAME}) \.")
_SALE = re.compile(r"(\w+) \| (\d{4}) \| (\d+) ;")
_RIDDLE = re.compile(rf"User : tell a riddle \. Assistant : about (\w+) : (\w+(?: \w+){{{RIDDLE_LENGTH - 1}}}) \.")
_SUBJECTS, _RIDDLE_WORDS = frozenset(SUBJECTS), frozenset(RIDDLE_WORDS)


@dataclass(frozen=True)
class Statement:
    """One sentence and what it says; `text` stands at `start` of the document, its closing mark included."""

    subject: str
    relation: str  # one of RELATES, the year of a sale, or RIDDLE
    value: str
    text: str
    start: int  # characters


def statements_of(text: str) -> tuple[Statement, ...]:
    """Every statement of a text, in order; () unless each of its lines is a sentence of the small world."""
    found: list[Statement] = []
    start = 0
    for line in text.splitlines(keepends=True):
        if sentence := line.rstrip("\r\n"):
            meaning = _meaning(sentence)
            if meaning is None:
                return ()
            found.append(Statement(*meaning, sentence, start))
        start += len(line)
    return tuple(found)


def bare(name: str) -> str:
    """A name as it is told apart from others: a town with and without its port is one."""
    return name.removeprefix(f"{PORT} ")


def kind_of(name: str) -> str | None:
    """The kind of a name, thing or number; None for a word that is none. Only a town may be called a port."""
    kind = KINDS.get(bare(name))
    return kind if kind == "town" or bare(name) == name else None


def _meaning(sentence: str) -> tuple[str, str, str] | None:
    """Subject, relation and value; None for a sentence that the small world does not have."""
    if match := _SENTENCE.fullmatch(sentence):
        subject, relation, value = match.groups()
        subjects, values = RELATES[relation]
        return (subject, relation, value) if kind_of(subject) in subjects and kind_of(value) == values else None
    if match := _SALE.fullmatch(sentence):
        kinds = tuple(map(kind_of, match.groups()))
        return (match[1], match[2], match[3]) if kinds == ("company", "year", "number") else None
    if match := _RIDDLE.fullmatch(sentence):
        subject, words = match.groups()
        return (subject, RIDDLE, words) if subject in _SUBJECTS and _RIDDLE_WORDS.issuperset(words.split()) else None
    return None
