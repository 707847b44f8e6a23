"""From a document to its structure, in one pass over its lines.

Linear in the length of the text. Malformed input gives fewer parts, never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from longstride.records import Document
from longstride.synthesis.structure.grids import delimited_table, is_pipe_table, pipe_table
from longstride.synthesis.structure.labels import Labelled, labelled
from longstride.synthesis.structure.lines import Line, split_lines
from longstride.synthesis.structure.parts import Attribute, Heading, Link, Structure, Table

PATH_SEPARATOR = " > "  # between the parts of a title: "Algeria > Geography > Area – Elevation (part 1 of 2)"
RANGE = " – "  # from one heading to another, where a document holds several sections
DELIMITED = (".csv", ".tsv")
DELIMITERS = ",\t;|"

LONGEST_TITLE = 300  # characters; of a longer one nothing is cut off
LONGEST_BARE_VALUE = 300  # characters; a longer line under a heading is prose
SMALLEST_PLAIN_BLOCK = 2  # "Label: value" lines without a bullet count only in company
CAPTION_LINES = 3

_PART = re.compile(r" \(part \d{1,5} of \d{1,5}\)\Z")
_DOCUMENT_KIND = re.compile(
    r"(?:\s*[:,–]\s+|\s-\s|\s+(?=(?:Q[1-4]\s|FY\s?)?(?:\d{4}\s)?(?:annual|quarterly|interim|half-yearly|form)\s))"
    r"(?:Q[1-4]\s|FY\s?)?(?:\d{4}\s)?(?:(?:annual|quarterly|interim|half-yearly|financial|form)\s)?"
    r"(?:report|accounts|filing|results|profile|10-[kq])s?\b[^:]{0,40}\Z",
    re.IGNORECASE,
)
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(\S.*)")
_CLOSING_HASHES = re.compile(r"[ \t]#{1,6}[ \t]*\Z")
_UNDERLINE = re.compile(r"(={3,}|-{3,})[ \t]*\Z")
_FENCE = re.compile(r"[ \t]{0,3}(`{3,}|~{3,})")
_LINK = re.compile(
    r"\[\[(?P<wiki>[^\[\]|\n]{1,200})(?:\|(?P<shown>[^\[\]|\n]{1,200}))?\]\]"
    r"|\[(?P<text>[^\[\]\n]{1,300})\]\((?P<target>[^()\s]{1,600})\)"
)
_TAG = re.compile(r"<[^<>\n]{1,200}>")


def read_structure(document: Document) -> Structure:
    """The labelled attributes, tables, headings and links of a document.

    The subject is the first part of the document's title ("Algeria > Geography" is about Algeria, "Alder: annual report
    2023" about Alder), and the other parts are headings above its text. Code between fences is left out. A `.csv` or
    `.tsv` source is one table.
    """
    main_title, *above = [part.strip() for part in _PART.sub("", document.title).split(PATH_SEPARATOR)]
    subject = subject_of(main_title)
    text = document.text
    lines = split_lines(text)
    if PurePath(document.source).suffix.lower() in DELIMITED and not is_pipe_table(lines, 0):
        first = text.partition("\n")[0]
        table = delimited_table(text, max(DELIMITERS, key=first.count), subject, ())
        return Structure(subject, (), (), (table,) if table else (), ())
    return _Reader(subject, main_title, [_first_of_range(name, lines) for name in above], text, lines).read()


def _first_of_range(name: str, lines: Sequence[Line]) -> str:
    """ "Area" of "Area – Elevation", where the text has the heading "Elevation"; any other name as it is."""
    if RANGE not in name:
        return name
    headings = {_heading_text(match) for line in lines if (match := _HEADING.match(line.text))}
    parts = name.split(RANGE)
    for count in range(1, len(parts)):
        if RANGE.join(parts[count:]) in headings:
            return RANGE.join(parts[:count])
    return name


def _heading_text(match: re.Match[str]) -> str:
    return _CLOSING_HASHES.sub("", match[2]).strip()


def subject_of(main_title: str) -> str:
    """What a whole source is about: its title without the kind and year of the document."""
    kind = _DOCUMENT_KIND.search(main_title) if len(main_title) <= LONGEST_TITLE else None
    return main_title[: kind.start()].strip() if kind and kind.start() > 1 else main_title


class _Reader:
    """One pass over the lines, with the headings above the current one."""

    def __init__(self, subject: str, main_title: str, above: Sequence[str], text: str, lines: list[Line]) -> None:
        self.subject, self.main_title, self.text, self.lines = subject, main_title, text, lines
        self.path: list[tuple[int, str]] = [(2 + depth, name) for depth, name in enumerate(above)]
        self.headings: list[Heading] = []
        self.attributes: list[Attribute] = []
        self.tables: list[Table] = []
        self.plain: list[Labelled] = []  # "Label: value" lines of the current block
        self.prose = False  # in the current block: its colons are punctuation
        self.caption: list[str] = []
        self.after_heading = False

    def read(self) -> Structure:
        index = 0
        while index < len(self.lines):
            index = self._read_at(index)
        self._end_block()
        links = [_link(match) for match in _LINK.finditer(self.text)]
        return Structure(self.subject, tuple(self.headings), tuple(self.attributes), tuple(self.tables), tuple(links))

    @property
    def section(self) -> tuple[str, ...]:
        return tuple(name for _, name in self.path)

    def _read_at(self, index: int) -> int:
        """Reads what begins at this line; where to read on."""
        line = self.lines[index]
        if not line.text:
            self._end_block()
            return index + 1
        if fence := _FENCE.match(line.text):
            return self._past_the_fence(index, fence[1])
        if is_pipe_table(self.lines, index):
            self._end_block()
            table, index = pipe_table(self.lines, index, self.subject, self.section, tuple(self.caption))
            self.tables.append(table)
            self.caption, self.after_heading = [], False
            return index
        if match := _HEADING.match(line.text):
            self._heading(len(match[1]), _heading_text(match), line)
            return index + 1
        following = self.lines[index + 1] if index + 1 < len(self.lines) else None
        if following and (under := _UNDERLINE.match(following.text)) and len(line.text) <= 120:
            found = labelled(line)
            if not (found and found.marked) and not line.text.startswith(("-", "*", "|")):
                self._heading(1 if under[1][0] == "=" else 2, line.text, line)
                return index + 2
        if following and following.text.startswith(": ") and len(line.text) <= 120 and not labelled(line):
            return self._definitions(index)
        self._text(line, alone=following is None or not following.text or bool(labelled(following)))
        return index + 1

    def _past_the_fence(self, index: int, fence: str) -> int:
        self._end_block()
        self.after_heading = False
        for end in range(index + 1, len(self.lines)):
            if self.lines[end].text.startswith(fence):
                return end + 1
        return len(self.lines)

    def _heading(self, level: int, name: str, line: Line) -> None:
        self._end_block()
        self.caption = []
        depth = next((at for at, (_, known) in enumerate(self.path) if known == name), None)
        if name in (self.main_title, self.subject) and not self.headings:
            self.path = []
        elif not self.headings and depth is not None:  # the text repeats a part of its title
            above = self.path[:depth]
            self.path = [(min(rank, level - 1 - at), known) for at, (rank, known) in enumerate(above[::-1])][::-1]
            self.path.append((level, name))
        else:
            self.path = [(rank, known) for rank, known in self.path if rank < level]
            self.path.append((level, name))
        self.headings.append(Heading(self.section or (name,), level, line.start, line.end))
        self.after_heading = bool(self.path)

    def _definitions(self, index: int) -> int:
        """A term, and lines that begin with a colon."""
        self._end_block()
        term = self.lines[index].text
        index += 1
        while index < len(self.lines) and self.lines[index].text.startswith(": "):
            line = self.lines[index]
            value = line.text[1:].strip()
            if value:
                self._attribute(Labelled(term, value, line.end - len(value), line, marked=True))
            index += 1
        return index

    def _text(self, line: Line, alone: bool) -> None:
        found = labelled(line)
        if found and found.marked:
            self._end_block()
            self._attribute(found)
        elif found:
            self.plain.append(found)
        else:
            self.prose = True
            bare = self.after_heading and alone and len(line.text) <= LONGEST_BARE_VALUE
            if bare and not line.text.endswith((".", ":", "!", "?")) and not line.text.startswith(("<", "-", "*")):
                section, label = self.section[:-1], self.section[-1]
                self.attributes.append(
                    Attribute(
                        self.subject, section, label, line.text, line.start, line.end, line.text, line.start, line.end
                    )
                )
        self.after_heading = False
        if shown := " ".join(_TAG.sub(" ", line.text).split()):
            self.caption = [*self.caption[1 - CAPTION_LINES :], shown]

    def _end_block(self) -> None:
        if len(self.plain) >= SMALLEST_PLAIN_BLOCK and not self.prose:
            for found in self.plain:
                self._attribute(found)
        self.plain, self.prose = [], False

    def _attribute(self, found: Labelled) -> None:
        self.attributes.append(
            Attribute(
                self.subject,
                self.section,
                found.label,
                found.value,
                found.start,
                found.start + len(found.value),
                found.line.text,
                found.line.start,
                found.line.end,
            )
        )


def _link(match: re.Match[str]) -> Link:
    if match["wiki"]:
        return Link((match["shown"] or match["wiki"]).strip(), match["wiki"].strip(), match.start(), match.end())
    return Link(match["text"].strip(), match["target"], match.start(), match.end())
