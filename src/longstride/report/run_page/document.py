"""The frame that our pages of runs stand in: themes, links, policy; one file that asks for nothing from outside."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from longstride import __version__
from longstride.errors import InputError
from longstride.files import replacing
from longstride.report.run_page.markup import Markup, folded, join, tag, text
from longstride.report.run_page.sections import Section

SHARED = "longstride.report.dataset_page"  # whose colours these are
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
OURS = '<meta name="generator" content="longstride run page">'
THEMES = (("system", "As the system"), ("light", "Light"), ("dark", "Dark"))


def claim(path: Path) -> None:
    """Raises InputError where a page would replace something that is none of ours."""
    if path.is_dir():
        raise InputError("is a folder", path=path, cure="name an .html file for the page")
    if path.exists() and OURS not in path.read_text("utf-8", errors="replace")[:2000]:
        raise InputError("is there, and is no page of ours", path=path, cure="name another file")


def write_page(path: Path, whole: str) -> Path:
    """Write a page, whole or not at all; gives its path."""
    with replacing(path) as temporary:
        temporary.write_text(whole, encoding="utf-8", newline="\n")
    return path


def document(title: str, about: str, sections: Sequence[Section]) -> str:
    """The page of these sections as HTML."""
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
        tag("a", "Skip to the report", class_="skip", href=f"#{sections[0].id}"),
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
