"""Two runs side by side: their settings, their curves on one axis, their models question by question."""

from __future__ import annotations

from collections.abc import Sequence

from longstride.analysis.evaluations import MODES, Examination, difference
from longstride.analysis.logged import Logged
from longstride.analysis.run_logs import RunLogs
from longstride.analysis.training import ENTROPY, HELD_OUT, REWARD
from longstride.evaluation.aggregate import Breakdown
from longstride.evaluation.bootstrap import Interval
from longstride.evaluation.report import ALL, OVER_TASKS
from longstride.report.run_page.charts import Chart, Line, line_chart
from longstride.report.run_page.evaluation_section import CALLED, difference_line
from longstride.report.run_page.markup import Markup, join, note, number, sentence, table, tag, text, words
from longstride.report.run_page.sections import Section
from longstride.report.run_page.story import interval, story, verdict
from longstride.report.run_page.training_section import STEPS
from longstride.workspace import differences

WHOLES = {"overall": ALL, "over_tasks": OVER_TASKS}  # parts of a breakdown that are one figure
HEADLINE = {
    "better": "{second} earns more than {first} on {set}, {way}: {value}.",
    "worse": "{second} earns less than {first} on {set}, {way}: {value}.",
    "same": "{second} and {first} do not differ beyond chance on {set}, {way}: {value}.",
}


def comparison_sections(first: RunLogs, second: RunLogs) -> list[Section]:
    """The sections of a page of two runs."""
    names = labels(first, second)
    runs = list(zip(names, (first, second), strict=True))
    tasks = sorted({task for _, logs in runs for stage in logs.stages for task in stage.tasks})
    wholes = [
        _overlaid(runs, "Reward while training, all tasks", REWARD, "mean reward", (0.0, 1.0)),
        _overlaid(
            runs, "Reward on held-out questions while training", f"{HELD_OUT}{REWARD}", "mean reward", (0.0, 1.0)
        ),
        _overlaid(runs, "Entropy", ENTROPY, "nats"),
        _overlaid(runs, "Tokens of a response", "response_tokens", "tokens"),
    ]
    by_task = [
        _overlaid(runs, f"Reward, {words(task)}", f"{REWARD}/{task}", "mean reward", (0.0, 1.0)) for task in tasks
    ]
    stories = [tag("div", tag("h3", text(name)), story(logs), _gaps(logs), class_="side") for name, logs in runs]
    return [
        Section("story", "In short", join([_headlines(names, first, second), tag("div", *stories, class_="sides")])),
        Section("settings", "What differs in the settings", _settings(names, first, second)),
        Section("evaluation", "What was learnt: the evaluation", _evaluations(names, first, second)),
        Section("training", "Training", tag("div", *wholes, *by_task, class_="several")),
        Section("numbers", "First steps and last", _numbers(runs)),
    ]


def labels(first: RunLogs, second: RunLogs) -> tuple[str, str]:
    """What the two runs are called: their folders' names, with A and B where those are the same."""
    names = first.run.name, second.run.name
    return names if names[0] != names[1] else (f"A: {names[0]}", f"B: {names[1]}")


def _overlaid(
    runs: Sequence[tuple[str, RunLogs]], title: str, metric: str, unit: str, y_range: tuple[float, float] | None = None
) -> Markup:
    lines: list[Line] = []
    for style, (name, logs) in enumerate(runs, 1):
        starts = logs.stage_starts()
        for stage in logs.stages:
            points = [(starts[stage.name] + step, value) for step, value in stage.points(metric)]
            log = f"{logs.run.name}/{stage.log}"
            lines.append(Line(f"{name}, {stage.name}", points, name, style, log=log))
    return line_chart(Chart(title, lines, STEPS, unit, y_range))


def _both_asked(first: RunLogs, second: RunLogs) -> list[tuple[Examination, Examination]]:
    """The examinations of both runs: the same data sets, answered with the same way of drawing."""
    return [
        (ours, theirs)
        for ours in first.evaluations.examinations
        for theirs in second.evaluations.examinations
        if (ours.sets, ours.decoding) == (theirs.sets, theirs.decoding)
    ]


def _headlines(names: tuple[str, str], first: RunLogs, second: RunLogs) -> Markup:
    parts: list[Markup] = []
    for ours, theirs in _both_asked(first, second):
        for mode in MODES:
            found = difference(theirs.last, ours.last, mode)
            if found is None:
                continue
            value = found.difference.overall
            log = f"{second.run.name}/{theirs.last.log}"
            said = sentence(
                HEADLINE[verdict(value)],
                first=tag("strong", text(names[0])),
                second=tag("strong", text(names[1])),
                set=tag("span", text(ours.name), class_="place"),
                way=CALLED[mode],
                value=interval(value, log, f"{mode} of the other run overall", signed=True),
            )
            parts.append(tag("p", said))
    if not parts:
        said = "The last models of the two were not evaluated on the same questions: which learnt more is not known."
        parts.append(tag("p", said, class_="missing"))
    return tag("div", *parts, class_="story")


def _settings(names: tuple[str, str], first: RunLogs, second: RunLogs) -> Markup:
    ours = {part.name: part.settings for part in first.run.parts}
    theirs = {part.name: part.settings for part in second.run.parts}
    rows = [
        (name, text(change))
        for name in ours
        if name in theirs
        for change in differences(ours[name], theirs[name])
        if not change.startswith(("training_samples", "data.folders", "origin", "lessons"))
    ]
    parts: list[Markup] = []
    for name, held, other in ((names[0], ours, theirs), (names[1], theirs, ours)):
        only = [each for each in held if each not in other]
        if only:
            parts.append(note(f"Only {name} has: {', '.join(only)}."))
    if len(first.run.parts) == len(second.run.parts) == 1 and not rows:
        rows = [
            (first.run.parts[0].name, text(change))
            for change in differences(first.run.parts[0].settings, second.run.parts[0].settings)
        ]
    if rows:
        quoted = [(name, tag("span", change, class_="quoted setting")) for name, change in rows]
        columns = ["step", f"in {names[0]}, and now in {names[1]}"]
        parts.append(table("Settings that differ", columns, quoted))
    else:
        parts.append(note("The steps that both have were made with the same settings."))
    return join(parts)


def _evaluations(names: tuple[str, str], first: RunLogs, second: RunLogs) -> Markup:
    parts = [
        _differences(names, (first, second), (ours, theirs), mode)
        for ours, theirs in _both_asked(first, second)
        for mode in MODES
        if mode in ours.last.rewards and mode in theirs.last.rewards
    ]
    missing = tag("p", "No evaluation of the one was made of the other, too.", class_="missing")
    return join(parts) if parts else missing


def _differences(
    names: tuple[str, str], runs: tuple[RunLogs, RunLogs], asked: tuple[Examination, Examination], mode: str
) -> Markup:
    """The last models of both: over all questions, over tasks, by task, by length."""
    ours, theirs = (each.last for each in asked)
    left, right = ours.rewards[mode], theirs.rewards[mode]
    found = difference(theirs, ours, mode)
    logs = [f"{run.run.name}/{model.log}" for run, model in zip(runs, (ours, theirs), strict=True)]
    rows: list[list[str]] = []
    tasks = sorted({*left.by_task, *right.by_task})
    labels_of = {"overall": [""], "over_tasks": [""], "by_task": tasks, "by_length": [*left.by_length]}
    for kind, labels_in in labels_of.items():
        for label in labels_in:
            how = f"{kind} {label}".strip()
            row: list[str] = [words(label) if label else WHOLES[kind]]
            for held, log in zip((left, right), logs, strict=True):
                value = _part(held, kind, label)
                row.append("-" if value is None else interval(value, log, f"{mode}-{asked[0].decoding} {how}"))
            change = None if found is None else _part(found.difference, kind, label)
            row.append("-" if change is None else difference_line(change, logs[1], f"{mode} of the other run {how}"))
            rows.append(row)
    caption = f"{asked[0].name}, {CALLED[mode]}: {ours.name} of {names[0]}, {theirs.name} of {names[1]}"
    return table(caption, ["", *names, f"{names[1]} over {names[0]}"], rows)


def _part(breakdown: Breakdown, kind: str, label: str) -> Interval | None:
    held = getattr(breakdown, kind)
    return held if kind in WHOLES else held.get(label)


def _numbers(runs: Sequence[tuple[str, RunLogs]]) -> Markup:
    rows: list[list[str]] = []
    for name, logs in runs:
        for stage in logs.stages:
            row: list[str] = [f"{name}, {stage.name}"]
            for metric in (REWARD, ENTROPY, "response_tokens"):
                change = stage.change(metric)
                ends = (None, None) if change is None else (change.first, change.last)
                row += ["-" if end is None else _end(end, logs.run.name) for end in ends]
            rows.append(row)
    columns = ["stage"]
    for name in ("reward", "entropy", "response tokens"):
        columns += [f"{name}, first steps", "last steps"]
    return table("Means over the first and the last steps", columns, rows)


def _end(value: Logged, run: str) -> Markup:
    return number(value.value, "{:.3f}", f"{run}/{value.log}", value.how)


def _gaps(logs: RunLogs) -> Markup:
    if not logs.missing:
        return Markup("")
    return tag(
        "div", tag("h4", "What is missing"), tag("ul", *(tag("li", text(each)) for each in logs.missing)), class_="gaps"
    )
