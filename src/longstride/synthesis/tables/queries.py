"""What a query template works with, and what it makes: a question and its SQL, written together (paper 3.2, NL2SQL).

A template sees the cells in its scope, so that it can choose a threshold or leave a question without point alone; the
answer itself always comes from executing the SQL.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from longstride.synthesis.tables.answer_forms import AnswerForm, with_unit
from longstride.synthesis.tables.corpus_table import Column, Row
from longstride.synthesis.tables.wording import additive, is_simple, listed, superlative, when

TABLE = "corpus"  # its name in SQL
ENTITY, TOPIC = "entity", "source_table"  # its columns beside the measures


@dataclass(frozen=True)
class Measure:
    """A column of the corpus table as a query uses it."""

    column: Column
    sql: str  # its name
    said: str  # without an article: "land area"
    unit: str
    scale: int  # the power of ten in which its numbers stand in SQL
    period: str
    dated: bool = False
    note: str = ""  # "(2023 est.)", where all figures in the scope are of one year
    plain: bool = False  # `said` is no name of its own, only "amount" or "figure"

    @property
    def timed(self) -> str:
        """With its period: "exports in 2023", "labor force (2023 est.)"."""
        return self.said + when(self.period) + (f" {self.note}" if self.note else "")

    @property
    def figure(self) -> str:
        """What a sentence calls one of its cells: "figure for exports in 2023", "amount in 2023"."""
        return self.timed if self.plain else f"figure for {self.timed}"

    @property
    def untimed(self) -> str:
        """The same without its period, where the sentence goes on to name two."""
        return self.said if self.plain else f"figure for {self.said}"

    def ranked(self, word: str) -> str:
        """Behind a superlative: "largest land area", "largest figure for exports in 2023"."""
        return f"{word} {self.timed}" if self.plain or is_simple(self.said) else f"{word} {self.figure}"

    @property
    def additive(self) -> bool:
        return not self.dated and additive(self.said, self.unit)

    @property
    def greatest(self) -> str:
        return superlative(self.said, self.unit)[0]

    @property
    def least(self) -> str:
        return superlative(self.said, self.unit)[1]

    def with_unit(self, number: Decimal) -> str:
        return with_unit(number, self.scale, self.unit)


@dataclass(frozen=True)
class Scope:
    """The rows that a question names, the measures that it may use, and their cells (numbers in a measure's scale)."""

    prefix: str  # "In Apple's table of net sales, ", or ""
    rows: tuple[Row, ...]  # all of one topic
    names: Mapping[Row, str]
    measures: tuple[Measure, ...]
    cells: Mapping[tuple[Row, int], Decimal | date]  # by row and the measure's place
    quoted: bool  # items of a table stand between quotation marks
    random: random.Random

    def named(self, rows: Sequence[Row] | None = None) -> str:
        """The names as a list in a sentence."""
        return listed([self.name(row) for row in (self.rows if rows is None else rows)])

    def name(self, row: Row) -> str:
        return f"“{self.names[row]}”" if self.quoted else self.names[row]

    def number(self, row: Row, place: int = 0) -> Decimal:
        value = self.cells[row, place]
        if not isinstance(value, Decimal):
            raise ValueError(f"{self.names[row]} has no number for {self.measures[place].said}")
        return value

    def numbers(self, place: int = 0) -> list[Decimal]:
        return [self.number(row, place) for row in self.rows]

    def where(self, rows: Sequence[Row] | None = None) -> str:
        """The condition that holds for these rows alone."""
        rows = self.rows if rows is None else rows
        entities = ", ".join(literal(self.names[row]) for row in rows)
        topic = rows[0].topic
        return f"{TOPIC} = {literal(topic)} AND {ENTITY} IN ({entities})" if topic else f"{ENTITY} IN ({entities})"

    def ask(self, text: str) -> str:
        """A sentence behind the prefix; a capital begins it."""
        text = self.prefix + (text[0].lower() + text[1:] if self.prefix and not text.startswith("“") else text)
        return text[0].upper() + text[1:]


@dataclass(frozen=True)
class Question:
    """A question and its query; what `form` leaves open (the rounding) follows from the result."""

    text: str
    sql: str
    form: AnswerForm
    steps: tuple[str, ...]  # what is computed, one step after the other
    rounds: bool = False  # the form's decimals are to be chosen from the result
    note: str = ""  # stands in the instructions


@dataclass(frozen=True)
class Template:
    """One way to ask. `build` gives None where a scope makes no good question."""

    name: str
    question_type: str
    needs: str  # which measures it wants: a key of boards.MEASURE_CHOICES
    fewest: int  # rows
    most: int
    build: Callable[[Scope], Question | None]
    odd: bool = False  # an odd number of rows


def literal(text: str) -> str:
    """A string in SQL."""
    return "'" + text.replace("'", "''") + "'"


def rounds(question: Question, decimals: int | None) -> Question:
    """The question with the rounding of its answer."""
    return replace(question, form=replace(question.form, decimals=decimals))
