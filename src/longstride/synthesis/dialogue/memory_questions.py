"""The LongMemEval forms: what a user told over several sessions, as questions and as answers from the sessions' text.

A query is plain JSON: its `kind`, its `user`, and what it is about. Its answer follows from the sessions at hand alone,
read in the order of their dates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeAlias

from longstride.synthesis.dialogue.sessions import Session, in_order
from longstride.synthesis.dialogue.statements import Statement, amount_key
from longstride.synthesis.dialogue.things_told import AMOUNTS, COLLECTIONS, STATES

Query: TypeAlias = Mapping[str, Any]
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
NAME_ALONE = "Answer with the name or description alone, in the user's words."
NUMBER_ALONE = "Answer with the number alone."
ASKED = {each.noun: each.asked for each in STATES}
COLLECTION_OF = {each.plural: each for each in COLLECTIONS}
AMOUNT_OF = {amount_key(each): each for each in AMOUNTS}


class Silence(Exception):
    """The sessions at hand do not tell."""


def answer_to(query: Query, sessions: Iterable[Session]) -> str | None:
    """The answer from these sessions; None where they do not tell."""
    own = in_order(sessions, query["user"])
    try:
        return str(KINDS[query["kind"]](query, own))
    except Silence:
        return None


def statements_for(query: Query, session: Session) -> Iterator[Statement]:
    """What a session says that bears on the query."""
    about = {query[name] for name in ("about", "event", "other") if name in query}
    return (each for each in session.statements if each.about in about)


def memory_wording(query: Query) -> tuple[str, str]:
    """The question, and the form of its answer."""
    user, about, kind = query["user"], query.get("about", ""), query["kind"]
    if kind == "now":
        return f"{ASKED[about]} is {user}'s {about} now, going by all of the chats with the assistant?", NAME_ALONE
    if kind == "before":
        question = f"{ASKED[about]} was {user}'s {about} directly before the most recent change of it?"
        return question, NAME_ALONE
    if kind == "when":
        said = (
            f'{ASKED[about]} was {user}\'s {about} at the time of the chat in which {user} said "I {query["event"]}"?'
        )
        return said, NAME_ALONE
    if kind == "level":
        return f"How many {query['unit']} does {user}'s {about} come to now, with every change told?", NUMBER_ALONE
    if kind == "days":
        question = (
            f"How many days lie between the day on which {user} {query['event']} "
            f"and the day on which {user} {query['other']}?"
        )
        return question, f"From 3 May to 5 May are two days. {NUMBER_ALONE}"
    if kind == "total":
        amount = AMOUNT_OF[about]
        question = (
            f"Over all of the chats with the assistant, how many {amount.unit} is it together that {user} "
            f"{amount.verb}{amount.tail}?"
        )
        return question, NUMBER_ALONE
    collection = COLLECTION_OF[about]
    if kind == "order":
        question = f"Which {about} does {user} tell of having {collection.verb}, from the earliest chat to the latest?"
        return question, "List all of them in this order, separated by semicolons, each in the user's words."
    if kind == "nth":
        which = ORDINALS[query["place"] - 1]
        question = (
            f"Of the {about} that {user} tells the assistant of having {collection.verb}, "
            f"which is the {which} by the dates of the chats?"
        )
        return question, NAME_ALONE
    return f"How many different {about} does {user} tell the assistant of having {collection.verb}?", NUMBER_ALONE


def reward_style(query: Query) -> str:
    """The grading rule of a kind of query."""
    if query["kind"] in ("now", "before", "when", "nth"):
        return "cover_exact_match"
    return "list" if query["kind"] == "order" else "numeric"


def _history(noun: str, sessions: Sequence[Session]) -> list[str]:
    """Every value that a state has had, in order; a step back brings the one before the last again."""
    values: list[str] = []
    for each in _told(sessions, noun, "set", "back"):
        if each.kind == "set":
            values.append(str(each.value))
        elif len(values) < 2:
            raise Silence
        else:
            values.append(values[-2])
    return values


def _now(query: Query, sessions: Sequence[Session]) -> str:
    return _last(_history(query["about"], sessions), 1)


def _before(query: Query, sessions: Sequence[Session]) -> str:
    return _last(_history(query["about"], sessions), 2)


def _when(query: Query, sessions: Sequence[Session]) -> str:
    """The value that was last told in or before the session that tells of the event."""
    telling = [place for place, session in enumerate(sessions) for _ in _told([session], query["event"], "event")]
    if len(telling) != 1:
        raise Silence
    return _last(_history(query["about"], sessions[: telling[0] + 1]), 1)


def _level(query: Query, sessions: Sequence[Session]) -> int:
    level: int | None = None
    for each in _told(sessions, query["about"], "level", "change"):
        if each.kind == "level":
            level = _number(each)
        elif level is None:
            raise Silence
        else:
            level += _number(each)
    if level is None:
        raise Silence
    return level


def _days(query: Query, sessions: Sequence[Session]) -> int:
    return abs((_day(query["event"], sessions) - _day(query["other"], sessions)).days)


def _day(event: str, sessions: Sequence[Session]) -> date:
    days = {
        session.moment.date() - timedelta(days=_number(each))
        for session in sessions
        for each in _told([session], event, "event")
    }
    if len(days) != 1:
        raise Silence
    return days.pop()


def _order(query: Query, sessions: Sequence[Session]) -> str:
    return "; ".join(_some(_items(query["about"], sessions)))


def _nth(query: Query, sessions: Sequence[Session]) -> str:
    items = _items(query["about"], sessions)
    if len(items) < query["place"]:
        raise Silence
    return items[query["place"] - 1]


def _different(query: Query, sessions: Sequence[Session]) -> int:
    return len(_some(_items(query["about"], sessions)))


def _total(query: Query, sessions: Sequence[Session]) -> int:
    return sum(_some([_number(each) for each in _told(sessions, query["about"], "amount")]))


def _items(plural: str, sessions: Sequence[Session]) -> list[str]:
    """The things that were told of, in order, each once."""
    told = [each.value for each in _told(sessions, plural, "items")]
    return list(dict.fromkeys(item for value in told if isinstance(value, tuple) for item in value))


def _told(sessions: Sequence[Session], about: str, *kinds: str) -> list[Statement]:
    return [each for session in sessions for each in session.statements if each.about == about and each.kind in kinds]


def _last(values: Sequence[str], place: int) -> str:
    if len(values) < place:
        raise Silence
    return values[-place]


def _some(values: list[Any]) -> list[Any]:
    if not values:
        raise Silence
    return values


def _number(statement: Statement) -> int:
    if not isinstance(statement.value, int):
        raise Silence
    return statement.value


KINDS: dict[str, Callable[[Query, Sequence[Session]], str | int]] = {
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
