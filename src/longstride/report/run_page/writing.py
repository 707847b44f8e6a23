"""Writing the page of a run, or of two side by side: one file; the same logs give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from longstride.analysis.run_logs import RunLogs, read_logs
from longstride.report.run_page.comparison import comparison_sections
from longstride.report.run_page.data_section import data_section
from longstride.report.run_page.document import claim, document, write_page
from longstride.report.run_page.evaluation_section import evaluation_section
from longstride.report.run_page.markup import Markup, join, note, number, table, tag, text
from longstride.report.run_page.reading_section import responses_sections, samples_section
from longstride.report.run_page.sections import Section
from longstride.report.run_page.story import story
from longstride.report.run_page.training_section import training_section

DEFAULT_PAGE = "report.html"


def write_run_page(run: str | Path, page: str | Path | None = None, other: str | Path | None = None) -> Path:
    """Write the page of a run from its logs alone; gives its path.

    run: what `run`, `train`, `evaluate` or `synthesize` wrote, or a folder of such folders.
    page: an .html file; RUN/report.html where None. Only a page of ours is replaced.
    other: a second run, to be set beside the first.

    What is missing or damaged in the logs is named on the page, and the rest is shown. Raises InputError for a folder
    that holds no run, and for a page that would replace something else.
    """
    logs = read_logs(run)
    path = Path(run) / DEFAULT_PAGE if page is None else Path(page)
    claim(path)
    return write_page(path, _page(logs) if other is None else _page_of_two(logs, read_logs(other)))


def _page(logs: RunLogs) -> str:
    memory, uncertain = responses_sections(logs)
    sections = [
        Section("story", "In short", join([story(logs), _missing(logs.missing)])),
        Section("evaluation", "What was learnt: the evaluation", evaluation_section(logs.evaluations)),
        Section("training", "Training", training_section(logs)),
        Section("data", "The data", data_section(logs.data_sets)),
        Section("samples", "Questions and their evidence", samples_section(logs)),
        Section("memory", "The memory agent at work", memory),
        Section("wrong", "Wrong responses, token by token", uncertain),
        Section("steps", "The run, step by step", _steps(logs)),
    ]
    return document(logs.run.name, "A run, told by its own logs", sections)


def _page_of_two(first: RunLogs, second: RunLogs) -> str:
    return document(
        f"{first.run.name} and {second.run.name}",
        "Two runs side by side, told by their own logs",
        comparison_sections(first, second),
    )


def _missing(missing: Sequence[str]) -> Markup:
    if not missing:
        return Markup("")
    lines = tag("ul", *(tag("li", text(each)) for each in missing))
    return tag("div", tag("h3", "What is missing"), lines, class_="gaps")


def _steps(logs: RunLogs) -> Markup:
    rows = [
        (
            part.name,
            part.kind.replace("_", " "),
            part.standing,
            "-"
            if part.seconds is None
            else number(part.seconds, "{:,.1f}", "timeline.jsonl", f"seconds of {part.name}"),
            ", ".join(dict.fromkeys(name for names in part.inputs.values() for name in names)),
        )
        for part in logs.run.parts
    ]
    rest = note("A step's settings stand in its folder, in manifest.json, and in the run's run.json.")
    return join([table("Steps", ["step", "what it is", "standing", "seconds", "made from"], rows), rest])
