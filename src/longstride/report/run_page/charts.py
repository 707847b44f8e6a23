"""Charts as static SVG: the drawing stretches with its column, words keep their size, and a table stands behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from longstride.report.run_page.markup import Markup, folded, join, number, table, tag, text

SIDE = 1000  # of the drawing's own square, which is stretched
MOST_POINTS = 500  # of a line that is drawn; more are averaged
MOST_ROWS = 400  # of a table behind a drawing
TICKS = 5
NEAR_THE_EDGE = 0.8  # of a drawing's width: from there a part's name may be wider than what is left
LEFT_TO_THE_FIRST = 0.6  # of the way to a name that ends at the edge
SMOOTHED = 30  # points from which a line gets its running mean


@dataclass(frozen=True)
class Line:
    """A quantity over steps."""

    name: str  # of its table
    points: Sequence[tuple[float, float]]
    label: str = ""  # in the legend; lines of one label and style share their entry
    style: int = 1  # its colour and dashes
    dots: bool = False  # measured at these steps only
    log: str = ""
    how: str = ""  # how the values follow from the log, where they do not stand there


@dataclass(frozen=True)
class Level:
    """A value to compare with, over a part of x."""

    name: str
    value: float
    start: float
    end: float


@dataclass(frozen=True)
class Chart:
    """What `line_chart` draws."""

    title: str
    lines: Sequence[Line]
    x_name: str = "step"
    y_name: str = ""
    y_range: tuple[float, float] | None = None  # None: what the values take
    levels: Sequence[Level] = ()
    shaded: Sequence[tuple[float, float]] = ()  # ranges of x
    shade_name: str = ""
    cuts: Mapping[str, float] = field(default_factory=dict[str, float])  # name -> where a part of x begins
    note: str = ""
    whole_x: bool = True  # its ticks are integers


def line_chart(chart: Chart) -> Markup:
    """The chart as a figure, with its legend and its table; a sentence where there is nothing to draw."""
    drawn = [line for line in chart.lines if line.points]
    if not drawn:
        return tag("p", f"{chart.title}: nothing was logged to draw.", class_="missing")
    x_low, x_high = _range([x for line in drawn for x, _ in line.points])
    values = [y for line in drawn for _, y in line.points] + [each.value for each in chart.levels]
    y_low, y_high = chart.y_range or _padded(*_range(values))

    def x_at(x: float) -> float:
        return (x - x_low) / (x_high - x_low)

    def y_at(y: float) -> float:
        return 1 - (min(max(y, y_low), y_high) - y_low) / (y_high - y_low)

    parts: list[Markup] = []
    for start, end in chart.shaded:
        left, right = (x_at(min(max(each, x_low), x_high)) * SIDE for each in (start, end))
        parts.append(
            tag("rect", class_="shade", x=f"{left:.1f}", y="0", width=f"{max(right - left, 2):.1f}", height=str(SIDE))
        )
    y_ticks, x_ticks = ticks(y_low, y_high), ticks(x_low, x_high, whole=chart.whole_x)
    parts += [_stroke("grid", f"M0 {y_at(y) * SIDE:.1f}H{SIDE}") for y in y_ticks]
    parts += [_stroke("cut", f"M{x_at(x) * SIDE:.1f} 0V{SIDE}") for x in chart.cuts.values() if x_low < x < x_high]
    for level in chart.levels:
        start, end = (x_at(min(max(each, x_low), x_high)) * SIDE for each in (level.start, level.end))
        parts.append(_stroke("level", f"M{start:.1f} {y_at(level.value) * SIDE:.1f}H{end:.1f}"))
    for line in drawn:
        points = thinned(line.points)
        if line.dots:
            path = "".join(f"M{x_at(x) * SIDE:.1f} {y_at(y) * SIDE:.1f}h0" for x, y in points)
            parts.append(_stroke(f"dots s{line.style}", path))
            continue
        smooth = running_mean(points) if len(points) >= SMOOTHED else []
        for given, kind in ((points, "raw" if smooth else "line"), (smooth, "line")):
            path = "L".join(f"{x_at(x) * SIDE:.1f} {y_at(y) * SIDE:.1f}" for x, y in given)
            if path:
                parts.append(_stroke(f"{kind} s{line.style}", f"M{path}" + ("h0" if len(given) == 1 else "")))
    svg = tag("svg", *parts, viewBox=f"0 0 {SIDE} {SIDE}", preserveAspectRatio="none", aria_hidden="true")
    marks = [
        tag("span", _tick(y), class_="tick y", style=f"top:{y_at(y):.2%}")
        for y in y_ticks
        if -0.001 <= y_at(y) <= 1.001
    ]
    marks += [tag("span", _tick(x), class_="tick x", style=f"left:{x_at(x):.2%}") for x in x_ticks]
    placed = part_labels({name: x_at(max(x, x_low)) for name, x in chart.cuts.items() if x <= x_high})
    for each in placed:
        style = f"left:{each.left:.2%};width:{each.right - each.left:.2%}"
        kinds = ("part", "upper" * each.upper, "last" * each.to_the_right)
        marks.append(tag("span", each.name, class_=" ".join(filter(None, kinds)), style=style, title=each.name))
    names = ", ".join(dict.fromkeys(line.label or line.name for line in drawn))
    about = f"{chart.title}: {names} by {chart.x_name}. The table below has the values."
    plot = tag(
        "div",
        svg,
        tag("div", *marks, aria_hidden="true"),
        class_=" ".join(["plot", *["named"] * bool(placed), *["high"] * any(each.upper for each in placed)]),
        role="img",
        aria_label=about,
    )
    return tag(
        "figure",
        tag("figcaption", tag("strong", chart.title), f" ({chart.y_name})" if chart.y_name else ""),
        _legend(chart, drawn),
        plot,
        tag("p", chart.x_name, class_="axis", aria_hidden="true"),
        tag("p", chart.note, class_="note") if chart.note else Markup(""),
        folded("The values", *(_values(chart, line) for line in drawn)),
        class_="chart",
    )


def bar_table(
    caption: str, columns: tuple[str, str], counts: Mapping[str, int], log: str, hows: Mapping[str, str]
) -> Markup:
    """Bars that are a table: a name, its bar, its count. `hows` tells how each count follows from the log."""
    most = max(counts.values(), default=0) or 1
    rows = [
        tag(
            "tr",
            tag("th", name, scope="row"),
            tag("td", tag("span", class_="bar", style=f"width:{count / most:.2%}"), class_="track", aria_hidden="true"),
            tag("td", number(count, how=hows.get(name, "")), class_="figure"),
        )
        for name, count in counts.items()
    ]
    head = tag(
        "tr",
        tag("th", columns[0], scope="col"),
        tag("td", aria_hidden="true"),
        tag("th", columns[1], scope="col", class_="figure"),
    )
    return tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *rows), class_="bars", data_log=log)


@dataclass(frozen=True)
class Estimate:
    """A value with its interval, for `interval_rows`."""

    name: str
    value: float
    low: float
    high: float
    style: int


def interval_rows(title: str, rows: Mapping[str, Sequence[Estimate]], low: float = 0.0, high: float = 1.0) -> Markup:
    """Dots with whiskers from `low` to `high`, a row a name; the caller puts the numbers in a table."""

    def at(value: float) -> float:
        return (min(max(value, low), high) - low) / (high - low) * SIDE

    lines: list[Markup] = []
    for name, estimates in rows.items():
        parts = [_stroke("grid", f"M{at(x):.1f} 0V{SIDE}") for x in ticks(low, high)]
        for place, each in enumerate(estimates):
            y = (place + 1) * SIDE / (len(estimates) + 1)
            parts.append(_stroke(f"whisker s{each.style}", f"M{at(each.low):.1f} {y:.0f}H{at(each.high):.1f}"))
            parts.append(_stroke(f"dots s{each.style}", f"M{at(each.value):.1f} {y:.0f}h0"))
        svg = tag("svg", *parts, viewBox=f"0 0 {SIDE} {SIDE}", preserveAspectRatio="none", aria_hidden="true")
        lines.append(tag("div", tag("span", name, class_="row-name"), svg, class_="interval"))
    marks = [
        tag("span", _tick(x), class_="tick x", style=f"left:{at(x) / SIDE:.2%}", aria_hidden="true")
        for x in ticks(low, high)
    ]
    named = dict.fromkeys((each.name, each.style) for estimates in rows.values() for each in estimates)
    legend = tag(
        "p", *(tag("span", _swatch(style, dots=True), name, class_="key") for name, style in named), class_="legend"
    )
    plot = tag(
        "div",
        *lines,
        tag("div", *marks, class_="interval-axis"),
        role="img",
        aria_label=f"{title}; the table below has the values",
    )
    return join([legend, plot])


@dataclass(frozen=True)
class PartLabel:
    """Where the name of a part of x stands above a drawing: from `left` to `right`, in shares of its width."""

    name: str
    left: float
    right: float
    upper: bool  # in the row above
    to_the_right: bool  # the name ends at `right`


def part_labels(starts: Mapping[str, float]) -> list[PartLabel]:
    """Places that do not overlap for names of parts that begin at `starts`, ascending shares of the width.

    From three parts on they take turns in two rows; a last one that begins near the edge ends there.
    """
    names, rows = list(starts), 2 if len(starts) > 2 else 1
    placed: list[PartLabel] = []
    for place, name in enumerate(names):
        start = starts[name]
        to_the_right = place + rows >= len(names) and start > NEAR_THE_EDGE
        before = starts[names[place - rows]] if place >= rows else 0.0
        after = place + rows
        right = 1.0 if after >= len(names) else starts[names[after]]
        if after < len(names) <= after + rows and right > NEAR_THE_EDGE:
            right = start + LEFT_TO_THE_FIRST * (right - start)
        left = before + LEFT_TO_THE_FIRST * (start - before) if to_the_right else start
        placed.append(PartLabel(name, left, right, rows == 2 and place % 2 == 0, to_the_right))
    return placed


def ticks(low: float, high: float, whole: bool = False) -> list[float]:
    """Round numbers from `low` to `high`, about `TICKS` of them; `whole`: integers alone."""
    if not high > low:
        return [low]
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    step = max(1.0, step) if whole else step
    first = math.ceil(low / step - 1e-9)
    return [round(each * step, 10) for each in range(first, math.floor(high / step + 1e-9) + 1)]


def running_mean(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Each value averaged with its neighbours, a tenth of the points in all."""
    reach = max(1, len(points) // 20)
    smooth: list[tuple[float, float]] = []
    for place, (x, _) in enumerate(points):
        near = points[max(0, place - reach) : place + reach + 1]
        smooth.append((x, math.fsum(y for _, y in near) / len(near)))
    return smooth


def thinned(points: Sequence[tuple[float, float]], most: int = MOST_POINTS) -> list[tuple[float, float]]:
    """At most `most` points: means over as many neighbours as that takes."""
    size = math.ceil(len(points) / most)
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [
        (math.fsum(x for x, _ in group) / len(group), math.fsum(y for _, y in group) / len(group)) for group in groups
    ]


def _values(chart: Chart, line: Line) -> Markup:
    every = math.ceil(len(line.points) / MOST_ROWS)
    caption = f"{line.name}" + (f", every {every}th value" if every > 1 else "")
    rows = [
        (tag("span", f"{x:g}", class_="place"), number(y, "{:.4g}", how=line.how and f"{line.how} {x:g}"))
        for x, y in line.points[::every]
    ]
    return table(caption, [chart.x_name, chart.y_name or line.name], rows, log=line.log)


def _legend(chart: Chart, lines: Sequence[Line]) -> Markup:
    named = dict.fromkeys((line.label or line.name, line.style, line.dots) for line in lines)
    keys = [tag("span", _swatch(style, dots), label, class_="key") for label, style, dots in named]
    if chart.levels:
        names = ", ".join(dict.fromkeys(each.name for each in chart.levels))
        keys.append(tag("span", tag("span", class_="swatch level"), names, class_="key"))
    if chart.shaded and chart.shade_name:
        keys.append(tag("span", tag("span", class_="swatch shade"), chart.shade_name, class_="key"))
    return tag("p", *keys, class_="legend") if len(keys) > 1 else Markup("")


def _swatch(style: int, dots: bool = False) -> Markup:
    path = "M12 5h0" if dots else "M1 5H23"
    return tag(
        "svg",
        _stroke(f"{'dots' if dots else 'line'} s{style}", path),
        viewBox="0 0 24 10",
        class_="swatch",
        aria_hidden="true",
    )


def _stroke(name: str, path: str) -> Markup:
    return tag("path", class_=name, d=path, vector_effect="non-scaling-stroke")


def _tick(value: float) -> Markup:
    return text(f"{value:g}" if abs(value) < 10_000 else f"{value / 1000:g}K")


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _padded(low: float, high: float) -> tuple[float, float]:
    space = (high - low) * 0.08
    return (max(0.0, low - space) if low >= 0 else low - space), high + space
