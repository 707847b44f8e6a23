"""Parsing somebody else's Python, whole or a segment of it, without running it and without falling over it."""

from __future__ import annotations

import ast
import re
import symtable
import warnings
from bisect import bisect_right
from dataclasses import dataclass

from longstride.synthesis.code.facts import Quote

MOST_CHARACTERS = 400_000  # of one document; the next three are not in the paper either
MOST_LINES = 20_000
DEEPEST_BRACKETS = 60
DEEPEST_INDENT = 30  # levels

NEWLINE = re.compile(r"\r\n|\r|\n")
BRACKETS = re.compile(r"[()\[\]{}]")
INDENT = re.compile(r"[ \t]*")
MARGIN_STATEMENT = re.compile(r"^(?:@\w|def |async def |class )", re.MULTILINE)


class Unparsed(Exception):
    """The document gives no facts; `reason` is a short name to count it under."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Parsed:
    """A syntax tree, the table of its scopes, and the way from its positions to offsets into the text."""

    text: str
    tree: ast.Module
    scopes: symtable.SymbolTable
    starts: tuple[int, ...]  # of each line of the text
    openers: int  # lines that were put before the text so that its indented beginning parses
    partial: bool  # the beginning could not be parsed and was left out

    def offset(self, line: int, column: int) -> int:
        """The character at a position of the parser, which counts bytes of UTF-8."""
        number = line - 1 - self.openers
        start = self.starts[number]
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        return start + len(self.text[start:end].encode()[:column].decode(errors="ignore"))

    def quote(self, start: int, end: int) -> Quote:
        """What stands between two offsets, without the spaces and line ends around it."""
        text = self.text[start:end]
        start += len(text) - len(text.lstrip())
        text = text.strip()
        return Quote(start, start + len(text), text)

    def span(self, node: ast.expr | ast.stmt | ast.alias) -> tuple[int, int]:
        return (
            self.offset(node.lineno, node.col_offset),
            self.offset(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset),
        )

    def source(self, node: ast.expr | ast.stmt) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def line(self, offset: int) -> Quote:
        """The line that an offset stands in."""
        number = bisect_right(self.starts, offset) - 1
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        return self.quote(self.starts[number], end)

    def is_opener(self, statement: ast.stmt) -> bool:
        return statement.lineno <= self.openers


def parse(text: str) -> Parsed:
    """The tree of a document that may begin and end in the middle of a class or function.

    Indented lines at the beginning are put under as many `if` as they need. Where they do not parse even so, the
    document is read from its first definition at the margin on.

    Raises Unparsed: too_long, nested_too_deeply, syntax_error (Python 2 among it).
    """
    _refuse_monsters(text)
    try:
        return _parsed(text, text, partial=False)
    except Unparsed:
        first = MARGIN_STATEMENT.search(text)
        if first is None or first.start() == 0 or not text[:1].isspace():
            raise
    blank = re.sub(r"[^\r\n]", " ", text[: first.start()]) + text[first.start() :]
    return _parsed(text, blank, partial=True)


def _parsed(text: str, source: str, partial: bool) -> Parsed:
    openers = _openers(source)
    whole = "".join(openers) + source
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes in somebody else's source
            tree = ast.parse(whole)
            scopes = symtable.symtable(whole, "document", "exec")
    except (SyntaxError, ValueError):
        raise Unparsed("syntax_error") from None
    except (RecursionError, MemoryError):
        raise Unparsed("nested_too_deeply") from None
    starts = (0, *(match.end() for match in NEWLINE.finditer(text)))
    return Parsed(text, tree, scopes, starts, len(openers), partial)


def _openers(text: str) -> list[str]:
    """`if` lines for every indentation that the beginning falls back to before the margin: "", then deeper ones."""
    indents: list[str] = []
    for line in NEWLINE.split(text):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        indent = (INDENT.match(line) or [""])[0]
        if not indent:
            break
        if not indents or len(indent) < len(indents[-1]):
            indents.append(indent)
    return [f"{outer}if 1:\n" for outer in ("", *reversed(indents[1:]))] if indents else []


def _refuse_monsters(text: str) -> None:
    """The parser's stack is the interpreter's: what would fill it is refused by counting, before it is parsed."""
    if len(text) > MOST_CHARACTERS or text.count("\n") + text.count("\r") > MOST_LINES:
        raise Unparsed("too_long")
    depth = 0
    for match in BRACKETS.finditer(text):  # those in strings count as well: a bound need not be exact
        depth = depth + 1 if match[0] in "([{" else max(0, depth - 1)
        if depth > DEEPEST_BRACKETS:
            raise Unparsed("nested_too_deeply")
    indents = {len(found[0]) for line in NEWLINE.split(text) if (found := INDENT.match(line))}
    if len(indents) > DEEPEST_INDENT * 8:  # continuation lines stand at any column
        raise Unparsed("nested_too_deeply")
