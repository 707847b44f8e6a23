"""Writing the page of a run, or of two side by side: one file; the same logs give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from longstride import __version__
from longstride.analysis.run_logs import RunLogs, read_logs
from longstride.errors import InputError
from longstride.files import replacing
from longstride.report.run_page.comparison import comparison_sections
from longstride.report.run_page.data_section import data_section
from longstride.report.run_page.evaluation_section import evaluation_section
from longstride.report.run_page.markup import Markup, folded, join, note, number, table, tag, text
from longstride.report.run_page.reading_section import responses_sections, samples_section
from longstride.report.run_page.sections import Section
from longstride.report.run_page.story import story
from longstride.report.run_page.training_section import training_section

DEFAULT_PAGE = "report.html"
SHARED = "longstride.report.dataset_page"  # whose colours these are
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
OURS = '<meta name="generator" content="longstride run page">'
THEMES = (("system", "As the system"), ("light", "Light"), ("dark", "Dark"))


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
    _claim(path)
    whole = _page(logs) if other is None else _page_of_two(logs, read_logs(other))
    with replacing(path) as temporary:
        temporary.write_text(whole, encoding="utf-8", newline="\n")
    return path


def _claim(path: Path) -> None:
    if path.is_dir():
        raise InputError("is a folder", path=path, cure="name an .html file for the page")
    if path.exists() and OURS not in path.read_text("utf-8", errors="replace")[:2000]:
        raise InputError("is there, and is no page of ours", path=path, cure="name another file")


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
    return _document(logs.run.name, "A run, told by its own logs", sections)


def _page_of_two(first: RunLogs, second: RunLogs) -> str:
    return _document(
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


def _document(title: str, about: str, sections: Sequence[Section]) -> str:
    choices = [
        tag(
            "label",
            tag("input", type="radio", name="theme", id=f"theme-{name}", checked=name == "system"),
            label,
        )
        for name, label in THEMES
    ]
    links = [tag("li", tag("a", each.title, href=f"#{each.id}")) for each in sections]
    body = [
        tag("a", "Skip to the report", class_="skip", href="#story"),
        tag(
            "header",
            tag("div", tag("p", about, class_="about"), tag("h1", text(title))),
            tag("fieldset", tag("legend", "Theme", class_="unseen"), *choices, class_="theme"),
        ),
        tag("nav", folded("On this page", tag("ul", *links), open_=True), aria_label="Sections"),
        tag("main", *(each.drawn() for each in sections)),
        tag(
            "footer",
            tag(
                "p",
                "Every number is from the run's logs: rest the pointer on one to see which. Made by longstride ",
                tag("span", __version__, class_="place"),
                ".",
            ),
        ),
    ]
    head = (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{OURS}\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
    )
    opening = f"{head}{tag('title', text(title))}\n<style>\n{_style()}</style>\n</head>\n"
    return f"{opening}<body>\n{join(body, Markup(chr(10)))}\n</body>\n</html>\n"


def _style() -> str:
    """The colours of the data set's page, then what is this page's own."""
    shared = resources.files(SHARED).joinpath("page", "style.css").read_text("utf-8")
    start, end = shared.index(":root {"), shared.index(':root[data-theme="light"]')
    own = resources.files(__package__ or "").joinpath("style.css").read_text("utf-8")
    return shared[start:end] + own
