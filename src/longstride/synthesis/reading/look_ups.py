"""Look-up: one labelled value of words, in one document among many."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from longstride.grading import strict_form
from longstride.grading.text_match import contains_words
from longstride.records import Evidence
from longstride.synthesis.candidates import Source
from longstride.synthesis.reading.drafts import Draft
from longstride.synthesis.reading.facts import Stated, place

LOOK_UP = "look_up"
LONGEST_VALUE, MOST_WORDS = 70, 9
FEWEST_LETTERS = 3
SAME_START = 4  # letters that a value and its subject share: "Kenyan" is told by "Kenya"
MOST_ALIKE = 3  # subjects of which the same is said: what is said of many is guessed; not in the paper
REMARKS = ("note", "notes", "remark", "remarks")
NOTHING = ("none", "unknown", "not available", "not applicable")
FORM = "Answer with what stands there, word for word, and nothing else."
ASKS = (
    'What does the document about {subject} give as "{label}"{under}?',
    'What stands behind "{label}"{under} in the document about {subject}?',
)


def look_up_drafts(sources: Sequence[Source], draw: random.Random) -> Iterator[Draft]:
    """Every value of a few words that one document alone states, and once, in a random order."""
    stated = [
        (source, each[0])
        for source in sources
        for each in source.facts.stated.values()
        if len(each) == 1 and _is_worth_asking(each[0])
    ]
    alike = Counter((each.section, each.label, strict_form(each.value)) for _, each in stated)
    for source, each in draw.sample(stated, len(stated)):
        if alike[each.section, each.label, strict_form(each.value)] > MOST_ALIKE:
            continue
        under = f' under the heading "{each.section}"' if each.section else ""
        yield Draft(
            question_type="look_up",
            text=draw.choice(ASKS).format(subject=each.subject, label=each.label, under=under),
            form=FORM,
            style="cover_exact_match",
            answer=each.value,
            document_ids=(source.document_id,),
            evidence=(Evidence(source.document_id, each.start, each.end, source.facts.text[each.start : each.end]),),
            derivation={"what": LOOK_UP, "subject": each.subject, "section": each.section, "label": each.label},
            entities=(each.subject,),
        )


def look_up_answers(derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
    """Every value that stands there in these documents; two of one normal form are one."""
    wanted = place(derivation["subject"], derivation["section"], derivation["label"])
    values = [each.value for source in sources for each in source.facts.stated.get(wanted, ())]
    return tuple({strict_form(value): value for value in reversed(values)}.values())


def other_values(derivation: Mapping[str, Any], sources: Sequence[Source]) -> Iterator[str]:
    """What stands there for other subjects."""
    _, *below = place(derivation["subject"], derivation["section"], derivation["label"])
    for source in sources:
        for (_, *under), group in source.facts.stated.items():
            if under == below:
                yield from (each.value for each in group if _is_worth_asking(each))


def _is_worth_asking(stated: Stated) -> bool:
    """True for a few words that neither number nor list are, and that the name of the subject does not tell."""
    value = stated.value
    if len(value) > LONGEST_VALUE or len(value.split()) > MOST_WORDS or any(sign in value for sign in ";,:()|[]*_"):
        return False
    if stated.label.casefold() in REMARKS or value.casefold() in NOTHING:
        return False
    if any(letter.isdigit() for letter in value) or sum(letter.isalpha() for letter in value) < FEWEST_LETTERS:
        return False
    if value.casefold()[:SAME_START] == stated.subject.casefold()[:SAME_START]:
        return False
    return not contains_words(strict_form(value), strict_form(stated.subject))
