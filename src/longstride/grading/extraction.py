"""Finding the answer inside a response (paper 5.1; the forms that the benchmarks' prompts ask for)."""

from __future__ import annotations

import re
from collections.abc import Callable

from longstride.errors import unknown_name
from longstride.grading.choice import choice_letter, longbench_v2_letter
from longstride.grading.thinking import CLOSE, OPEN, strip_thinking

PLACEHOLDER = "insert answer here"
_DEEPSEEK_TOKENS = ("<｜Assistant｜>", "<｜end▁of▁sentence｜>")
_PHRASE = re.compile(r"\bthe\s{1,8}(?:(?:final|correct|right|best)\s{1,8})?answer\s{1,8}is\b\s{0,8}:?", re.IGNORECASE)
_BLANK_LINE = re.compile(r"\n[^\S\n]{0,80}\n")
_SYMBOLS_AND_DIGITS = r"=?≈?`?%?\$?°?£?€?¥?-?[0-9.,]+"
_UPSTREAM_NUMBER = re.compile(rf"the answer is ({_SYMBOLS_AND_DIGITS})", re.IGNORECASE)
_SPELL_NUMBERS = tuple(
    re.compile(pattern.replace("NUMBER", f"({_SYMBOLS_AND_DIGITS})"), re.IGNORECASE)
    for pattern in (r"the answer is \(NUMBER\)", "the answer is NUMBER", r"answer is \(NUMBER\)", "answer is NUMBER")
)
_TEXT_COMMAND = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mbox)\{([^{}]*)\}")


def extract_answer(response: str, style: str = "the_answer_is", *, thinking_opened: bool = False) -> str | None:
    """The answer that a response gives, in the form that `style` names; None where it gives none.

    Ours, which take the text after the thinking (`strip_thinking`) and the LAST place that answers:

    - `the_answer_is`: what follows "the [final | correct] answer is", in any case, up to the next blank line, without
      the marks around it (asterisks, quotation marks, the full stop, the parentheses of the prompt's placeholder);
      a \\boxed{} inside it counts alone. A placeholder that is merely repeated is no answer.
    - `boxed`: what the last \\boxed{} holds, braces balanced; None where it was never closed.
    - `choice`: the letter of a multiple choice, see `choice_letter`.
    - `corpusqa`: the line after the first "The answer is:", else everything (CorpusQA leaves the rest to its judge).
    - `whole`: everything.

    The upstream ones, for comparison with published numbers, quirks included:

    - `qwenlong_l1`: after `</think>` (else the whole, unclosed thinking too), asterisks removed, all that follows the
      last "the answer is" in exactly this case, stripped of spaces and full stops.
    - `qwenlong_l1_number`: the first number behind "the answer is", parentheses and thousands separators removed.
    - `spell`: unclosed thinking refused; "the answer is", else "correct answer is", else "answer is"; the first line.
    - `spell_number`: the last \\boxed{}, else the last number behind those phrases.
    - `longbench_v2`: the first "The correct answer is (X)", else "The correct answer is X", X from A to D.

    Whatever the style, an answer of which nothing is left is None. `thinking_opened` says that the chat template has
    opened the thinking; only our styles look at it. Raises `ValueError` for an unknown style, listing the known.
    """
    if style not in STYLES and style not in UPSTREAM_STYLES:
        raise unknown_name("extraction style", style, (*STYLES, *UPSTREAM_STYLES))
    said = strip_thinking(response, thinking_opened=thinking_opened)
    if style in UPSTREAM_STYLES:
        return UPSTREAM_STYLES[style](response) or None
    return None if said is None else STYLES[style](said) or None


def _after_the_phrase(said: str) -> str | None:
    said = said.replace("*", "")
    ends = [match.end() for match in _PHRASE.finditer(said)]
    if not ends:
        return None
    tail = said[ends[-1] :].lstrip()
    blank = _BLANK_LINE.search(tail)
    answer = tail[: blank.start()] if blank else tail
    if PLACEHOLDER in answer.lower():
        return None
    if "\\boxed{" in answer:
        return last_boxed(answer)
    return unwrap(answer)


def unwrap(answer: str) -> str:
    """An answer without the marks around it: asterisks, quotation marks, full stops, and parentheses around it all."""
    answer = answer.replace("*", "")
    for _ in range(8):  # so many layers at most: a response of nothing but parentheses must not cost n^2
        bare = answer.strip(" \t\r\n\"“”'‘’`").rstrip(".").removesuffix("。")
        if bare.startswith("(") and bare.endswith(")") and _closes_at_end(bare):
            bare = bare[1:-1]
        if bare == answer:
            break
        answer = bare
    return answer


def _closes_at_end(text: str) -> bool:
    """True where the parenthesis that opens `text` is closed by its last character."""
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return index == len(text) - 1
    return False


def last_boxed(text: str) -> str | None:
    """What the last \\boxed{} of `text` holds, escaped braces aside; None where there is none or it never closes."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    content, depth, index = start + len("\\boxed{"), 1, start + len("\\boxed{")
    while index < len(text):
        if text[index] == "\\":
            index += 2
            continue
        depth += (text[index] == "{") - (text[index] == "}")
        if depth == 0:
            answer = text[content:index].strip()
            command = _TEXT_COMMAND.fullmatch(answer)
            return command[1].strip() if command else answer
        index += 1
    return None


def _corpusqa(said: str) -> str:
    _, phrase, tail = said.partition("The answer is: ")
    return tail.partition("\n")[0].strip() if phrase else said.strip()


def _qwenlong_said(response: str) -> str:
    return response.rpartition(CLOSE)[2].strip() or response


def _without_marks(text: str) -> str:
    for mark in ("*", *_DEEPSEEK_TOKENS):
        text = text.replace(mark, "")
    return text


def _qwenlong_l1(response: str) -> str | None:
    _, phrase, answer = _without_marks(_qwenlong_said(response)).rpartition("the answer is")
    return answer.strip().strip(".").strip() if phrase else None


def _qwenlong_l1_number(response: str) -> str | None:
    said = _qwenlong_said(response)
    for mark in "*()":
        said = said.replace(mark, "")
    match = _UPSTREAM_NUMBER.search(said)
    return match[1].replace(",", "").rstrip(".") if match else None


def _spell_said(response: str) -> str | None:
    if OPEN in response and CLOSE not in response:
        return None
    return response.rpartition(CLOSE)[2].strip()


def _spell(response: str) -> str | None:
    said = _without_marks(_spell_said(response) or "")
    for phrase in ("the answer is", "correct answer is", "answer is"):
        if phrase in said:
            answer = said.rpartition(phrase)[2].strip().strip(".").strip()
            return None if PLACEHOLDER in answer else answer.partition("\n")[0].strip().strip(".").strip()
    return None


def _spell_number(response: str) -> str | None:
    said = (_spell_said(response) or "").replace("*", "")
    if "\\boxed{" in said:
        boxed = last_boxed(said)
        return None if boxed is None else boxed.replace(",", "").rstrip(".")
    for pattern in _SPELL_NUMBERS:
        found = pattern.findall(said)
        if found:
            return found[-1].replace(",", "").rstrip(".")
    return None


STYLES: dict[str, Callable[[str], str | None]] = {
    "the_answer_is": _after_the_phrase,
    "boxed": last_boxed,
    "choice": choice_letter,
    "corpusqa": _corpusqa,
    "whole": str,
}
UPSTREAM_STYLES: dict[str, Callable[[str], str | None]] = {
    "qwenlong_l1": _qwenlong_l1,
    "qwenlong_l1_number": _qwenlong_l1_number,
    "spell": _spell,
    "spell_number": _spell_number,
    "longbench_v2": lambda response: longbench_v2_letter(_qwenlong_said(response)),
}
