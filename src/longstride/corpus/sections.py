"""Where the sections of a text begin: headings, chapters, functions and classes, messages (paper 3.1).

Every pattern looks at one line at a time and is linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_HEADING_CHARACTERS = 150


@dataclass(frozen=True)
class Break:
    """A section begins at `offset` (characters); level 1 is the highest."""

    offset: int
    level: int
    title: str


FENCE = re.compile(r" {0,3}(```+|~~~+)")
ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(\S.*)")
EMPHASIS = re.compile(r"[*`]+(?=\S)|(?<=\S)[*`]+|(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w)|</?[a-z][^<>]{0,80}>")
UNDERLINES = {"=": 1, "-": 2, "~": 3, "^": 4, '"': 4, "*": 1, "#": 1}
NUMERAL = r"(?:[IVXLC]+|\d{1,3}|ONE|TWO|THREE|FOUR|FIVE|SIX|SEVEN|EIGHT|NINE|TEN|[A-Z])\b"
NAMED = (
    (re.compile(rf"(?:PART|BOOK|VOLUME|VOL\.)\s+(?:THE\s+)?{NUMERAL}", re.I), 1),
    (re.compile(rf"(?:CHAPTER|CHAP\.|CANTO|STAVE|ACT|LETTER|ITEM|ARTICLE|LECTURE)\s+{NUMERAL}", re.I), 2),
    (re.compile(rf"(?:SECTION|SEC\.|SCENE|NOTE|APPENDIX|ANNEX|EXHIBIT|SCHEDULE)\s+{NUMERAL}", re.I), 3),
)
ALONE = re.compile(
    r"(?:\d+\.?\s+)?(?:preface|prologue|epilogue|introduction|contents|conclusions?|abstract|references|bibliography|"
    r"acknowledge?ments?|foreword|afterword|summary|discussion|results|methods|related work|index|glossary)[.:]?",
    re.I,
)
NUMBERED = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,4})[.)]?\s+[A-Z]\S*")
TEX = re.compile(r"\\(part|chapter|section|subsection|subsubsection)\*?\{([^{}]{1,150})\}")
TEX_LEVELS = {"part": 1, "chapter": 2, "section": 3, "subsection": 4, "subsubsection": 5}
CAPITALS_LEVEL = 9


def markdown_breaks(text: str) -> list[Break]:
    """Headings with `#`, and underlined ones, outside fenced code; where there is none, as in plain text."""
    breaks: list[Break] = []
    fence = ""
    before = _Line(0, "")
    for line in _lines(text):
        if mark := FENCE.match(line.text):
            opened = mark[1]
            if not fence:
                fence = opened
            elif opened.startswith(fence) and not line.text.strip().strip(opened[0]):
                fence = ""
        elif not fence:
            if heading := ATX.match(line.text[: MAX_HEADING_CHARACTERS * 2]):
                breaks.append(Break(line.offset, len(heading[1]), named(heading[2].strip().rstrip("#"))))
            elif (level := _underlines(before.text, line.text, "=-")) and not before.text.startswith(("|", ">", "- ")):
                breaks.append(Break(before.offset, level, named(before.text)))
        before = line
    return breaks or plain_breaks(text)


def plain_breaks(text: str) -> list[Break]:
    """Chapters, numbered and underlined headings, each between blank lines; without any, such lines of capitals."""
    breaks: list[Break] = []
    two_before, before = _Line(0, ""), _Line(0, "")
    for line in _lines(text, last=True):  # judges `before`, knowing the lines on both sides
        if before.text.strip():
            level = _underlines(before.text, line.text, "=-~^*#") if not two_before.text.strip() else None
            if level is None and not two_before.text.strip():
                level = _plain_level(before.text, alone=not line.text.strip())
            if level is not None:
                breaks.append(Break(before.offset, level, _plain_title(before.text)))
        two_before, before = before, line
    return [each for each in breaks if each.level != CAPITALS_LEVEL] or breaks


def code_breaks(text: str, language: str) -> list[Break]:
    """Functions and classes at the margin, and in Python the methods below them; decorators go with what they mark."""
    if language == "python":
        return _python_breaks(text)
    breaks: list[Break] = []
    comment: int | None = None  # where a comment began that belongs to what follows it
    for line in _lines(text):
        if BRACED.match(line.text):
            breaks.append(Break(line.offset if comment is None else comment, 1, _code_name(line.text)))
            comment = None
        elif line.text.startswith(("//", "/*", " *", "#", "@", "--", "///", "'''", "[")):
            comment = line.offset if comment is None else comment
        else:
            comment = None
    return breaks


BRACED = re.compile(
    r"(?:export |default |pub(?:\([a-z]+\))? |public |private |protected |internal |static |final |abstract |async |"
    r"inline |extern |unsafe |sealed |open |override |local )*"
    r"(?:function|class|interface|enum|struct|trait|impl|fn|func|fun|def|defmodule|module|namespace|type|object|"
    r"template|record|union|CREATE|create|sub)\b[^;]*$"
    r"|[A-Za-z_][\w:<>,*& \[\]]{0,120}[ *&]\w+ ?\([^;]*$"  # int main(
)
PYTHON = re.compile(r"( {0,8}|\t{0,2})(?:async def|def|class)\s+(\w+)")
DECORATOR = re.compile(r"[ \t]{0,8}@\w")
CODE_NAME = re.compile(
    r"\b(?:function|class|interface|enum|struct|trait|impl|fn|func|fun|def|defmodule|module|namespace|type|object|record|"
    r"union|sub)\s+(?:\([^()]*\)\s*)?([\w.:]+)"
)
CALLABLE = re.compile(r"\b(\w+) ?\(")


def _python_breaks(text: str) -> list[Break]:
    breaks: list[Break] = []
    decorated: int | None = None
    for line in _lines(text):
        if found := PYTHON.match(line.text):
            indent = len(found[1].expandtabs(4))
            level = 1 if indent == 0 else 1 + (indent + 3) // 4
            breaks.append(Break(line.offset if decorated is None else decorated, level, found[2]))
            decorated = None
        elif DECORATOR.match(line.text):
            decorated = line.offset if decorated is None else decorated
        elif line.text.strip() and not line.text[0].isspace() and not line.text.startswith((")", "]", "}")):
            decorated = None
    return breaks


def _code_name(line: str) -> str:
    found = CODE_NAME.search(line) or CALLABLE.search(line)
    return found[1] if found else line.strip()[:40]


@dataclass(frozen=True)
class _Line:
    offset: int
    text: str  # without its end


def _lines(text: str, last: bool = False) -> Iterator[_Line]:
    """The lines of a text; with `last`, an empty one after them."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield _Line(start, text[start:end])
        start = end + 1
    if last:
        yield _Line(len(text), "")


def _underlines(above: str, line: str, marks: str) -> int | None:
    """The level of the heading `above` where `line` underlines it, else None."""
    line, above = line.rstrip(), above.rstrip()
    if len(line) < 3 or line[0] not in marks or line.strip(line[0]) or not above.strip():
        return None
    if len(above) > MAX_HEADING_CHARACTERS or len(line) < len(above) // 2 or not any(map(str.isalnum, above)):
        return None
    return UNDERLINES[line[0]]


def _plain_level(line: str, alone: bool) -> int | None:
    if tex := TEX.match(line):
        return TEX_LEVELS[tex[1]]
    heading = named(line)
    if not heading or len(heading) > MAX_HEADING_CHARACTERS:
        return None
    for pattern, level in NAMED:
        if pattern.match(heading) and (heading.upper() == heading or (alone and not _is_sentence(heading))):
            return level
    if not alone:
        return None
    if ALONE.fullmatch(heading):
        return 2
    if (number := NUMBERED.match(heading)) and heading[-1] not in ".,;:":
        return min(CAPITALS_LEVEL - 1, 3 + number[1].count("."))
    letters = [character for character in heading if character.isalpha()]
    if len(letters) > 3 and heading.upper() == heading and heading.lower() != heading and heading[-1] not in ",;:!?":
        return CAPITALS_LEVEL
    return None


def _is_sentence(line: str) -> bool:
    return not line[0].isupper() or (line.endswith((".", ",", ";")) and len(line.split()) > 4)


def _plain_title(line: str) -> str:
    tex = TEX.match(line)
    return named(tex[2] if tex else line)


def named(heading: str) -> str:
    """A heading as a title: one line, without emphasis, tags and links' addresses."""
    return " ".join(EMPHASIS.sub("", heading).split())
