"""Lines with their offsets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A line without the white space around it; `indent` counts the characters cut off before it."""

    text: str
    start: int  # of the text, behind the indentation
    indent: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def split_lines(text: str) -> list[Line]:
    """The lines of a text, at line feeds alone, as offsets need it (a stray form feed is white space)."""
    lines: list[Line] = []
    position = 0
    for raw in text.split("\n"):
        stripped = raw.strip()
        indent = len(raw) - len(raw.lstrip()) if stripped else 0
        lines.append(Line(stripped, position + indent, indent))
        position += len(raw) + 1
    return lines
