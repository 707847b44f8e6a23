"""Tables and rows as they cross into the SQL sandbox and back: every cell is text or null, its column has a type.

Nothing that comes from the worker is unpickled or evaluated: a cell is read by the type of its column, or refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
DECIMAL_TYPE = re.compile(r"DECIMAL\((\d{1,2}),\s?(\d{1,2})\)")
INTEGER_TEXT = re.compile(r"-?[0-9]{1,39}")
DECIMAL_TEXT = re.compile(r"-?[0-9]{1,39}(\.[0-9]{1,38})?(E[+-]?[0-9]{1,3})?")
INTEGER_BITS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64, "HUGEINT": 128}
UNSIGNED = ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")
COLUMN_TYPES = (*INTEGER_BITS, "BOOLEAN", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP", "DECIMAL(width,scale)")


class QueryFailed(ValueError):
    """The query did not run, or not within its limits; the message says why in one line."""


@dataclass(frozen=True)
class Table:
    """A table to query. Types: BOOLEAN, TINYINT to HUGEINT, DOUBLE, DECIMAL(width,scale), VARCHAR, DATE, TIMESTAMP.

    A cell is None, or bool, int, float (finite), Decimal (exact in its type), str, date or datetime (no time zone).
    """

    columns: tuple[tuple[str, str], ...]  # name, DuckDB type
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Rows:
    """What a query selected: DECIMAL as Decimal, DOUBLE as float, DATE and TIMESTAMP as date and datetime."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def checked_name(name: str) -> str:
    """The name of a table: letters, digits and underscores of ASCII."""
    if not NAME.fullmatch(name):
        raise ValueError(f"table {name[:80]!r}: a name has letters, digits and underscores, at most 63")
    return name


def encoded(table: Table) -> dict[str, Any]:
    """The table for the worker: `columns` and, column by column, `cells` as text. Raises ValueError with the place."""
    names = [name for name, _ in table.columns]
    if not names:
        raise ValueError("a table has at least one column")
    if len({name.lower() for name in names}) < len(names):
        raise ValueError(f"two columns have the same name: {', '.join(names)}"[:400])
    for name in names:
        if not name or len(name) > 200 or not name.isprintable():
            raise ValueError(f"column {name[:80]!r}: a name is printable and has 1 to 200 characters")
    for index, row in enumerate(table.rows):
        if len(row) != len(names):
            raise ValueError(f"row {index} has {len(row)} cells, the table {len(names)} columns")
    cells = [
        _encoded_column(name, kind, [row[index] for row in table.rows])
        for index, (name, kind) in enumerate(table.columns)
    ]
    return {"columns": table.columns, "cells": cells}


def _encoded_column(name: str, kind: str, values: Sequence[Any]) -> list[str | None]:
    encode = _encoder(kind)
    texts: list[str | None] = []
    for index, value in enumerate(values):
        try:
            texts.append(None if value is None else encode(value))
        except (ValueError, TypeError) as error:
            raise ValueError(f"row {index}, column {name!r}: {error}") from None
    return texts


def _encoder(kind: str) -> Callable[[Any], str]:
    if kind in INTEGER_BITS:
        bound = 1 << (INTEGER_BITS[kind] - 1)
        return lambda value: _integer_text(value, bound)
    if kind in _ENCODERS:
        return _ENCODERS[kind]
    if match := DECIMAL_TYPE.fullmatch(kind):
        width, scale = int(match[1]), int(match[2])
        if 1 <= width <= 38 and scale <= width:
            return lambda value: _decimal_text(value, width, scale)
    raise ValueError(f"unknown column type {kind[:80]!r}; known: {', '.join(COLUMN_TYPES)}")


def _integer_text(value: Any, bound: int) -> str:
    if type(value) is not int or not -bound <= value < bound:
        raise ValueError(f"{_short(value)} is not an integer of this type")
    return str(value)


def _decimal_text(value: Any, width: int, scale: int) -> str:
    if type(value) is int:
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        raise ValueError(f"{_short(value)} is not a decimal number")
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    if value and value.adjusted() >= width - scale:
        raise ValueError(f"{_short(value)} has more than {width - scale} digits before the point")
    if exponent < -scale and any(value.as_tuple().digits[exponent + scale :]):
        raise ValueError(f"{_short(value)} has more than {scale} digits after the point")
    return f"{value:.{scale}f}"


def _boolean_text(value: Any) -> str:
    if type(value) is not bool:
        raise ValueError(f"{_short(value)} is not a truth value")
    return "true" if value else "false"


def _double_text(value: Any) -> str:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"{_short(value)} is not a finite number")
    return repr(float(value))


def _varchar_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{_short(value)} is not a text")
    if not value.isascii():
        value.encode()  # a lone surrogate is no text
    return str(value)


def _date_text(value: Any) -> str:
    if type(value) is not date:
        raise ValueError(f"{_short(value)} is not a date")
    return value.isoformat()


def _timestamp_text(value: Any) -> str:
    if type(value) is not datetime or value.tzinfo is not None:
        raise ValueError(f"{_short(value)} is not a time without a zone")
    return value.isoformat(sep=" ")


_ENCODERS: Mapping[str, Callable[[Any], str]] = {
    "BOOLEAN": _boolean_text,
    "DOUBLE": _double_text,
    "VARCHAR": _varchar_text,
    "DATE": _date_text,
    "TIMESTAMP": _timestamp_text,
}


def _short(value: object) -> str:
    try:
        return repr(value)[:80]
    except ValueError:  # an integer of more than 4,300 digits
        return f"a value of type {type(value).__name__}"


def decoded(reply: Mapping[str, Any]) -> Rows:
    """The rows of the worker's answer. Raises QueryFailed where it is not of the agreed form or type."""
    columns, types, cells = _list(reply, "columns", str), _list(reply, "types", str), _list(reply, "cells", list)
    if not len(columns) == len(types) == len(cells) or len({len(column) for column in cells}) > 1:
        raise QueryFailed("the sandbox's process gave columns of different lengths")
    read = [_decoded_column(name, kind, texts) for name, kind, texts in zip(columns, types, cells, strict=True)]
    return Rows(tuple(columns), tuple(zip(*read, strict=True)))


def _list(reply: Mapping[str, Any], key: str, kind: type) -> list[Any]:
    values = reply.get(key)
    if not isinstance(values, list) or not all(isinstance(value, kind) for value in values):
        raise QueryFailed(f"the sandbox's process gave an answer whose {key} cannot be read")
    return values


def _decoded_column(name: str, kind: str, texts: list[Any]) -> list[Any]:
    decode = _DECODERS.get(kind) or (_decimal if DECIMAL_TYPE.fullmatch(kind) else None)
    if decode is None:
        raise QueryFailed(f"column {name[:80]!r} is of type {kind[:80]}; cast it to a number, a text or a date")
    try:
        return [None if text is None else decode(text) for text in texts]
    except (ValueError, TypeError, LookupError, ArithmeticError):
        raise QueryFailed(f"column {name[:80]!r} holds a value that is no {kind[:80]}") from None


def _integer(text: str) -> int:
    if not INTEGER_TEXT.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _decimal(text: str) -> Decimal:
    if not DECIMAL_TEXT.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text]


def _text(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(text)
    return text


def _nothing(text: str) -> None:
    raise ValueError(text)


_DECODERS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys((*INTEGER_BITS, *UNSIGNED), _integer),
    "BOOLEAN": _boolean,
    "FLOAT": float,
    "DOUBLE": float,
    "VARCHAR": _text,
    '"NULL"': _nothing,
    "DATE": date.fromisoformat,
    "TIMESTAMP": datetime.fromisoformat,
}
