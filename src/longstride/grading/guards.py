"""What keeps a containment rule from being gamed: an answer must commit itself (ours, not in the paper).

Cover exact match asks only that the gold stands in the answer, so an answer that repeats the question, lists every
candidate or recites the document would score. Such an answer is refused by the rule, with the reason, and left to the
judge.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from longstride.grading.items import split_items
from longstride.grading.normal_form import strict_form
from longstride.grading.text_match import contains_words

MAX_ANSWER_WORDS = 64  # beyond the words of the gold; not in the paper
MAX_LISTED_ITEMS = 3  # "Paris, Ile-de-France, France" is one place; four items are a list of guesses; not in the paper
LIST_MARK = re.compile(r"[;/\n&]|\band\b", re.IGNORECASE)
DENIALS = ("not", "isnt", "wasnt", "never", "neither", "nor")
SHORTEST_ECHO_WORDS = 3  # a question of fewer words is no echo


def uncommitted(answer: str, golds: Sequence[str], question: str | None = None) -> str | None:
    """Why the rule should not take this answer though it may contain a gold one, or None.

    - echo: it holds the whole question, and no gold outside it;
    - denial: each gold in it stands behind a "not" (or "isn't", "never", "neither"), as in "not Paris";
    - hedge: an "or" (an "either", a "versus", a "one of") stands outside the gold, as in "Paris or London";
    - list: the gold, itself no list, is one of several parts between "and", semicolons, slashes or lines, or one of
      more than three items between commas;
    - long: it has over 64 words more than the longest gold.
    """
    form = strict_form(answer)
    gold_forms = [each for gold in golds if (each := strict_form(gold))]
    echoed = strict_form(question) if question else ""
    if len(echoed.split()) >= SHORTEST_ECHO_WORDS and contains_words(form, echoed):
        form = _without(form, echoed)
        if not any(contains_words(form, gold) for gold in gold_forms):
            return "echo"
    affirmed = form
    for gold in gold_forms:
        for denial in DENIALS:
            affirmed = _without(affirmed, f"{denial} {gold}")
    if not any(contains_words(affirmed, gold) for gold in gold_forms):
        return "denial"
    if len(form.split()) > MAX_ANSWER_WORDS + max((len(gold.split()) for gold in gold_forms), default=0):
        return "long"
    outside = form
    for gold in gold_forms:
        outside = _without(outside, gold)
    if {"or", "either", "versus", "vs"} & set(outside.split()) or contains_words(outside, "one of"):
        return "hedge"
    if any(len(split_items(gold)) > 1 or LIST_MARK.search(gold) for gold in golds):
        return None
    marked = LIST_MARK.split(answer)
    items = [item for part in marked for item in split_items(part)] if len(marked) > 1 else split_items(answer)
    most = 1 if len(marked) > 1 else MAX_LISTED_ITEMS
    if len(items) > most and any(strict_form(item) in gold_forms for item in items):
        return "list"
    return None


def _without(form: str, words: str) -> str:
    """A form with every occurrence of `words` taken out, at word boundaries."""
    return " ".join(f" {form} ".replace(" ", "  ").replace(f" {words.replace(' ', '  ')} ", " ").split())
