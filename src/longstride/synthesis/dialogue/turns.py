"""A dialogue read back from its text: who says what, in order.

Chat logs from anywhere come as `Speaker: words` at the start of a line. A line such as `Note: ...` inside an answer is
no speaker: where the usual roles of a chat are there, only they are; elsewhere a speaker speaks more than once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

USER, ASSISTANT = "User", "Assistant"
LABEL = re.compile(r"^(?P<speaker>[^\W\d_][\w.'’ -]{0,39}):(?:[ \t]+|(?=\n|\Z))", re.MULTILINE)
ROLES = frozenset({"user", "assistant", "system", "human", "ai", "bot", "tool", "customer", "agent", "speaker"})
FEWEST_LABELS = 2
MOST_SPEAKERS = 40  # more are no dialogue; not in the paper


@dataclass(frozen=True)
class Turn:
    """What one speaker says before the next does: `text == document.text[start:end]`, without space around it."""

    speaker: str
    start: int
    end: int
    text: str


def read_turns(text: str) -> tuple[Turn, ...]:
    """The turns of a dialogue in the order of the text, empty ones left out; () where it is no dialogue."""
    labels = list(LABEL.finditer(text))
    known = [each for each in labels if each["speaker"].lower() in ROLES and _opens_paragraph(text, each.start())]
    if len(known) >= FEWEST_LABELS:
        labels = known
    else:
        counts = Counter(each["speaker"] for each in labels)
        labels = [each for each in labels if counts[each["speaker"]] > 1]
        if len(labels) < FEWEST_LABELS or not 1 < len({each["speaker"] for each in labels}) <= MOST_SPEAKERS:
            return ()
    return tuple(_turns(text, labels))


def is_plain(text: str) -> bool:
    """True for one line of printable text, which can be quoted: nothing in it hides or turns what stands around it."""
    return bool(text) and text.isprintable()


def _turns(text: str, labels: list[re.Match[str]]) -> Iterator[Turn]:
    ends = [each.start() for each in labels[1:]] + [len(text)]
    for label, stop in zip(labels, ends, strict=True):
        said = text[label.end() : stop]
        start = label.end() + len(said) - len(said.lstrip())
        end = label.end() + len(said.rstrip())
        if start < end:
            yield Turn(label["speaker"], start, end, text[start:end])


def _opens_paragraph(text: str, start: int) -> bool:
    return start == 0 or text[max(0, start - 2) : start] == "\n\n"
