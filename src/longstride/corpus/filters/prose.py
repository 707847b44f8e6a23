"""Filters for running text: Gopher's quality rules, and those of C4 and FineWeb that suit documents."""

from __future__ import annotations

from longstride.corpus.filters.page import LETTER, Page

GOPHER_MIN_WORDS = 50
GOPHER_MEAN_WORD_CHARACTERS = (3.0, 10.0)
GOPHER_MAX_SYMBOLS = 0.1  # "#" or an ellipsis, to a word
GOPHER_MAX_LIST_LINES = 0.9
GOPHER_MAX_ELLIPSIS_LINES = 0.3
GOPHER_MIN_WORDS_WITH_LETTERS = 0.8
GOPHER_MIN_STOP_WORDS = 2
FINEWEB_MIN_PUNCTUATED_LINES = 0.12
FINEWEB_MAX_SHORT_LINES = 0.67
FINEWEB_SHORT_CHARACTERS = 30
MIN_UNSPACED_CHARACTERS = 100  # ours: of a script without spaces, in place of words
MIN_LINES_JUDGED = 5  # ours: fewer say nothing about a share of lines
BULLETS = ("-", "*", "•", "●", "▪", "◦", "‣")
PUNCTUATION = (".", "!", "?", ":", ";", '"', "'", "”", "’", ")", "。", "！", "？", "--", "—")
# Gopher's list is English; a text in another language with Latin letters is to hold two of its own
STOP_WORDS = (
    frozenset(["the", "be", "to", "of", "and", "that", "have", "with"]),
    frozenset(["der", "die", "und", "das", "ist", "nicht", "ein", "mit"]),
    frozenset(["le", "la", "les", "et", "des", "est", "une", "dans"]),
    frozenset(["el", "los", "las", "que", "una", "por", "con", "del"]),
    frozenset(["il", "di", "che", "una", "per", "non", "con", "della"]),
    frozenset(["o", "os", "que", "uma", "para", "com", "não", "dos"]),
    frozenset(["de", "het", "een", "van", "en", "dat", "niet", "met"]),
    frozenset(["och", "att", "det", "som", "en", "är", "på", "inte"]),
    frozenset(["w", "i", "na", "z", "się", "do", "nie", "że"]),
    frozenset(["ve", "bir", "bu", "için", "ile", "da", "de", "olarak"]),
    frozenset(["dan", "yang", "di", "itu", "dengan", "untuk", "tidak", "dari"]),
    frozenset(["và", "là", "của", "có", "không", "trong", "được", "cho"]),
)


def too_few_words(page: Page) -> str | None:
    if not page.has_spaces:
        return "too_few_words" if len(page.text) < MIN_UNSPACED_CHARACTERS else None
    return "too_few_words" if len(page.words) < GOPHER_MIN_WORDS else None


def odd_word_length(page: Page) -> str | None:
    if not page.has_spaces:
        return None
    mean = sum(map(len, page.words)) / max(1, len(page.words))
    low, high = GOPHER_MEAN_WORD_CHARACTERS
    return None if low <= mean <= high else "odd_word_length"


def symbols(page: Page) -> str | None:
    count = max(page.text.count("#"), page.text.count("...") + page.text.count("…"))
    return "symbols" if count > GOPHER_MAX_SYMBOLS * len(page.words) else None


def list_lines(page: Page) -> str | None:
    listed = sum(line.startswith(BULLETS) for line in page.lines)
    return "list_lines" if listed > GOPHER_MAX_LIST_LINES * len(page.lines) else None


def ellipsis_lines(page: Page) -> str | None:
    cut = sum(line.endswith(("...", "…")) for line in page.lines)
    return "ellipsis_lines" if cut > GOPHER_MAX_ELLIPSIS_LINES * len(page.lines) else None


def few_words_with_letters(page: Page) -> str | None:
    if not page.has_spaces:
        return None
    lettered = sum(map(bool, map(LETTER.search, page.words)))
    return "few_words_with_letters" if lettered < GOPHER_MIN_WORDS_WITH_LETTERS * len(page.words) else None


def few_stop_words(page: Page) -> str | None:
    if not page.has_spaces or not page.is_latin:
        return None
    words = set(page.text.lower().split())
    return None if any(len(words & stops) >= GOPHER_MIN_STOP_WORDS for stops in STOP_WORDS) else "few_stop_words"


def lorem_ipsum(page: Page) -> str | None:
    """C4's mark of a page that nobody has filled."""
    return "lorem_ipsum" if "lorem ipsum" in page.text.lower() else None


def short_lines(page: Page) -> str | None:
    lines = page.prose_lines
    if len(lines) < MIN_LINES_JUDGED:
        return None
    short = sum(len(line) < FINEWEB_SHORT_CHARACTERS for line in lines)
    return "short_lines" if short > FINEWEB_MAX_SHORT_LINES * len(lines) else None


def lines_without_punctuation(page: Page) -> str | None:
    """FineWeb's rule, over paragraphs: the lines of a book are broken anywhere."""
    paragraphs = [part for part in page.paragraphs if not part.startswith(("|", "#"))]
    if len(paragraphs) < MIN_LINES_JUDGED:
        return None
    ended = sum(part.endswith(PUNCTUATION) for part in paragraphs)
    return "lines_without_punctuation" if ended < FINEWEB_MIN_PUNCTUATED_LINES * len(paragraphs) else None
