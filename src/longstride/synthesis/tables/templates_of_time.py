"""The query templates over time: one label in several periods, and dates (paper 3.2, "Temporal Reasoning")."""

from __future__ import annotations

from fractions import Fraction

from longstride.synthesis.tables.answer_forms import AnswerForm, leads_clearly
from longstride.synthesis.tables.corpus_table import Row
from longstride.synthesis.tables.queries import ENTITY, TABLE, Question, Scope, Template
from longstride.synthesis.tables.templates import number_of
from longstride.synthesis.tables.wording import between, listed, ordinal, when, with_article

MOST_CHANGE = 20  # times the first figure; beyond, the percentage says little
PLACES = ("first", "second", "third", "fourth", "fifth", "sixth")


def change_of_total(scope: Scope) -> Question | None:
    """Measures: the same label in an earlier and a later period."""
    first, last = scope.measures
    before, after = sum(scope.numbers(0)), sum(scope.numbers(1))
    if min(scope.numbers(0)) <= 0 or before == after or abs(after - before) > MOST_CHANGE * before:
        return None
    combined = "combined " if len(scope.rows) > 1 else ""
    return Question(
        text=scope.ask(
            f"By what percentage did the {combined}{first.untimed} of {scope.named()} change "
            f"{between(first.period, last.period)}?"
        ),
        sql=(
            f"SELECT 100 * (SUM({last.sql}) - SUM({first.sql})) / SUM({first.sql}) FROM {TABLE} WHERE {scope.where()}"
        ),
        form=AnswerForm("percent"),
        steps=(f"add up {first.timed}", f"add up {last.timed}", "divide their difference by the first sum"),
        rounds=True,
        note="Give a decrease as a negative number.",
    )


def difference_of_totals(scope: Scope) -> Question | None:
    first, last = scope.measures
    before, after = sum(scope.numbers(0)), sum(scope.numbers(1))
    if before == after:
        return None
    grew = after > before
    return Question(
        text=scope.ask(
            f"By how much did the combined {first.untimed} of {scope.named()} "
            f"{'increase' if grew else 'decrease'} {between(first.period, last.period)}?"
        ),
        sql=(
            f"SELECT SUM({last.sql}) - SUM({first.sql}) FROM {TABLE} WHERE {scope.where()}"
            if grew
            else f"SELECT SUM({first.sql}) - SUM({last.sql}) FROM {TABLE} WHERE {scope.where()}"
        ),
        form=number_of(first),
        steps=(f"add up {first.timed}", f"add up {last.timed}", "subtract"),
        note="Give the amount of the change as a positive number.",
    )


def greatest_growth(scope: Scope) -> Question | None:
    first, last = scope.measures
    if min(scope.numbers(0)) <= 0:
        return None
    growth = [_fraction(scope, row, 1) / _fraction(scope, row, 0) for row in scope.rows]
    grows = max(growth) > 1 and scope.random.random() < 0.6
    if not leads_clearly(growth, grows) or (not grows and min(growth) >= 1):
        return None
    change = f"({last.sql} - {first.sql}) / {first.sql}"
    return Question(
        text=scope.ask(
            f"Which of {scope.named()} saw the largest percentage {'increase' if grows else 'decrease'} in "
            f"the {first.untimed} {between(first.period, last.period)}?"
        ),
        sql=(
            f"SELECT {ENTITY} FROM (SELECT {ENTITY}, RANK() OVER (ORDER BY {change} {'DESC' if grows else 'ASC'}) "
            f"AS place FROM {TABLE} WHERE {scope.where()}) AS ranked WHERE place = 1"
        ),
        form=AnswerForm("name"),
        steps=("divide the change of each by its first figure", f"take the {'greatest' if grows else 'least'}"),
    )


def count_of_growth(scope: Scope) -> Question | None:
    first, last = scope.measures
    up = sum(scope.number(row, 1) > scope.number(row, 0) for row in scope.rows)
    if not 2 <= up <= len(scope.rows) - 2:
        return None
    return Question(
        text=scope.ask(f"For how many of {scope.named()} was the {last.figure} higher than{when(first.period)}?"),
        sql=f"SELECT COUNT(*) FROM {TABLE} WHERE {scope.where()} AND {last.sql} > {first.sql}",
        form=AnswerForm("count"),
        steps=("compare the two figures of each", "count those that rose"),
    )


def change_at_rank(scope: Scope) -> Question | None:
    first, last = scope.measures
    place = scope.random.randint(1, min(3, len(scope.rows) - 1))
    most = scope.random.random() < 0.6
    word = ordinal(place, first.greatest if most else first.least)
    ordered = sorted(scope.rows, key=lambda row: scope.number(row), reverse=most)
    change = scope.number(ordered[place - 1], 1) - scope.number(ordered[place - 1], 0)
    if not change:
        return None
    points = " in percentage points" if first.unit.startswith("%") else ""
    return Question(
        text=scope.ask(
            f"Of {scope.named()}, take the one with the {first.ranked(word)}. "
            f"By how much did its figure change {between(first.period, last.period)}?"
        ),
        sql=(
            f"SELECT {last.sql} - {first.sql} FROM (SELECT {first.sql}, {last.sql}, RANK() OVER (ORDER BY {first.sql} "
            f"{'DESC' if most else 'ASC'}) AS place FROM {TABLE} WHERE {scope.where()}) AS ranked WHERE place = {place}"
        ),
        form=number_of(first),
        steps=(f"order by {first.timed}", f"take the {word}", "subtract its first figure from its last"),
        note=f"Give the change{points}, a decrease as a negative number.",
    )


def average_over_time(scope: Scope) -> Question | None:
    """Measures: the same label in three periods or more."""
    count = len(scope.measures)
    sums = [sum((_fraction(scope, row, place) for place in range(count)), Fraction(0)) for row in scope.rows]
    most = scope.random.random() < 0.6
    if not leads_clearly(sums, most):
        return None
    measure = scope.measures[0]
    mean = f"({' + '.join(each.sql for each in scope.measures)}) / {count}"
    periods = listed([with_article(each.period) for each in scope.measures])
    return Question(
        text=scope.ask(
            f"For which of {scope.named()} is the average {measure.untimed} over {periods} "
            f"the {'highest' if most else 'lowest'}?"
        ),
        sql=(
            f"SELECT {ENTITY} FROM (SELECT {ENTITY}, RANK() OVER (ORDER BY {mean} {'DESC' if most else 'ASC'}) "
            f"AS place FROM {TABLE} WHERE {scope.where()}) AS ranked WHERE place = 1"
        ),
        form=AnswerForm("name"),
        steps=(f"average the {count} figures of each", f"take the {'highest' if most else 'lowest'}"),
    )


def spread_of_averages(scope: Scope) -> Question | None:
    count = len(scope.measures)
    measure = scope.measures[0]
    mean = f"({' + '.join(each.sql for each in scope.measures)})"
    periods = listed([with_article(each.period) for each in scope.measures])
    return Question(
        text=scope.ask(
            f"For each of {scope.named()}, compute the average {measure.untimed} over {periods}. "
            f"What is the difference between the highest and the lowest of these averages?"
        ),
        sql=f"SELECT (MAX{mean} - MIN{mean}) / {count} FROM {TABLE} WHERE {scope.where()}",
        form=number_of(measure),
        steps=(f"average the {count} figures of each", "subtract the least from the greatest"),
        rounds=True,
        note="Give the difference in percentage points." if measure.unit.startswith("%") else "",
    )


def order_of_dates(scope: Scope) -> Question | None:
    (measure,) = scope.measures
    place = scope.random.randint(1, len(scope.rows) - 1)
    latest = scope.random.random() < 0.5
    return Question(
        text=scope.ask(
            f"Put {scope.named()} in order of the date that the documents give for “{measure.said}”, "
            f"{'latest' if latest else 'earliest'} first. Which comes {PLACES[place - 1]}?"
        ),
        sql=(
            f"SELECT {ENTITY} FROM (SELECT {ENTITY}, RANK() OVER (ORDER BY {measure.sql} {'DESC' if latest else 'ASC'})"
            f" AS place FROM {TABLE} WHERE {scope.where()}) AS ranked WHERE place = {place}"
        ),
        form=AnswerForm("name"),
        steps=(f"order by the date of {measure.said}", f"take the {PLACES[place - 1]}"),
    )


def days_between(scope: Scope) -> Question | None:
    (measure,) = scope.measures
    return Question(
        text=scope.ask(
            f"Among {scope.named()}, how many days lie between the earliest and the latest date "
            f"that the documents give for “{measure.said}”?"
        ),
        sql=f"SELECT MAX({measure.sql}) - MIN({measure.sql}) FROM {TABLE} WHERE {scope.where()}",
        form=AnswerForm("count"),
        steps=(f"find the earliest and the latest {measure.said}", "count the days from one to the other"),
    )


def _fraction(scope: Scope, row: Row, place: int) -> Fraction:
    return Fraction(scope.number(row, place))


TEMPLATES_OF_TIME = (
    Template("change_of_total", "temporal", "additive in two periods", 1, 5, change_of_total),
    Template("difference_of_totals", "temporal", "additive in two periods", 2, 5, difference_of_totals),
    Template("greatest_growth", "temporal", "two periods", 4, 7, greatest_growth),
    Template("count_of_growth", "temporal", "two periods", 5, 9, count_of_growth),
    Template("change_at_rank", "temporal", "two periods", 4, 7, change_at_rank),
    Template("average_over_time", "temporal", "three periods", 4, 6, average_over_time),
    Template("spread_of_averages", "temporal", "three periods", 3, 5, spread_of_averages),
    Template("order_of_dates", "temporal", "date", 4, 6, order_of_dates),
    Template("days_between", "temporal", "date", 3, 5, days_between),
)
