"""Questions over a hidden rule: sheets of examples, a new input, and the search that answers it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from longstride.errors import unknown_name
from longstride.synthesis.in_context.drafts import Draft
from longstride.synthesis.in_context.machines import LETTERS, NUMBERS, machines_of
from longstride.synthesis.in_context.nonsense import nonsense_words
from longstride.synthesis.in_context.record_rules import (
    BADGES,
    CLASS_PIECES,
    CLASSES,
    PRICES,
    badges,
    classes,
    prices,
)
from longstride.synthesis.in_context.sheets import Pair
from longstride.synthesis.in_context.spaces import Search, Space, read_record, search, written
from longstride.synthesis.in_context.spreading import spread_examples

MACHINES = (2, 4)  # in a row, the fewest and the most
MACHINE_EXAMPLES = (4, 9)  # on a sheet, at first and at most; not in the paper
QUERIES = 8  # drawn for a rule: most tell nothing of one of its parts
LONGEST_OUTPUT = 24  # characters
ALONE = "Answer with {what} alone."


@dataclass(frozen=True)
class _Wording:
    about: str  # the space of rules
    asks: str
    form: str
    style: str


WORDINGS = {
    "badges": _Wording(
        BADGES, "Which badge does this person get?", ALONE.format(what="the badge, written as on the sheets,"), "exact"
    ),
    "prices": _Wording(
        PRICES, "What is the price of this order?", ALONE.format(what="the price, a whole number,"), "numeric"
    ),
    "classes": _Wording(
        CLASSES, "Which class does this stone get?", ALONE.format(what="the class, written as on the sheets,"), "exact"
    ),
    "numbers": _Wording(
        NUMBERS, "Which number comes out of the last machine?", ALONE.format(what="the number"), "numeric"
    ),
    "letters": _Wording(
        LETTERS,
        "Which letters come out of the last machine?",
        ALONE.format(what="the letters, without spaces,"),
        "exact",
    ),
}
RECORD_KINDS, MACHINE_KINDS = ("badges", "prices", "classes"), ("numbers", "letters")


def solve(kind: str, sheets: Mapping[int, Sequence[Pair]], query: str, words: Sequence[str]) -> Search:
    """The rules of this kind that agree with the sheets at hand, and what they make of the query.

    sheets: the examples by the number of their sheet, 1 the first. words: what a part of a class may be.
    Raises ValueError for an unknown kind, and for a query or an example that is none of its kind.
    """
    ordered = [sheets[number] for number in sorted(sheets)]
    if kind in MACHINE_KINDS:
        return machines_of(kind).search(ordered, query)
    examples = [(read_record(given), result) for pairs in ordered for given, result in pairs]
    return search(_space(kind, tuple(words)), examples, read_record(query))


def rule_draft(kind: str, register: str, draw: random.Random) -> Draft | None:
    """A question of this kind, with its sheets; None where what was drawn allows none."""
    return _of_machines(kind, register, draw) if kind in MACHINE_KINDS else _of_records(kind, register, draw)


def _space(kind: str, words: tuple[str, ...]) -> Space:
    if kind == "classes":
        return classes(words)
    if kind not in RECORD_KINDS:
        raise unknown_name("kind of rule", kind, RECORD_KINDS + MACHINE_KINDS)
    return badges() if kind == "badges" else prices()


def _of_records(kind: str, register: str, draw: random.Random) -> Draft | None:
    words = tuple(nonsense_words(draw, 2 * CLASS_PIECES, 1)) if kind == "classes" else ()
    space = _space(kind, words)
    rule = [draw.choice(options) for options in space.parts]
    for _ in range(QUERIES):
        query = space.draw(draw)
        records = spread_examples(space, rule, query, draw.randint(2, space.most_sheets), draw)
        if records is not None:
            break
    else:
        return None
    sheets = [[(written(record), space.output(rule, record)) for record in sheet] for sheet in records]
    answer = space.output(rule, query)
    wording = WORDINGS[kind]
    text = (
        f"{wording.about} The examples of register {register} stand on {len(sheets)} sheets and all follow the same "
        f"rule. A new record reads: {written(query)}. {wording.asks}"
    )
    return _draft(kind, text, sheets, written(query), answer, words, space.size, [list(option) for option in rule])


def _of_machines(kind: str, register: str, draw: random.Random) -> Draft | None:
    machines = machines_of(kind)
    count = draw.randint(*MACHINES)
    rules = [draw.choice(machines.rules) for _ in range(count)]
    given = machines.draw(draw)
    sheets: list[list[Pair]] = []
    passed = given
    for rule in rules:
        pairs = _machine_examples(kind, rule, passed, draw)
        if pairs is None:
            return None
        sheets.append(pairs)
        passed = machines.output(rule, passed)
    wording = WORDINGS[kind]
    text = (
        f"{wording.about} Each sheet of register {register} shows what comes out of one machine; there are {count} "
        f"machines, one for each sheet. What comes out of one goes into the next, in the order of the sheets. "
        f"{given!r} is put into the machine of sheet 1. {wording.asks}"
    )
    if not passed or len(passed) > LONGEST_OUTPUT:
        return None
    return _draft(kind, text, sheets, given, passed, (), len(machines.rules) ** count, [list(rule) for rule in rules])


def _machine_examples(kind: str, rule: tuple[str, str], query: str, draw: random.Random) -> list[Pair] | None:
    """Examples of one machine that settle what it makes of the query; None where they would be too many."""
    machines = machines_of(kind)
    pairs: dict[str, str] = {}
    while len(pairs) < MACHINE_EXAMPLES[1]:
        given = machines.draw(draw)
        result = machines.output(rule, given)
        if given == query or not result:
            continue
        pairs[given] = result
        settled = len(pairs) >= MACHINE_EXAMPLES[0] and any(given != result for given, result in pairs.items())
        if settled and len(machines.search([list(pairs.items())], query).outputs) == 1:
            return list(pairs.items())
    return None


def _draft(
    kind: str,
    text: str,
    sheets: Sequence[Sequence[Pair]],
    query: str,
    answer: str,
    words: tuple[str, ...],
    rules: int,
    rule: list[list[object]],
) -> Draft | None:
    numbered = dict(enumerate(sheets, 1))
    found = solve(kind, numbered, query, words)
    if found.outputs != (answer,):
        return None
    without = {
        str(number): solve(kind, {at: pairs for at, pairs in numbered.items() if at != number}, query, words)
        for number in numbered
        if kind in RECORD_KINDS
    }
    return Draft(
        kind=kind,
        text=text,
        form=WORDINGS[kind].form,
        style=WORDINGS[kind].style,
        answer=answer,
        sheets=tuple(map(tuple, sheets)),
        query=query,
        words=words,
        details={
            "rule": rule,
            "rules_in_all": rules,
            "rules_that_agree": found.consistent,
            "answers_without_a_sheet": {number: list(each.outputs) for number, each in without.items()},
        },
    )
