"""Splitting a source into documents that fit: at headings, else paragraphs, else lines (paper 3.1, DESIGN.md).

The parts follow each other without a gap, so together they are the source again. Small neighbours stand together up to
the limit; a heading above both is crossed only where a part would be too small to be worth a document.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from longstride.corpus.limits import Unreadable
from longstride.corpus.readers.source_text import SourceText, shortened
from longstride.corpus.sections import Break, code_breaks, markdown_breaks, plain_breaks
from longstride.records import Document
from longstride.tokens import PARAGRAPH_END, Tokenizer, chunk

TINY = 0.125  # of the limit: a part smaller than this joins a neighbour
MIN_TOKENS = 32  # of the limit
COUNTED_AT_ONCE = 100_000  # characters
LINE_END = re.compile(r"\n")


@dataclass(frozen=True)
class Segment:
    """A part of a source: `text[start:end]`, and before it `text[:head]` where that is not part of it."""

    start: int
    end: int
    title: str
    tokens: int  # an estimate, no less than a few tokens from the count


def split_source(source: SourceText, max_tokens: int, tokenizer: Tokenizer) -> list[Segment]:
    """The parts of `source`, each of at most `max_tokens` tokens with the head that it repeats.

    No cut falls into a row of a table, a line or a message, unless that alone is over the limit.

    Raises ValueError for a limit under 32 tokens, Unreadable (`head_too_long`) where the head leaves little room.
    """
    if max_tokens < MIN_TOKENS:
        raise ValueError(f"max_tokens is {max_tokens}, expected {MIN_TOKENS} or more")
    text = source.text
    breaks = list(found_breaks(source)) if source.breaks is None else list(source.breaks)
    if len(text.encode("utf-8", "replace")) <= max_tokens:  # a token takes a byte or more
        return [Segment(0, len(text), source.title, -1)]
    head = tokenizer.count(text[: source.head]) + 1 if source.head else 0
    if head > max_tokens // 4:
        raise Unreadable("head_too_long")
    cutter = _Cutter(text, breaks, tokenizer, max_tokens - head)
    spans = cutter.spans()
    titles = _titles(source, breaks, [(start, end) for start, end, _ in spans])
    return [Segment(start, end, title, tokens) for (start, end, tokens), title in zip(spans, titles, strict=True)]


def found_breaks(source: SourceText) -> list[Break]:
    """Where the sections of a text begin, by its form."""
    if source.form == "code":
        return code_breaks(source.text, source.language)
    return markdown_breaks(source.text) if source.form == "markdown" else plain_breaks(source.text)


Span = tuple[int, int, int]  # start, end, tokens


class _Cutter:
    def __init__(self, text: str, breaks: Sequence[Break], tokenizer: Tokenizer, limit: int) -> None:
        self.text, self.tokenizer, self.limit = text, tokenizer, limit
        self.breaks = breaks
        self.offsets = [each.offset for each in breaks]
        bounds = {0, len(text), *self.offsets, *(match.end() for match in PARAGRAPH_END.finditer(text))}
        self.bounds = sorted(bounds)
        self.sums = [0, *accumulate(self.counts(list(pairwise(self.bounds))))]

    def spans(self) -> list[Span]:
        """The parts; those near the limit are counted whole, for parts together may have more tokens than apart."""
        return self.certain(self.fitted(0, len(self.text), 0, self.limit), self.limit)

    def certain(self, spans: Sequence[Span], limit: int) -> list[Span]:
        near = [span for span in spans if span[2] + span[2] // 50 + 16 > self.limit]
        counts = dict(zip(near, self.counts([span[:2] for span in near], exact=True), strict=True))
        checked: list[Span] = []
        for span in spans:
            over = counts.get(span, 0) - self.limit
            if over <= 0:
                checked.append((*span[:2], counts.get(span, span[2])))
            else:
                less = max(1, limit - over - 1)
                checked += self.certain(self.fitted(*span[:2], 0, less), less)
        return checked

    def counts(self, ranges: Sequence[tuple[int, int]], exact: bool = False) -> list[int]:
        """The tokens of each range, some at a time, for a tokenizer holds 100 bytes a token.

        A very long range is counted in parts, unless `exact`.
        """
        counts: list[int] = []
        batch: list[str] = []
        size = 0
        for start, end in ranges:
            if batch and size + end - start > COUNTED_AT_ONCE:
                counts += self.tokenizer.count_each(batch)
                batch, size = [], 0
            if end - start > COUNTED_AT_ONCE and not exact:
                counts.append(sum(self.tokenizer.count(self.text[a:b]) for a, b in self.windows(start, end)))
            else:
                batch.append(self.text[start:end])
                size += end - start
        return counts + self.tokenizer.count_each(batch)

    def windows(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """`start:end` in stretches short enough for a tokenizer, cut at spaces where there are any."""
        while end - start > COUNTED_AT_ONCE:
            space = self.text.rfind(" ", start + COUNTED_AT_ONCE // 2, start + COUNTED_AT_ONCE)
            cut = space + 1 if space >= 0 else start + COUNTED_AT_ONCE
            yield start, cut
            start = cut
        yield start, end

    def tokens(self, start: int, end: int) -> int:
        """The tokens of a stretch between two bounds."""
        return self.sums[bisect_left(self.bounds, end)] - self.sums[bisect_left(self.bounds, start)]

    def fitted(self, start: int, end: int, above: int, limit: int) -> list[Span]:
        """`start:end`, both of them bounds, in parts of at most `limit` tokens; only headings below level `above`."""
        tokens = self.tokens(start, end)
        if tokens <= limit:
            return [(start, end, tokens)]
        first, last = bisect_right(self.offsets, start), bisect_left(self.offsets, end)
        below = [each for each in self.breaks[first:last] if each.level > above]
        if not below:
            return self.paragraphs(start, end, limit)
        level = min(each.level for each in below)
        cuts = [start, *(each.offset for each in below if each.level == level), end]
        ranges = list(pairwise(cuts))
        if len(ranges) > 1 and self.tokens(*ranges[0]) <= TINY * limit:  # what stands before the first goes with it
            ranges[:2] = [(ranges[0][0], ranges[1][1])]
        parts: list[Span] = []
        whole: list[Span] = []
        for each in ranges:
            if (tokens := self.tokens(*each)) <= limit:
                whole.append((*each, tokens))
                continue
            parts += packed(whole, limit)
            whole = []
            parts += self.fitted(*each, level, limit)
        return without_tiny(parts + packed(whole, limit), limit)

    def paragraphs(self, start: int, end: int, limit: int) -> list[Span]:
        bounds = self.bounds[bisect_left(self.bounds, start) : bisect_right(self.bounds, end)]
        spans: list[Span] = []
        for each in pairwise(bounds):
            tokens = self.tokens(*each)
            spans += [(*each, tokens)] if tokens <= limit else self.lines(*each, limit)
        return without_tiny(packed(spans, limit), limit)

    def lines(self, start: int, end: int, limit: int) -> list[Span]:
        ends = [match.end() for match in LINE_END.finditer(self.text, start, end)]
        cuts = [start, *(each for each in ends if each < end), end]
        counts = self.counts(list(pairwise(cuts)))
        spans: list[Span] = []
        for (first, last), tokens in zip(pairwise(cuts), counts, strict=True):
            spans += [(first, last, tokens)] if tokens <= limit else self.pieces(first, last, limit)
        return packed(spans, limit)

    def pieces(self, start: int, end: int, limit: int) -> list[Span]:
        """A single line over the limit: at the ends of its sentences, else at spaces, else anywhere."""
        spans: list[Span] = []
        for first, last in self.windows(start, end):
            line = Document(id="line", title="", family="literature", source="", text=self.text[first:last])
            for each in chunk([line], limit, self.tokenizer):
                spans.append((first + each.pieces[0].start, first + each.pieces[-1].end, each.tokens))
        return spans


def packed(spans: Sequence[Span], limit: int) -> list[Span]:
    """Neighbours put together, to about the same size each and none over `limit`."""
    total = sum(tokens for _, _, tokens in spans)
    fewest = -(-total // limit)
    groups = _grouped(spans, limit, total / max(1, fewest))
    if len(groups) > fewest:  # their sizes did not come out: make the last as large as the others
        again = _grouped(spans, limit, total / len(groups))
        groups = again if len(again) <= len(groups) else groups
    return groups


def _grouped(spans: Sequence[Span], limit: int, share: float) -> list[Span]:
    groups = list(spans[:1])
    for start, end, tokens in spans[1:]:
        first, _, held = groups[-1]
        if held + tokens <= limit and held + tokens / 2 <= share:
            groups[-1] = (first, end, held + tokens)
        else:
            groups.append((start, end, tokens))
    return groups


def without_tiny(spans: Sequence[Span], limit: int) -> list[Span]:
    """Each span smaller than TINY put to its smaller neighbour, where both fit together."""
    spans = list(spans)
    index = 0
    while index < len(spans):
        tokens = spans[index][2]
        others = [at for at in (index - 1, index + 1) if 0 <= at < len(spans) and spans[at][2] + tokens <= limit]
        if tokens >= TINY * limit or not others:
            index += 1
            continue
        into = min(others, key=lambda at: spans[at][2])
        low, high = min(index, into), max(index, into)
        spans[low : high + 1] = [(spans[low][0], spans[high][1], spans[low][2] + spans[high][2])]
        index = low
    return spans


def _titles(source: SourceText, breaks: Sequence[Break], spans: Sequence[tuple[int, int]]) -> list[str]:
    """For each span the main title and the path of headings over it: "Algeria > Geography > Area - Elevation"."""
    paths = _paths(breaks, source.title)
    offsets = [each.offset for each in breaks]
    titles: list[str] = []
    for start, end in spans:
        first, last = bisect_left(offsets, start), bisect_left(offsets, end) - 1
        while first < last and not source.text[offsets[first] : offsets[first + 1]].partition("\n")[2].strip():
            first += 1  # a heading with nothing of its own below it
        opens = bisect_left(offsets, start)
        if opens >= len(breaks) or opens > last or source.text[start : offsets[opens]].strip():
            first = opens - 1  # the span begins inside a section
        opening = paths[first] if first >= 0 else ()
        closing = paths[last] if last >= 0 else ()
        titles.append(shortened_path([source.title, *_over(opening, closing)]))
    seen, counts = Counter[str](), Counter(titles)
    for index, title in enumerate(titles):
        if counts[title] > 1:
            seen[title] += 1
            titles[index] = f"{title} (part {seen[title]} of {counts[title]})"
    return titles


def _paths(breaks: Sequence[Break], main_title: str) -> list[tuple[str, ...]]:
    """For each break the titles that stand over it and its own; without the main title where it comes first."""
    paths: list[tuple[str, ...]] = []
    over: list[Break] = []
    for each in breaks:
        over = [*(one for one in over if one.level < each.level), each]
        titles = [one.title for one in over]
        paths.append(tuple(titles[1:] if titles[0] == main_title else titles))
    return paths


def _over(opening: Sequence[str], closing: Sequence[str]) -> list[str]:
    """What two paths have in common, then where they part, "first – last"."""
    common = 0
    while common < min(len(opening), len(closing)) and opening[common] == closing[common]:
        common += 1
    path = list(opening[:common])
    if common < len(opening) and common < len(closing):
        path.append(f"{opening[common]} – {closing[common]}")
    elif not path and opening:
        path = list(opening)
    return path


def shortened_path(titles: Sequence[str]) -> str:
    return " > ".join(shortened(title) for title in titles if title)
