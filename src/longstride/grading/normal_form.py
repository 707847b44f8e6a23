"""Normal forms of a text: the one that the benchmarks share, and a strict one that keeps words and numbers whole."""

from __future__ import annotations

import re
import string
import unicodedata
from functools import lru_cache

SHORT = 400  # characters; the forms of texts up to that are kept, for the same answers come again and again

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def benchmark_form(text: str) -> str:
    """Lower case, no ASCII punctuation, no articles, single spaces: the form of SQuAD, LongBench and QwenLong.

    It loses what a number is made of: "3.5" becomes "35" and "-5" becomes "5".
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


_CHARACTERS = str.maketrans(
    dict.fromkeys("−‐‑‒–﹣－", "-")
    | dict.fromkeys("’‘ʼ＇", "'")
    | dict.fromkeys("⁄∕", "/")
    | dict.fromkeys("°™®©", " ")
)
_SUPERSCRIPTS = re.compile("[⁻⁰¹²³⁴-⁹]+")
_VULGAR_FRACTIONS = re.compile("[¼-¾⅐-⅞]")
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0670]")
_LONE_A = re.compile(r"(\bA\b)")
_LONE_AMPERSAND = re.compile(r"(?<=\s)&(?=\s)")
_SENTENCE_END = re.compile(r"[.!?:;\n\"“(]")

_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = rf"(?:[^\W_{_IDEOGRAPHS}]|[\u0900-\u0dff])++"
_COMPOUND = re.compile(rf"[{_IDEOGRAPHS}]|\.?{_RUN}(?:(?:[-/.,:'&]|\^-?){_RUN})*+")
_THOUSANDS = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_HARD_JOINER = re.compile(r"(\^-?|[-/,:])")
_SOFT_JOINER = re.compile(r"([.'&])")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_ZERO_DECIMALS = re.compile(r"\A(\d+)\.0+\Z")
_SCALE_WORDS = ("hundred", "thousand", "million", "billion", "trillion")
_SCALE = re.compile(rf"\s{{0,4}}((?:{'|'.join(_SCALE_WORDS)})(?![^\W_])|[万亿萬億])")
_PERCENT = re.compile(r"\s{0,4}(?:%|percent\b|per\s{1,4}cent\b)")
_SIGN = re.compile(r"(?<![\w)\]%-])-(?:[$€£¥₹]\s?)?$")
_MONEY_GAP = re.compile(r"\s*[$€£¥₹]?\s*")


def strict_form(text: str) -> str:
    """Case, accents, punctuation and articles gone, but every word and every number still one word.

    Words are separated by single spaces, so that containment can be tested at word boundaries:

    - a number keeps its decimal point, sign, percent sign and scale ("-$1,500.00" -> "-1500", "3.5", "5 percent" ->
      "5%", "2 million" -> "2million") and loses thousands separators, zero decimals and its currency;
    - a compound with a digit or a single letter in it stays one word ("covid-19", "1990-1995", "10:30", "x-ray"), one
      of longer words falls apart ("well-known"), and initials close up ("U.S." -> "us", "AT&T" -> "att");
    - an article goes, but a letter's name stays, as a capital: "Hepatitis A" does not become "hepatitis";
    - a CJK ideograph is a word of its own.

    Applying it twice changes nothing. Where the benchmarks' own rule is wanted, take `benchmark_form`.
    """
    return _kept_form(text) if len(text) <= SHORT else _strict_form(text)


def _strict_form(text: str) -> str:
    text = _prepared(text)
    words: list[str] = []
    last_is_article = False  # an article at the very end is a letter's name
    end = 0
    for match in _COMPOUND.finditer(text):
        if match.start() < end:
            continue  # a scale that a number took with it
        gap, end = text[end : match.start()], match.end()
        found = _words(match[0])
        if found and found[0][0].isdigit():
            found[0] = _sign(text, match.start(), gap, words) + found[0]
        if found and _NUMBER.fullmatch(found[-1].lstrip("-")):
            suffix, end = _suffix(text, end)
            found[-1] += suffix
        for word in found:
            article = word in ("the", "an", "a") or (word == "A" and (not words or bool(_SENTENCE_END.search(gap))))
            if word != "the" and word != "an":
                last_is_article = article
            if not article:
                words.append(word)
    if last_is_article:
        words.append("A")
    return " ".join(words)


_kept_form = lru_cache(maxsize=16_384)(_strict_form)


def _prepared(text: str) -> str:
    if not text.isascii():
        text = _SUPERSCRIPTS.sub(lambda match: "^" + match[0].replace("⁻", "-"), text)
        text = _VULGAR_FRACTIONS.sub(lambda match: " " + match[0], text)
        text = unicodedata.normalize("NFKD", text.translate(_CHARACTERS)).translate(_CHARACTERS)
        text = unicodedata.normalize("NFC", _ACCENTS.sub("", text))
    pieces = _LONE_A.split(text)
    pieces[::2] = [piece.casefold() for piece in pieces[::2]]
    return _LONE_AMPERSAND.sub("and", "".join(pieces))


def _words(compound: str) -> list[str]:
    """The words of one compound: most joiners fall away, and some hold their neighbours together."""
    if compound.startswith("."):
        compound = "0" + compound if compound[1:2].isdigit() else compound[1:]
    compound = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), compound)
    segments = _HARD_JOINER.split(compound)
    words = _segment_words(segments[0])
    tail = words[-1]  # the part of the last word behind its last joiner
    for joiner, segment in zip(segments[1::2], segments[2::2], strict=True):
        first, *rest = _segment_words(segment)
        if first in _SCALE_WORDS and tail[-1].isdigit() and joiner == "-":
            words[-1] += first
        elif _holds(joiner, tail, first):
            words[-1] += joiner + first
        else:
            words.append(first)
        words.extend(rest)
        tail = rest[-1] if rest else first
    words = [word if word == "A" else word.lower() for word in words]
    return [_ZERO_DECIMALS.sub(r"\1", word) for word in words]


def _holds(joiner: str, left: str, right: str) -> bool:
    if joiner == ",":
        return False
    if joiner == ":":
        return left[-1].isdigit() and right[0].isdigit()
    return joiner.startswith("^") or not (left.isalpha() and right.isalpha() and len(left) > 1 and len(right) > 1)


def _segment_words(segment: str) -> list[str]:
    pieces = _SOFT_JOINER.split(segment)
    words = [pieces[0]]
    for joiner, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        digits = words[-1][-1].isdigit() and piece[0].isdigit()
        if joiner == "." and digits:
            words[-1] += "." + piece
        elif (joiner == "." and len(words[-1]) > 1 and len(piece) > 1) or digits:
            words.append(piece)
        else:
            words[-1] += piece
    return words


def _sign(text: str, start: int, gap: str, words: list[str]) -> str:
    """ "-" where the number at `start` is negative; a word that says so is taken out of `words`."""
    if _SIGN.search(text[max(0, start - 12) : start]):
        return "-"
    said = words and words[-1] in ("minus", "negative") and _MONEY_GAP.fullmatch(gap)
    if said and not (len(words) > 1 and words[-2][-1].isdigit()):
        words.pop()
        return "-"
    return ""


def _suffix(text: str, end: int) -> tuple[str, int]:
    """The scale words or the percent sign that belong to the number before `end`, and where they end."""
    suffix = ""
    while scale := _SCALE.match(text, end):
        suffix, end = suffix + scale[1], scale.end()
    if not suffix and (percent := _PERCENT.match(text, end)):
        return "%", percent.end()
    return suffix, end
