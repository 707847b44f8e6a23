"""Plain text, Markdown and source code: the text as it stands, less Project Gutenberg's own pages around a book."""

from __future__ import annotations

import re

from longstride.corpus.formats import LANGUAGES, ending
from longstride.corpus.readers.chat import plain_chat
from longstride.corpus.readers.source_text import SourceText, shortened, title_of
from longstride.corpus.sections import markdown_breaks, named

GUTENBERG_START = re.compile(r"^\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK[^\n]{0,300}\n", re.I | re.M)
GUTENBERG_END = re.compile(
    r"^\*\*\* ?END OF (?:THE|THIS) PROJECT GUTENBERG EBOOK|^End of (?:the )?Project Gutenberg", re.M
)
GUTENBERG_TITLE = re.compile(r"^Title: ([^\n]{1,200})(?:\n {2,}[^\n]{1,200})*$", re.M)
GUTENBERG_AUTHOR = re.compile(r"^Author: ([^\n]{1,200})$", re.M)
FRONT_MATTER = re.compile(r"\A---\n(?:[^\n]{0,500}\n){1,60}?---\n")
FRONT_TITLE = re.compile(r"^title:\s*[\"']?([^\n\"']{1,200})", re.M)
HEAD_CHARACTERS = 20_000  # where a Gutenberg header ends at the latest


def read_text(text: str, path: str) -> tuple[SourceText, dict[str, int]]:
    """A book, a report, a chat log in plain text; and what was mended."""
    body, title = without_gutenberg(text)
    if (chat := plain_chat(body)) is not None:
        return SourceText(title or title_of(path), body, "dialogue", breaks=chat), {}
    mended = {"gutenberg_pages_dropped": 1} if len(body) < len(text) else {}
    return SourceText(shortened(title or _first_line(body) or title_of(path)), body, "text"), mended


def read_markdown(text: str, path: str) -> tuple[SourceText, dict[str, int]]:
    """Markdown as it stands; its title is that of its front matter, its first highest heading, or the file's name."""
    breaks = tuple(markdown_breaks(text))
    title = ""
    if front := FRONT_MATTER.match(text):
        found = FRONT_TITLE.search(front[0])
        title = found[1].strip() if found else ""
    if not title and breaks and breaks[0].level == 1 and text[breaks[0].offset] == "#":
        title = breaks[0].title
    return SourceText(shortened(title or title_of(path)), text, "markdown", breaks=breaks), {}


def read_code(text: str, path: str) -> tuple[SourceText, dict[str, int]]:
    """A source file; its title is its path, as an import names it."""
    return SourceText(path, text, "code", language=LANGUAGES[ending(path)]), {}


def without_gutenberg(text: str) -> tuple[str, str]:
    """A book without the header and licence of Project Gutenberg, and its title; a text of another origin as it is."""
    start = GUTENBERG_START.search(text, 0, HEAD_CHARACTERS)
    if start is None:
        return text, ""
    end = GUTENBERG_END.search(text, start.end())
    header = text[: start.start()]
    title, author = GUTENBERG_TITLE.search(header), GUTENBERG_AUTHOR.search(header)
    name = " ".join(title[1].split()) if title else ""
    if name and author:
        name = f"{name}, by {author[1].strip()}"
    return text[start.end() : end.start() if end else None].strip("\n") + "\n", name


def _first_line(text: str) -> str:
    """The first line where it stands alone as a title does, else nothing."""
    first, _, rest = text.lstrip("\n").partition("\n")
    line = named(first)
    if len(line) > 100 or not any(map(str.isalpha, line)) or line[-1] in ".,;:" or rest.partition("\n")[0].strip():
        return ""
    return line
