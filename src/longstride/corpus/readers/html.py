"""HTML to Markdown: headings, paragraphs, lists, and every table as a pipe table.

Scripts, styles, navigation, hidden elements and the XBRL header of a filing are left out. A filing that marks its
headings only by bold type gets them as headings (`PART I`, `Item 7.`, `Note 2`, others below). Runs in the process of
`longstride.corpus.parser_process`, with limits.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.readers.html_nodes import BLOCKS, SPACE, entity_of, is_dropped, name_of, title_of, tree
from longstride.corpus.readers.html_tables import cell_text, table_rows
from longstride.corpus.readers.page_marks import page_marks
from longstride.corpus.readers.parsed import Parsed
from longstride.corpus.readers.pipe_tables import continued, pipe_table

if TYPE_CHECKING:
    from lxml.etree import _Element

HEADINGS = {f"h{level}": level for level in range(1, 7)}
BOLD_STYLE = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.I)
BULLET = re.compile(r"[•●▪◦○■□](?=.*\w)|[·–—*-](?= .*\w)")
FILING_HEADINGS = (  # the levels that a filing's own names have
    (re.compile(r"PART\s+[IVX]+\b", re.I), 1),
    (re.compile(r"ITEM\s+\d+[A-C]?\b", re.I), 2),
    (re.compile(r"NOTE\s+\d+\b", re.I), 3),
)
OTHER_BOLD_LEVEL = 4
LIST_ITEM = re.compile(r" *- ")
MAX_HEADING_CHARACTERS = 150


def parse_html(data: bytes, limits: Limits) -> Parsed:
    """Markdown of a page. Raises Unreadable: html_too_deep, malformed, too_many_tables, mis_encoded, too_much_text."""
    root = tree(data)
    writer = _Writer(limits, has_headings=any(True for _ in root.iter(*_any_namespace(HEADINGS))))
    title = title_of(root)
    writer.walk(root)
    marks = page_marks(writer.blocks)
    if marks:
        writer.mended["page_marks_dropped"] += len(marks)
    text = "".join(
        writer.gaps[index] + block for index, block in enumerate(writer.blocks) if index not in marks
    ).lstrip("\n")
    return Parsed(title, text, dict(writer.mended))


def _any_namespace(tags: dict[str, int]) -> list[str]:
    return [f"{{*}}{tag}" for tag in tags]


@dataclass
class _Writer:
    """Walks a tree and gathers blocks of Markdown. The tree's depth is bounded by the parser."""

    limits: Limits
    has_headings: bool
    blocks: list[str] = field(default_factory=list[str])
    gaps: list[str] = field(default_factory=list[str])  # what stands before each block
    marker: str = ""  # of the list item whose first words are still to come
    mended: Counter[str] = field(default_factory=Counter[str])
    inline: list[str] = field(default_factory=list[str])
    bold: list[bool] = field(default_factory=list[bool])  # of each piece of `inline`
    characters: int = 0
    tables: int = 0
    last_table: int = -2  # its place in `blocks`

    def walk(self, element: _Element, bold: bool = False, indent: int = -1, preformatted: bool = False) -> None:
        name = name_of(element)
        if not name or is_dropped(element, name):
            self.say(entity_of(element), bold, preformatted)
            return
        if name == "br":
            self.inline.append("\n")
            self.bold.append(bold)
            return
        if name == "table" and self.table(element):
            return
        if name in ("b", "strong") or BOLD_STYLE.search(element.get("style", "")):
            bold = True
        if name in ("ul", "ol"):
            indent += 1
        block = name in BLOCKS
        if block:
            self.flush()
        if name == "li":
            self.marker = "  " * max(0, indent) + "- "
        preformatted = preformatted or name == "pre"
        self.say(element.text, bold, preformatted)
        for child in element:
            self.walk(child, bold, indent, preformatted)
            self.say(child.tail, bold, preformatted)
        if name in ("td", "th") and not block:
            self.say(" ", bold)
        if block:
            self.flush(HEADINGS.get(name), name == "pre")
        if name == "li":
            self.marker = ""

    def say(self, text: str | None, bold: bool = False, preformatted: bool = False) -> None:
        if text:
            self.inline.append(text if preformatted else SPACE.sub(" ", text))
            self.bold.append(bold or not text.strip())
            self.characters += len(text)
            if self.characters > self.limits.max_text_characters:
                raise Unreadable("too_much_text")

    def keep(self, block: str, item: bool = False) -> None:
        """Add a block; the items of a list stand in one paragraph."""
        together = item and self.blocks and LIST_ITEM.match(self.blocks[-1])
        self.gaps.append("\n" if together else "\n\n")
        self.blocks.append(block)

    def flush(self, level: int | None = None, preformatted: bool = False) -> None:
        """Close the block that the gathered text makes: a heading, a list item, code or a paragraph."""
        raw, all_bold = "".join(self.inline), all(self.bold)
        self.inline, self.bold = [], []
        if preformatted and raw.strip():
            self.keep("```\n" + raw.strip("\n") + "\n```")
            return
        lines = [" ".join(line.split()) for line in raw.split("\n")]
        text = "\n".join(line for line in lines if line)
        if not text:
            return
        marker, self.marker = self.marker, ""
        if level is None and not marker and all_bold and not self.has_headings:
            level = _bold_level(text)
        if level is not None:
            self.keep("#" * level + " " + text.replace("\n", " "))
        elif marker:
            self.keep(marker + text.replace("\n", " "), item=True)
        elif BULLET.match(text):
            self.keep("- " + text[1:].replace("\n", " ").strip(), item=True)
        else:
            self.keep(text)

    def table(self, element: _Element) -> bool:
        """Write a table; False where it only lays out the page, so that its content is to flow."""
        if any(name_of(child) == "table" for child in element.iter() if child is not element):
            return False
        rows, heads = table_rows(element, self.limits)
        self.tables += 1
        if self.tables > self.limits.max_tables:
            raise Unreadable("too_many_tables")
        text = pipe_table(rows, heads)
        self.characters += len(text)
        if self.characters > self.limits.max_text_characters:
            raise Unreadable("too_much_text")
        self.flush()
        caption = next((cell_text(child) for child in element if name_of(child) == "caption"), "")
        if not text:
            for row in rows:
                self.say(" ".join(cell.text for cell in row if cell.text), bold=_row_is_bold(element))
                self.flush()
            return True
        if not caption and self.last_table == len(self.blocks) - 1 and (more := continued(self.blocks[-1], text)):
            self.blocks[-1] += more
            return True
        self.keep(f"{caption}\n\n{text}" if caption else text)
        self.last_table = len(self.blocks) - 1
        return True


def _row_is_bold(table: _Element) -> bool:
    """True where every piece of text in a table stands under something bold."""
    for element in table.iter():
        if name_of(element) and element.text and element.text.strip():
            node: _Element | None = element
            while node is not None and node is not table:
                if name_of(node) in ("b", "strong", "th") or BOLD_STYLE.search(node.get("style", "")):
                    break
                node = node.getparent()
            else:
                return False
    return True


def _bold_level(text: str) -> int | None:
    if len(text) > MAX_HEADING_CHARACTERS or text[-1] in ".,;:" or not any(map(str.isalpha, text)):
        return None
    return next((level for pattern, level in FILING_HEADINGS if pattern.match(text)), OTHER_BOLD_LEVEL)
