"""A question as what can be worked out again: one answer, or two numbers put together; how its `derivation` reads.

`{"subject": ..., "ask": ...}`, or `{"join": "sum", "parts": [{"subject": ..., "ask": ...}, ...]}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from longstride.synthesis.code.asks import Ask, read
from longstride.synthesis.code.evaluation import Value
from longstride.synthesis.code.program import Program, Trail
from longstride.synthesis.code.subjects import Subject, find
from longstride.synthesis.code.worlds import Unknown, World

Query = Mapping[str, Any]


def single(subject: Subject, ask: Ask) -> Query:
    return {"subject": dict(subject), "ask": dict(ask)}


def joined(how: str, parts: list[Query]) -> Query:
    return {"join": how, "parts": [dict(part) for part in parts]}


def answer_in(query: Query, program: Program, world: World, trail: Trail) -> Value:
    """The answer in one world. Raises Unknown; KeyError for what is no query."""
    if "join" not in query:
        target = find(query["subject"], program, world, trail)
        return read(query["ask"], target, program, world, trail)
    numbers = [_number(answer_in(part, program, world, trail)) for part in query["parts"]]
    total = numbers[0]
    for number in numbers[1:]:
        total = {"sum": total + number, "difference": total - number, "product": total * number}[query["join"]]
    return int(total) if total == int(total) else float(total)


def _number(value: Value) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unknown
    return Decimal(repr(value))
