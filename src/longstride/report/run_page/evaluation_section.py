"""What the models answered: a table shaped like the paper's Table 10, and the memory agent beside a single pass."""

from __future__ import annotations

from longstride.analysis.evaluations import (
    MODES,
    EvaluatedModel,
    Evaluations,
    Examination,
    difference,
    memory_gain,
)
from longstride.evaluation.aggregate import Breakdown
from longstride.evaluation.arms import FULL_CONTEXT, MEMORY
from longstride.evaluation.bootstrap import Interval
from longstride.evaluation.report import ALL
from longstride.report.run_page.charts import Estimate, interval_rows
from longstride.report.run_page.markup import Markup, folded, join, note, number, sentence, table, tag, text, words
from longstride.report.run_page.story import interval, memory_how, verdict

CALLED = {FULL_CONTEXT: "single pass", MEMORY: "memory agent"}
STYLES = {FULL_CONTEXT: 1, MEMORY: 2}
SIGNS = {"better": "▲", "worse": "▼", "same": "≈"}
SAID = {"better": "better", "worse": "worse", "same": "could be chance"}
ASKED = {
    True: "Nothing was trained on these questions",
    False: "These questions stand in a data set that was trained on, too: what is remembered counts as learnt",
    None: "The logs do not tell whether a model was trained on these questions",
}
ABOUT_REWARDS = (
    "A reward of 1 is a right answer, 0 a wrong one. In brackets: where the mean would lie, in 95 % of cases, had "
    "other questions of the kind been asked (bootstrap)."
)
ABOUT_MEMORY = (
    "A single pass puts the whole input before the model. The memory agent reads it chunk by chunk, keeps a short "
    "memory from one chunk to the next, and answers from that memory: so it can read more than fits at once."
)


def evaluation_section(evaluations: Evaluations) -> Markup:
    """The table of all models; by task; then, by length, each model that was read in both ways."""
    examinations = evaluations.examinations
    if not examinations:
        return tag("p", "No evaluation is done yet, so what was learnt is not known.", class_="missing")
    parts: list[Markup] = [note(ABOUT_REWARDS), *map(_about, examinations), stages_table(evaluations)]
    signs = ", ".join(f"{SIGNS[kind]} {said}" for kind, said in SAID.items())
    if any(len(each.models) > 1 for each in examinations):
        parts.append(note(f"Below a reward: how it differs from the column's first on the same questions, {signs}."))
    for place, examination in enumerate(examinations):
        for mode in examination.modes:
            parts.append(
                folded(f"By task: {_column(examination, mode)}", _by_task(examination, mode), open_=place == 0)
            )
    parts += [tag("h3", "By length of the input"), note(ABOUT_MEMORY)]
    both = [
        (examination, model)
        for examination in examinations
        for model in examination.models
        if len(model.answers) == len(MODES)
    ]
    if both:
        parts.append(_by_length(*both[-1]))
        parts += [folded(f"By length: {model.name}", _by_length(each, model)) for each, model in both[:-1]]
    else:
        said = "No model was read both in a single pass and by the memory agent on the same questions."
        parts.append(tag("p", said, class_="missing"))
    return join(parts)


def stages_table(evaluations: Evaluations) -> Markup:
    """A row a model, a column for each data set and way of reading: all its questions, as Table 10 begins and ends."""
    kinds = [(examination, mode) for examination in evaluations.examinations for mode in examination.modes]
    rows: list[list[str]] = []
    for name in evaluations.model_names:
        row: list[str] = [name]
        for examination, mode in kinds:
            model = examination.model(name)
            row.append("-" if model is None else _cell(examination, model, mode, ""))
        rows.append(row)
    columns = ["model", *(f"{_column(examination, mode)}: {ALL}" for examination, mode in kinds)]
    return table("Models in the order in which they were made (as in Table 10)", columns, rows)


def difference_line(change: Interval, log: str, how: str) -> Markup:
    """A difference on a line of its own, with the sign that tells whether it is one."""
    kind = verdict(change)
    sign = tag("span", SIGNS[kind], role="img", aria_label=SAID[kind])
    return tag("span", sign, " ", interval(change, log, how, signed=True), class_=f"delta {kind}")


def _about(examination: Examination) -> Markup:
    drawn = (
        "the likeliest token at each place"
        if examination.decoding == "greedy"
        else f"temperature {examination.decoding.removeprefix('t')}"
    )
    asked = max(each.overall.questions for model in examination.models for each in model.rewards.values())
    return tag(
        "p",
        sentence(
            "{name}: {asked} questions, answers drawn with {drawn}. {training}.",
            name=tag("strong", text(examination.name)),
            asked=number(asked, log=examination.last.log, how="questions"),
            drawn=tag("span", drawn, class_="setting"),
            training=ASKED[examination.held_out],
        ),
    )


def _column(examination: Examination, mode: str) -> str:
    return f"{examination.name}, {CALLED[mode]}"


def _by_task(examination: Examination, mode: str) -> Markup:
    """A row a model, a column a task."""
    models = [model for model in examination.models if mode in model.rewards]
    tasks = sorted({task for model in models for task in model.rewards[mode].by_task})
    rows = [[model.name, *(_cell(examination, model, mode, task) for task in ("", *tasks))] for model in models]
    return table(f"{_column(examination, mode)}, by task", ["model", ALL, *map(words, tasks)], rows)


def _cell(examination: Examination, model: EvaluatedModel, mode: str, task: str) -> Markup:
    """A reward with its interval, and how it differs from the first model's."""
    breakdown = model.rewards.get(mode)
    value = None if breakdown is None else _part(breakdown, task)
    if value is None:
        return Markup("-")
    how = f"by_task {task}" if task else "overall"
    arm = f"{mode}-{examination.decoding}"
    parts = [interval(value, model.log, f"{arm} {how}")]
    first = examination.first
    found = None if model is first else difference(model, first, mode)
    change = None if found is None else _part(found.difference, task)
    if change is not None:
        parts.append(difference_line(change, model.log, f"{arm}: {model.name} over {first.name} {how}"))
    return join(parts)


def _part(breakdown: Breakdown, task: str) -> Interval | None:
    return breakdown.by_task.get(task) if task else breakdown.overall


def _by_length(examination: Examination, model: EvaluatedModel) -> Markup:
    gain = memory_gain(model)
    drawn: dict[str, list[Estimate]] = {}
    rows: list[list[str]] = []
    for label in dict.fromkeys(label for mode in MODES for label in model.rewards[mode].by_length):
        row: list[str] = [label]
        for mode in MODES:
            value = model.rewards[mode].by_length.get(label)
            if value is None:
                row.append("-")
                continue
            estimate = Estimate(CALLED[mode], value.value, value.low, value.high, STYLES[mode])
            drawn.setdefault(label, []).append(estimate)
            row.append(interval(value, model.log, f"{mode}-{examination.decoding} by_length {label}"))
        change = None if gain is None else gain.difference.by_length.get(label)
        row.append("-" if change is None else difference_line(change, model.log, memory_how(examination, label)))
        rows.append(row)
    columns = ["input tokens", *(CALLED[mode] for mode in MODES), "memory agent over single pass"]
    title = f"{model.name} on {examination.name}: reward by length of the input"
    return tag(
        "figure",
        tag("figcaption", tag("strong", title)),
        interval_rows(title, drawn),
        folded("The values", table(title, columns, rows)),
        class_="chart",
    )
