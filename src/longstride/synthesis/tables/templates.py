"""The query templates over one or two measures: aggregation, calculation, ranking, filtering, comparison, look-up.

Each is a question in English and its SQL, side by side. Sentences avoid articles and verbs whose form would depend on
the label ("the figure for exports", "add up"). Ranks are computed with RANK() and asked for by equality, so that a tie
gives two rows or none, which is no answer, and nothing hangs on the order of rows.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from longstride.synthesis.tables.answer_forms import AnswerForm, leads_clearly, round_number_between, with_unit
from longstride.synthesis.tables.corpus_table import Row
from longstride.synthesis.tables.queries import ENTITY, TABLE, Measure, Question, Scope, Template
from longstride.synthesis.tables.wording import in_words, ordinal

LOWEST_SHARE, HIGHEST_SHARE = Decimal("0.02"), Decimal("0.98")


def number_of(measure: Measure, *, decimals: int | None = None) -> AnswerForm:
    return AnswerForm("number", decimals, measure.scale, measure.unit)


def total(scope: Scope) -> Question | None:
    (measure,) = scope.measures
    return Question(
        text=scope.ask(f"What is the combined {measure.figure} of {scope.named()}?"),
        sql=f"SELECT SUM({measure.sql}) FROM {TABLE} WHERE {scope.where()}",
        form=number_of(measure),
        steps=(f"add up {measure.timed}",),
    )


def average(scope: Scope) -> Question | None:
    (measure,) = scope.measures
    return Question(
        text=scope.ask(f"What is the average (arithmetic mean) {measure.figure} across {scope.named()}?"),
        sql=f"SELECT SUM({measure.sql}) / COUNT({measure.sql}) FROM {TABLE} WHERE {scope.where()}",
        form=number_of(measure),
        steps=(f"add up {measure.timed}", "divide by the number of entities"),
        rounds=True,
        note="" if measure.additive else "Weigh each equally.",
    )


def median(scope: Scope) -> Question | None:
    (measure,) = scope.measures
    return Question(
        text=scope.ask(f"What is the median {measure.figure} across {scope.named()}?"),
        sql=f"SELECT MEDIAN({measure.sql}) FROM {TABLE} WHERE {scope.where()}",
        form=number_of(measure),
        steps=(f"order {measure.timed}", "take the middle value"),
    )


def spread(scope: Scope) -> Question | None:
    (measure,) = scope.measures
    return Question(
        text=scope.ask(
            f"What is the difference between the {measure.greatest} and the {measure.ranked(measure.least)} "
            f"among {scope.named()}?"
        ),
        sql=f"SELECT MAX({measure.sql}) - MIN({measure.sql}) FROM {TABLE} WHERE {scope.where()}",
        form=number_of(measure),
        steps=(f"find the greatest and the least {measure.timed}", "subtract"),
        note=_points(measure),
    )


def count_above(scope: Scope) -> Question | None:
    (measure,) = scope.measures
    found = _threshold(scope, 0, fewest=2)
    if found is None:
        return None
    above = scope.random.random() < 0.5
    sign, word = (">", "above") if above else ("<", "below")
    return Question(
        text=scope.ask(f"For how many of {scope.named()} is the {measure.figure} {word} {measure.with_unit(found)}?"),
        sql=f"SELECT COUNT(*) FROM {TABLE} WHERE {scope.where()} AND {measure.sql} {sign} {found:f}",
        form=AnswerForm("count"),
        steps=(f"keep those with {measure.timed} {word} {measure.with_unit(found)}", "count them"),
    )


def rank(scope: Scope) -> Question | None:
    (measure,) = scope.measures
    place = scope.random.randint(2, min(4, len(scope.rows) - 1))
    most = scope.random.random() < 0.7
    word = ordinal(place, measure.greatest if most else measure.least)
    return Question(
        text=scope.ask(f"Of {scope.named()}, which has the {measure.ranked(word)}?"),
        sql=(
            f"SELECT {ENTITY} FROM (SELECT {ENTITY}, RANK() OVER (ORDER BY {measure.sql} {'DESC' if most else 'ASC'}) "
            f"AS place FROM {TABLE} WHERE {scope.where()}) AS ranked WHERE place = {place}"
        ),
        form=AnswerForm("name"),
        steps=(f"order by {measure.timed}", f"take the {word}"),
    )


def share(scope: Scope) -> Question | None:
    (measure,) = scope.measures
    one = scope.random.choice(scope.rows)
    if any(number <= 0 for number in scope.numbers()):
        return None
    part = scope.number(one) / sum(scope.numbers())
    if not LOWEST_SHARE < part < HIGHEST_SHARE:
        return None
    of_one = f"CASE WHEN {scope.where([one])} THEN {measure.sql} ELSE 0 END"
    return Question(
        text=scope.ask(
            f"What percentage of the combined {measure.figure} of {scope.named()} "
            f"is accounted for by {scope.name(one)}?"
        ),
        sql=f"SELECT 100 * SUM({of_one}) / SUM({measure.sql}) FROM {TABLE} WHERE {scope.where()}",
        form=AnswerForm("percent"),
        steps=(f"add up {measure.timed}", f"divide the figure of {scope.names[one]} by the sum", "multiply by 100"),
        rounds=True,
    )


def group_difference(scope: Scope) -> Question | None:
    (measure,) = scope.measures
    parted = _two_groups(scope)
    if parted is None:
        return None
    greater, lesser = parted
    return Question(
        text=scope.ask(
            f"By how much does the combined {measure.figure} of {scope.named(greater)} "
            f"exceed {'that' if len(lesser) == 1 else 'the combined figure'} of {scope.named(lesser)}?"
        ),
        sql=(
            f"SELECT {_sum_of(scope, measure, greater)} - {_sum_of(scope, measure, lesser)} "
            f"FROM {TABLE} WHERE {scope.where()}"
        ),
        form=number_of(measure),
        steps=(f"add up {measure.timed} of each group", "subtract"),
    )


def group_ratio(scope: Scope) -> Question | None:
    (measure,) = scope.measures
    parted = _two_groups(scope)
    if parted is None or any(number <= 0 for number in scope.numbers()):
        return None
    greater, lesser = parted
    if sum(scope.number(row) for row in greater) > 1000 * sum(scope.number(row) for row in lesser):
        return None
    return Question(
        text=scope.ask(
            f"How many times as large as the {measure.figure} of {scope.named(lesser)} "
            f"{'combined ' if len(lesser) > 1 else ''}is that of {scope.named(greater)} combined?"
        ),
        sql=(
            f"SELECT {_sum_of(scope, measure, greater)} / {_sum_of(scope, measure, lesser)} "
            f"FROM {TABLE} WHERE {scope.where()}"
        ),
        form=AnswerForm("ratio"),
        steps=(f"add up {measure.timed} of each group", "divide"),
        rounds=True,
    )


def total_of_filtered(scope: Scope) -> Question | None:
    first, second = scope.measures
    found = _threshold(scope, 0, fewest=2)
    if found is None:
        return None
    above = scope.random.random() < 0.5
    sign, word = (">", "above") if above else ("<", "below")
    return Question(
        text=scope.ask(
            f"Among {scope.named()}, consider only those whose {first.figure} is {word} "
            f"{first.with_unit(found)}. What is the combined {second.figure} of these?"
        ),
        sql=f"SELECT SUM({second.sql}) FROM {TABLE} WHERE {scope.where()} AND {first.sql} {sign} {found:f}",
        form=number_of(second),
        steps=(f"keep those with {first.timed} {word} {first.with_unit(found)}", f"add up their {second.timed}"),
    )


def average_of_filtered(scope: Scope) -> Question | None:
    first, second = scope.measures
    found = _threshold(scope, 0, fewest=2)
    if found is None:
        return None
    above = scope.random.random() < 0.5
    sign, word = (">", "above") if above else ("<", "below")
    return Question(
        text=scope.ask(
            f"Among {scope.named()}, consider only those whose {first.figure} is {word} "
            f"{first.with_unit(found)}. What is the average (arithmetic mean) {second.figure} across these?"
        ),
        sql=(
            f"SELECT SUM({second.sql}) / COUNT({second.sql}) FROM {TABLE} "
            f"WHERE {scope.where()} AND {first.sql} {sign} {found:f}"
        ),
        form=number_of(second),
        steps=(
            f"keep those with {first.timed} {word} {first.with_unit(found)}",
            f"add up their {second.timed}",
            "divide by how many they are",
        ),
        rounds=True,
        note="" if second.additive else "Weigh each equally.",
    )


def rank_of_filtered(scope: Scope) -> Question | None:
    first, second = scope.measures
    found = _threshold(scope, 0, fewest=3)
    if found is None:
        return None
    above = scope.random.random() < 0.5
    sign, word = (">", "above") if above else ("<", "below")
    most = scope.random.random() < 0.6
    superlative = second.greatest if most else second.least
    kept = [row for row in scope.rows if (scope.number(row) > found) == above]
    best = (max if most else min)(scope.rows, key=lambda row: scope.number(row, 1))
    if best in kept and len(kept) < len(scope.rows) and scope.random.random() < 0.8:
        return None  # mostly, the filter should decide
    return Question(
        text=scope.ask(
            f"Among those of {scope.named()} whose {first.figure} is {word} {first.with_unit(found)}, "
            f"which has the {second.ranked(superlative)}?"
        ),
        sql=(
            f"SELECT {ENTITY} FROM (SELECT {ENTITY}, RANK() OVER (ORDER BY {second.sql} {'DESC' if most else 'ASC'}) "
            f"AS place FROM {TABLE} WHERE {scope.where()} AND {first.sql} {sign} {found:f}) AS ranked "
            "WHERE place = 1"
        ),
        form=AnswerForm("name"),
        steps=(
            f"keep those with {first.timed} {word} {first.with_unit(found)}",
            f"order by {second.timed}",
            f"take the {superlative}",
        ),
    )


def value_at_rank(scope: Scope) -> Question | None:
    first, second = scope.measures
    place = scope.random.randint(1, min(3, len(scope.rows) - 1))
    most = scope.random.random() < 0.6
    word = ordinal(place, first.greatest if most else first.least)
    return Question(
        text=scope.ask(f"Of {scope.named()}, take the one with the {first.ranked(word)}. What is its {second.figure}?"),
        sql=(
            f"SELECT {second.sql} FROM (SELECT {second.sql}, RANK() OVER (ORDER BY {first.sql} "
            f"{'DESC' if most else 'ASC'}) AS place FROM {TABLE} WHERE {scope.where()}) AS ranked WHERE place = {place}"
        ),
        form=number_of(second),
        steps=(f"order by {first.timed}", f"take the {word}", f"read its {second.timed}"),
    )


def total_of_top(scope: Scope) -> Question | None:
    first, second = scope.measures
    count = scope.random.randint(2, min(3, len(scope.rows) - 2))
    most = scope.random.random() < 0.6
    word = first.greatest if most else first.least
    return Question(
        text=scope.ask(
            f"Of {scope.named()}, take the {in_words(count)} with the {first.ranked(word)}. "
            f"What is the combined {second.figure} of these {in_words(count)}?"
        ),
        sql=(
            f"SELECT SUM({second.sql}) FROM (SELECT {second.sql}, RANK() OVER (ORDER BY {first.sql} "
            f"{'DESC' if most else 'ASC'}) AS place FROM {TABLE} WHERE {scope.where()}) AS ranked "
            f"WHERE place <= {count} HAVING COUNT(*) = {count}"
        ),
        form=number_of(second),
        steps=(f"order by {first.timed}", f"take the {in_words(count)} {word}", f"add up their {second.timed}"),
    )


def overall_ratio(scope: Scope) -> Question | None:
    first, second = scope.measures
    if any(number <= 0 for place in (0, 1) for number in scope.numbers(place)):
        return None
    return Question(
        text=scope.ask(
            f"Taking {scope.named()} together, what percentage of the combined {second.figure} "
            f"is the combined {first.figure}?"
        ),
        sql=f"SELECT 100 * SUM({first.sql}) / SUM({second.sql}) FROM {TABLE} WHERE {scope.where()}",
        form=AnswerForm("percent"),
        steps=(f"add up {first.timed}", f"add up {second.timed}", "divide the first by the second", "multiply by 100"),
        rounds=True,
    )


def rank_by_ratio(scope: Scope) -> Question | None:
    first, second = scope.measures
    if any(number <= 0 for place in (0, 1) for number in scope.numbers(place)):
        return None
    ratios = [Fraction(scope.number(row)) / Fraction(scope.number(row, 1)) for row in scope.rows]
    most = scope.random.random() < 0.6
    if not leads_clearly(ratios, most):
        return None
    word = "highest" if most else "lowest"
    return Question(
        text=scope.ask(f"For which of {scope.named()} is the ratio of {first.timed} to {second.timed} the {word}?"),
        sql=(
            f"SELECT {ENTITY} FROM (SELECT {ENTITY}, RANK() OVER (ORDER BY {first.sql} / {second.sql} "
            f"{'DESC' if most else 'ASC'}) AS place FROM {TABLE} WHERE {scope.where()}) AS ranked WHERE place = 1"
        ),
        form=AnswerForm("name"),
        steps=(f"divide {first.timed} by {second.timed} for each", f"take the {word}"),
    )


def look_up(scope: Scope) -> Question | None:
    (measure,) = scope.measures
    (row,) = scope.rows
    return Question(
        text=scope.ask(f"What is the {measure.figure} of {scope.name(row)}?"),
        sql=f"SELECT {measure.sql} FROM {TABLE} WHERE {scope.where()}",
        form=number_of(measure),
        steps=(f"read {measure.timed} of {scope.names[row]}",),
    )


def reverse_look_up(scope: Scope) -> Question | None:
    (measure,) = scope.measures
    row = scope.random.choice(scope.rows)
    number = scope.number(row)
    return Question(
        text=scope.ask(
            f"For which of {scope.named()} do the documents give {with_unit(number, measure.scale, measure.unit)} "
            f"as the {measure.figure}?"
        ),
        sql=f"SELECT {ENTITY} FROM {TABLE} WHERE {scope.where()} AND {measure.sql} = {number:f}",
        form=AnswerForm("name"),
        steps=(f"read {measure.timed} of each", f"take the one that is {measure.with_unit(number)}"),
    )


def _points(measure: Measure) -> str:
    return "Give the difference in percentage points." if measure.unit.startswith("%") else ""


def _sum_of(scope: Scope, measure: Measure, rows: list[Row]) -> str:
    return f"SUM(CASE WHEN {scope.where(rows)} THEN {measure.sql} ELSE 0 END)"


def _two_groups(scope: Scope) -> tuple[list[Row], list[Row]] | None:
    """The rows in two groups, the one with the greater sum first."""
    rows = list(scope.rows)
    scope.random.shuffle(rows)
    cut = scope.random.randint(max(1, len(rows) // 2), len(rows) - 1)
    first, second = rows[:cut], rows[cut:]
    sums = [sum(scope.number(row) for row in group) for group in (first, second)]
    if len(first) < 2 or sums[0] <= sums[1]:
        first, second, sums = second, first, sums[::-1]
    return (first, second) if len(first) > 1 and sums[0] > sums[1] > 0 else None


def _threshold(scope: Scope, place: int, fewest: int) -> Decimal | None:
    """A round number with at least `fewest` rows on either side, at one of the wider gaps."""
    ordered = sorted(scope.numbers(place))
    gaps = [
        (high - low, low, high)
        for index, (low, high) in enumerate(pairwise(ordered), start=1)
        if fewest <= index <= len(ordered) - fewest and high > low
    ]
    if not gaps:
        return None
    _, low, high = scope.random.choice(gaps)
    return round_number_between(low, high)


TEMPLATES = (
    Template("total", "statistical_aggregation", "additive", 3, 6, total),
    Template("average", "statistical_aggregation", "any", 3, 6, average),
    Template("median", "statistical_aggregation", "any", 5, 7, median, odd=True),
    Template("spread", "statistical_aggregation", "any", 4, 7, spread),
    Template("count_above", "statistical_aggregation", "any", 5, 9, count_above),
    Template("rank", "statistical_aggregation", "any", 4, 8, rank),
    Template("share", "numerical_calculation", "additive", 3, 6, share),
    Template("group_difference", "numerical_calculation", "additive", 3, 5, group_difference),
    Template("group_ratio", "numerical_calculation", "additive", 3, 5, group_ratio),
    Template("total_of_filtered", "statistical_aggregation", "any, additive", 4, 7, total_of_filtered),
    Template("average_of_filtered", "statistical_aggregation", "two", 4, 7, average_of_filtered),
    Template("rank_of_filtered", "statistical_aggregation", "two", 6, 8, rank_of_filtered),
    Template("value_at_rank", "numerical_calculation", "two", 4, 7, value_at_rank),
    Template("total_of_top", "statistical_aggregation", "any, additive", 4, 7, total_of_top),
    Template("overall_ratio", "numerical_calculation", "part, whole", 3, 5, overall_ratio),
    Template("rank_by_ratio", "numerical_calculation", "part, whole", 4, 7, rank_by_ratio),
    Template("look_up", "look_up", "any", 1, 1, look_up),
    Template("reverse_look_up", "look_up", "any", 4, 7, reverse_look_up),
)
