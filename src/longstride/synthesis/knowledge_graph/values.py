"""Reading a labelled value: a number with its unit, a date, a name, a list of names with figures (paper 3.2).

What cannot be read for certain is left unread, and the uniqueness proof counts an unread value as one that may fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from longstride.synthesis.knowledge_graph.names import MONTHS, is_name, without_parentheses

LONGEST_LIST_CHARACTERS = 3000
MOST_ITEMS = 60
MOST_UNIT_WORDS = 6
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}

_DIGITS = r"\d{1,3}(?:,\d{3}){1,6}(?:\.\d+)?|\d{1,15}(?:\.\d{1,10})?"
_SCALE = r"thousand|million|billion|trillion"
_NUMBER = re.compile(
    rf"(?P<sign>[-−–])?(?P<currency>US\$|[$€£¥])?\s?(?P<minus>[-−])?(?P<digits>{_DIGITS})(?![\d,.]*\d)"
    rf"(?:\s(?P<scale>{_SCALE})\b)?"
)
_UNIT = re.compile(r"\s?(%(?: [a-z][\w ]*)?|[A-Za-z°µ](?:[\w°²³µ .-]|\(s\))*(?:/(?:\d{1,3}(?:,\d{3})* )?[\w ]+)?)?")
_AFTER_A_NUMBER = re.compile(r"\s*(?:\([^()]*\)\s*){0,3}(?:$|[;,(]|note\b)")
_MONTH = r"(?P<month>January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = re.compile(
    rf"(?:(?:(?P<day>\d{{1,2}})\s)?{_MONTH}\s(?P<year>[12]\d{{3}})"
    rf"|{_MONTH.replace('month', 'month2')}\s(?P<day2>\d{{1,2}}),\s(?P<year2>[12]\d{{3}})"
    r"|(?P<iso_year>[12]\d{3})-(?P<iso_month>[01]\d)-(?P<iso_day>[0-3]\d)"
    r"|\d{1,2}/\d{1,2}/(?P<slash_year>[12]\d{3})"
    r"|(?P<only_year>1\d{3}|20\d{2}))(?![\w%/-])"
)
_AFTER_A_DATE = re.compile(r"\s*(?:$|[;,().]|in\s|at\s)")
_SINCE = re.compile(r"\(since ")
_ORIGIN = re.compile(r"\((from|by|under) ((?:the )?[A-Z][^();,]{1,60})\)")
_ITEM_NUMBER = re.compile(rf"[-−]?(?:US\$|[$€£¥])?(?:{_DIGITS})%?")
_FIRST_NOTE = re.compile(r"(?:^|\s)note\b\s?[:-]|\s\[")


@dataclass(frozen=True, slots=True)
class Measure:
    """A number as written, with its unit: `text` is "2,381,740 sq km", `number` counts the scale in."""

    number: Decimal
    unit: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Date:
    """A date of at least a year; `month` and `day` are 0 where they are not stated for certain."""

    year: int
    month: int
    day: int
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Item:
    """A name of a list, with the figure beside it: "Libya 989 km"."""

    name: str
    second_names: tuple[str, ...]  # in parentheses behind it: "Belgrade (Beograd)"
    number: Decimal | None
    unit: str
    start: int
    end: int


def read_measure(value: str) -> Measure | None:
    """The number that a value is: "83,871 sq km (2019)", "$15,400 (2024 est.)", "-40 m"; None for anything else."""
    match = _NUMBER.match(value)
    if not match:
        return None
    unit = _UNIT.match(value, match.end())
    words, end = "", match.end()
    if unit and unit[1]:
        words, end = unit[1].split(" note")[0].rstrip(" .-"), match.end()
        end = value.index(words, match.end()) + len(words) if words else match.end()
    if words and not _is_unit(words):
        return None
    if not _AFTER_A_NUMBER.match(value, end):
        return None
    currency = (match["currency"] or "").replace("US$", "$")
    number = Decimal(match["digits"].replace(",", "")) * SCALES.get(match["scale"] or "", 1)
    negative = bool(match["sign"] or match["minus"])
    return Measure(-number if negative else number, f"{currency}{words}".strip(), value[:end], 0, end)


def read_date(value: str, start: int = 0) -> Date | None:
    """The date that stands at `start`: "5 July 1962", "July 1962", "1962-07-05", "7/5/1962" (its year), "1962"."""
    match = _DATE.match(value, start)
    if not match or not _AFTER_A_DATE.match(value, match.end()):
        return None
    found = match.groupdict()
    year = int(next(found[name] for name in ("year", "year2", "iso_year", "slash_year", "only_year") if found[name]))
    name = found["month"] or found["month2"]
    month = MONTHS.index(name.lower()) + 1 if name else int(found["iso_month"] or 0)
    day = int(found["day"] or found["day2"] or found["iso_day"] or 0)
    if month > 12 or day > 31:
        return None
    return Date(year, month, day, value[match.start() : match.end()], match.start(), match.end())


def read_since(value: str) -> Date | None:
    """The date of "(since 12 December 2019)", where there is exactly one."""
    places = [match.end() for match in _SINCE.finditer(value)]
    return read_date(value, places[0]) if len(places) == 1 else None


def read_origin(value: str) -> tuple[str, str, int, int] | None:
    """Of "5 July 1962 (from France)": the preposition, the name and its place."""
    match = _ORIGIN.search(value)
    if not match or not is_name(match[2]):
        return None
    return match[1], match[2].strip(), match.start(2), match.end(2)


def read_items(value: str) -> tuple[Item, ...]:
    """The names of a list (or the one name that the value is); () where a part of it is no name."""
    note = _FIRST_NOTE.search(value)
    text = value[: note.start()] if note else value
    if len(text) > LONGEST_LIST_CHARACTERS:
        return ()
    items: list[Item] = []
    for start, end in _parts(text):
        item = _read_item(text, start, end)
        if item is None:
            return ()
        items.append(item)
    return tuple(items) if len(items) <= MOST_ITEMS else ()


def leading_item(items: tuple[Item, ...]) -> Item | None:
    """The item with the strictly largest figure, where every item has one in the same unit."""
    if len(items) < 2 or any(item.number is None or item.unit != items[0].unit for item in items):
        return None
    ranked = sorted(items, key=lambda item: item.number or Decimal(0), reverse=True)
    return ranked[0] if ranked[0].number != ranked[1].number else None


def _is_unit(words: str) -> bool:
    parts = words.split()
    if len(parts) > MOST_UNIT_WORDS:
        return False
    first = parts[0]
    return first[0].islower() or first[0] in "%°µ" or "/" in first or len(first) <= 3


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """The parts between semicolons outside parentheses; where there are none, between commas before a space."""
    depth, semicolons, commas = 0, [], []
    for index, letter in enumerate(text):
        if letter in "([":
            depth += 1
        elif letter in ")]":
            depth = max(0, depth - 1)
        elif depth == 0 and letter == ";":
            semicolons.append(index)
        elif depth == 0 and letter == "," and text[index + 1 : index + 2] == " ":
            commas.append(index)
    start = 0
    for place in [*(semicolons or commas), len(text)]:
        stripped = text[start:place].strip()
        if stripped:
            begin = start + len(text[start:place]) - len(text[start:place].lstrip())
            yield begin, begin + len(stripped)
        start = place + 1


def _read_item(text: str, start: int, end: int) -> Item | None:
    raw = text[start:end]
    outside = without_parentheses(raw).strip(" .,;:–-")
    words = outside.split()
    if words and words[0].lower() == "and":
        words = words[1:]
    number, unit = None, ""
    for size in (1, 2, 3):
        tail = words[-size:]
        if len(words) > size and _ITEM_NUMBER.fullmatch(tail[0]) and all(word.isalpha() for word in tail[1:]):
            scale = SCALES.get(tail[1], 1) if size > 1 else 1
            number = _number(tail[0]) * scale
            unit = "%" if tail[0].endswith("%") else " ".join(tail[2 if scale > 1 else 1 :])
            words = words[:-size]
            break
    else:
        if len(words) > 1 and _ITEM_NUMBER.fullmatch(words[0]):
            scale = SCALES.get(words[1], 1)
            number, words = _number(words[0]) * scale, words[2 if scale > 1 else 1 :]
    name = " ".join(words).split(" per ")[0].strip(' .,;:–-"“”')
    if not is_name(name):
        return None
    inner = re.findall(r"\(([A-ZÀ-Þ][^()\d,;]{1,40})\)", raw)
    return Item(name, tuple(each.strip() for each in inner if len(each.split()) <= 4), number, unit, start, end)


def _number(token: str) -> Decimal:
    """The number of one token: "1,359", "29%", "-40"."""
    number = Decimal(re.sub(r"[^\d.]", "", token))
    return -number if token[0] in "-−" else number
