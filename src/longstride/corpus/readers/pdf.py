"""PDF to text by PDFium, its ruled tables by pdfplumber as Markdown pipe tables in their place.

Tables without ruling lines stay as the lines of text that they are. Runs in the process of
`longstride.corpus.parser_process`, with limits.
"""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from typing import TYPE_CHECKING

from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.readers.page_marks import page_marks
from longstride.corpus.readers.parsed import Parsed
from longstride.corpus.readers.pipe_tables import grid_rows, pipe_table

if TYPE_CHECKING:
    from pdfplumber.pdf import PDF
    from pypdfium2 import PdfPage

MIN_RULES = 4  # drawn paths on a page that may hold a table
MAX_RULES = 5_000  # beyond, it is a drawing
MAX_TABLE_PAGES = 300  # of one file, for the search is slow
BROKEN_WORD = re.compile(r"[\ufffe\u00ad]\n?")  # PDFium's mark, or a soft hyphen, where a line breaks a word
LINE_SPACE = re.compile(r"[^\S\n]+")
MIN_RUNNING_PAGES = 4
MIN_RUNNING_SHARE = 0.3
NUMBER = r"(?:\d{1,2}(?:\.\d{1,2}){0,3}\.?|Chapter \d+|Appendix [A-Z])"
HEADING_LINE = re.compile(  # "1.2. What is this about?": it stands apart on the page, and is to do so in the text
    rf"(?:\A|(?<=[.!?:;)])\n)({NUMBER}[.:]? [A-Z][^\n]{{2,70}}[a-z?)])$", re.M
)
MANY_LINE_ENDS = re.compile(r"\n\s*\n")


def parse_pdf(data: bytes, limits: Limits) -> Parsed:
    """The text of all pages. Raises Unreadable: encrypted, malformed, too_many_pages, too_much_text, no_text."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        message = str(error).lower()
        raise Unreadable("encrypted" if "password" in message or "security" in message else "malformed") from None
    with document:
        if len(document) > limits.max_pages:
            raise Unreadable("too_many_pages")
        if not len(document):
            raise Unreadable("malformed")
        title = " ".join((document.get_metadata_dict().get("Title") or "").split())
        reader = _Reader(data, limits)
        for number in range(len(document)):
            try:
                page = document[number]
            except pypdfium2.PdfiumError:
                reader.mended["pdf_pages_unreadable"] += 1
                continue
            reader.read(page, number)
            page.close()
    marks = page_marks(reader.blocks) | reader.running_heads()
    if marks:
        reader.mended["page_marks_dropped"] += len(marks)
    text = reader.text(without=marks)
    if not text.strip():
        raise Unreadable("no_text")
    return Parsed(title if " " in title else None, text, dict(reader.mended))


class _Reader:
    """Gathers the blocks of text page by page."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self.data, self.limits = data, limits
        self.blocks: list[str] = []
        self.gaps: list[str] = []  # what stands before each block
        self.mended: Counter[str] = Counter()
        self.edges: list[int] = []  # the blocks that are the first or the last line of a page
        self.characters = self.searched = self.pages = 0
        self.plumber: PDF | None = None

    def read(self, page: PdfPage, number: int) -> None:
        """Take in one page: the text above, between and below its tables, and the tables."""
        self.pages += 1
        begun = len(self.blocks)
        width, height = page.get_size()
        tables = self.tables(page, number)
        textpage = page.get_textpage()
        top = height
        for upper, lower, table in tables:
            self.say(textpage.get_text_bounded(0, upper, width, top))
            self.keep(table)
            top = lower
        self.say(textpage.get_text_bounded(0, 0, width, top) if tables else textpage.get_text_range())
        textpage.close()
        if len(self.blocks) > begun:
            self.edges += sorted({begun, len(self.blocks) - 1})

    def text(self, without: set[int]) -> str:
        """All blocks but some; a page still begins a paragraph where its first line is gone."""
        parts: list[str] = []
        gap = ""
        for index, block in enumerate(self.blocks):
            gap = max(gap, self.gaps[index])
            if index not in without:
                parts += [gap, block]
                gap = ""
        return "".join(parts[1:])

    def running_heads(self) -> set[int]:
        """The blocks that stand word for word at the edge of a good part of the pages, but for the first time."""
        often = Counter(self.blocks[index] for index in self.edges)
        least = max(MIN_RUNNING_PAGES, MIN_RUNNING_SHARE * self.pages)
        first = {self.blocks[index]: index for index in reversed(self.edges)}
        return {
            index
            for index in self.edges
            if often[self.blocks[index]] >= least
            and first[self.blocks[index]] != index
            and "|" not in self.blocks[index]
        }

    def say(self, raw: str) -> None:
        text = BROKEN_WORD.sub("", raw.replace("\r\n", "\n").replace("\r", "\n")).replace("\0", "")
        text = MANY_LINE_ENDS.sub("\n\n", "\n".join(line.strip() for line in LINE_SPACE.sub(" ", text).split("\n")))
        if not (text := text.strip()):
            return
        text = HEADING_LINE.sub(r"\n\n\1\n", text).lstrip("\n")
        first, _, rest = text.partition("\n")  # a page mark stands in the first line or in the last
        middle, _, last = rest.rpartition("\n")
        self.keep(first)
        for block in (middle, last):
            if block.strip():
                self.keep(block, gap="\n")

    def keep(self, block: str, gap: str = "\n\n") -> None:
        self.blocks.append(block)
        self.gaps.append(gap)
        self.characters += len(block)
        if self.characters > self.limits.max_text_characters:
            raise Unreadable("too_much_text")

    def tables(self, page: PdfPage, number: int) -> list[tuple[float, float, str]]:
        """(upper edge, lower edge, Markdown) of the ruled tables of a page, from its top; in PDF's coordinates."""
        from pypdfium2.raw import FPDF_PAGEOBJ_PATH

        rules = 0
        for _ in page.get_objects(filter=[FPDF_PAGEOBJ_PATH], max_depth=3):
            rules += 1
            if rules > MAX_RULES:
                return []
        box = page.get_mediabox()
        if rules < MIN_RULES or page.get_rotation() or box is None or any(box[:2]) or page.get_cropbox() != box:
            return []
        upper = box[3]
        if self.searched == MAX_TABLE_PAGES:
            self.mended["pdf_pages_not_searched_for_tables"] += 1
            return []
        self.searched += 1
        found: list[tuple[float, float, str]] = []
        lowest = upper
        for (_, top, _, low), rows in sorted(self.plumbed(number), key=lambda table: table[0][1]):
            text = pipe_table(grid_rows(rows))
            if text and upper - top <= lowest:  # tables beside each other would say the text between them twice
                found.append((upper - top, upper - low, text))
                lowest = upper - low
        return found

    def plumbed(self, number: int) -> list[tuple[tuple[float, float, float, float], list[list[str | None]]]]:
        """What pdfplumber finds on a page; nothing where it fails, for its parser is not PDFium's."""
        import pdfplumber

        logging.getLogger("pdfminer").setLevel(logging.ERROR)
        try:
            if self.plumber is None:
                self.plumber = pdfplumber.open(io.BytesIO(self.data))
            page = self.plumber.pages[number]
            found = [(table.bbox, table.extract()) for table in page.find_tables()]
            page.close()
        except MemoryError:
            raise
        except Exception:  # pdfminer raises whatever a damaged file leads it to
            self.mended["pdf_pages_not_searched_for_tables"] += 1
            return []
        return [(box, rows) for box, rows in found if sum(map(len, rows)) <= self.limits.max_table_cells]
