"""Threads of a made user's life: facts spread over sessions so that a question about them needs several.

A thread decides what is told in which session; the answer is never kept: it is read from the sessions' text later.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from longstride.synthesis.dialogue.memory_questions import ORDINALS
from longstride.synthesis.dialogue.statements import (
    amount_key,
    say_amount,
    say_back,
    say_change,
    say_decoy,
    say_event,
    say_items,
    say_level,
    say_state,
)
from longstride.synthesis.dialogue.things_told import AMOUNTS, COLLECTIONS, EVENTS, LEVELS, STATES, Collection, State

FEWEST_SESSIONS = 3
MOST_OF_A_THREAD = 6  # sessions that one thread runs through; not in the paper
SECOND_STEP_BACK = 0.4  # how often a value is changed back twice
LARGEST_CHANGE = 60  # steps that a level goes up or down at once


@dataclass
class Life:
    """What a user tells in each session, as it grows thread by thread."""

    user: str
    sessions: int
    draw: random.Random
    told: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict[int, list[str]](list))
    used: set[str] = field(default_factory=set[str])  # nouns, plurals and events that were told of

    def places(self, fewest: int) -> list[int]:
        """Some sessions in their order, `fewest` or more."""
        most = min(MOST_OF_A_THREAD, self.sessions)
        return sorted(self.draw.sample(range(self.sessions), self.draw.randint(fewest, max(fewest, most))))

    def unused(self, names: Sequence[str]) -> str:
        """One of the names that nothing was told of yet. Raises LookupError where there is none."""
        free = [each for each in names if each not in self.used]
        if not free:
            raise LookupError("everything was told")
        name = self.draw.choice(free)
        self.used.add(name)
        return name


def add_thread(kind: str, life: Life) -> dict[str, Any]:
    """Tell a thread of this kind, of three sessions or more; give the query it is told for.

    Raises LookupError where everything of its kind was told.
    """
    if life.sessions < FEWEST_SESSIONS:
        raise ValueError(f"a life of {life.sessions} sessions is too short, expected {FEWEST_SESSIONS} or more")
    return {"kind": kind, "user": life.user, **THREADS[kind](life)}


def echo_thread(query: dict[str, Any], life: Life) -> None:
    """Tell of the same things in another user's sessions, other values mostly: near distractors."""
    about = query.get("about", query.get("event", ""))
    if about in life.used:
        return
    life.used.add(about)
    session = life.draw.randrange(life.sessions)
    life.told[session].append(_echo(about, life.draw))


def _echo(about: str, draw: random.Random) -> str:
    for state in STATES:
        if state.noun == about:
            return say_state(about, draw.choice(state.values), draw)
    for level in LEVELS:
        if level.noun == about:
            return say_level(level, _multiple(level.lowest, level.highest, level.step, draw), draw)
    for collection in COLLECTIONS:
        if collection.plural == about:
            return say_items(collection, [draw.choice(collection.values)], draw)
    for amount in AMOUNTS:
        if amount_key(amount) == about:
            return say_amount(amount, draw.randint(amount.lowest, amount.highest), draw)
    return say_event(about, draw)


def _state(life: Life) -> State:
    noun = life.unused([each.noun for each in STATES])
    return next(each for each in STATES if each.noun == noun)


def _collection(life: Life) -> Collection:
    plural = life.unused([each.plural for each in COLLECTIONS])
    return next(each for each in COLLECTIONS if each.plural == plural)


def _values(about: State | Collection, count: int, life: Life) -> list[str]:
    """Different values; one more is named in a sentence that tells nothing."""
    *values, other = life.draw.sample(about.values, count + 1)
    decoy = say_decoy(about.noun if isinstance(about, State) else about, other, life.draw)
    life.told[life.draw.randrange(life.sessions)].append(decoy)
    return values


def _now(life: Life) -> dict[str, Any]:
    """Values that change, and at the end a step back to the one before the last; now and then back once more."""
    state, places = _state(life), life.places(3)
    steps_back = 2 if len(places) > 3 and life.draw.random() < SECOND_STEP_BACK else 1
    told, back = places[:-steps_back], places[-steps_back:]
    for place, value in zip(told, _values(state, len(told), life), strict=True):
        life.told[place].append(say_state(state.noun, value, life.draw))
    for place in back:
        life.told[place].append(say_back(state.noun, life.draw))
    return {"about": state.noun}


def _before(life: Life) -> dict[str, Any]:
    state, places = _state(life), life.places(3)
    for place, value in zip(places, _values(state, len(places), life), strict=True):
        life.told[place].append(say_state(state.noun, value, life.draw))
    return {"about": state.noun}


def _when(life: Life) -> dict[str, Any]:
    """Values that change, and an event between two changes."""
    state, places = _state(life), life.places(3)
    event = life.unused(EVENTS)
    between = life.draw.randrange(1, len(places) - 1)
    life.told[places[between]].append(say_event(event, life.draw))
    told = [place for place in places if place != places[between]]
    for place, value in zip(told, _values(state, len(told), life), strict=True):
        life.told[place].append(say_state(state.noun, value, life.draw))
    return {"about": state.noun, "event": event}


def _level(life: Life) -> dict[str, Any]:
    noun = life.unused([each.noun for each in LEVELS])
    level = next(each for each in LEVELS if each.noun == noun)
    first, *later = life.places(3)
    value = _multiple(level.lowest, level.highest, level.step, life.draw)
    life.told[first].append(say_level(level, value, life.draw))
    for place in later:
        most = min(LARGEST_CHANGE * level.step, level.lowest // 3)
        change = _multiple(2 * level.step, most, level.step, life.draw)
        change = change if value - change < level.lowest or life.draw.random() < 0.5 else -change
        value += change
        life.told[place].append(say_change(level, change, life.draw))
    return {"about": noun, "unit": level.unit}


def _days(life: Life) -> dict[str, Any]:
    event, other = life.unused(EVENTS), life.unused(EVENTS)
    for place, each in zip(life.draw.sample(range(life.sessions), 2), (event, other), strict=True):
        life.told[place].append(say_event(each, life.draw))
    return {"event": event, "other": other}


def _order(life: Life) -> dict[str, Any]:
    collection, places = _collection(life), life.places(3)[:4]
    for place, value in zip(places, _values(collection, len(places), life), strict=True):
        life.told[place].append(say_items(collection, [value], life.draw))
    return {"about": collection.plural}


def _nth(life: Life) -> dict[str, Any]:
    collection, places = _collection(life), life.places(3)
    for place, value in zip(places, _values(collection, len(places), life), strict=True):
        life.told[place].append(say_items(collection, [value], life.draw))
    return {"about": collection.plural, "place": life.draw.randint(2, min(len(places), len(ORDINALS)))}


def _different(life: Life) -> dict[str, Any]:
    """Several things at a time, each time one that is told at no other, and some that are told again."""
    collection, places = _collection(life), life.places(3)
    values = _values(collection, min(len(collection.values) - 1, 2 * len(places) + life.draw.randrange(4)), life)
    own, shared = values[: len(places)], values[len(places) :]
    for place, value in zip(places, own, strict=True):
        items = [value, *life.draw.sample(shared, life.draw.randint(1, min(3, len(shared))))]
        life.draw.shuffle(items)
        life.told[place].append(say_items(collection, items, life.draw))
    return {"about": collection.plural}


def _total(life: Life) -> dict[str, Any]:
    key = life.unused([amount_key(each) for each in AMOUNTS])
    amount = next(each for each in AMOUNTS if amount_key(each) == key)
    for place in life.places(3):
        life.told[place].append(say_amount(amount, life.draw.randint(amount.lowest, amount.highest), life.draw))
    return {"about": key}


def _multiple(lowest: int, highest: int, step: int, draw: random.Random) -> int:
    return draw.randint(-(-lowest // step), max(-(-lowest // step), highest // step)) * step


THREADS: dict[str, Callable[[Life], dict[str, Any]]] = {
    "now": _now,
    "before": _before,
    "when": _when,
    "level": _level,
    "days": _days,
    "order": _order,
    "nth": _nth,
    "different": _different,
    "total": _total,
}
