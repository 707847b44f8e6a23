"""Running a question's SQL over the corpus table of the documents at hand, inside the sandbox.

Sums, differences and comparisons are of DECIMAL and exact. A division is one of DOUBLE at the very end, wrong by less
than 1 in 10^15, and its result is rounded to a few digits, never near a half.
"""

from __future__ import annotations

import atexit
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache

from longstride.synthesis.tables.answer_forms import Result
from longstride.synthesis.tables.corpus_table import Column, CorpusTable, Row, scaled
from longstride.synthesis.tables.queries import ENTITY, TABLE, TOPIC
from longstride.synthesis.tables.sandbox import QueryFailed, QueryRefused, Sandbox, Table
from longstride.synthesis.tables.values import Value

WIDTH = 28  # digits of a number in SQL; its sums take DuckDB's 38
MOST_SCALE = 12  # decimals


@cache
def shared_sandbox() -> Sandbox:
    """One sandbox for the whole process: it starts with the first query and ends with the process."""
    sandbox = Sandbox()
    atexit.register(sandbox.close)
    return sandbox


def execute(table: Table | None, sql: str) -> tuple[Result, ...]:
    """What a query of one column gives, row by row; nothing where there is no table or it does not run."""
    if table is None:
        return ()
    try:
        rows = shared_sandbox().execute({TABLE: table}, sql)
    except (QueryRefused, QueryFailed):
        return ()
    if len(rows.columns) != 1:
        raise ValueError(f"the query gives {len(rows.columns)} columns, expected one: {sql}")
    return tuple(row[0] for row in rows.rows)


def sql_table(table: CorpusTable, columns: Sequence[tuple[str, Column, int]], scope: Mapping[Row, str]) -> Table | None:
    """Every row that has a cell in one of the columns (name, identity, scale), in a stated order.

    `scope` is the rows that the query names, with their spelling there; the others are spelt as their documents do.
    None where a cell of the scope is missing, or too long or too fine to be held exactly beside the others.
    """
    rows = sorted({row for _, column, _ in columns for row in table.cells.get(column, ())})
    by_topic = any(row.topic for row in rows)
    kinds: list[tuple[str, str]] = [(ENTITY, "VARCHAR"), *([(TOPIC, "VARCHAR")] if by_topic else [])]
    cells: list[list[object]] = [[scope.get(row, table.names[row]) for row in rows]]
    if by_topic:
        cells.append([row.topic for row in rows])
    for name, column, scale in columns:
        found = table.cells.get(column, {})
        values = {row: _cell(found[row].value, scale) for row in rows if row in found}
        if any(values.get(row) is None for row in scope):
            return None
        if any(isinstance(value, date) for value in values.values()):
            kinds.append((name, "DATE"))
        else:
            decimals = max((-_exponent(value) for value in values.values() if isinstance(value, Decimal)), default=0)
            kinds.append((name, f"DECIMAL({WIDTH},{max(0, decimals)})"))
        cells.append([values.get(row) for row in rows])
    return Table(tuple(kinds), tuple(zip(*cells, strict=True)))


def _cell(value: Value | date, scale: int) -> Decimal | date | None:
    """A value in SQL; None for a number too long or too fine to be held exactly beside the others."""
    if isinstance(value, date):
        return value
    number = scaled(value, scale)
    if -_exponent(number) > MOST_SCALE or (number and number.adjusted() >= WIDTH - MOST_SCALE):
        return None
    return number


def _exponent(number: Decimal) -> int:
    return int(number.normalize().as_tuple().exponent) if number else 0
