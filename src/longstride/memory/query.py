"""The user's request as core question and format instructions (paper 2.3): the form reaches only the last turn."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

FORM = re.compile(
    r"""\b(?:
        (?:answer|respond|reply|write|return|output|give|format|present|phrase)\b[^.!?\n]{0,60}
            \b(?:json|yaml|xml|csv|markdown|table|bullets?|list|words?|sentences?|letters?|paragraphs?|characters?
                |lower\s?case|upper\s?case|capitals?|format|schema|tokens?|digits|decimals?|english|french|german|spanish
                |chinese|briefly|concisely|only)
      | (?:in|using)\s+(?:json|yaml|xml|csv|markdown|one\s+word|a\s+single\s+word|(?:at\s+most\s+)?\d+\s+words)
      | (?:do\s+not|don't)\s+(?:explain|include|add|give|write|repeat)
      | no\s+(?:explanations?|other\s+text|preamble)
      | (?:be|keep\s+it)\s+(?:brief|short|concise)
      | round(?:ed)?\s+(?:it\s+)?to
      | (?:your|the)\s+(?:answer|response|output)\s+(?:must|should|has\s+to|is\s+to)\b
      | format\s+your\s+(?:answer|response)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
FENCE = re.compile(r"```.*?```", re.DOTALL)
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True)
class Query:
    """What is asked, and in which form."""

    core_question: str  # q_core: all that a reading turn sees
    instructions: str = ""  # q_inst: for the final turn alone

    @property
    def whole(self) -> str:
        """The question with its form, as the final prompt has it (Eq. 6)."""
        return "\n\n".join(filter(None, (self.core_question, self.instructions)))


def split_query(request: str) -> Query:
    """Sentences, fenced blocks and JSON schemas that say how to answer become the instructions; the rest is asked.

    Rules alone: a sentence that both asks and prescribes ("In one word, who ...?") is asked, and said again as an
    instruction. Where nothing but form is left, the whole request is the question.
    """
    request = request.strip()
    body, asked, instructions = _sorted(request)
    if not asked:
        return Query(request)
    core = body if len(asked) == len(list(filter(str.strip, SENTENCE.split(body)))) else " ".join(asked)
    return Query(core.strip(), "\n".join(instructions))


def only_form(request: str) -> bool:
    """True where a request says how to answer, and asks nothing."""
    _, asked, instructions = _sorted(request.strip())
    return bool(instructions) and not asked


def _sorted(request: str) -> tuple[str, list[str], list[str]]:
    """The request without its schemas, the sentences in it that ask, and all that prescribes a form."""
    body, instructions = _without_schema(request)
    asked: list[str] = []
    for sentence in filter(None, (part.strip() for part in SENTENCE.split(body))):
        form = FORM.search(sentence)
        if form is None or sentence.endswith("?"):
            asked.append(sentence)
        if form is not None:
            instructions.append(sentence)
    return body, asked, instructions


def _without_schema(request: str) -> tuple[str, list[str]]:
    """The request without its fenced blocks, or the JSON object that ends it, where these prescribe a form."""
    found: list[str] = []

    def taken(match: re.Match[str]) -> str:
        if '"' not in match[0] and "<" not in match[0]:
            return match[0]
        found.append(match[0])
        return "\n"

    body = FENCE.sub(taken, request)
    start = body.find("{")
    while start >= 0:
        end = body.rfind("}") + 1
        try:
            prescribed = isinstance(json.loads(body[start:end]), dict)
        except ValueError:
            prescribed = False
        if prescribed:
            found.append(body[start:end])
            return body[:start] + "\n" + body[end:], found
        start = body.find("{", start + 1)
    return body, found
