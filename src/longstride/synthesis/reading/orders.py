"""Orders: passages of one source by where they stand in it, and things by the year that their documents give."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, permutations, product
from typing import Any

from longstride.records import Evidence
from longstride.synthesis.candidates import Source
from longstride.synthesis.reading.drafts import LETTERS, Draft
from longstride.synthesis.reading.facts import Stated, place
from longstride.synthesis.reading.titles import is_title, place_in_whole
from longstride.synthesis.structure.prose import Sentence

ORDERS = "orders"
PASSAGE_LENGTHS = (60, 200)  # characters
MOST_DOCUMENTS = 4  # that the passages of one question come from
FEWEST_DOCUMENTS = 2
FEWEST_DATED = 4  # things that are put in order; five where they fit
MOST_WAYS = 64  # to read a question whose passages or dates stand twice
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DATED = re.compile(rf"(?:(?:\d{{1,2}} )?(?:{MONTHS}) )?([12]\d{{3}})(?=\Z|;| \()")
FORM = "Answer with the letters alone, in that order, with commas between them."
Position = tuple[int, ...]


class Deck:
    """Orders of letters, dealt one after the other, so that none is worth guessing."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._left: dict[int, list[tuple[int, ...]]] = {}

    def next(self, count: int) -> tuple[int, ...]:
        """An order of `count` things that was not dealt before, while there is one."""
        if not self._left.get(count):
            orders = list(permutations(range(count)))
            self._draw.shuffle(orders)
            self._left[count] = orders
        return self._left[count].pop()


def order_drafts(sources: Sequence[Source], max_context_tokens: int, draw: random.Random) -> Iterator[Draft]:
    """Passages and dates in turn, as long as there are any."""
    deck = Deck(draw)
    streams = [
        _passage_drafts(sources, max_context_tokens, deck, draw),
        _date_drafts(sources, max_context_tokens, deck, draw),
    ]
    while streams:
        stream = streams.pop(0)
        if (made := next(stream, None)) is not None:
            streams.append(stream)
            yield made


def order_answers(derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
    """The letters in order, in each way to read the documents; () where one thing is missing, or two stand alike."""
    if derivation["ordered"] == "passages":
        found = [_standing(derivation["whole"], passage, sources) for passage in derivation["passages"]]
    else:
        below = derivation["section"], derivation["label"]
        found = [_years(place(subject, *below), sources) for subject in derivation["subjects"]]
    orders = {
        _letters(positions) for positions in islice(product(*found), MOST_WAYS) if len(set(positions)) == len(positions)
    }
    return tuple(sorted(orders))


def _letters(positions: Sequence[Position]) -> str:
    return ", ".join(LETTERS[at] for at in sorted(range(len(positions)), key=lambda at: positions[at]))


def _standing(whole: str, passage: str, sources: Sequence[Source]) -> list[Position]:
    """Where a passage stands in a whole: chapter, part, character."""
    found: list[Position] = []
    for source in sources:
        known = place_in_whole(source.title)
        if known is not None and known[0] == whole:
            start = source.facts.flat.find(passage)
            while start >= 0:
                found.append((*known[1], start))
                start = source.facts.flat.find(passage, start + 1)
    return found


def _years(wanted: tuple[str, str, str], sources: Sequence[Source]) -> list[Position]:
    years = {_year(each) for source in sources for each in source.facts.stated.get(wanted, ())}
    return sorted((year,) for year in years if year is not None)


def _year(stated: Stated) -> int | None:
    match = DATED.match(stated.value)
    return int(match[1]) if match else None


def _passage_drafts(
    sources: Sequence[Source], max_context_tokens: int, deck: Deck, draw: random.Random
) -> Iterator[Draft]:
    """Passages of neighbouring documents of one whole, each set of documents once in a round."""
    wholes: defaultdict[str, dict[tuple[int, int], list[Source]]] = defaultdict(lambda: defaultdict(list))
    for source in sources:
        known = place_in_whole(source.title)
        if known is not None and is_title(known[0]) and _passages(source):
            wholes[known[0]][known[1]].append(source)
    runs: list[tuple[str, tuple[Source, ...]]] = []
    for whole, places in wholes.items():
        single = [places[each][0] for each in sorted(places) if len(places[each]) == 1]
        for count in range(FEWEST_DOCUMENTS, MOST_DOCUMENTS + 1):
            for start in range(len(single) - count + 1):
                run = tuple(single[start : start + count])
                if sum(source.tokens for source in run) <= max_context_tokens:
                    runs.append((whole, run))
    draw.shuffle(runs)
    for whole, run in runs:
        yield _of_passages(whole, run, deck, draw)


def _passages(source: Source) -> list[Sentence]:
    return [each for each in source.facts.sentences if PASSAGE_LENGTHS[0] <= len(each.flat) <= PASSAGE_LENGTHS[1]]


def _of_passages(whole: str, run: Sequence[Source], deck: Deck, draw: random.Random) -> Draft:
    """One passage of each document and more of some, up to five, in the order of the whole."""
    pools = {source.document_id: _passages(source) for source in run}
    chosen = [(source, draw.choice(pools[source.document_id])) for source in run]
    more = [(source, each) for source in run for each in pools[source.document_id] if (source, each) not in chosen]
    chosen += draw.sample(more, min(len(more), len(LETTERS) - len(chosen)))
    chosen.sort(key=lambda pair: (run.index(pair[0]), pair[1].start))
    shown, answer = _dealt(chosen, deck)
    listed = "\n".join(f"({letter}) {each.flat}" for letter, (_, each) in zip(LETTERS, shown, strict=False))
    return Draft(
        question_type="temporal",
        text=(
            f'These passages all stand in "{whole}", whose documents tell their chapter or part in their titles. In '
            f"which order do the passages stand there, from the first to the last?\n{listed}"
        ),
        form=FORM,
        style="list",
        answer=answer,
        document_ids=tuple(source.document_id for source in run),
        evidence=tuple(
            Evidence(source.document_id, each.start, each.end, source.facts.text[each.start : each.end])
            for source, each in chosen
        ),
        derivation={
            "what": ORDERS,
            "ordered": "passages",
            "whole": whole,
            "passages": [each.flat for _, each in shown],
        },
    )


def _date_drafts(
    sources: Sequence[Source], max_context_tokens: int, deck: Deck, draw: random.Random
) -> Iterator[Draft]:
    """Things by the year under one label, each in a document of its own."""
    groups: defaultdict[tuple[str, str], list[tuple[Source, Stated, int]]] = defaultdict(list)
    for source in sources:
        for (_, section, label), stated in source.facts.stated.items():
            if len(stated) == 1 and (year := _year(stated[0])) is not None:
                groups[section, label].append((source, stated[0], year))
    ready = [group for _, group in sorted(groups.items()) if len({year for *_, year in group}) >= FEWEST_DATED]
    while ready:
        for group in list(ready):
            chosen = _fitting(draw.sample(group, len(group)), max_context_tokens)
            if len(chosen) < FEWEST_DATED:
                ready.remove(group)
                continue
            yield _of_dates(sorted(chosen, key=lambda each: each[2]), deck)


def _fitting(group: Sequence[tuple[Source, Stated, int]], room: int) -> list[tuple[Source, Stated, int]]:
    """Up to five of other documents, subjects and years that fit together."""
    chosen: list[tuple[Source, Stated, int]] = []
    for source, stated, year in group:
        new = all(
            source.document_id != other.document_id and stated.subject != known.subject and year != at
            for other, known, at in chosen
        )
        if new and source.tokens <= room:
            room -= source.tokens
            chosen.append((source, stated, year))
        if len(chosen) == len(LETTERS):
            break
    return chosen


def _of_dates(chosen: Sequence[tuple[Source, Stated, int]], deck: Deck) -> Draft:
    shown, answer = _dealt(chosen, deck)
    first = shown[0][1]
    under = f' under the heading "{first.section}"' if first.section else ""
    listed = "\n".join(f"({letter}) {each.subject}" for letter, (_, each, _) in zip(LETTERS, shown, strict=False))
    return Draft(
        question_type="temporal",
        text=(
            f'The document about each of these gives a date or a year as "{first.label}"{under}. Put them in the order '
            f"of these dates, the earliest first.\n{listed}"
        ),
        form=FORM,
        style="list",
        answer=answer,
        document_ids=tuple(source.document_id for source, *_ in shown),
        evidence=tuple(
            Evidence(source.document_id, each.start, each.end, source.facts.text[each.start : each.end])
            for source, each, _ in shown
        ),
        derivation={
            "what": ORDERS,
            "ordered": "dates",
            "section": first.section,
            "label": first.label,
            "subjects": [each.subject for _, each, _ in shown],
        },
        entities=tuple(each.subject for _, each, _ in shown),
    )


def _dealt(ordered: Sequence[Any], deck: Deck) -> tuple[list[Any], str]:
    """Things in order under letters from the deck: the things by their letters, and the letters in order."""
    letters = deck.next(len(ordered))
    shown = [ordered[letters.index(at)] for at in range(len(ordered))]
    return shown, ", ".join(LETTERS[at] for at in letters)
