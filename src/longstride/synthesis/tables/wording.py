"""Labels as readable English: `land` under `Area` is "land area", `at birth` under `Sex ratio` "sex ratio at birth".

What cannot be said well is said exactly, "the land use (forest)", or refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST_PHRASE = 90  # characters
LONGEST_NAME = 60  # of an entity

MODIFIERS = {
    "total", "male", "female", "males", "females", "men", "women", "urban", "rural", "land", "water", "large", "medium",
    "small", "very", "municipal", "industrial", "agricultural", "average", "mean", "median", "net", "gross", "annual",
    "domestic", "foreign", "public", "private", "overall", "youth", "adult", "minimum", "maximum", "current", "initial",
    "final", "estimated", "official", "first", "second", "third", "fourth",
}  # fmt: skip
_PREPOSITIONS = {"at", "on", "from", "by", "per", "in", "of", "for", "to", "with"}
_HEADS = {
    "consumption", "production", "import", "export", "capacity", "reserve", "revenue", "expenditure", "income", "loss",
    "price", "cost", "profit", "sale", "share", "size", "area", "length", "height", "width", "weight", "depth",
    "budget", "debt", "output", "yield", "demand", "supply", "duration",
}  # fmt: skip
_GENERIC = {"other", "note", "notes", "name", "date", "value", "amount", "total", "number", "count", "figure", "title"}
_VAGUE_SECTIONS = {
    "results", "overview", "summary", "figures", "key figures", "facts", "key facts", "data", "statistics", "profile",
    "general", "at a glance", "details", "information", "characteristics", "properties", "attributes",
}  # fmt: skip
_REST = {"other", "unspecified", "none", "unknown", "and"}
_NO_PHRASE = re.compile(r"[\[\]{}<>\"“”|=*]|https?:|\.\s|\bnote\b")
_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_RELATIVE = re.compile(
    r"[%°]|/(?!day|year|month)|\b(?:rates?|ratios?|ages?|average|mean|median|per|index|coefficient|expectancy|density|growth|elevation"
    r"|percent(?:age)?|shares?(?!-)|price|temperature|score|rank(?:ing)?|level|depth|height|margin|highest|lowest|speed"
    r"|minimum|maximum|balances?|yield|nm|change)\b",
    re.IGNORECASE,
)


def phrase(section: str, label: str, unit: str, counted: bool) -> str | None:
    """What a column is called in a sentence, without an article: "land area", "number of airports".

    `counted` says that its values are plain whole numbers. None where no readable phrase can be made.
    """
    said = _phrase("" if section.casefold() in _VAGUE_SECTIONS else _tidy(section), _tidy(label))
    if said is None or len(said) > LONGEST_PHRASE or _NO_PHRASE.search(said):
        return None
    if said.count("(") != said.count(")") or not said[0].isalnum():
        return None
    said = _lower_first(said)
    if counted and not unit and "(" not in said and _is_plural(said):
        number = "total number of " if said.startswith("total ") else "number of "
        said = said if said.startswith("number of") else number + said.removeprefix("total ")
    return said


def part_phrase(whole: str, name: str) -> str | None:
    """What a part of a list is called, by the words that stand in the document: “Libya” under “border countries”."""
    if len(whole) + len(name) > LONGEST_PHRASE or any(mark in whole + name for mark in '“”"<>[]|'):
        return None
    return f"“{name}” under “{whole}”"


def is_simple(said: str) -> bool:
    """True for a phrase that can stand right behind an adjective: "largest land area"."""
    return not any(mark in said for mark in "(“,") and not _is_plural(said) and len(said.split()) <= 6


def additive(said: str, unit: str) -> bool:
    """True where figures can be added up over entities: areas, amounts and counts, not rates and ages."""
    return not _RELATIVE.search(said) and not _RELATIVE.search(unit) and unit != "years"


def superlative(said: str, unit: str) -> tuple[str, str]:
    """The words for the greatest and the least of a column."""
    return ("largest", "smallest") if additive(said, unit) else ("highest", "lowest")


def listed(names: Sequence[str]) -> str:
    """ "A", "A and B", "A, B and C"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def in_words(number: int) -> str:
    return _SMALL[number] if 0 <= number < len(_SMALL) else str(number)


def ordinal(place: int, superlative: str) -> str:
    """ "largest", "second-largest", counted from 1."""
    return superlative if place == 1 else f"{_ORDINALS[place - 1]}-{superlative}"


def when(period: str) -> str:
    """A period behind a measure: " in 2023", " for the three months ended June 29, 2024"; "" for none."""
    if not period:
        return ""
    if re.fullmatch(r"(?:19|20)\d\d", period):
        return f" in {period}"
    if re.search(r"\b(?:ended|months|quarter|year|weeks)\b|\bQ[1-4]\b|\bFY\b", period):
        return f" for the {period}" if period[0].islower() else f" for {period}"
    return f" as of {period}"


def between(first: str, last: str) -> str:
    """ "from 2022 to 2024"."""
    return f"from {with_article(first)} to {with_article(last)}"


def with_article(period: str) -> str:
    """ "2022", "the year ended May 1, 2022"."""
    return f"the {period}" if period[0].islower() else period


def readable_name(name: str) -> bool:
    """True for the name of an entity that can stand in a sentence as it is."""
    return 1 < len(name) <= LONGEST_NAME and not _NO_PHRASE.search(name) and (name[0].isupper() or name[0].isdigit())


def is_proper_name(name: str) -> bool:
    """True for a short name in capitals, "Bank of Ghana", that takes a possessive well; not for a title."""
    words = [word for word in name.split() if word not in ("of", "and", "the", "for", "de", "&")]
    return readable_name(name) and len(words) <= 4 and all(word[0].isupper() for word in words)


def _tidy(text: str) -> str:
    """`GDP - composition, by end use` is "GDP composition by end use", `a: b` is "a, b"."""
    text = " ".join(text.replace("’", "'").split()).rstrip(":.")
    head, dash, tail = text.partition(" - ")
    if dash:
        text = (
            f"{head} {tail}"
            if (len(head.split()) == 1 and len(tail.split()) == 1) or head.isupper()
            else f"{head}, {tail}"
        )
    return text.replace(", by ", " by ").replace(": ", ", ")


def _phrase(section: str, label: str) -> str | None:
    if not label:
        return section or None
    if not section:
        return None if label.casefold() in _GENERIC or len(label.split()) > 9 else label
    words = [_singular(word) for word in re.findall(r"[^\W_]+(?:['-][^\W_]+)*", label)]
    section_words = [_singular(word) for word in re.findall(r"[^\W_]+(?:['-][^\W_]+)*", section)]
    if not words or not section_words or set(words) <= _REST or words[-1] in _REST:
        return None
    fallback = f"{section} ({label})" if len(label.split()) <= 7 and "(" not in section + label else None
    if "," in label or "," in section or label[0].isdigit():
        return fallback
    if set(section_words) <= set(words):
        return label
    if all(word in MODIFIERS for word in words) and words[-1] != section_words[0]:
        if section_words[0] == "total" and len(section.split()) > 1:
            section = section.split(maxsplit=1)[1]
        return f"{label} {_lower_first(section)}"
    if words[0] in _PREPOSITIONS:
        return f"{section} {label}"
    if words[-1] == section_words[-1] and all(word in MODIFIERS for word in words[:-1]) and words[:-1]:
        return f"{label.rsplit(maxsplit=1)[0]} {_lower_first(section)}"
    if words[-1] in _HEADS and len(section.split()) <= 2 and len(words) <= 3 and words[0] not in MODIFIERS:
        return label if set(words) & set(section_words) else f"{section} {label}"
    return fallback


def _singular(word: str) -> str:
    word = word.casefold()
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us")) else word


def _is_plural(said: str) -> bool:
    """Whether the noun that a phrase is about is a plural: the word before a preposition or a parenthesis."""
    head: list[str] = []
    for word in said.replace(",", "").split():
        if word in _PREPOSITIONS and head:
            break
        head.append(word)
    last = head[-1] if head else ""
    return last.endswith("s") and not last.endswith(("ss", "us", "is"))


def _lower_first(text: str) -> str:
    """The text with its first letter lowered, unless it begins with an acronym or a name of several words."""
    words = text.split()
    first = words[0]
    named = len(words) > 1 and words[1][:1].isupper() and not words[1].isupper() and words[1].isalpha()
    return text if named or not first[:1].isupper() or not first[1:].islower() else text[0].lower() + text[1:]
