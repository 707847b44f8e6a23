"""Untrusted text in a Markdown page: it says what it says, and changes nothing around it."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# a colon only where it makes an address or an emoji, a full stop only behind www
_SPECIAL = re.compile(r"[\\`*_\[\]<>&|~#$@^!]|:(?=\S)|(?<=www)\.", re.IGNORECASE)
_BACKTICKS = re.compile(r"`+")


def plain_text(text: str, limit: int) -> str:
    """One line of at most `limit` characters without control, direction-changing and unassigned ones."""
    kept = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in text[: 4 * limit])
    line = " ".join(kept.split())
    return line if len(line) <= limit and len(text) <= 4 * limit else line[: limit - 1].rstrip() + "…"


def escaped(text: str, limit: int = 300) -> str:
    """`plain_text` that makes no tag, link, mention, formula, emoji or table cell where it does not begin a line."""
    return _SPECIAL.sub(lambda match: _ENTITIES.get(match[0], f"\\{match[0]}"), plain_text(text, limit))


def fenced_json(value: Any) -> str:
    """A code block of indented JSON, its fence longer than any run of backticks inside."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=True)
    fence = "`" * max(3, 1 + max(map(len, _BACKTICKS.findall(text)), default=0))
    return f"{fence}json\n{text}\n{fence}"


def table(header: tuple[str, ...], rows: list[tuple[str, ...]], numeric: int = 0) -> str:
    """A Markdown table of cells that are escaped already; the last `numeric` columns stand to the right."""
    rules = ["---"] * (len(header) - numeric) + ["---:"] * numeric
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, tuple(rules), *rows])
