"""The page of figures as a person meets it: phone and desk, light and dark, by axe-core."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from longstride.report.figures import write_figures_page
from longstride.report.headless_chromium import HeadlessChromium

WIDE = """
    [...document.querySelectorAll("body *")].filter((each) =>
        each.getBoundingClientRect().right > innerWidth + 1 && !each.closest(".wide, .skip, .unseen")
    ).map((each) => each.outerHTML.slice(0, 120))
"""
FEWER = "document.querySelectorAll('tr:nth-child(n+3)').forEach((each) => each.remove())"  # axe-core reads each row
OPENED = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"


@pytest.fixture(scope="module")
def page(swept: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_figures_page([swept], tmp_path_factory.mktemp("out") / "figures.html")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1440])
def test_it_fits_asks_for_nothing_and_has_no_serious_fault(
    browser: HeadlessChromium, page: Path, width: int, dark: bool
):
    address = page.resolve().as_uri()
    opened = browser.open(address, width=width, dark=dark)
    assert opened.evaluate(WIDE) == []
    opened.evaluate(OPENED)
    assert opened.evaluate(WIDE) == []
    assert opened.evaluate("document.querySelectorAll('.plot').length") == 4
    assert opened.evaluate("document.querySelector('.skip').getAttribute('href')") == "#arms"
    assert opened.problems == [] and opened.requests == [address]
    found = importlib.util.find_spec("axe_core_python")
    if found is not None and found.origin is not None:
        opened.evaluate(FEWER)
        opened.evaluate((Path(found.origin).parent / "axe.min.js").read_text("utf-8") + "; true")
        faults = json.loads(opened.evaluate("axe.run().then((each) => JSON.stringify(each.violations))"))
        assert [each["id"] for each in faults if each["impact"] in ("serious", "critical")] == []
    opened.close()
