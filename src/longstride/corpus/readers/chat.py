"""Dialogues: chat records in the shapes that tools export, and plain text with a speaker before each turn."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from longstride.corpus.limits import Unreadable
from longstride.corpus.readers.source_text import SourceText
from longstride.corpus.sections import Break

MESSAGE_LISTS = ("messages", "conversations", "conversation", "dialogue", "dialog", "turns", "chat")
ROLE_KEYS = ("role", "from", "speaker", "author", "sender", "user", "name")
CONTENT_KEYS = ("content", "value", "text", "message", "utterance", "body")
SPEAKERS = {"human": "User", "gpt": "Assistant", "bot": "Assistant", "ai": "Assistant", "chatgpt": "Assistant"}
NO_SPEAKER = "Speaker"
LABEL = re.compile(r"^[*_]{0,2}([A-Z][\w.'’ -]{0,39}?)[*_]{0,2}\s?:[*_]{0,2}[ \n]", re.M)
KNOWN = re.compile(r"(?:user|assistant|human|ai|bot|system|chatgpt|customer|agent|support|interviewer|[qa])", re.I)
MIN_TURNS = 4  # of a plain text that is to count as a dialogue
MAX_SPEAKERS = 12
MIN_LABELLED = 0.6  # share of the paragraphs that begin with a speaker


def messages_of(record: object) -> list[Any] | None:
    """The messages of a record in one of the known shapes, in order; None where it is no chat."""
    if isinstance(record, Mapping):
        if isinstance(mapping := record.get("mapping"), Mapping):
            return _thread(mapping, record.get("current_node"))
        for key in MESSAGE_LISTS:
            if _is_messages(value := record.get(key)):
                return value
        return None
    return list(record) if isinstance(record, list) and _is_messages(record) else None


def read_chat(messages: Sequence[Any], title: str, record: str) -> tuple[SourceText, Counter[str]]:
    """A dialogue as text, "User: ..." a turn; and how many turns had no role, or nothing to read.

    Raises Unreadable (`no_messages`) where no turn holds text.
    """
    turns: list[str] = []
    breaks: list[Break] = []
    mended: Counter[str] = Counter()
    offset = 0
    for message in messages:
        content = _content(message).strip()
        if not content:
            mended["messages_without_text"] += 1
            continue
        role = _role(message)
        if not role:
            mended["messages_without_role"] += 1
        turn = f"{role or NO_SPEAKER}: {content}"
        breaks.append(Break(offset, 1, f"turn {len(turns) + 1}"))
        turns.append(turn)
        offset += len(turn) + 2
    if not turns:
        raise Unreadable("no_messages")
    return SourceText(title, "\n\n".join(turns) + "\n", "dialogue", record=record, breaks=tuple(breaks)), mended


def plain_chat(text: str) -> tuple[Break, ...] | None:
    """Where the turns of a dialogue in plain text begin; None where it is no dialogue."""
    labels = list(LABEL.finditer(text))
    if len(labels) < MIN_TURNS:
        return None
    speakers = Counter(label[1] for label in labels)
    known = sum(count for speaker, count in speakers.items() if KNOWN.fullmatch(speaker))
    recurring = sum(count for count in speakers.values() if count > 1)
    if known < 0.8 * len(labels) and (len(speakers) > MAX_SPEAKERS or recurring < 0.8 * len(labels)):
        return None
    if len(speakers) < 2 or max(speakers.values()) > 0.8 * len(labels):
        return None
    paragraphs = [part for part in text.split("\n\n") if part.strip()]
    if len(labels) < MIN_LABELLED * len(paragraphs):
        return None
    return tuple(Break(label.start(), 1, f"turn {number}") for number, label in enumerate(labels, 1))


def _is_messages(value: object) -> bool:
    if not isinstance(value, list) or not value:
        return False
    first = value[:8]
    return all(
        isinstance(each, Mapping) and any(key in each for key in CONTENT_KEYS) and any(key in each for key in ROLE_KEYS)
        for each in first
    ) or any(isinstance(each, Mapping) and "role" in each and "content" in each for each in first)


def _thread(mapping: Mapping[str, Any], last: object) -> list[Any]:
    """The messages of a tree of nodes from the root to `last` (without it, in the order written)."""
    path: list[Any] = []
    seen: set[str] = set()
    node = last
    while isinstance(node, str) and node not in seen and isinstance(entry := mapping.get(node), Mapping):
        seen.add(node)
        path.append(entry.get("message"))
        node = entry.get("parent")
    if not path:
        path = [entry.get("message") for entry in mapping.values() if isinstance(entry, Mapping)][::-1]
    return [message for message in reversed(path) if isinstance(message, Mapping)]


def _role(message: object) -> str:
    if not isinstance(message, Mapping):
        return ""
    for key in ROLE_KEYS:
        value = message.get(key)
        if isinstance(value, Mapping):  # an export's author: {"role": ..., "name": ...}
            value = value.get("role") or value.get("name")
        if isinstance(value, str) and value.strip():
            role = " ".join(value.split())[:40].replace(":", "")
            return SPEAKERS.get(role.lower(), role[:1].upper() + role[1:])
    return ""


def _content(message: object) -> str:
    if isinstance(message, str):
        return message
    if not isinstance(message, Mapping):
        return ""
    for key in CONTENT_KEYS:
        value = message.get(key)
        if isinstance(value, Mapping):
            value = value.get("parts", value.get("text"))
        if isinstance(value, str):
            return value
        if isinstance(value, list):
            parts = [part.get("text") if isinstance(part, Mapping) else part for part in value]
            return "\n\n".join(part for part in parts if isinstance(part, str) and part.strip())
    return ""
