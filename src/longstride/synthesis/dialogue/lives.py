"""Made users and their sessions with an assistant: a circle of them stands together in a context.

Each user of a circle is a near distractor to the others: they tell of the same things, and have other values.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from longstride.records import Document
from longstride.synthesis.dialogue.made import characters_for, estimated_tokens, made_document
from longstride.synthesis.dialogue.passages import Passage
from longstride.synthesis.dialogue.sessions import write_session
from longstride.synthesis.dialogue.small_talk import (
    AFTER_A_FACT,
    ASKED_ABOUT,
    BEFORE_A_FACT,
    GREETINGS,
    NOTED,
    SMALL_TALK,
)
from longstride.synthesis.dialogue.things_told import NAMES, SURNAMES
from longstride.synthesis.dialogue.threads import FEWEST_SESSIONS, THREADS, Life, add_thread, echo_thread

SHORTEST_SESSION, LONGEST_SESSION = 170, 1_400  # tokens; not in the paper
USUAL_SHORTEST = 320  # tokens, where there is room for six such
FEWEST_DOCUMENTS, MOST_DOCUMENTS = 4, 26  # sessions in a circle; not in the paper
MOST_THREADS = 9  # of one user
MOST_OTHERS = 3  # users beside the first
DAYS_BETWEEN = (1, 45)  # sessions of a user
PASSAGES_SHARE = 0.5  # of what is said beside the facts
FIRST_DAY = datetime(2023, 1, 2)
TITLE = "Chat with an assistant"


@dataclass(frozen=True)
class Circle:
    """The sessions of a few users, and what can be asked about them."""

    documents: tuple[Document, ...]
    queries: tuple[dict[str, Any], ...]


class Names:
    """Names of users, each given once."""

    def __init__(self, draw: random.Random) -> None:
        names = [f"{name} {surname}" for name in NAMES for surname in SURNAMES]
        self._left = draw.sample(names, len(names))

    def take(self, count: int) -> list[str]:
        """So many names; fewer where there are no more."""
        return [self._left.pop() for _ in range(min(count, len(self._left)))]


def make_circle(
    names: Names, topics: Mapping[str, Sequence[Passage]], most_tokens: int, turn: int, draw: random.Random
) -> Circle | None:
    """A circle whose sessions take at most `most_tokens`; None where that is too few, where what they
    tell takes more, or where no name is left.

    `turn` counts the circles: the kinds of threads go round, so that each has its share.
    """
    shortest = max(SHORTEST_SESSION, min(USUAL_SHORTEST, most_tokens // 6))
    count = min(MOST_DOCUMENTS, most_tokens // shortest)
    if count < FEWEST_DOCUMENTS:
        return None
    count = draw.randint(max(FEWEST_DOCUMENTS, count // 2), count)
    sizes = _sessions_of_each(count, draw)
    users = names.take(len(sizes))
    if len(users) < len(sizes):
        return None
    lives = [Life(user, size, draw) for user, size in zip(users, sizes, strict=True)]
    queries = list(_threads(lives, turn))
    for life in lives:
        for query in queries:
            if query["user"] != life.user:
                echo_thread(query, life)
    length = characters_for(min(LONGEST_SESSION, most_tokens / count))
    documents = [each for life in lives for each in _sessions(life, topics, length)]
    if sum(estimated_tokens(each.text) for each in documents) > most_tokens:
        return None
    return Circle(tuple(documents), tuple(queries))


def _sessions_of_each(count: int, draw: random.Random) -> list[int]:
    """How many sessions each user has: the first the most, the others few, so that he has three or more."""
    first = max(FEWEST_SESSIONS, round(count * draw.uniform(0.5, 0.75)))
    left = count - first
    others = min(MOST_OTHERS, left, 1 + left // FEWEST_SESSIONS)
    return [first, *(left // others + (place < left % others) for place in range(others))] if others else [first]


def _threads(lives: Sequence[Life], turn: int) -> Iterator[dict[str, Any]]:
    kinds = list(THREADS)
    for place, life in enumerate(lives):
        if life.sessions < FEWEST_SESSIONS:
            continue
        for step in range(min(MOST_THREADS, life.sessions if place else life.sessions + 1)):
            try:
                yield add_thread(kinds[(turn * 4 + place * 2 + step) % len(kinds)], life)
            except LookupError:
                continue


def _sessions(life: Life, topics: Mapping[str, Sequence[Passage]], most_characters: int) -> Iterator[Document]:
    """The documents of a user, one a session, in the order of their dates."""
    moment = FIRST_DAY + timedelta(days=life.draw.randrange(300))
    for place in range(life.sessions):
        moment += timedelta(days=life.draw.randint(*DAYS_BETWEEN))
        at = moment + timedelta(minutes=life.draw.randrange(7 * 60, 22 * 60))
        exchanges, parents = _exchanges(life.told[place], topics, most_characters - 120, life.draw)
        yield made_document(TITLE, write_session(life.user, at, exchanges), parents)


def _exchanges(
    told: Sequence[str], topics: Mapping[str, Sequence[Passage]], most_characters: int, draw: random.Random
) -> tuple[list[tuple[str, str]], list[str]]:
    """What is said in a session, facts among other talk; and where its passages came from."""
    greeting = draw.choice(GREETINGS)
    mixed = [(_around(each, draw), draw.choice(NOTED)) for each in told]
    room = most_characters - sum(map(_size, [greeting, *mixed]))
    talk, names, parents = draw.sample(SMALL_TALK, len(SMALL_TALK)), list(topics), list[str]()
    while room > 0 and (talk or names):
        if names and (not talk or draw.random() < PASSAGES_SHARE):
            passage = draw.choice(topics[draw.choice(names)])
            exchange = draw.choice(ASKED_ABOUT).format(topic=passage.topic), passage.text
            parents.append(passage.parent_id)
        else:
            exchange = talk.pop()
        room -= _size(exchange)
        if room >= 0:
            mixed.append(exchange)
    draw.shuffle(mixed)
    return [greeting, *mixed], list(dict.fromkeys(parents))


def _around(sentence: str, draw: random.Random) -> str:
    return " ".join(filter(None, [draw.choice(BEFORE_A_FACT), sentence, draw.choice(AFTER_A_FACT)]))


def _size(exchange: tuple[str, str]) -> int:
    return sum(map(len, exchange)) + 24
