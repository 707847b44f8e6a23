"""A long chat as a text and what is asked about it: by rules, and where they do not tell, by an error (paper 2.3).

The last user message asks, and what came before is the text. Where that message is itself the text, the request is
what stands outside a pair of marks (`<text>...</text>`), or from a last line `Question:` on, or the first and the last
paragraph, as far as these ask.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from longstride.memory.query import only_form
from longstride.memory.server.api_errors import ApiError
from longstride.memory.server.incoming import ChatMessage
from longstride.tokens import PARAGRAPH_END

LONGEST_REQUEST = 20_000  # characters; what is longer is text
LONGEST_LABELLED = 4_000  # characters from `Question:` to the end
MARKS = "text|texts|document|documents|doc|docs|context|article|articles|book|transcript|source|sources|file|files|data"
OPENING = re.compile(rf"<({MARKS})(?:\s[^<>\n]{{0,200}})?>", re.IGNORECASE)
LABEL = re.compile(
    r"^[ \t]*[#*_]{0,6}[ \t]*(?:question|query|task|q)[ \t]*[*_]{0,3}[ \t]*:", re.IGNORECASE | re.MULTILINE
)
QUESTION_MARK = re.compile(r"[?？؟](?=[\s\"'”’»)\]*]|$)")
IMPERATIVE = re.compile(
    r"""(?:^|[.!:;,]\s{1,9})\W{0,9}(?:please\s+|now\s+|briefly\s+|then\s+)*
        (?:summari[sz]e|list|explain|describe|find|compare|contrast|tell|give|name|identify|extract|translate|answer
            |analy[sz]e|count|outline|discuss|classify|determine|calculate|compute|choose|select|state|write|quote
            |rewrite|review|assess|evaluate)\b""",
    re.IGNORECASE | re.VERBOSE,
)
INSTRUCTING = ("system", "developer")
CURE = (
    "end with the question in a paragraph of its own, send it as the last user message with the text in messages "
    "before it, or put the text between <text> and </text>"
)


@dataclass(frozen=True)
class LongChat:
    """A chat, split: nothing of it is lost."""

    request: str  # as the user said it, its form included
    instructions: str  # of the system; for the answer alone
    texts: tuple[str, ...]


def split_chat(messages: Sequence[ChatMessage], longest: int = LONGEST_REQUEST) -> LongChat:
    """The texts of a chat, and what is asked about them.

    longest: characters of a request or of a system's message; a longer one is text.
    Raises ApiError (400) where nothing is asked, or nothing is there to be read.
    """
    *earlier, last = messages
    instructions: list[str] = []
    texts: list[str] = []
    talk = any(message.role == "assistant" for message in earlier)
    for message in earlier:
        said = "\n\n".join(message.texts)
        if not said.strip():
            continue
        if message.role in INSTRUCTING and len(said) <= longest:
            instructions.append(said)
        else:
            texts.append(f"{message.role}: {said}" if talk and message.role not in INSTRUCTING else said)
    *parts, final = last.texts or ("",)
    if (parts or texts) and final.strip() and len(final) <= longest:
        request, own = final, parts
    else:
        request, text = _split("\n\n".join([*parts, final]), longest)
        own = [text]
    texts += [text for text in own if text.strip()]
    if not request.strip():
        raise ApiError(400, f"it cannot be told what is asked about the long text; {CURE}", code="no_question")
    if not texts:
        raise ApiError(400, f"it cannot be told which part is the text to read; {CURE}", code="no_text")
    return LongChat(request.strip(), "\n\n".join(instructions), tuple(texts))


def _split(message: str, longest: int) -> tuple[str, str]:
    """The request in a message and the text in it; the request is empty where no rule tells it."""
    message = message.strip()
    if (opening := OPENING.search(message, 0, longest)) is not None:
        closing = message.lower().rfind(f"</{opening[1].lower()}>")
        end = closing + len(opening[1]) + 3
        outside = [message[: opening.start()].strip(), message[end:].strip()]
        if closing > opening.end() and 0 < sum(map(len, outside)) <= longest:
            return "\n\n".join(filter(None, outside)), message[opening.end() : closing].strip()
    labels = [match.start() for match in LABEL.finditer(message, max(0, len(message) - min(longest, LONGEST_LABELLED)))]
    if labels and message[: labels[-1]].strip():
        return message[labels[-1] :], message[: labels[-1]].rstrip()
    tail = _tail(message, longest)
    end = len(message) - len(tail)
    head = _head(message[:end], longest)
    return "\n\n".join(filter(None, (head.strip(), tail.strip()))), message[len(head) : end].strip()


def _head(message: str, longest: int) -> str:
    """The first line where it asks and ends with a colon, else the first paragraph, else the first line, if it asks."""
    paragraph = PARAGRAPH_END.search(message, 0, longest)
    line = message.find("\n", 0, longest) + 1
    ends = [line] if message[:line].rstrip().endswith(":") else [paragraph.end() if paragraph else 0, line]
    return next((message[:end] for end in ends if end and _asks(message[:end])), "")


def _tail(message: str, longest: int) -> str:
    """The last paragraph that asks, with what only says how to answer after it; else a last line that asks."""
    form = ""
    for start in reversed([match.end() for match in PARAGRAPH_END.finditer(message, max(0, len(message) - longest))]):
        own = message[start : len(message) - len(form)]
        if own.count("```") % 2:  # within a fenced block
            continue
        if not only_form(own):
            if _asks(own):
                return message[start:]
            break
        form = message[start:]
    if form:
        return form
    line = message[message.rfind("\n", max(0, len(message) - longest)) + 1 :]
    return line if len(line) < len(message) and _asks(line) else ""


def _asks(paragraph: str) -> bool:
    return len(paragraph) <= LONGEST_REQUEST and bool(QUESTION_MARK.search(paragraph) or IMPERATIVE.search(paragraph))
