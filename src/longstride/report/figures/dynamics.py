"""Entropy, reward and response length by step, a line an arm (paper Figures 8, 10, 11), and a sweep's table."""

from __future__ import annotations

from collections.abc import Sequence

from longstride.analysis.arms import Arm, Panel
from longstride.analysis.intervals import Estimate
from longstride.analysis.sweeps import HELD_OUT_REWARD, RESPONSE_TOKENS, SweepTable
from longstride.analysis.training import ENTROPY, REWARD
from longstride.report.run_page.charts import Chart, Line, line_chart
from longstride.report.run_page.markup import Markup, join, note, number, table, tag, text

STYLES = 6  # that lines can be told apart by
DRAWN = (
    ("Entropy", ENTROPY, "nats", False),
    ("Reward while training", REWARD, "mean reward", False),
    ("Reward on held-out questions", HELD_OUT_REWARD, "mean reward", True),
    ("Tokens of a response", RESPONSE_TOKENS, "tokens", False),
)


def dynamics(panel: Panel) -> Markup:
    """The curves of a panel's arms; more than can be told apart are drawn apart, each time beside the first."""
    parts: list[Markup] = [tag("h3", text(panel.title))]
    seeds = [len(arm.sources) for arm in panel.arms]
    if max(seeds) > 1:
        told = f"{min(seeds)} to {max(seeds)}" if min(seeds) < max(seeds) else str(max(seeds))
        parts.append(note("Each line is the mean over ", tag("span", told, class_="setting"), " seeds, step by step."))
    first, rest = panel.arms[0], panel.arms[1:]
    for start in range(0, max(1, len(rest)), STYLES - 1):
        some = rest[start : start + STYLES - 1]
        charts = [line_chart(_chart((first, *some), *drawn)) for drawn in DRAWN]
        parts.append(tag("div", *charts, class_="several"))
    return join(parts)


def sweep_section(sweep: SweepTable, log: str) -> Markup:
    """What each arm of a sweep reached: means over seeds with 95 % intervals."""
    rows = [
        [
            row.arm,
            number(len(row.seeds), log=log, how=f"{row.arm} seeds"),
            _estimate(row.held_out, "{:.3f}", log, f"{row.arm} held_out"),
            "" if row.arm == sweep.base else _estimate(row.over_base, "{:+.3f}", log, f"{row.arm} over_base"),
            _estimate(row.entropy, "{:.3f}", log, f"{row.arm} entropy"),
            _estimate(row.response_tokens, "{:.1f}", log, f"{row.arm} response_tokens"),
            _estimate(row.cpu_seconds, "{:.0f}", log, f"{row.arm} cpu_seconds"),
        ]
        for row in sweep.rows
    ]
    columns = ["arm", "seeds", "held-out reward", f"over {sweep.base}, same seeds"]
    columns += ["entropy, last steps", "tokens, last steps", "CPU seconds of a run"]
    parts = [table(f"{sweep.about}: means and Student's intervals over seeds", columns, rows)]
    if sweep.before is not None:
        before = _estimate(sweep.before, "{:.3f}", log, f"{sweep.base} before")
        parts.append(note("Before training the held-out reward is ", before, "."))
    return join(parts)


def _chart(arms: Sequence[Arm], title: str, metric: str, unit: str, dots: bool) -> Chart:
    lines = [
        Line(
            arm.name,
            arm.points(metric),
            style=style,
            dots=dots,
            log=arm.log,
            how=f"mean of {metric} at" if len(arm.sources) > 1 else f"{metric} at",
        )
        for style, arm in enumerate(arms, 1)
    ]
    return Chart(title, lines, y_name=unit)


def _estimate(estimate: Estimate | None, form: str, log: str, how: str) -> Markup:
    if estimate is None:
        return text("-")
    names = ("value", "low", "high") if estimate.has_interval else ("value",)
    cells = [number(getattr(estimate, name), form, log, f"{how} {name}") for name in names]
    if len(cells) == 1:
        return cells[0]
    return tag("span", cells[0], " [", cells[1], ", ", cells[2], "]", class_="nowrap")
