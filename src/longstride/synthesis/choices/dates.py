"""Dates that could be the answer, written as it is."""

from __future__ import annotations

import random
import re
from datetime import date, timedelta

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
WRITTEN = re.compile(rf"(\d{{1,2}}) ({'|'.join(MONTHS)}) (\d{{3,4}})")
MOST_DAYS = 800  # between neighbours


def read_date(text: str) -> date | None:
    """ "4 July 1776" as a date; None for any other text."""
    match = WRITTEN.fullmatch(text)
    if match is None:
        return None
    try:
        return date(int(match[3]), MONTHS.index(match[2]) + 1, int(match[1]))
    except ValueError:
        return None


def other_dates(answer: str, draw: random.Random, count: int = 3) -> list[str] | None:
    """`count` dates among which the answer has any place with equal chance; None where it is no date."""
    day = read_date(answer)
    if day is None or not 10 < day.year < 9990:
        return None
    place = draw.randrange(count + 1)
    dates: list[date] = []
    for side, wanted in ((-1, place), (1, count - place)):
        last = day
        for _ in range(wanted):
            last += side * timedelta(days=draw.randint(20, MOST_DAYS))
            dates.append(last)
    return [f"{each.day} {MONTHS[each.month - 1]} {each.year}" for each in dates]
