"""Training: reward by task and stage, entropy with its band and the controller's state (paper Figure 11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from longstride.analysis.run_logs import RunLogs
from longstride.analysis.training import ENTROPY, HELD_OUT, REWARD, TrainingLog
from longstride.report.run_page.charts import Chart, Level, Line, line_chart
from longstride.report.run_page.markup import Markup, join, note, number, table, tag, words
from longstride.report.run_page.story import stage_story

STEPS = "training steps, stage after stage"
DROPPED = "wrong responses kept out"


def training_section(logs: RunLogs) -> Markup:
    """Warm starts, then the stages in a row."""
    parts: list[Markup] = [_warm_start(each) for each in logs.warm_starts if each.rows]
    stages = [stage for stage in logs.stages if stage.rows]
    if not stages:
        parts.append(tag("p", "No step of reinforcement learning was logged.", class_="missing"))
        return join(parts)
    parts += [stage_story(stage) for stage in stages]
    cuts = dict(logs.stage_starts()) if len(stages) > 1 else {}
    parts.append(
        note(
            "At each step the model answers each question several times; a response earns a reward from 0 (wrong) to 1 "
            "(right), and those better than the others of their question are made more likely. Thin lines are single "
            "steps, thick ones their running means. These are the questions it trains on: what it learnt is told "
            "by the held-out ones."
        )
    )
    parts.append(
        line_chart(
            Chart(
                "Reward, all tasks",
                [*metric_lines(logs, REWARD, "while training"), *_held_out(logs)],
                STEPS,
                "mean reward",
                (0.0, 1.0),
                cuts=cuts,
            )
        )
    )
    tasks = sorted({task for stage in stages for task in stage.tasks})
    charts = [
        line_chart(
            Chart(
                f"Reward, {words(task)}",
                [*metric_lines(logs, f"{REWARD}/{task}", "while training"), *_held_out(logs, task)],
                STEPS,
                "mean reward",
                (0.0, 1.0),
                cuts=cuts,
            )
        )
        for task in tasks
    ]
    parts.append(tag("div", *charts, class_="several"))
    parts.append(tag("h3", "Entropy, and who may learn from mistakes"))
    parts.append(
        note(
            "Entropy (in nats) tells how undecided the model is about its next token. Too little, and it stops to "
            "explore; when it grows too far, answers turn to noise. The controller (AEPO, 4.4) lets wrong responses "
            "push the model only while the entropy allows it: above the band they are kept out, below it they are back."
        )
    )
    parts.append(line_chart(_entropy(logs, cuts)))
    more = (("Tokens of a response", "response_tokens", "tokens"), ("Norm of the gradient", "gradient_norm", ""))
    others = [
        line_chart(Chart(title, metric_lines(logs, name, title.lower()), STEPS, unit, cuts=cuts))
        for title, name, unit in more
    ]
    parts += [tag("div", *others, class_="several"), _stages_table(stages)]
    return join(parts)


def metric_lines(logs: RunLogs, name: str, label: str, style: int = 1) -> list[Line]:
    """A metric of every stage, one after the other on one axis."""
    starts = logs.stage_starts()
    lines: list[Line] = []
    for stage in logs.stages:
        points = [(starts[stage.name] + step, value) for step, value in stage.points(name) if step > 0]
        lines.append(Line(f"{stage.name}: {label}", points, label, style, log=stage.log))
    return lines


def _held_out(logs: RunLogs, task: str = "") -> list[Line]:
    starts = logs.stage_starts()
    name = f"{HELD_OUT}{REWARD}/{task}" if task else f"{HELD_OUT}{REWARD}"
    return [
        Line(
            f"{stage.name}: held-out questions",
            [(starts[stage.name] + step, value) for step, value in stage.points(name)],
            "held-out questions",
            2,
            dots=True,
            log=stage.log,
        )
        for stage in logs.stages
    ]


def _entropy(logs: RunLogs, cuts: dict[str, int]) -> Chart:
    starts = logs.stage_starts()
    levels: list[Level] = []
    shaded: list[tuple[float, float]] = []
    for stage in logs.stages:
        start = starts[stage.name]
        if stage.band is not None:
            for value in (stage.band.low, stage.band.high):
                levels.append(Level("the controller's band", value, start, start + stage.steps))
        shaded += [(start + first, start + last) for first, last in spans(stage.dropped_steps)]
    guarded = any(stage.controller not in ("", "none") for stage in logs.stages)
    return Chart(
        "Entropy",
        metric_lines(logs, ENTROPY, "entropy of the batch"),
        STEPS,
        "nats",
        levels=levels,
        shaded=shaded,
        shade_name=DROPPED,
        cuts=dict(cuts),
        note="" if guarded else "No controller guarded the entropy in this run (aepo.controller is none).",
    )


def spans(steps: Sequence[int]) -> list[tuple[float, float]]:
    """Steps in a row as ranges, from half a step before to half a step after."""
    found: list[tuple[float, float]] = []
    for step in steps:
        if found and found[-1][1] == step - 0.5:
            found[-1] = found[-1][0], step + 0.5
        else:
            found.append((step - 0.5, step + 0.5))
    return found


def _warm_start(log: TrainingLog) -> Markup:
    label = "answers whose every token is the likeliest"
    line = Line(f"{log.name}: {label}", log.points("sure_answers"), label, 3, log=log.log)
    chart = Chart(f"Warm start: {log.name}", [line], "step", "share", (0.0, 1.0))
    parts = [line_chart(replace(chart, note="Taught by examples, before reinforcement learning begins."))]
    return join(parts)


def _stages_table(stages: Sequence[TrainingLog]) -> Markup:
    rows: list[list[str]] = []
    for stage in stages:
        reward, entropy = stage.change(REWARD), stage.change(ENTROPY)
        missing = "-"
        rows.append(
            [
                stage.name,
                "memory agent" if stage.reads_by_memory else "single pass",
                number(stage.steps, log=stage.log, how="last step"),
                *(
                    missing if value is None else tag("span", f"{value:,}", class_="setting")
                    for value in (stage.max_input_tokens, stage.max_output_tokens)
                ),
                missing if reward is None else number(reward.first, "{:.3f}"),
                missing if reward is None else number(reward.last, "{:.3f}"),
                missing if entropy is None else number(entropy.first, "{:.3f}"),
                missing if entropy is None else number(entropy.last, "{:.3f}"),
                stage.controller or missing,
            ]
        )
    columns = ["stage", "reads", "steps", "input tokens", "output tokens"]
    columns += ["reward, first steps", "last steps", "entropy, first steps", "last steps", "controller"]
    return table("The stages", columns, rows)
