"""What an evaluation tells: tables for the terminal, results.json, and a page of Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from longstride.evaluation.aggregate import Breakdown, Summary
from longstride.evaluation.bootstrap import Interval
from longstride.evaluation.comparison import Comparison, memory_over_full_context
from longstride.evaluation.results import Results, plain
from longstride.files import replacing
from longstride.workspace import write_json

RESULTS, PAGE, COMPARISONS = "results.json", "README.md", "comparisons"
ALL, OVER_TASKS = "all questions", "mean over tasks"


@dataclass(frozen=True)
class Row:
    """A line of a table: what it is about, of how many questions, and a cell a column."""

    name: str
    questions: int
    cells: tuple[str, ...]


def reward_rows(breakdowns: Sequence[Breakdown], *, signed: bool = False) -> list[Row]:
    """Lines for all questions, tasks, lengths and sets; `breakdowns` are the columns, over the same questions."""
    parts: list[tuple[str, list[Interval | None]]] = [
        (ALL, [each.overall for each in breakdowns]),
        (OVER_TASKS, [each.over_tasks for each in breakdowns]),
    ]
    for groups in ("by_task", "by_length", "by_set"):
        found: list[Mapping[str, Interval]] = [getattr(each, groups) for each in breakdowns]
        names = list(dict.fromkeys(name for each in found for name in each))
        if groups == "by_set" and len(names) < 2:
            continue
        parts += [(name, [each.get(name) for each in found]) for name in names]
    return [
        Row(name, max(each.questions for each in intervals if each), tuple(told(each, signed) for each in intervals))
        for name, intervals in parts
    ]


def pass_rows(summaries: Sequence[Summary]) -> list[Row]:
    """Lines for pass@k, where questions were answered more than once."""
    ks = sorted({k for each in summaries for k in each.pass_at_k})
    if ks[-1:] == [1]:
        return []
    questions = max(each.questions for each in summaries)
    return [Row(f"pass@{k}", questions, tuple(told(each.pass_at_k.get(k)) for each in summaries)) for k in ks]


def told(interval: Interval | None, signed: bool = False) -> str:
    """`0.450 [0.412, 0.488]`; a difference has its sign."""
    if interval is None:
        return "-"
    form = "{:+.3f}" if signed else "{:.3f}"
    low, high = form.format(interval.low), form.format(interval.high)
    return f"{form.format(interval.value)} [{low}, {high}]"


def remarks(summaries: Mapping[str, Summary]) -> list[str]:
    """What a reader of the rewards must know of the answers, a line for each arm where there is something."""
    lines: list[str] = []
    for label, each in summaries.items():
        parts = {
            f"{each.shortened_questions:,} of {each.questions:,} prompts lost their middle to fit the window": (
                each.shortened_questions
            ),
            f"{each.unfinished_share:.1%} of the answers were cut at their limit": each.unfinished_share,
            f"{each.no_answer_share:.1%} held no answer": each.no_answer_share,
        }
        if any(parts.values()):
            lines.append(f"{label}: {'; '.join(text for text, value in parts.items() if value)}")
    return lines


def show(results: Results, console: Console) -> None:
    """Print the tables of an evaluation."""
    console.print(_table(["questions", *results.summaries], _all_rows(results)))
    for line in remarks(results.summaries):
        console.print(line, markup=False, soft_wrap=True)
    for comparison in memory_over_full_context(results).values():
        show_comparison(comparison, console)


def show_comparison(comparison: Comparison, console: Console) -> None:
    """Print how much more one arm earns."""
    console.print(_headline(comparison), markup=False, soft_wrap=True)
    console.print(_table(["questions", "difference"], reward_rows([comparison.difference], signed=True)))


def write_report(results: Results) -> None:
    """Write results.json and README.md into the folder; the same answers give the same bytes."""
    inside = memory_over_full_context(results)
    write_json(
        results.folder / RESULTS,
        {
            "model": results.model,
            "seed": results.seed,
            "arms": plain(results.summaries),
            "memory_over_full_context": plain(inside),
        },
    )
    with replacing(results.folder / PAGE) as temporary:
        temporary.write_text(page(results), encoding="utf-8", newline="\n")


def write_comparison(folder: Path, comparisons: Mapping[str, Comparison]) -> Path:
    """Write what `compare` found to comparisons/OTHER.json in the folder of the first; give the path."""
    other = next(iter(comparisons.values())).second
    path = folder / COMPARISONS / f"{other}.json"
    write_json(path, plain(comparisons))
    return path


def page(results: Results) -> str:
    """The evaluation as Markdown."""
    summaries = results.summaries
    lines = [
        "# Evaluation",
        "",
        f"Model: {_cell(results.model)}. Rewards from 0 to 1, with 95 % bootstrap intervals over questions "
        f"(seed {results.seed}).",
        "",
        *_markdown(["questions", *summaries], _all_rows(results)),
    ]
    if notes := remarks(summaries):
        lines += ["", *(f"- {_cell(note)}" for note in notes)]
    for comparison in memory_over_full_context(results).values():
        rows = reward_rows([comparison.difference], signed=True)
        lines += ["", f"## {_cell(_headline(comparison))}", "", *_markdown(["questions", "difference"], rows)]
    lines += [
        "",
        "`answers/ARM/SET/*.jsonl` has a line for each answer: its reward, what was extracted, its tokens, the whole "
        "text. `results.json` has the numbers above. `longstride evaluate ... --against THIS_FOLDER` compares another "
        "model with this one, question by question.",
    ]
    return "\n".join(lines) + "\n"


def _all_rows(results: Results) -> list[Row]:
    summaries = list(results.summaries.values())
    return [*reward_rows([each.reward for each in summaries]), *pass_rows(summaries)]


def _headline(comparison: Comparison) -> str:
    parts = [
        f"{comparison.first} over {comparison.second}: better on {comparison.better:,} questions, worse on "
        f"{comparison.worse:,}"
    ]
    left_out = comparison.only_first + comparison.only_second
    return "".join(parts + ([f" ({left_out:,} that only one was asked are left out)"] if left_out else []))


def _table(columns: Sequence[str], rows: Sequence[Row]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row.name, f"{row.questions:,}", *row.cells)
    return table


def _markdown(columns: Sequence[str], rows: Sequence[Row]) -> list[str]:
    head = [f"| | {' | '.join(map(_cell, columns))} |", f"|---|{'---:|' * len(columns)}"]
    return head + [f"| {_cell(row.name)} | {row.questions:,} | {' | '.join(row.cells)} |" for row in rows]


def _cell(value: Any) -> str:
    """A name from outside cannot end its cell, nor open a link or a tag."""
    text = " ".join(str(value).split())
    return "".join(f"\\{character}" if character in "|[]<>`*\\" else character for character in text)
