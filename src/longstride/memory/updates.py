"""What a model says at an update, parsed strictly, and what stands between a prompt's marks (Appendix D)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from longstride.grading import strip_thinking

MARKS = ("problem", "previous_memory", "memory", "plan", "section")
MARK = re.compile(rf"<(?=\s*/?\s*(?:{'|'.join(MARKS)})\s*>)", re.IGNORECASE)
SHIELDED = re.compile(rf"&lt;(?=\s*/?\s*(?:{'|'.join(MARKS)})\s*>)", re.IGNORECASE)
UNFINISHED = "cut off at its limit"
NEVER_CLOSED = "its thinking was never closed"


@dataclass(frozen=True)
class MemoryState:
    """(m_t, p_t) of Eq. 5."""

    memory: str
    plan: str

    def shown(self) -> str:
        """As the next update's prompt shows it."""
        return f"<memory>\n{shielded(self.memory)}\n</memory>\n<plan>\n{shielded(self.plan)}\n</plan>"


class Malformed(ValueError):
    """An update that cannot be taken; says why."""


def shielded(text: str) -> str:
    """`text` in which nothing can open or close a part of the prompt: `</section>` becomes `&lt;/section>`."""
    return MARK.sub("&lt;", text)


def unshielded(text: str) -> str:
    """The text as it was before `shielded`."""
    return SHIELDED.sub("<", text)


def parse_update(response: str, *, truncated: bool = False, thinking_opened: bool = False) -> MemoryState:
    """The memory and the plan of a response.

    Exactly one `<memory>...</memory>`, not empty, and after it exactly one `<plan>...</plan>`; words around them are
    passed over. Raises Malformed for anything else, and for a response that was cut off.
    """
    if truncated:
        raise Malformed(UNFINISHED)
    said = strip_thinking(response, thinking_opened=thinking_opened)
    if said is None:
        raise Malformed(NEVER_CLOSED)
    memory, memory_ends = _part(said, "memory", 0)
    plan, _ = _part(said, "plan", memory_ends)
    if not memory:
        raise Malformed("its <memory> is empty")
    return MemoryState(unshielded(memory), unshielded(plan))


def _part(said: str, name: str, after: int) -> tuple[str, int]:
    """What stands between the marks, and where these end."""
    for mark in (f"<{name}>", f"</{name}>"):
        if (count := said.count(mark)) != 1:
            raise Malformed(f"it has {count or 'no'} {mark}" if count else f"it has no {mark}")
    start, end = said.index(f"<{name}>") + len(name) + 2, said.index(f"</{name}>")
    if start < after or end < start:
        raise Malformed(f"its <{name}> stands in the wrong place")
    return said[start:end].strip(), end + len(name) + 3
