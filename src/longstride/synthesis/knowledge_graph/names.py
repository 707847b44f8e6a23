"""Names in normal form: what lets two documents mean the same thing (paper 3.2, "entity clustering").

Names are compared without case, diacritics, punctuation, articles and legal suffixes; labels in the singular as well.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

ARTICLES = ("the", "a", "an")
LEGAL_SUFFIXES = frozenset({
    "inc", "incorporated", "corp", "corporation", "ltd", "limited", "llc", "llp", "plc", "gmbh", "ag", "sa", "nv",
    "bv", "oy", "ab", "spa", "co", "company"
})  # fmt: skip
HONORIFICS = frozenset({
    "president", "prime", "minister", "king", "queen", "prince", "princess", "grand", "duke", "emperor", "emir",
    "sultan", "sheikh", "captain", "regent", "chancellor", "premier", "governor", "vice", "deputy", "acting",
    "interim", "transitional", "general", "col", "colonel", "lt", "maj", "gen", "marshal", "brig", "dr", "mr",
    "mrs", "ms", "sir", "dame", "lord", "lady", "prof", "professor", "pope", "sgt", "capt", "and"
})  # fmt: skip
LARGEST_NAME_CHARACTERS = 70
LARGEST_NAME_WORDS = 8
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december"
)  # fmt: skip
NO_VALUES = frozenset(
    (*MONTHS, "", "none", "na", "n a", "nil", "unknown", "not available", "not applicable", "yes", "no")
)

_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"})
_APOSTROPHES = re.compile(r"['’‘ʻʼ`´]")
_NOT_WORDS = re.compile(r"[\W_]+")
_PARENTHESES = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_IN_PARENTHESES = re.compile(r"\(([^()\[\]]{2,60})\)")
_TRAILING_YEAR = re.compile(r"\s+\(?((?:1[5-9]|20)\d\d)\)?$")
_SIGNED = re.compile(r"[-+−]\d")
_PLURAL_MARK = re.compile(r"\((?:s|es|ies)\)")


@lru_cache(maxsize=1 << 16)
def normal_name(text: str) -> str:
    """A name in the form in which names are compared: "The Côte d'Ivoire, Inc." is "cote divoire"."""
    words = normal_words(text)
    while len(words) > 1 and words[0] in ARTICLES:
        words = words[1:]
    while len(words) > 1 and words[-1] in LEGAL_SUFFIXES:
        words = words[:-1]
    return " ".join(words)


def normal_words(text: str) -> list[str]:
    """The words of a text, lower-case and without diacritics and punctuation."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_LETTERS)
    return _NOT_WORDS.sub(" ", _APOSTROPHES.sub("", plain)).split()


def without_parentheses(text: str) -> str:
    """The text without its (innermost) parentheses and brackets."""
    for _ in range(3):
        shorter = _PARENTHESES.sub("", text)
        if shorter == text:
            break
        text = shorter
    return text.strip()


def names_of(text: str) -> tuple[str, ...]:
    """The names that one mention gives, the whole one first: "Falkland Islands (Islas Malvinas)" gives three.

    What stands in parentheses is a second name where it is several capitalised words or an acronym of the first;
    a single word ("Congo (Brazzaville)") tells two namesakes apart and is none.
    """
    outside, found = without_parentheses(text), [text.strip()]
    for inner in _IN_PARENTHESES.findall(text):
        words = inner.split()
        if outside and words[:1] == ["or"]:  # "DRC (or DROC)"
            found += [outside, " ".join(words[1:])]
            continue
        acronym = "".join(word[0] for word in outside.split() if word[0].isupper())
        several = (
            len(words) > 1 and all(word[:1].isupper() or len(word) < 4 for word in words) and words[0][0].isupper()
        )
        if outside and (several or (len(words) == 1 and len(inner) > 1 and inner == acronym)):
            found += [outside, inner.strip()]
    return tuple(dict.fromkeys(found))


def spoken_forms(text: str) -> tuple[str, ...]:
    """Forms under which an answer may give this name: as written, and without the titles before it."""
    words = text.split()
    while len(words) > 2 and words[0].strip(".,").lower() in HONORIFICS:
        words = words[1:]
    return tuple(dict.fromkeys((text, " ".join(words))))


def is_name(text: str) -> bool:
    """True for a text short and plain enough to be a node: a name, or a term such as "presidential republic"."""
    if not 1 < len(text) <= LARGEST_NAME_CHARACTERS or len(text.split()) > LARGEST_NAME_WORDS:
        return False
    if text[0].isdigit() or not (text[0].isalpha() or text[0] in "'\"’‘.") or normal_name(text) in NO_VALUES:
        return False
    if _SIGNED.search(text):  # "UTC-4" and "UTC+4" differ in what a normal form drops
        return False
    letters = sum(letter.isalpha() for letter in text)
    digits = sum(letter.isdigit() for letter in text)
    if "@" in text or "www." in text or "://" in text or (". " in text.rstrip(". ") and len(text.split()) > 5):
        return False
    return letters * 2 >= len(text) and digits <= 4


def singular(word: str) -> str:
    """An English noun in the singular, by the common rules."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "ics")):
        return word[:-1]
    return word


def plain_label(label: str) -> tuple[str, str]:
    """A label as it is read, without "(s)" and the year at its end; and that year, or ""."""
    label = _PLURAL_MARK.sub("", " ".join(label.split())).strip()
    year = _TRAILING_YEAR.search(label)
    return (label[: year.start()].rstrip(" ,:-"), year[1]) if year else (label, "")


@lru_cache(maxsize=1 << 14)
def normal_label(label: str) -> tuple[str, str]:
    """The stem by which labels are compared, and the year at the label's end: "Border countries" is "border country".

    "Founded in" and "founded on" are "founded"; "founded by" is another relation.
    """
    shown, year = plain_label(label)
    words = [singular(word) for word in normal_words(shown)]
    if len(words) == 2 and words[1] in ("in", "on") and words[0].endswith(("ed", "born", "built")):
        words = words[:1]
    return " ".join(words), year
