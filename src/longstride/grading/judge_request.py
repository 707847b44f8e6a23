"""What the judge is sent: the words of Table 6, and a candidate that cannot speak for itself (paper 5.1, Table 6)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from longstride.llm.chat import Message
from longstride.prompts import load_prompt

# Ours, not in the paper. What is left out is named in the text; the beginning and the end stay.
MAX_ANSWER_CHARACTERS = 8_000
MAX_QUESTION_CHARACTERS = 32_000

_PLACEHOLDER = re.compile(r"\{(question|predicted answer|gold answer|boundary)\}")
_DOUBLE_BRACKET = re.compile(r"[\[［【〚](?=[\[［【〚])|[\]］】〛](?=[\]］】〛])")
# What a chat template or a reader of thinking could take for its own: <|im_end|>, </s>, [INST], <think>, </data-...>.
_CONTROL = re.compile(r"<(?=[|｜/]|s>|think|start_of_turn|end_of_turn|data-|<SYS>>)|\[(?=/?INST\])", re.IGNORECASE)


def judge_messages(question: str, answer: str, golds: Sequence[str]) -> list[Message]:
    """The messages that ask whether `answer` and the gold answer are the same, as Table 6 words it.

    A system message says that what stands between the markers is data; the user message is Table 6 with each field
    between markers. The boundary in them is a hash of the fields, so it cannot stand in any field, and the same
    question always makes the same request (the response cache works). Inside the fields, verdicts ([[YES]]), control
    tokens and markers are broken up with a space. An answer of over 8,000 characters and a question of over 32,000
    lose their middle. Further golds are named as other accepted forms of the first.
    """
    gold = golds[0] if len(golds) == 1 else f"{golds[0]} (also accepted: {'; '.join(golds[1:])})"
    fields = {
        "question": neutral(shortened(question, MAX_QUESTION_CHARACTERS)),
        "predicted answer": neutral(shortened(answer, MAX_ANSWER_CHARACTERS)),
        "gold answer": neutral(gold),
    }
    boundary = _boundary([*fields.values()])
    marked = {name: f"<data-{boundary}>\n{text}\n</data-{boundary}>" for name, text in fields.items()}
    return [
        {"role": "system", "content": _filled(load_prompt("judge_guard"), {"boundary": boundary})},
        {"role": "user", "content": _filled(load_prompt("judge"), marked)},
    ]


def neutral(text: str) -> str:
    """`text` with everything broken up that a judge's reader or a chat template could take for a sign of its own."""
    return _CONTROL.sub(lambda match: match[0] + " ", _DOUBLE_BRACKET.sub(lambda match: match[0] + " ", text))


def shortened(text: str, max_characters: int) -> str:
    """`text` with its middle left out where it is longer than `max_characters`, saying how much is gone."""
    if len(text) <= max_characters:
        return text
    half = max_characters // 2
    return f"{text[:half]}\n(... {len(text) - 2 * half} characters left out ...)\n{text[-half:]}"


def _boundary(texts: Sequence[str]) -> str:
    joined = "\0".join(texts)
    count = 0
    while True:
        boundary = hashlib.sha256(f"{count}\0{joined}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
        if boundary not in joined:
            return boundary
        count += 1


def _filled(template: str, values: dict[str, str]) -> str:
    """The template with its placeholders replaced, in one pass: what a field holds is never a placeholder."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)
