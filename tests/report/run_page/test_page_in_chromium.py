"""The page as a person meets it, in headless Chromium: phone and desk, light and dark, by keyboard, by axe-core."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from longstride.report.headless_chromium import HeadlessChromium, Page
from longstride.report.run_page import write_run_page

WIDE = """
    [...document.querySelectorAll("body *")].filter((each) =>
        each.getBoundingClientRect().right > innerWidth + 1 && !each.closest(".wide, .skip, .unseen")
    ).map((each) => each.outerHTML.slice(0, 120))
"""
FEWER = """
    document.querySelectorAll("tr:nth-child(n+3), .tokens span:nth-child(n+20)").forEach((each) => each.remove())
"""  # rows are alike, and axe-core reads each of them
OPENED = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
GROUND = "getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(22, 25, 29)"
Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: HeadlessChromium) -> Iterator[Open]:
    """Opens a page; afterwards nothing may have gone wrong, nothing else been asked for, and no text have been run."""
    pages: list[tuple[str, Page]] = []

    def open_(path: Path, **size: Any) -> Page:
        address = path.resolve().as_uri()
        pages.append((address, browser.open(address, **size)))
        return pages[-1][1]

    yield open_
    for address, page in pages:
        assert page.problems == []
        assert page.requests == [address]
        assert page.evaluate("typeof window.owned") == "undefined"
        page.close()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_is_wider_than_the_screen(open_page: Open, page: Path, page_of_two: Path, width: int, dark: bool):
    for path in (page, page_of_two):
        opened = open_page(path, width=width, dark=dark)
        for _ in range(2):
            assert opened.evaluate(WIDE) == []
            assert opened.evaluate("document.documentElement.scrollWidth") == width
            opened.evaluate(OPENED)
        assert opened.evaluate(GROUND) == (DARK if dark else LIGHT)


def test_the_width_check_finds_what_is_too_wide(open_page: Open, page: Path):
    opened = open_page(page, width=360)
    opened.evaluate("document.querySelector('h1').style.width = '500px'")
    assert any("<h1" in each for each in opened.evaluate(WIDE))


def test_the_plots_are_there_with_their_data(open_page: Open, page: Path):
    opened = open_page(page)
    titles = opened.evaluate("[...document.querySelectorAll('figcaption strong')].map((each) => each.textContent)")
    assert titles[-3:] == ["Entropy", "Tokens of a response", "Norm of the gradient"]
    assert {
        "Reward, all tasks",
        "Reward, multi hop",
        "memory-expert on held-long: reward by length of the input",
    } <= set(titles)
    plots = opened.evaluate(
        "[...document.querySelectorAll('.plot')].map((each) => each.querySelectorAll('path.s1, path.s3').length)"
    )
    assert len(plots) == 8 and min(plots) >= 1
    behind = "[...document.querySelectorAll('figure')].map((each) => each.querySelectorAll('details td data').length)"
    assert min(opened.evaluate(behind)) >= 3
    assert opened.evaluate("document.querySelectorAll('rect.shade').length") > 3  # the controller held negatives back
    assert opened.evaluate("document.querySelectorAll('.level').length") >= 4  # a band for each stage
    assert opened.evaluate("document.querySelectorAll('mark').length") >= 3
    assert (
        opened.evaluate("new Set([...document.querySelectorAll('.tokens span')].map((each) => each.className)).size")
        > 4
    )


def test_the_theme_can_be_chosen_by_keyboard(open_page: Open, page: Path):
    opened = open_page(page)
    opened.press("Tab")
    assert opened.evaluate("document.activeElement.textContent") == "Skip to the report"
    opened.press("Tab")
    assert opened.evaluate("document.activeElement.id") == "theme-system"
    for theme, ground in (("light", LIGHT), ("dark", DARK)):
        opened.press("ArrowDown")
        assert opened.evaluate("document.activeElement.id") == f"theme-{theme}"
        assert opened.evaluate(GROUND) == ground


def test_data_unfolds_by_keyboard(open_page: Open, page: Path):
    opened = open_page(page)
    opened.evaluate("document.querySelector('#training figure summary').focus()")
    assert opened.evaluate("document.querySelector('#training figure details').open") is False
    opened.press("Enter")
    assert opened.evaluate("document.querySelector('#training figure details').open") is True
    opened.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "wide"  # so that arrow keys can scroll it


def test_it_has_landmarks_and_headings_in_order(open_page: Open, page: Path, page_of_two: Path):
    for path in (page, page_of_two):
        opened = open_page(path)
        for landmark in ("header", "nav[aria-label]", "main", "footer", "h1", "title"):
            assert opened.evaluate(f"document.querySelectorAll('{landmark}').length") == 1
        levels = opened.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map((each) => +each.tagName[1])")
        assert all(after <= before + 1 for before, after in pairwise(levels))
        links = (
            "[...document.querySelectorAll('nav a')].every((each) => document.querySelector(each.getAttribute('href')))"
        )
        assert opened.evaluate(links) is True
        assert opened.evaluate(
            "[...document.querySelectorAll('section')].every((each) => each.ariaLabelledByElements?.length !== 0)"
        )


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_no_serious_fault(open_page: Open, page: Path, page_of_two: Path, dark: bool):
    axe = axe_source()
    for path in (page, page_of_two):
        opened = open_page(path, width=900, dark=dark)
        opened.evaluate(OPENED)
        opened.evaluate(FEWER)
        opened.evaluate(axe + "; true")
        assert serious(opened) == []


def test_axe_finds_a_serious_fault(open_page: Open, page: Path):
    """The control: grey on grey."""
    opened = open_page(page)
    opened.evaluate("document.querySelectorAll('main').forEach((each) => each.replaceChildren('The report'))")
    opened.evaluate("document.querySelector('h1').style.color = '#ddd'")
    opened.evaluate(axe_source() + "; true")
    assert [each.partition(":")[0] for each in serious(opened)] == ["color-contrast"]


def axe_source() -> str:
    found = importlib.util.find_spec("axe_core_python")
    if found is None or found.origin is None:
        pytest.skip("axe-core-python is not installed")
    return (Path(found.origin).parent / "axe.min.js").read_text("utf-8")


def serious(page: Page) -> list[str]:
    found = json.loads(page.evaluate("axe.run().then((each) => JSON.stringify(each.violations))"))
    return [
        f"{each['id']}: {[node['html'][:100] for node in each['nodes'][:3]]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def test_a_page_of_what_is_left_of_a_run_is_sound(open_page: Open, broken_run: Path, tmp_path: Path):
    for file in (*broken_run.glob("*/manifest.json"), *broken_run.glob("*/rollouts/*"), broken_run / "run.json"):
        file.unlink()
    opened = open_page(write_run_page(broken_run, tmp_path / "left.html"), width=360)
    assert opened.evaluate(WIDE) == []
    assert "No rollouts were kept" in opened.evaluate("document.getElementById('memory').textContent")
