"""The sentences in which a user tells a fact: written when a session is made, read back when a question is answered.

A sentence that is not wholly one of these tells nothing about the user: what a sister has, or what was nearly taken.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from longstride.synthesis.dialogue.things_told import AMOUNTS, COLLECTIONS, LEVELS, STATES, Amount, Collection, Level

SET = (
    "My {noun} is {value}.", "You may want to know that my {noun} is {value}.", "From today my {noun} is {value}.",
    "For your notes: my {noun} is {value}.", "As for my {noun}, I have settled on {value}.",
    "When anybody asks about my {noun}, say {value}.", "My {noun} had to change: now it is {value}.",
)  # fmt: skip
BACK = (
    "I have gone back to the {noun} that I had before.", "My {noun} is again the one from before the last change.",
    "The last change of my {noun} did not work out, so it is what it was before.",
)  # fmt: skip
LEVEL = (
    "My {noun} stands at {value} {unit}.", "The figure for my {noun} is {value} {unit}.",
    "At the last count my {noun} was {value} {unit}.",
)  # fmt: skip
UP = (
    "My {noun} has gone up by {value} {unit}.", "Please add {value} {unit} to my {noun}.",
    "My {noun} grew by {value} {unit}.",
)  # fmt: skip
DOWN = (
    "My {noun} has gone down by {value} {unit}.", "Please take {value} {unit} off my {noun}.",
    "My {noun} shrank by {value} {unit}.",
)  # fmt: skip
ITEMS = ("I have {verb} {value}.", "Since we last spoke I {verb} {value}.", "This week I {verb} {value}.")
AMOUNT = (
    "Since we last spoke I {verb} {value} {unit}{tail}.", "This week I {verb} {value} {unit}{tail}.",
    "I {verb} {value} {unit}{tail} at the weekend.",
)  # fmt: skip
EVENT = "{when} I {event}."
DAYS_AGO = {
    "Today": 0, "This morning": 0, "Yesterday": 1, "Two days ago": 2, "Three days ago": 3, "Five days ago": 5,
    "A week ago": 7,
}  # fmt: skip
DECOYS_OF_STATES = (
    "My sister has a new {noun}: {value}.", "I nearly took {value} as my {noun}, but I did not.",
    "A colleague says that {value} would be the right {noun} for me.", "My neighbour told me of her {noun}: {value}.",
)  # fmt: skip
DECOYS_OF_ITEMS = (
    "My cousin has {verb} {value}.", "I have not yet {verb} {value}.", "A friend wishes that she had {verb} {value}.",
)  # fmt: skip


@dataclass(frozen=True)
class Statement:
    """What one sentence says of the user."""

    kind: str  # set, back, level, change, items, amount or event
    about: str  # the noun, the plural, `amount_key` or the event
    value: str | int | tuple[str, ...]  # of an event how many days ago it was; of `back` ""
    start: int  # of the sentence in the document
    end: int


def amount_key(amount: Amount) -> str:
    return f"{amount.verb} {amount.unit}{amount.tail}"


def say_state(noun: str, value: str, draw: random.Random) -> str:
    return draw.choice(SET).format(noun=noun, value=value)


def say_back(noun: str, draw: random.Random) -> str:
    return draw.choice(BACK).format(noun=noun)


def say_level(level: Level, value: int, draw: random.Random) -> str:
    return draw.choice(LEVEL).format(noun=level.noun, value=value, unit=level.unit)


def say_change(level: Level, change: int, draw: random.Random) -> str:
    templates = UP if change > 0 else DOWN
    return draw.choice(templates).format(noun=level.noun, value=abs(change), unit=level.unit)


def say_items(collection: Collection, items: Sequence[str], draw: random.Random) -> str:
    value = " and ".join(filter(None, [", ".join(items[:-1]), items[-1]]))
    return draw.choice(ITEMS).format(verb=collection.verb, value=value)


def say_amount(amount: Amount, value: int, draw: random.Random) -> str:
    return draw.choice(AMOUNT).format(verb=amount.verb, value=value, unit=amount.unit, tail=amount.tail)


def say_event(event: str, draw: random.Random) -> str:
    return EVENT.format(when=draw.choice(sorted(DAYS_AGO)), event=event)


def say_decoy(about: str | Collection, value: str, draw: random.Random) -> str:
    """A sentence that names a value and tells nothing of the user's own."""
    if isinstance(about, str):
        return draw.choice(DECOYS_OF_STATES).format(noun=about, value=value)
    return draw.choice(DECOYS_OF_ITEMS).format(verb=about.verb, value=value)


def read_statements(text: str, offset: int) -> Iterator[Statement]:
    """What the sentences of a turn say of the user, in order; `offset` is where the turn begins in its document."""
    for match in _SENTENCE.finditer(text):
        sentence = match[0].lstrip()
        end = offset + match.end()
        for kind, pattern in _PATTERNS:
            if found := pattern.fullmatch(sentence):
                told = _told(kind, found)
                if told is not None:
                    yield Statement(*told, end - len(sentence), end)
                break


def _told(kind: str, found: re.Match[str]) -> tuple[str, str, str | int | tuple[str, ...]] | None:
    """Kind, about and value of a sentence; None where its parts do not belong together."""
    if kind == "event":
        return kind, found["event"], DAYS_AGO[found["when"]]
    if kind == "back":
        return kind, found["noun"], ""
    if kind == "set":
        return kind, found["noun"], found["value"]
    if kind in ("level", "up", "down"):
        if _UNITS[found["noun"]] != found["unit"]:
            return None
        value = -int(found["value"]) if kind == "down" else int(found["value"])
        return "level" if kind == "level" else "change", found["noun"], value
    if kind == "amount":
        key = f"{found['verb']} {found['unit']}{found['tail'] or ''}"
        return (kind, key, int(found["value"])) if key in _AMOUNTS else None
    return kind, _PLURALS[found["verb"]], tuple(re.split(r", | and ", found["value"]))


def _pattern(template: str, **parts: str) -> re.Pattern[str]:
    escaped = re.escape(template)
    for name, part in parts.items():
        escaped = escaped.replace(re.escape(f"{{{name}}}"), f"(?P<{name}>{part})")
    return re.compile(escaped)


def _any(names: Iterable[str]) -> str:
    return "|".join(re.escape(each) for each in sorted(set(names), key=lambda each: (-len(each), each)))


_SENTENCE = re.compile(r"[^.!?]+[.!?]")
_TEXT, _NUMBER = r"[^.!?\n]{1,80}?", r"\d{1,9}"
_UNITS = {each.noun: each.unit for each in LEVELS}
_PLURALS = {each.verb: each.plural for each in COLLECTIONS}
_AMOUNTS = frozenset(map(amount_key, AMOUNTS))
_STATE_NOUN = _any(each.noun for each in STATES)
_LEVEL_PARTS = {"noun": _any(_UNITS), "value": _NUMBER, "unit": _any(_UNITS.values())}
_ITEM_PARTS = {"verb": _any(_PLURALS), "value": _TEXT}
_AMOUNT_PARTS = {
    "verb": _any(each.verb for each in AMOUNTS), "value": _NUMBER, "unit": _any(each.unit for each in AMOUNTS),
    "tail": f"(?:{_any(each.tail for each in AMOUNTS if each.tail)})?",
}  # fmt: skip
_PATTERNS = (  # the first that fits: a step back could be read as a value
    *(("back", _pattern(each, noun=_STATE_NOUN)) for each in BACK),
    *(("set", _pattern(each, noun=_STATE_NOUN, value=_TEXT)) for each in SET),
    *(("level", _pattern(each, **_LEVEL_PARTS)) for each in LEVEL),
    *(("up", _pattern(each, **_LEVEL_PARTS)) for each in UP),
    *(("down", _pattern(each, **_LEVEL_PARTS)) for each in DOWN),
    *(("amount", _pattern(each, **_AMOUNT_PARTS)) for each in AMOUNT),
    *(("items", _pattern(each, **_ITEM_PARTS)) for each in ITEMS),
    ("event", _pattern(EVENT, when=_any(DAYS_AGO), event=_TEXT)),
)
