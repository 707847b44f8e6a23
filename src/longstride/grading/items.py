"""Answers that are several items: a set, whose order does not matter, or a list, whose order does."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from longstride.grading.normal_form import strict_form
from longstride.grading.text_match import answer_text

_BULLET = re.compile(r"\s{0,80}(?:[-•*·]\s|\(?\d{1,3}[.)]\s)?")
_COMMA = re.compile(r",(?!(?<=\d,)\d{3}(?!\d))")  # no thousands separator
_AND = re.compile(r"(?:^|\s)(?:and|&)\s")


def set_match(answer: str | None, gold: str | Sequence[str], *, partial: bool = False) -> float:
    """1.0 where the answer names exactly the gold items, in any order, else 0.0; `partial` gives the F1 of the two.

    Items are equal where their `strict_form` is; repeating one changes nothing. An extra item costs the full score,
    and under `partial` it costs precision. `gold` is a sequence of items, or a text that `split_items` can split.
    Raises `ValueError` where the gold holds no item.
    """
    gold_set = set(_gold_forms(gold))
    return max(_f1(set(forms), gold_set) if partial else float(set(forms) == gold_set) for forms in _readings(answer))


def list_match(answer: str | None, gold: str | Sequence[str]) -> float:
    """1.0 where the answer names exactly the gold items in their order, each as often as there, else 0.0."""
    wanted = _gold_forms(gold)
    return float(any(forms == wanted for forms in _readings(answer)))


def split_items(text: str, *, at_and: bool = True) -> list[str]:
    """The items of a JSON list, else of lines, else of parts between semicolons, else between commas.

    Bullets, numbering and surrounding brackets go; a thousands separator splits nothing. Among comma-separated items
    (and where there is no separator at all) "and" splits too, unless `at_and` is False.
    """
    text = text.strip()
    if text.startswith("["):
        items = _json_items(text)
        if items is not None:
            return items
    if text[:1] + text[-1:] in ("[]", "{}", "()"):
        text = text[1:-1]
    if "\n" in text.strip():
        parts = [_BULLET.sub("", line, count=1) for line in text.splitlines()]
        parts = [part.rstrip(" \t,;") for part in parts]
    elif ";" in text:
        parts = [re.sub(r"^\s{0,8}(?:and|&)\s", "", part) for part in text.split(";")]
    else:
        parts = _COMMA.split(text)
        if at_and:
            parts = [piece for part in parts for piece in _AND.split(part)]
    return [part.strip() for part in parts if part.strip()]


def _json_items(text: str) -> list[str] | None:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return [item if isinstance(item, str) else json.dumps(item) for item in items]


def _gold_forms(gold: str | Sequence[str]) -> list[str]:
    items = split_items(gold) if isinstance(gold, str) else list(gold)
    for index, item in enumerate(items):
        if not isinstance(item, str):
            raise ValueError(f"gold[{index}] is {item!r:.80}, expected str")
    forms = [form for item in items if (form := strict_form(item))]
    if not forms:
        raise ValueError(f"gold is {gold!r:.80}, which holds no item")
    return forms


def _readings(answer: str | None) -> list[list[str]]:
    """The items of the answer with "and" as a separator and as a part of an item ("Romeo and Juliet")."""
    splits = (split_items(answer_text(answer), at_and=at_and) for at_and in (True, False))
    return [[form for item in items if (form := strict_form(item))] for items in splits]


def _f1(found: set[str], wanted: set[str]) -> float:
    return 2 * len(found & wanted) / (len(found) + len(wanted))
