"""The data: what fell out at which check, and how long the inputs are (paper Figure 3)."""

from __future__ import annotations

from longstride.analysis.data_sets import DataSetLog
from longstride.report.run_page.charts import bar_table
from longstride.report.run_page.markup import Markup, folded, join, note, number, table, tag, words


def data_section(data_sets: tuple[DataSetLog, ...]) -> Markup:
    """A part for each data set."""
    if not data_sets:
        return tag("p", "No data set stands in this run.", class_="missing")
    opening = note(
        "Questions are made by programs over documents, and checked: is every quotation where it says, does the answer "
        "follow from the documents alone, does it stay with more of them. What fails a check falls out."
    )
    return join([opening, *(_data_set(each) for each in data_sets)])


def _data_set(each: DataSetLog) -> Markup:
    parts: list[Markup] = [tag("h3", each.part.name)]
    if each.funnel:
        parts += [_funnel(each), _reasons(each)]
    else:
        parts.append(tag("p", "No funnel was recorded.", class_="missing"))
    if each.input_tokens:
        hows = {name: f"input_tokens {name}" for name in each.lengths}
        parts.append(
            bar_table("Questions by input length", ("tokens", "questions"), each.lengths, each.samples_log, hows)
        )
    if each.tasks:
        named = {words(task): count for task, count in each.tasks.items()}
        hows = {words(task): f"task {task}" for task in each.tasks}
        parts.append(bar_table("Questions by task", ("task", "questions"), named, each.samples_log, hows))
    return tag("div", *parts, class_="data-set")


def _funnel(each: DataSetLog) -> Markup:
    counts = {"made": each.funnel[0].entered, **{stage.name: stage.left for stage in each.funnel}}
    return bar_table("What is left after each check", ("check", "left"), counts, each.funnel_log, {})


def _reasons(each: DataSetLog) -> Markup:
    rows = [
        (stage.name, number(stage.entered), number(stage.left), reason, number(count))
        for stage in each.funnel
        for reason, count in stage.reasons.items()
    ]
    columns = ["check", "entered", "left", "why they fell out", "questions"]
    return folded(
        "Why questions fell out",
        table(f"{each.part.name}: reasons", columns, rows, log=each.funnel_log) if rows else note("None fell out."),
    )
