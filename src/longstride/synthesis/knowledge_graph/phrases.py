"""From a label to English: "capital" becomes "the capital of X", "founded by" "was founded by X" (paper 3.2).

A label that does not read well inside a sentence gets no phrase, and no question is asked about it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from longstride.synthesis.knowledge_graph.names import plain_label, singular
from longstride.synthesis.knowledge_graph.triples import Relation

MOST_WORDS = 8
REFUSED = frozenset({
    "since", "until", "note", "notes", "other", "others", "background", "history", "etymology", "overview",
    "comparative", "description", "remarks", "comment", "comments", "email", "website", "fax", "telephone", "abstract",
    "summary", "introduction", "todo", "note-taking", "example", "examples", "url",
})  # fmt: skip
REFUSED_ALONE = frozenset({
    "type", "address", "link", "links", "text", "args", "returns", "raises", "see", "version", "id", "status", "user",
    "assistant", "result", "results", "table", "figure",
})  # fmt: skip
BEFORE_A_NOUN = frozenset({
    "total", "average", "mean", "median", "male", "female", "urban", "rural", "net", "gross", "annual", "land",
    "water", "internal", "external", "domestic", "foreign", "public", "private", "national", "local", "improved",
    "unimproved", "large", "small", "medium", "major", "minor", "youth", "elderly", "adult", "current", "former",
    "present", "first", "last", "early", "late", "old", "new", "high", "low", "highest", "lowest", "primary",
    "secondary"
})  # fmt: skip  # labels that go before the heading above them: "total" under "Area" is the total area
FOR_THE_HEADING = frozenset({
    "name", "names", "title", "value", "amount", "number", "count", "date", "list"
})  # fmt: skip  # stand for the heading
PREPOSITIONS = frozenset({
    "in", "by", "of", "at", "to", "for", "from", "with", "on", "per", "and", "or", "as"
})  # fmt: skip
SHARES = frozenset({"percent", "percentage", "share", "proportion", "ratio"})  # of what, only the heading tells
PARTICIPLES = frozenset({
    "born", "built", "written", "held", "led", "made", "known", "sold", "won", "begun"
})  # fmt: skip
INTRANSITIVE = frozenset({"died", "retired", "graduated", "resigned", "moved", "joined", "served", "worked", "lived",
    "studied", "ended", "opened", "closed", "belonged", "competed", "taught"})  # fmt: skip
STATES = frozenset({"known", "located", "based", "headquartered", "owned", "situated", "married", "listed", "named"})
NOUN_ENDINGS = ("tion", "sion", "ment", "ports", "nues", "tures", "age", "ence", "ing")

_PLAIN_WORDS = re.compile(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ'’ -]*(?:\([A-Za-zÀ-ÿ][A-Za-zÀ-ÿ ,-]*\))?\Z")
_DASH = re.compile(r"\s+[-–]\s+")


@dataclass(frozen=True)
class Phrase:
    """How a relation is spoken of.

    `noun`: "the {words} of X"; `event`: "X {words} in 1962"; `verb`: "X {words} Y".
    """

    style: str
    words: str
    plural: bool = False
    year: str = ""

    def of(self, owner: str) -> str:
        """The noun phrase for what X has: "the total area of X"."""
        return f"the {self.words}{self._in_year} of {owner}"

    @property
    def article(self) -> str:
        """What stands before the noun where there may be several."""
        return "an" if self.words[0].lower() in "aeiou" else "a"

    @property
    def _in_year(self) -> str:
        return f" in {self.year}" if self.year else ""

    @property
    def named(self) -> str:
        """The noun with its year, without an owner."""
        return f"{self.words}{self._in_year}"


def phrase_of(relation: Relation, label: str, section: str, kind: str, counts: bool = False) -> Phrase | None:
    """The phrase of a relation whose label and section read as given; None where it would not read well.

    `kind` is that of its triples, and `counts` is true where its values are whole numbers without a unit.
    """
    shown, _ = plain_label(label)
    above, _ = plain_label(section)
    if kind in ("code", "link", "definition"):
        return Phrase("verb", shown.removesuffix(" the class").removesuffix(" the function"))
    if _refused(shown):
        return None
    words = in_a_sentence(shown).split()
    if verbal := _verbal(words, relation):
        return verbal
    number = relation.aspect == "number"
    noun = _noun(words, shown[0].isupper(), relation.section is not None, above, number)
    if noun is None or len(noun.split()) > MOST_WORDS or not _PLAIN_WORDS.match(noun):
        return None
    if noun.split()[-1] in PREPOSITIONS or noun.split()[0] in SHARES:
        return None
    head = _head(noun)
    plural = singular(head) != head
    if plural and counts and not noun.startswith("number of"):
        noun, plural = f"number of {noun}", False
        noun = noun.replace("number of total ", "total number of ")
    return Phrase("noun", noun, plural=plural, year=relation.year)


def in_a_sentence(label: str) -> str:
    """A label as it stands inside a sentence: proper names and acronyms keep their capitals."""
    words = label.split()
    capitals = [word[:1].isupper() for word in words]
    acronyms = [any(letter.isupper() for letter in word[1:]) for word in words]
    if all(capitals) and len(words) > 1:
        return " ".join(word if acronym else word.lower() for word, acronym in zip(words, acronyms, strict=True))
    proper = acronyms[0] or (len(words) > 1 and capitals[1] and not acronyms[1])
    return label if proper else " ".join([words[0].lower(), *words[1:]])


def _refused(label: str) -> bool:
    words = [word.strip("().,:").lower() for word in label.split()]
    if not words or ":" in label or len(words) > MOST_WORDS or set(words) <= REFUSED_ALONE:
        return True
    return not set(words).isdisjoint(REFUSED)


def _verbal(words: list[str], relation: Relation) -> Phrase | None:
    """ "founded", "founded by", "works at", "is based in" and their like."""
    first, last = words[0], words[-1]
    text = " ".join(words)
    if first in ("is", "was", "has") and len(words) > 1:
        return Phrase("verb", text)
    participle = first in PARTICIPLES or (first.endswith("ed") and first not in ("need", "seed", "speed"))
    be = "" if first in INTRANSITIVE else "is " if first in STATES else "was "
    if participle and len(words) == 1 and relation.aspect == "date":
        return Phrase("event", f"{be}{text}")
    if participle and len(words) <= 3 and last in PREPOSITIONS:
        return Phrase("verb", f"{be}{text}")
    if last in PREPOSITIONS or (len(words) == 1 and participle):
        if first.endswith("s") and last in PREPOSITIONS:
            return Phrase("verb", text)
        return Phrase("verb", f"is the {text}") if last == "of" else None
    return None


def _noun(words: list[str], capital: bool, needs_section: bool, section: str, number: bool) -> str | None:
    """The noun phrase of a label under a heading."""
    label = _joined(" ".join(words))
    above = _joined(in_a_sentence(section)) if section else ""
    before_a_noun = set(words) <= BEFORE_A_NOUN | {"very"} and (number or not set(words) <= {"land", "water"})
    alone = not before_a_noun and label not in FOR_THE_HEADING
    if words[0] in PREPOSITIONS:
        return None
    if not above or label == above:
        return label if alone else None
    if label in FOR_THE_HEADING:
        return above
    if before_a_noun:
        return f"{label} {above}" if not _refused(above) else None
    single = len(words) == 1
    if not needs_section and (not single or capital):
        return label
    if _refused(above) or "(" in above or "," in above:
        return None
    plain = not set(above.split()) & PREPOSITIONS
    if single and plain and label.endswith(NOUN_ENDINGS):
        return f"{above} {label}"
    return f"{above} ({label})" if single else f"{label} ({above})"


def _head(noun: str) -> str:
    """The word that agrees with the verb: "reserves" in "reserves of foreign exchange and gold"."""
    words = noun.split(" (")[0].split()
    end = next((place for place, word in enumerate(words) if place and word in PREPOSITIONS and word != "and"), None)
    return words[: end or len(words)][-1]


def _joined(label: str) -> str:
    """ "Exports - partners" is "export partners", "Debt - external" "external debt"."""
    parts = _DASH.split(label)
    if len(parts) != 2 or not all(parts):
        return _DASH.sub(", ", label)
    first, second = parts
    if second in BEFORE_A_NOUN:
        return f"{second} {first}"
    if len(second.split()) == 1 and second not in PREPOSITIONS:
        *start, last = first.split()
        return " ".join([*start, singular(last), second])
    return f"{first} ({second})"
