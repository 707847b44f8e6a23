"""Aggregation: counts over one document, or over all the parts of one section (paper Appendix B)."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from longstride.records import Evidence
from longstride.synthesis.candidates import Source
from longstride.synthesis.reading.drafts import Draft
from longstride.synthesis.reading.facts import BULLET, WORD
from longstride.synthesis.reading.titles import PART, is_title

COUNTS = "counts"
LETTER_COUNTS = (4, 5, 6, 7)  # that a word has at least
FEWEST_MOST, CLEAR = 4, 2  # how often the most frequent word occurs, and how much more often than the next
FEWEST, MOST = 6, 60  # of what is counted; not in the paper
LONGEST_PARTS = 4  # documents that one count is over
MOST_WAYS = 16  # to choose among documents of the same title
MOST_QUOTED = 12  # occurrences for each document
MOST_SHARE = 0.2  # of the documents may hold a word that is asked for: others are guessed; not in the paper
ROUNDS = 4  # over all documents
QUOTED_LINE = 80  # characters
WORDS = 'A word is an unbroken run of letters ("well-known" holds two); capital and small letters count alike.'
NUMBER_FORM = "Answer with the number alone, in digits."
WORD_FORM = "Answer with the word alone."


@dataclass(frozen=True)
class _Scope:
    """Documents that are counted over together."""

    sources: tuple[Source, ...]
    counts: Counter[str]  # of their words

    @property
    def titles(self) -> list[str]:
        return [source.title for source in self.sources]

    @property
    def named(self) -> str:
        """The documents, for a question."""
        if len(self.sources) == 1:
            return f'the document with the title "{self.titles[0]}"'
        base = PART.sub("", self.titles[0])
        return f'the {len(self.sources)} documents with the title "{base}" (parts 1 to {len(self.sources)}) together'


def word_counts(text: str) -> Counter[str]:
    """How often each word occurs, in small letters."""
    return Counter(word.casefold() for word in WORD.findall(text))


def count_drafts(sources: Sequence[Source], max_context_tokens: int, draw: random.Random) -> Iterator[Draft]:
    """The most frequent word of a kind, occurrences of a word, or marked lines, of each scope in turn."""
    scopes = _scopes(sources, max_context_tokens)
    held = Counter(word for scope in scopes for word in scope.counts)
    common = {word for word, count in held.items() if count > max(2, MOST_SHARE * len(scopes))}
    draw.shuffle(scopes)
    for scope in scopes * ROUNDS:
        how = draw.choices(("frequent", "word", "lines"), (3, 2, 1))[0]
        if how == "lines":
            made = _lines(scope)
        else:
            made = (_frequent if how == "frequent" else _occurrences)(scope, common, draw)
        if made is not None:
            yield made


def count_answers(derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
    """What is counted, in each way to take one document for each title; () where one is missing.

    Of words that occur equally often, all of them.
    """
    by_title: defaultdict[str, list[str]] = defaultdict(list)
    for source in sources:
        if source.title in derivation["titles"]:
            by_title[source.title].append(source.facts.text)
    ways = product(*(by_title[title] for title in derivation["titles"]))
    return tuple(sorted({answer for texts in islice(ways, MOST_WAYS) for answer in _counted(derivation, texts)}))


def other_words(derivation: Mapping[str, Any], sources: Sequence[Source]) -> list[str]:
    """The next most frequent words of the kind that is asked for; none where a number is."""
    if derivation["counted"] != "frequent":
        return []
    texts = [source.facts.text for source in sources if source.title in derivation["titles"]]
    counts = _of_kind(word_counts("\n".join(texts)), derivation["letter"], derivation["letters"])
    return sorted(counts, key=lambda word: (-counts[word], word))


def _counted(derivation: Mapping[str, Any], texts: Sequence[str]) -> list[str]:
    counted, text = derivation["counted"], "\n".join(texts)
    if counted == "lines":
        return [str(len(BULLET.findall(text)))]
    counts = word_counts(text)
    if counted == "word":
        return [str(counts[derivation["word"]])]
    kind = _of_kind(counts, derivation["letter"], derivation["letters"])
    most = max(kind.values(), default=0)
    return [word for word, count in kind.items() if count == most]


def _of_kind(counts: Mapping[str, int], letter: str, letters: int) -> dict[str, int]:
    return {word: count for word, count in counts.items() if word.startswith(letter) and len(word) >= letters}


def _scopes(sources: Sequence[Source], max_context_tokens: int) -> list[_Scope]:
    """Every document, and all the parts of a section where they are few and fit; none that shares its title."""
    titles = Counter(source.title for source in sources)
    usable = [
        source for source in sources if source.facts.plain and titles[source.title] == 1 and is_title(source.title)
    ]
    sections: defaultdict[str, list[Source]] = defaultdict(list)
    for source in usable:
        if PART.search(source.title):
            sections[PART.sub("", source.title)].append(source)
    groups: list[tuple[Source, ...]] = [(source,) for source in usable]
    for parts in sections.values():
        match = PART.search(parts[0].title)
        if match and 2 <= len(parts) == int(match[2]) <= LONGEST_PARTS:
            groups.append(tuple(sorted(parts, key=lambda source: source.title)))
    return [
        _Scope(group, word_counts("\n".join(source.facts.text for source in group)))
        for group in groups
        if sum(source.tokens for source in group) <= max_context_tokens
    ]


def _frequent(scope: _Scope, common: set[str], draw: random.Random) -> Draft | None:
    letters = draw.choice(LETTER_COUNTS)
    leading: list[str] = []
    for letter in "abcdefghijklmnopqrstuvwxyz":
        counts = Counter(_of_kind(scope.counts, letter, letters)).most_common(2)
        if counts and counts[0][1] >= max(FEWEST_MOST, CLEAR + (counts[1][1] if len(counts) > 1 else 0)):
            leading.append(counts[0][0])
    leading = [word for word in leading if word not in common and _in_each(word, scope)]
    if not leading:
        return None
    word = draw.choice(leading)
    return _draft(
        scope,
        {"counted": "frequent", "letter": word[0], "letters": letters},
        f'Which word of {letters} or more letters that begins with "{word[0]}" occurs most often in {scope.named}? '
        f"{WORDS}",
        (WORD_FORM, "exact", word),
        _word(word),
    )


def _occurrences(scope: _Scope, common: set[str], draw: random.Random) -> Draft | None:
    words = sorted(
        word
        for word, count in scope.counts.items()
        if FEWEST <= count <= MOST and len(word) >= LETTER_COUNTS[0] and word.isascii() and word not in common
    )
    words = [word for word in words if _in_each(word, scope)]
    if not words:
        return None
    word = draw.choice(words)
    return _draft(
        scope,
        {"counted": "word", "word": word},
        f'How many times does the word "{word}" occur in {scope.named}? {WORDS}',
        (NUMBER_FORM, "numeric", str(scope.counts[word])),
        _word(word),
    )


def _lines(scope: _Scope) -> Draft | None:
    counts = [len(BULLET.findall(source.facts.text)) for source in scope.sources]
    if not FEWEST <= sum(counts) <= MOST or not all(counts):
        return None
    return _draft(
        scope,
        {"counted": "lines"},
        f"How many lines begin with a hyphen, an asterisk or a bullet, and a space behind it, in {scope.named}? Spaces "
        "before the sign do not count.",
        (NUMBER_FORM, "numeric", str(sum(counts))),
        re.compile(rf"{BULLET.pattern}[^\n]{{1,{QUOTED_LINE}}}", re.MULTILINE),
    )


def _word(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])", re.IGNORECASE)


def _in_each(word: str, scope: _Scope) -> bool:
    return all(_word(word).search(source.facts.text) for source in scope.sources)


def _draft(
    scope: _Scope, asked: dict[str, Any], text: str, form: tuple[str, str, str], quoted: re.Pattern[str]
) -> Draft:
    instructions, style, answer = form
    return Draft(
        question_type="statistical_aggregation",
        text=text,
        form=instructions,
        style=style,
        answer=answer,
        document_ids=tuple(source.document_id for source in scope.sources),
        evidence=tuple(
            Evidence(source.document_id, match.start(), match.end(), match[0])
            for source in scope.sources
            for match in islice(quoted.finditer(source.facts.text), MOST_QUOTED)
        ),
        derivation={"what": COUNTS, "titles": scope.titles, **asked},
        entities=(PART.sub("", scope.titles[0]),),
    )
