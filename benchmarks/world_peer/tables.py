"""Plays the roles of tables from prose: it reads cells, names columns, words questions and writes SQL; and the judge.

A right reply comes from the world's facts alone.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace

from longstride.corpus.world import Fact
from longstride.records import Document
from world_peer.contract import Player, Truth
from world_peer.table_questions import (
    FORMS,
    MEASURES,
    OURS,
    PERIOD,
    SCALES,
    Ask,
    answer_of,
    digits_of,
    is_prose,
    taken_apart,
    written_scale,
)

LONGEST_QUOTE = 600  # characters that our reader takes
KINDS = {  # a relation that only this kind of thing has
    "elevation in m": "town", "highest point in m": "province", "coastline in km": "country", "industry": "company",
    "length in km": "river", "director": "institute",
}  # fmt: skip
OTHER_OPERATION = {
    "total": "average", "average": "total", "median": "average", "group_difference": "group_ratio",
    "group_ratio": "group_difference", "total_of_filtered": "average_of_filtered",
    "average_of_filtered": "total_of_filtered",
}  # fmt: skip
CURRENCY = re.compile(r"amounts are in (\w+), the currency")
BLOCK = re.compile(r"<(\w+) ([0-9a-f]{12})>\n(.*?)\n</\1 \2>", re.DOTALL)


def judge(message: str, truth: Truth, wrong: random.Random | None) -> str | None:
    """Every document of the world is good, and any other is not."""
    if "You judge whether a document is good enough" not in message:
        return None
    shown = _blocks(message).get("document", "")
    lines = [line for line in shown.splitlines() if len(line) > 20]
    known = any(line in document.text for document in truth.documents.values() for line in lines)
    grade = 5 if known else 1
    if wrong:
        grade = 6 - grade
    return json.dumps({"quality": grade, "accuracy": grade, "coherence": grade, "reason": "as the rubric has it"})


def cells(message: str, truth: Truth, wrong: random.Random | None) -> str | None:
    """The figures of a passage, each with the line that states it."""
    if "You turn documents into tables." not in message:
        return None
    head, _, passage = _blocks(message).get("passage", "").partition("\n\n")
    title = head.removeprefix("Title: ")
    found: list[dict[str, str]] = []
    for document in truth.documents.values():
        if document.title == title and passage in document.text and is_prose(document):
            found = _cells_in(document, passage, truth)
    if wrong and found:
        found = _wrong_cells(found, wrong)
    return json.dumps({"cells": found})


def _cells_in(document: Document, passage: str, truth: Truth) -> list[dict[str, str]]:
    start = document.text.index(passage)
    found: dict[tuple[str, str], dict[str, str]] = {}
    for fact in truth.facts[document.id]:
        quote = truth.sentence(fact)
        if start <= fact.start and fact.end <= start + len(passage) and len(quote) <= LONGEST_QUOTE:
            cell = _cell(fact, document, quote, truth)
            if cell is not None:
                found.setdefault((fact.subject, fact.relation), cell)
    return list(found.values())


def _cell(fact: Fact, document: Document, quote: str, truth: Truth) -> dict[str, str] | None:
    kind = next((kind for relation, kind in KINDS.items() if truth.objects(fact.subject, relation)), None)
    for attribute, measure in MEASURES.items():
        pattern = re.escape(measure.relation).replace(r"\{period\}", f"(?P<period>{PERIOD})")
        matched = re.fullmatch(pattern, fact.relation)
        if matched is None or kind is None:
            continue
        currency = CURRENCY.search(document.text)
        if measure.unit == "currency" and currency is None:
            return None
        return {
            "entity": fact.subject,
            "kind": kind,
            "attribute": attribute,
            "period": matched.groupdict().get("period") or "",
            "value": document.text[fact.start : fact.end],
            "magnitude": SCALES[written_scale(fact, document)],
            "unit": currency[1] if measure.unit == "currency" and currency else measure.unit,
            "quote": quote,
        }
    return None


def _wrong_cells(found: list[dict[str, str]], wrong: random.Random) -> list[dict[str, str]]:
    """Figures under the wrong name, with another's figure, with an invented quotation, or of another thing."""
    kind = wrong.choice(["moved", "invented", "entity", "period"])
    if kind == "moved":
        step = wrong.randrange(1, len(found)) if len(found) > 1 else 0
        moved = [found[(place + step) % len(found)] for place in range(len(found))]
        return [
            {**cell, **{key: other[key] for key in ("value", "magnitude", "unit", "quote")}}
            for cell, other in zip(found, moved, strict=True)
        ]
    if kind == "invented":
        numbers = [str(wrong.randrange(10, 99_999)) for _ in found]
        return [
            {**cell, "value": number, "quote": f"The {cell['attribute']} of {cell['entity']} is {number}."}
            for cell, number in zip(found, numbers, strict=True)
        ]
    if kind == "entity":
        return [{**cell, "entity": wrong.choice(found)["entity"]} for cell in found]
    return [{**cell, "period": wrong.choice(found)["period"]} for cell in found]


def schema(message: str, truth: Truth, wrong: random.Random | None) -> str | None:
    """A column for each kind and attribute."""
    if "You design the columns of one table." not in message:
        return None
    columns: dict[tuple[str, str], dict[str, object]] = {}
    for line in _blocks(message).get("attributes", "").splitlines():
        if found := re.match(r"(\d+)\. (.*?) \| (.*?) \|", line):
            measure = MEASURES.get(found[3])
            column = columns.setdefault(
                (found[2], found[3]),
                {"name": found[3], "members": [], "summable": measure is not None and measure.summable},
            )
            members = column["members"]
            assert isinstance(members, list)
            members.append(int(found[1]))
    named = list(columns.values())
    if wrong and len(named) > 1:
        first, second = wrong.sample(named, 2)
        if wrong.random() < 0.5:
            first["name"], second["name"] = second["name"], first["name"]
        else:
            first["members"], second["members"] = [*_members(first), *_members(second)], []
    return json.dumps({"columns": named})


def _members(column: dict[str, object]) -> list[object]:
    members = column["members"]
    return list(members) if isinstance(members, list) else []


def question(message: str, truth: Truth, wrong: random.Random | None) -> str | None:
    """Another wording of the plain question, registered with its true answer."""
    if "You write examination questions about figures" not in message:
        return None
    plain = _blocks(message).get("question", "")
    ask = taken_apart(plain)
    if ask is None:
        return json.dumps({"question": plain})
    if wrong:
        ask = _other_question(ask, wrong)
    forms = FORMS[ask.operation][OURS.get(ask.operation, 1) :]
    said = ask.text(forms[len(plain) % len(forms)])
    known = answer_of(ask, truth)
    if known is not None:
        truth.questions[said] = known
    return json.dumps({"question": said})


def _other_question(ask: Ask, wrong: random.Random) -> Ask:
    """A question that asks for something else."""
    kind = wrong.choice(["operation", "names", "period", "side"])
    if kind == "operation" and ask.operation in OTHER_OPERATION:
        return replace(ask, operation=OTHER_OPERATION[ask.operation])
    if kind == "period" and re.search(r"\d{4}\Z", ask.measure):
        return replace(ask, measure=ask.measure[:-4] + str(wrong.choice([1991, 2001, 2011, 2021, 2023])))
    if ask.side:
        return replace(ask, side="below" if ask.side == "above" else "above")
    return replace(ask, names=ask.names[:-1])


def query(message: str, truth: Truth, wrong: random.Random | None) -> str | None:
    """A query from the question's words and the columns."""
    if "You write SQL for DuckDB." not in message:
        return None
    blocks = _blocks(message)
    columns: dict[str, str] = {}
    for line in blocks.get("columns", "").splitlines():
        if found := re.fullmatch(r"- (\w+) DECIMAL: (.+) of a [^,]+?(?:, in .*)?", line):
            columns[found[2]] = found[1]
    said = blocks.get("question", "")
    ask = None
    for end in [place for place, letter in enumerate(said, start=1) if letter in "?."]:
        ask = ask or taken_apart(said[:end])
    if ask is None or ask.measure not in columns or (ask.second and ask.second not in columns):
        return json.dumps({"sql": "SELECT COUNT(*) FROM corpus"})
    if wrong:
        return json.dumps({"sql": _wrong_sql(ask, columns, wrong)})
    return json.dumps({"sql": _sql(ask, columns)})


def _sql(ask: Ask, columns: dict[str, str]) -> str:
    first, second = columns[ask.measure], columns.get(ask.second, "")
    where = f"entity IN ({_quoted(ask.names)})"
    if ask.side:
        where += f" AND {first} {'>' if ask.side == 'above' else '<'} {digits_of(ask.threshold)}"
    if ask.operation == "rank":
        place = ("second", "third", "fourth").index(ask.word.split("-")[0]) + 1 if "-" in ask.word else 0
        order = "DESC" if ask.word.endswith(("largest", "highest")) else "ASC"
        return f"SELECT entity FROM corpus WHERE {where} ORDER BY {first} {order}, entity LIMIT 1 OFFSET {place}"
    of_names = f"SUM(CASE WHEN entity IN ({_quoted(ask.names)}) THEN {first} ELSE 0 END)"
    of_others = f"SUM(CASE WHEN entity IN ({_quoted(ask.others)}) THEN {first} ELSE 0 END)"
    if ask.operation in ("share", "group_difference", "group_ratio"):
        expression = {
            "share": f"100.0 * {of_others} / {of_names}",
            "group_difference": f"{of_names} - {of_others}",
            "group_ratio": f"{of_names} / {of_others}",
        }[ask.operation]
        return f"SELECT {expression} FROM corpus WHERE entity IN ({_quoted((*ask.names, *ask.others))})"
    expression = {
        "total": f"SUM({first})",
        "average": f"AVG({first})",
        "median": f"MEDIAN({first})",
        "spread": f"MAX({first}) - MIN({first})",
        "count_above": "COUNT(*)",
        "total_of_filtered": f"SUM({second})",
        "average_of_filtered": f"AVG({second})",
    }[ask.operation]
    return f"SELECT {expression} FROM corpus WHERE {where}"


def _wrong_sql(ask: Ask, columns: dict[str, str], wrong: random.Random) -> str:
    right = _sql(ask, columns)
    kind = wrong.choice(["broken", "drop", "file", "names", "column"])
    if kind == "broken":
        return right.replace("SELECT", "SELECT FROM")
    if kind == "drop":
        return "DROP TABLE corpus"
    if kind == "file":
        return "SELECT * FROM read_csv('/etc/passwd')"
    others = [name for name in columns.values() if name != columns[ask.measure]]
    if kind == "column" and others:
        return right.replace(columns[ask.measure], wrong.choice(others))
    return _sql(replace(ask, names=ask.names[1:]), columns)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join("'" + name.replace("'", "''") + "'" for name in names)


def _blocks(message: str) -> dict[str, str]:
    """The delimited texts of a prompt by their kind."""
    return {kind: text for kind, _, text in BLOCK.findall(message)}


PLAYERS: tuple[Player, ...] = (judge, cells, schema, question, query)
