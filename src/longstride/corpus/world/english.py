"""Articles, plurals, lists, dates and numbers as an English text writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
WORDS_FOR_NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
SOUNDED_H = ("hour", "honest", "honour", "heir")
CONSONANT_U = ("uni", "use", "usu", "eu", "one")


def article(phrase: str) -> str:
    """`a` or `an`, as the sound of the phrase asks: a unit, an hour, an oat biscuit."""
    word = phrase.lower()
    if word.startswith(SOUNDED_H):
        return "an"
    return "an" if word[:1] in "aeiou" and not word.startswith(CONSONANT_U) else "a"


def with_article(phrase: str) -> str:
    return f"{article(phrase)} {phrase}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`one town`, `12,400 tonnes`: the number in words up to twelve, the noun in its form."""
    word = WORDS_FOR_NUMBERS[number] if 0 <= number <= 12 else thousands(number)
    return f"{word} {noun if number == 1 else plural or noun + 's'}"


def listing(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def long_date(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def thousands(number: int) -> str:
    return f"{number:,}"


def bracketed(text: str, negative: bool) -> str:
    """A negative amount as accounts write it: in parentheses, without a sign."""
    return f"({text})" if negative else text


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
