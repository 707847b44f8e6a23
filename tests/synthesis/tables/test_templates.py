"""Each template once, by hand: its SQL gives what plain Python gives with fractions, and its sentence says so."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from statistics import median

import pytest

from longstride.synthesis.tables.answer_forms import exact
from longstride.synthesis.tables.corpus_table import Column, Row
from longstride.synthesis.tables.execution import execute
from longstride.synthesis.tables.family import ALL_TEMPLATES
from longstride.synthesis.tables.queries import ENTITY, Measure, Question, Scope, Template
from longstride.synthesis.tables.sandbox import Table

NAMES = ("Arvania", "Belmora", "Corvia", "Dremland", "Estova", "Fen O'Wick", "Gallia")
LAND = (100, 250, 475, 820, 1300, 2100, 3350)
BIRTHS = ("11.5", "9.25", "30.1", "22.8", "17.6", "14.2", "26.4")
EXPORTS = {
    "2021": ("1.5", "0.8", "12.25", "3.4", "45", "6.75", "20"),
    "2022": ("2.1", "0.65", "11.5", "3.6", "52.5", "7.25", "18"),
    "2023": ("2.6", "0.7", "14", "3.1", "49.5", "9", "22.5"),
}
FOUNDED = tuple(date(year, 7, 5) for year in (1962, 1960, 1981, 1945, 1991, 1953, 1975))

Cells = Mapping[str, Sequence[Fraction]]  # by row, in the order of the measures


def measure(sql: str, said: str, unit: str, scale: int = 0, period: str = "", dated: bool = False) -> Measure:
    return Measure(Column("", said, unit, period), sql, said, unit, scale, period, dated)


MEASURES = {
    "land": measure("land_sq_km", "land area", "sq km"),
    "births": measure("birth_rate", "birth rate", "births/1,000 population"),
    **{year: measure(f"exports_{year}", "exports", "$", 9, year) for year in EXPORTS},
    "founded": measure("founded", "independence", "", dated=True),
}
VALUES: Mapping[str, Sequence[Decimal | date]] = {
    "land": [Decimal(value) for value in LAND],
    "births": [Decimal(value) for value in BIRTHS],
    **{year: [Decimal(value) for value in values] for year, values in EXPORTS.items()},
    "founded": FOUNDED,
}
CHOICES = {
    "any": ("births",), "additive": ("land",), "two": ("land", "births"), "any, additive": ("births", "land"),
    "part, whole": ("2022", "2023"), "two periods": ("2021", "2023"), "additive in two periods": ("2021", "2023"),
    "three periods": ("2021", "2022", "2023"), "date": ("founded",),
}  # fmt: skip


def scope_of(template: Template, seed: int) -> tuple[Scope, Table]:
    used = CHOICES[template.needs]
    count = min(template.most, len(NAMES)) if template.most > 1 else 1
    rng = random.Random(f"{template.name}/{seed}")
    drawn = rng.sample(range(len(NAMES)), count - (count % 2 == 0 and template.odd))
    rows = {index: Row("", NAMES[index].lower()) for index in range(len(NAMES))}
    cells = {(rows[index], place): VALUES[name][index] for index in drawn for place, name in enumerate(used)}
    kinds = tuple((MEASURES[name].sql, "DATE" if name == "founded" else "DECIMAL(28,2)") for name in used)
    table = Table(  # every row, so that the query must keep to its scope
        ((ENTITY, "VARCHAR"), *kinds),
        tuple((NAMES[index], *(VALUES[name][index] for name in used)) for index in range(len(NAMES))),
    )
    names = {rows[index]: NAMES[index] for index in drawn}
    measures = tuple(MEASURES[name] for name in used)
    return Scope("", tuple(rows[index] for index in drawn), names, measures, cells, False, rng), table


def built(name: str) -> list[tuple[Scope, Question, object]]:
    """The template's questions over several draws, with what their SQL gives."""
    (template,) = [template for template in ALL_TEMPLATES if template.name == name]
    found: list[tuple[Scope, Question, object]] = []
    for seed in range(12):
        scope, table = scope_of(template, seed)
        question = template.build(scope)
        if question is not None:
            results = execute(table, question.sql)
            assert len(results) == 1, question.sql
            found.append((scope, question, results[0]))
    assert found, f"{name} never made a question"
    return found[:4]


def cells_of(scope: Scope) -> dict[str, list[Fraction]]:
    """The numbers of a scope by name (of dates, their ordinals)."""
    return {
        scope.names[row]: [
            Fraction(value.toordinal() if isinstance(value := scope.cells[row, place], date) else value)
            for place in range(len(scope.measures))
        ]
        for row in scope.rows
    }


def column(cells: Cells, place: int = 0) -> list[Fraction]:
    return [values[place] for values in cells.values()]


def bound(question: Question) -> tuple[Callable[[Fraction], bool], str]:
    """The filter that a question states in words."""
    word = "above" if " above " in question.text else "below"
    number = question.text.split(f" {word} ")[1].split(" ")[0].rstrip("?.,").replace(",", "").lstrip("$")
    limit = Fraction(number)
    return (lambda value: value > limit) if word == "above" else (lambda value: value < limit), word


WORDS = {"": 1, "second-": 2, "third-": 3, "fourth-": 4}


def place_in(question: Question, cells: Cells, place: int) -> str:
    """The name at the rank that a question states in words ("third-largest"), by the measure at `place`."""
    words = question.text.split("the ")
    found = next(word.split()[0] for word in words if word.split()[0].endswith(("est",)))
    order, _, kind = found.rpartition("-")
    ranked = sorted(cells, key=lambda name: cells[name][place], reverse=kind in ("largest", "highest"))
    return ranked[WORDS[f"{order}-" if order else ""] - 1]


def groups_in(question: Question, cells: Cells, first: str, second: str) -> tuple[Fraction, Fraction]:
    """The sums of the names that stand before and behind a word of the question, from `first` on."""
    before, behind = question.text.split(first, 1)[1].split(second, 1)
    return tuple(sum((cells[name][0] for name in cells if name in part), Fraction(0)) for part in (before, behind))  # type: ignore[return-value]


def kept(question: Question, cells: Cells) -> dict[str, Sequence[Fraction]]:
    passes, _ = bound(question)
    return {name: values for name, values in cells.items() if passes(values[0])}


def of_time(question: Question, cells: Cells, function: Callable[[Sequence[Fraction]], Fraction]) -> str:
    most = any(word in question.text for word in ("increase", "highest"))
    return (max if most else min)(cells, key=lambda name: function(cells[name]))


def at_count(question: Question, cells: Cells) -> Fraction:
    count = 2 if "the two" in question.text else 3
    greatest = any(word in question.text for word in ("largest", "highest"))
    ranked = sorted(cells, key=lambda name: cells[name][0], reverse=greatest)[:count]
    return sum((cells[name][1] for name in ranked), Fraction(0))


def dated(question: Question, cells: Cells) -> str:
    ranked = sorted(cells, key=lambda name: cells[name][0], reverse="latest first" in question.text)
    return ranked[["first", "second", "third", "fourth", "fifth"].index(question.text.split()[-1].rstrip("?"))]


def look(question: Question, cells: Cells) -> Fraction | str:
    number = Fraction(question.text.split("do the documents give ")[1].split(" ")[0].replace(",", ""))
    return next(name for name, values in cells.items() if values[0] == number)


def ratio(question: Question, cells: Cells) -> str:
    most = "highest" in question.text
    return (max if most else min)(cells, key=lambda name: cells[name][0] / cells[name][1])


def change(cells: Cells) -> Fraction:
    return sum(column(cells, 1), Fraction(0)) - sum(column(cells, 0), Fraction(0))


def of_rank(question: Question, cells: Cells) -> str:
    rest = kept(question, cells)
    most = any(word in question.text.split("which has")[1] for word in ("largest", "highest"))
    return (max if most else min)(rest, key=lambda name: rest[name][1])


ORACLES: Mapping[str, Callable[[Question, Cells], object]] = {
    "total": lambda q, c: sum(column(c)),
    "average": lambda q, c: sum(column(c)) / len(c),
    "median": lambda q, c: median(column(c)),
    "spread": lambda q, c: max(column(c)) - min(column(c)),
    "count_above": lambda q, c: len(kept(q, c)),
    "rank": lambda q, c: place_in(q, c, 0),
    "share": lambda q, c: 100 * c[q.text.rsplit(" by ", 1)[1].rstrip("?")][0] / sum(column(c)),
    "group_difference": lambda q, c: (lambda parts: parts[0] - parts[1])(groups_in(q, c, "By how much", "exceed")),
    "group_ratio": lambda q, c: (lambda parts: parts[1] / parts[0])(groups_in(q, c, "as large as", " is that of ")),
    "total_of_filtered": lambda q, c: sum(column(kept(q, c), 1)),
    "average_of_filtered": lambda q, c: sum(column(kept(q, c), 1)) / len(kept(q, c)),
    "rank_of_filtered": of_rank,
    "value_at_rank": lambda q, c: c[place_in(q, c, 0)][1],
    "total_of_top": at_count,
    "overall_ratio": lambda q, c: 100 * sum(column(c)) / sum(column(c, 1)),
    "rank_by_ratio": ratio,
    "look_up": lambda q, c: column(c)[0],
    "reverse_look_up": look,
    "change_of_total": lambda q, c: 100 * change(c) / sum(column(c)),
    "difference_of_totals": lambda q, c: change(c) if "increase" in q.text else -change(c),
    "greatest_growth": lambda q, c: of_time(q, c, lambda values: values[1] / values[0]),
    "count_of_growth": lambda q, c: sum(values[1] > values[0] for values in c.values()),
    "change_at_rank": lambda q, c: (lambda name: c[name][1] - c[name][0])(place_in(q, c, 0)),
    "average_over_time": lambda q, c: of_time(q, c, lambda values: sum(values, Fraction(0)) / 3),
    "spread_of_averages": lambda q, c: (max(map(sum, c.values())) - min(map(sum, c.values()))) / 3,
    "order_of_dates": dated,
    "days_between": lambda q, c: max(column(c)) - min(column(c)),
}


def test_every_template_has_an_example():
    assert {template.name for template in ALL_TEMPLATES} == set(ORACLES)


@pytest.mark.parametrize("name", sorted(ORACLES))
def test_the_sql_answers_the_question(name: str):
    for scope, question, result in built(name):
        expected = ORACLES[name](question, cells_of(scope))
        if isinstance(expected, str):
            assert result == expected, question.text
        else:
            number = exact(result)
            assert number is not None, question.sql
            assert abs(number - Fraction(expected)) <= abs(number) / 10**12, (question.text, question.sql)  # type: ignore[arg-type]
            if "/" not in question.sql:
                assert number == expected, (question.text, question.sql)


@pytest.mark.parametrize("name", sorted(ORACLES))
def test_the_sentence_names_its_whole_scope_and_reads_as_one(name: str):
    for scope, question, _ in built(name):
        assert question.text[0].isupper()
        assert question.text[-1] in "?."
        assert "  " not in question.text
        assert "the the" not in question.text
        for row in scope.rows:
            assert scope.names[row] in question.text
        assert question.steps


def test_ties_give_no_single_answer():
    (template,) = [template for template in ALL_TEMPLATES if template.name == "rank"]
    scope, table = scope_of(template, 0)
    question = template.build(scope)
    assert question is not None
    equal = Table(table.columns, tuple((name, Decimal(5)) for name, _ in table.rows))
    assert len(execute(equal, question.sql)) != 1
