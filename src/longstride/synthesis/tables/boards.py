"""What can be asked: the measures of a corpus table, and the choices of measures that each kind of template wants."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from longstride.synthesis.tables.corpus_table import (
    CORPUS,
    DATE_UNIT,
    Column,
    CorpusTable,
    Entry,
    Heading,
    Row,
    column_name,
    common_scale,
    normal,
)
from longstride.synthesis.tables.queries import Measure
from longstride.synthesis.tables.values import Value
from longstride.synthesis.tables.wording import additive, is_proper_name, part_phrase, phrase, readable_name

FEWEST_ROWS = 3  # that two columns share, for both to be asked about together
FEWEST_ROWS_OF_A_PART = 12  # so that the many names of lists do not crowd out the labels; not in the paper
LONGEST_LABEL = 60  # characters

_TOTAL = re.compile(r"\b(?:sub)?totals?\b|\b(?:beginning|ending|opening|closing) balances?\b|\bbalance as of\b")
_STATEMENT = re.compile(r"\bstatements? of\b|\bbalance sheets?\b|\bcash flows?\b", re.IGNORECASE)
_QUOTES = {"“", "”", '"'}
_MONEY = ("$", "€", "£", "¥", "₹")

_DATE = re.compile(r"(?P<month>[A-Z][a-z]{2,8})\.? (?P<day>\d{1,2}), (?P<year>(?:19|20)\d\d)")
_YEAR = re.compile(r"(?:19|20)\d\d")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class Field:
    """A column that can be asked about, with its cells of readable rows."""

    column: Column
    heading: Heading
    said: str
    dated: bool
    cells: Mapping[Row, Entry]
    statement: bool = False  # of a financial statement, whose lines contain each other

    @property
    def additive(self) -> bool:
        return not self.dated and not self.statement and additive(self.said, self.heading.unit)

    @property
    def series(self) -> tuple[str, str, str]:
        """What its columns of other periods share."""
        return self.column.section, self.column.label, self.column.unit


@dataclass(frozen=True)
class Board:
    """A table to ask about: the corpus table, or one table of a subject (or several of the same)."""

    table: CorpusTable
    prefix: str
    fields: tuple[Field, ...]
    subjects: tuple[str, ...]  # names that a near distractor would share

    @property
    def quoted(self) -> bool:
        return self.table.name != CORPUS


def boards(tables: Mapping[str, CorpusTable]) -> list[Board]:
    """The corpus table first, then the tables of each subject, by topic."""
    found = [_corpus_board(tables[CORPUS])]
    for name in sorted(tables):
        if name != CORPUS:
            found.extend(_own_boards(tables[name]))
    return [board for board in found if board.fields]


def _corpus_board(table: CorpusTable) -> Board:
    fields: list[Field] = []
    for column in sorted(table.cells):
        heading = table.headings[column]
        cells = {row: entry for row, entry in table.cells[column].items() if readable_name(table.names[row])}
        if heading.part:
            said = part_phrase(heading.section, heading.label)
            cells = cells if len(cells) >= FEWEST_ROWS_OF_A_PART else {}
        else:
            said = phrase(heading.section, heading.label, heading.unit, _counts(cells.values()))
        if said and cells:
            fields.append(Field(column, heading, said, column.unit == DATE_UNIT, cells))
    return Board(table, "", tuple(fields), ())


def _counts(entries: Iterable[Entry]) -> bool:
    """True where all values are plain whole numbers."""
    return all(isinstance(e.value, Value) and e.value.number == e.value.number.to_integral_value() for e in entries)


def _own_boards(table: CorpusTable) -> Iterator[Board]:
    """A board for each topic. Totals stand in for the other rows and are left out of them."""
    topics = sorted({row.topic for cells in table.cells.values() for row in cells})
    for topic in topics:
        shown = table.topics[topic]
        columns = [column for column in sorted(table.cells) if any(row.topic == topic for row in table.cells[column])]
        in_time = any(column.period for column in columns)
        fields: list[Field] = []
        for column in columns:
            heading = table.headings[column]
            cells = {
                row: entry
                for row, entry in table.cells[column].items()
                if row.topic == topic and not _TOTAL.search(row.entity) and not _QUOTES & set(table.names[row])
            }
            if (in_time and not column.period) or len(heading.label) > LONGEST_LABEL or _QUOTES & set(heading.label):
                continue
            said = f"“{heading.label}”" if heading.label else "amount" if heading.unit in _MONEY else "figure"
            statement = _STATEMENT.search(topic) is not None
            for alike in _alike(cells):
                fields.append(Field(column, heading, said, column.unit == DATE_UNIT, alike, statement))
        yield Board(table, own_prefix(table.name, shown), tuple(fields), (table.name, shown))


def _alike(cells: Mapping[Row, Entry]) -> Iterator[dict[Row, Entry]]:
    """The rows that can be compared: "Europe: Net sales" with "Japan: Net sales", not with "Japan: Costs"."""
    labels = Counter(row.entity.rpartition(": ")[2] for row in cells if ": " in row.entity)
    repeated = {label for label, count in labels.items() if count >= FEWEST_ROWS}
    groups: dict[str, dict[Row, Entry]] = {}
    for row, entry in cells.items():
        label = row.entity.rpartition(": ")[2] if ": " in row.entity else ""
        groups.setdefault(label if label in repeated else "", {})[row] = entry
    yield from groups.values()


def own_prefix(subject: str, topic: str) -> str:
    """How a question over one table begins: "In Apple Inc.'s table of net sales by category, "."""
    if topic == subject:
        return f"In the table “{topic}”, "
    if any(word[0].isupper() for word in topic.split()):
        table = f"table “{topic}”"
    else:
        table = topic if _STATEMENT.search(topic) else f"table of {topic}"
    return f"In {subject}'s {table}, " if is_proper_name(subject) else f"In the {table} in “{subject}”, "


Choice = tuple[Field, ...]


def choices(board: Board, needs: str, rng: random.Random) -> list[Choice]:
    """Every choice of measures of this kind, or a sample of the many pairs, in a random order: an even deck."""
    found = MEASURE_CHOICES[needs](board.fields, rng)
    rng.shuffle(found)
    return found


def _one(fields: Iterable[Field], rng: random.Random) -> list[Choice]:
    return [(field,) for field in fields if not field.dated]


def _one_additive(fields: Iterable[Field], rng: random.Random) -> list[Choice]:
    return [(field,) for field in fields if field.additive]


def _one_dated(fields: Iterable[Field], rng: random.Random) -> list[Choice]:
    return [(field,) for field in fields if field.dated]


def _pairs(second: Callable[[Field], bool]) -> Callable[[Sequence[Field], random.Random], list[Choice]]:
    """For each measure a few others of other labels, first of another heading: these stand in other documents."""

    def choose(fields: Sequence[Field], rng: random.Random) -> list[Choice]:
        firsts = [field for field in fields if not field.dated and len(field.cells) >= FEWEST_ROWS]
        seconds = [field for field in firsts if second(field)]
        found: list[Choice] = []
        for field in firsts:
            others = [other for other in seconds if other.column[:2] != field.column[:2]]
            for other in rng.sample(others, min(3, len(others))):
                if len(field.cells.keys() & other.cells.keys()) >= FEWEST_ROWS:
                    found.append((field, other))
        return found

    return choose


def _part_and_whole(fields: Sequence[Field], rng: random.Random) -> list[Choice]:
    """Two amounts of one unit and one period that belong together: of one heading, or money of one year."""
    groups: dict[tuple[str, str, str], list[Field]] = {}
    for field in fields:
        if field.additive and not field.heading.part:
            column = field.column
            key = column.section or ("" if column.unit in ("$", "€", "£") and column.period else column.label)
            groups.setdefault((key, column.unit, column.period), []).append(field)
    return [pair for group in groups.values() for pair in _ordered_pairs(group, rng)]


def _ordered_pairs(group: Sequence[Field], rng: random.Random) -> Iterator[Choice]:
    for first, second in combinations(group, 2):
        yield (first, second) if rng.random() < 0.5 else (second, first)


def _over_time(count: int, additive_only: bool) -> Callable[[Sequence[Field], random.Random], list[Choice]]:
    """The same label in so many periods of one kind, in order of time."""

    def choose(fields: Sequence[Field], rng: random.Random) -> list[Choice]:
        series: dict[tuple[str, ...], list[tuple[tuple[int, ...], Field]]] = {}
        for field in fields:
            if field.dated or (additive_only and not field.additive):
                continue
            if (found := period_order(field.heading.period)) is not None:
                series.setdefault((*field.series, found[0]), []).append((found[1], field))
        chosen: list[Choice] = []
        for members in series.values():
            ordered = [field for _, field in sorted(members, key=lambda member: (member[0], member[1].column))]
            if count == 2:
                chosen.extend(combinations(ordered, 2))
            else:
                chosen.extend(tuple(ordered[start : start + count]) for start in range(len(ordered) - count + 1))
        return chosen

    return choose


def period_order(period: str) -> tuple[str, tuple[int, ...]] | None:
    """The kind of a period, and its place in time among its kind; None for what has no single year."""
    if match := _DATE.search(period):
        month = match["month"][:3].lower()
        if month not in _MONTHS:
            return None
        kind = f"{period[: match.start()]}#{period[match.end() :]}"
        return normal(kind), (int(match["year"]), _MONTHS.index(month), int(match["day"]))
    years = _YEAR.findall(period)
    if len(years) != 1:
        return None
    rest = _YEAR.sub("#", period)
    numbers = tuple(int(number) for number in re.findall(r"\d{1,2}", rest))
    return normal(re.sub(r"\d", "#", rest)), (int(years[0]), *numbers)


MEASURE_CHOICES: dict[str, Callable[[Sequence[Field], random.Random], list[Choice]]] = {
    "any": _one,
    "additive": _one_additive,
    "date": _one_dated,
    "two": _pairs(lambda field: True),
    "any, additive": _pairs(lambda field: field.additive),
    "part, whole": _part_and_whole,
    "two periods": _over_time(2, additive_only=False),
    "additive in two periods": _over_time(2, additive_only=True),
    "three periods": _over_time(3, additive_only=False),
}


def measures(choice: Choice, rows: Sequence[Row]) -> tuple[Measure, ...]:
    """The measures of a choice for the rows that were drawn, with one scale for all of one unit."""
    scales: dict[str, int] = {}
    for field in choice:
        unit = field.column.unit
        values = [value for row in rows if isinstance(value := field.cells[row].value, Value)]
        if values:
            scales[unit] = min(scales.get(unit, 99), common_scale(values))
    found: list[Measure] = []
    for field in choice:
        scale = scales.get(field.column.unit, 0)
        name = column_name(field.column, field.heading.unit, scale, [measure.sql for measure in found])
        found.append(
            Measure(
                field.column,
                name,
                field.said,
                "" if field.dated else field.heading.unit,
                scale,
                field.heading.period,
                field.dated,
                "" if field.heading.period else _note([field.cells[row] for row in rows]),
                plain=field.said in ("amount", "figure"),
            )
        )
    return tuple(found)


def _note(entries: Sequence[Entry]) -> str:
    """ "(2023 est.)" where all the figures are of one year and of one kind."""
    notes = {
        (value.year, value.estimate) if isinstance(value := entry.value, Value) else (None, False) for entry in entries
    }
    if len(notes) != 1:
        return ""
    year, estimate = next(iter(notes))
    return f"({year}{' est.' if estimate else ''})" if year else ""


def mixed_years(choice: Choice, rows: Sequence[Row]) -> bool:
    """True where figures of one measure are of different years, which the question then says to ignore."""
    for field in choice:
        values = [field.cells[row].value for row in rows]
        years = {value.year for value in values if isinstance(value, Value)}
        if not field.heading.period and len(years) > 1:
            return True
    return False
