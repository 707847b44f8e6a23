"""A session of a user with an assistant, with its day in its text: written out, and read back.

Chat of Ingrid Vale with the assistant
Date: 14 March 2024, 09:40

User: ...
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from longstride.synthesis.dialogue.statements import Statement, read_statements
from longstride.synthesis.dialogue.turns import ASSISTANT, USER, Turn

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
HEADER = re.compile(r"Chat of (?P<user>[^\n]{1,60}) with the assistant\nDate: (?P<date>[^\n]{6,40})\n")
LONG_DATE = re.compile(rf"(\d{{1,2}}) ({'|'.join(MONTHS)}) (\d{{4}}), (\d\d):(\d\d)")


@dataclass(frozen=True)
class Session:
    """What a user told in one session."""

    user: str
    moment: datetime
    statements: tuple[Statement, ...]


def write_session(user: str, moment: datetime, exchanges: Sequence[tuple[str, str]]) -> str:
    """The text of a session: `exchanges` are what the user says and what the assistant answers."""
    turns = "\n\n".join(f"{USER}: {said}\n\n{ASSISTANT}: {answered}" for said, answered in exchanges)
    return f"Chat of {user} with the assistant\nDate: {long_moment(moment)}\n\n{turns}\n"


def read_session(text: str, turns: Sequence[Turn]) -> Session | None:
    """The session that a document holds; None where it has no such head, or a date that cannot be read."""
    head = HEADER.match(text)
    moment = read_moment(head["date"]) if head else None
    if head is None or moment is None:
        return None
    told = [each for turn in turns if turn.speaker == USER for each in read_statements(turn.text, turn.start)]
    return Session(head["user"], moment, tuple(told))


def read_moment(text: str) -> datetime | None:
    """A date with its time, as `14 March 2024, 09:40` or `2024-03-14 09:40`; None for anything else."""
    match = LONG_DATE.fullmatch(text.strip())
    try:
        if match is None:
            return datetime.fromisoformat(text.strip()).replace(tzinfo=None)
        day, month, year, hour, minute = match.groups()
        return datetime(int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute))
    except ValueError:
        return None


def long_moment(moment: datetime) -> str:
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M}"


def in_order(sessions: Iterable[Session], user: str) -> list[Session]:
    """The sessions of a user by their dates, wherever they stand; one that is there twice counts once."""
    own = {(each.moment, each.statements): each for each in sessions if each.user == user}
    return [own[key] for key in sorted(own, key=lambda key: (key[0], repr(key[1])))]
