"""The five families of the corpus (paper 3.1): declared by the caller, or inferred from format and content.

The paper's "general knowledge and literature" is `literature`; filings, statistics and manuals are `professional`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from longstride.corpus.readers.source_text import SourceText
from longstride.errors import InputError, unknown_name
from longstride.records import FAMILIES

Families = str | Mapping[str, str] | None
LOOKED_AT = 60_000  # characters
FOLDER_NAMES = {
    "novels": "literature",
    "books": "literature",
    "fiction": "literature",
    "wikipedia": "literature",
    "papers": "academic",
    "arxiv": "academic",
    "textbooks": "academic",
    "filings": "professional",
    "reports": "professional",
    "manuals": "professional",
    "contracts": "professional",
    "statistics": "professional",
    "chats": "dialogue",
    "chat": "dialogue",
    "dialogues": "dialogue",
    "conversations": "dialogue",
    **{family: family for family in FAMILIES},
}
ACADEMIC = (
    re.compile(r"^\W{0,4}(?:\d+\.?\s+)?abstract\b", re.I | re.M),
    re.compile(r"^\W{0,4}(?:\d+\.?\s+)?(?:references|bibliography)\W{0,4}$", re.I | re.M),
    re.compile(r"\barXiv:\d{4}\.\d{4,5}|\bdoi\.org/|\bet al\."),
    re.compile(r"\\(?:cite|section|begin)\{|\[\d{1,3}(?:, ?\d{1,3}){0,5}\]"),
    re.compile(r"\b(?:theorem|lemma|corollary|we propose|we show that|our results)\b", re.I),
)
PROFESSIONAL = re.compile(
    r"\b(?:fiscal year|form 10-[kq]|balance sheet|net income|shareholders|pursuant to|registrant|hereinafter|whereas|"
    r"agreement|liabilit(?:y|ies)|warranty|install(?:ation)?|per cent|percent|million|billion|sq km|est\.)\b",
    re.I,
)
LIST_LINE = re.compile(r"^[ \t]*(?:[-*•|]|\d+[.)]) ", re.M)
DIGIT = re.compile(r"\d")
STORY = re.compile(r"\b(?:he|she|said|his|her|him|cried|asked|replied|thou|I)\b")

# ours, set by looking at novels (story 0.04 and more), filings, country profiles, licences and manuals (0.003 and less)
MAX_STORY = 0.015  # share of the words that tell of persons, above which a text is no report
MIN_STORY = 0.004  # below which it is no story and no article on a person, but a manual or a report
MIN_TERMS = 0.004  # share of the words that are terms of a trade
MIN_DIGITS = 0.03  # share of the characters
MIN_LISTED = 0.3  # share of the lines, with as many digits as
MIN_LISTED_DIGITS = 0.01  # share of the characters


def family_of(source: SourceText, path: str, families: Families = None) -> str:
    """The family of a source at `path` (relative to the corpus): as declared, else by its folder, else by content."""
    if isinstance(families, str):
        return families
    if families:
        folders = sorted((folder for folder in families if _is_under(path, folder)), key=len)
        if folders:
            return families[folders[-1]]
    return inferred_family(source, path)


def checked_families(families: Families) -> Families:
    """`families` as it is. Raises InputError where it names an unknown family."""
    for family in [families] if isinstance(families, str) else (families or {}).values():
        if family not in FAMILIES:
            raise InputError(str(unknown_name("family", family, FAMILIES)), field="families")
    return families


def inferred_family(source: SourceText, path: str) -> str:
    """Code and dialogue by their form, the others by a folder's name or by what the text is made of."""
    if source.form in ("code", "dialogue"):
        return source.form
    for folder in reversed(path.lower().split("/")[:-1]):
        if folder in FOLDER_NAMES and FOLDER_NAMES[folder] not in ("code", "dialogue"):
            return FOLDER_NAMES[folder]
    if source.form == "csv":
        return "professional"
    text = source.text[:LOOKED_AT] + source.text[-5_000 if len(source.text) > LOOKED_AT else len(source.text) :]
    words = max(1, len(text.split()))
    if sum(pattern.search(text) is not None for pattern in ACADEMIC) >= 3:
        return "academic"
    lines = max(1, sum(1 for line in text.split("\n") if line.strip()))
    listed = sum(1 for _ in LIST_LINE.finditer(text)) / lines
    digits = sum(1 for _ in DIGIT.finditer(text)) / max(1, len(text))
    terms = sum(1 for _ in PROFESSIONAL.finditer(text)) / words
    story = sum(1 for _ in STORY.finditer(text)) / words
    if story > MAX_STORY:
        return "literature"
    if story < MIN_STORY:
        return "professional"
    is_list = listed > MIN_LISTED and digits > MIN_LISTED_DIGITS
    return "professional" if is_list or digits > MIN_DIGITS or terms > MIN_TERMS else "literature"


def _is_under(path: str, folder: str) -> bool:
    folder = folder.strip("/")
    return folder in ("", ".") or path == folder or path.startswith(folder + "/")
