"""The page as a person meets it, in headless Chromium. LONGSTRIDE_SCREENSHOTS=docs/images keeps its pictures."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from longstride.records import Sample
from longstride.records.parquet import read_samples
from longstride.report.headless_chromium import HeadlessChromium, Page

PICTURES = os.environ.get("LONGSTRIDE_SCREENSHOTS")
READY = "document.documentElement.dataset.ready === 'true' && get('sample').ariaBusy === 'false'"
HELPERS = """
    window.get = (id) => document.getElementById(id);
    window.all = (selector) => [...document.querySelectorAll(selector)];
    window.texts = (selector) => all(selector).map((each) => each.textContent);
    window.pick = (id, value) => { get(id).value = value; get(id).dispatchEvent(new Event("change")); };
    window.isTooWide = (element) => element.getBoundingClientRect().right > innerWidth + 1;
    window.wide = () => all("body *").filter((each) => isTooWide(each) && !each.closest(".wide, .unseen"));
    true
"""
Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: HeadlessChromium, dataset_page: Path) -> Iterator[Open]:
    """Opens the page, at a sample; afterwards nothing may have gone wrong, and nothing but its own files been read."""
    pages: list[Page] = []

    def open_(sample: str = "", *, width: int = 1440, height: int = 900, dark: bool = False, **state: str) -> Page:
        state |= {"sample": sample} if sample else {}
        address = dataset_page.resolve().as_uri() + (f"#{urlencode(state)}" if state else "")
        page = browser.open(address, width=width, height=height, dark=dark)
        page.evaluate(HELPERS)
        page.wait_until(READY)
        pages.append(page)
        return page

    yield open_
    own = dataset_page.resolve().parent.as_uri() + "/"
    for page in pages:
        assert page.problems == []
        assert [each for each in page.requests if not each.startswith(own)] == []
        assert page.evaluate("[typeof window.owned, typeof ({}).owned]") == ["undefined", "undefined"]
        page.close()


@pytest.fixture(scope="module")
def samples(data_set: Path) -> dict[str, Sample]:
    return {each.id: each for each in read_samples(data_set / "samples")}


def marked(page: Page) -> dict[int, str]:
    """The text of each quotation as the documents show it, its marks in a row."""
    found: dict[int, str] = {}
    for quotes, text in page.evaluate("all('mark').map((each) => [each.dataset.quotes, each.textContent])"):
        for index in map(int, quotes.split()):
            found[index] = found.get(index, "") + text
    return found


def test_the_list_is_there_with_its_counts(open_page: Open):
    page = open_page()
    assert page.evaluate("texts('#name, #totals, #count')") == [
        "towns-of-the-greywater",
        "69 samples over 12 documents (1 missing)",
        "69 samples",
    ]
    assert page.evaluate("document.title") == "towns-of-the-greywater: a data set"
    drawn = page.evaluate("all('.row').length")
    assert 5 < drawn < 30  # only those in view exist
    assert page.evaluate("get('list').querySelector('.row').ariaSetSize") == "69"


def test_filters_leave_what_they_say(open_page: Open):
    page = open_page()
    page.evaluate("pick('task', 'numerical')")
    assert page.evaluate("texts('#count')") == ["1 of 69 samples"]
    assert page.evaluate("texts('.row-question')")[0].startswith("What is the combined population")
    assert "multi hop (1)" in page.evaluate("texts('#task option')")  # what it would leave
    assert page.evaluate("texts('#type option')") == ["all", "statistical aggregation (1)"]
    page.evaluate("pick('task', ''), pick('length', '16')")
    assert page.evaluate("texts('#length option:checked')") == ["16k to 32k tokens (22)"]
    assert page.evaluate("texts('#count')") == ["22 of 69 samples"]
    page.evaluate("get('reset').click()")
    assert page.evaluate("texts('#count')") == ["69 samples"]
    page.evaluate("pick('family', 'missing')")
    assert page.evaluate("texts('.row-question')") == ["What is missing?"]


def test_search_reads_questions_and_answers(open_page: Open):
    page = open_page()
    page.press("/")
    page.write("kestrel LEDGERS 59")
    page.wait_until("get('count').textContent.startsWith('1 of')")
    assert page.evaluate("texts('.row-question')")[0].startswith("Question 59")
    page.press("Escape")
    assert page.evaluate("[get('query').value, get('count').textContent]") == ["", "69 samples"]
    page.press("Escape")
    assert page.evaluate("document.activeElement.id") == "list"


def test_the_order_can_be_changed(open_page: Open):
    page = open_page(sort="longest")
    assert page.evaluate("texts('.row-tokens')[0]") == "250,000 tokens"
    page.evaluate("pick('sort', 'shortest')")
    assert page.evaluate("texts('.row-tokens')[0]") == "4,000 tokens"


def test_the_keyboard_reaches_everything(open_page: Open):
    page = open_page()
    page.evaluate("get('list').focus()")
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        page.press(key)
    page.wait_until("texts('h2')[0].startsWith('What is the combined')")
    selected = page.evaluate("document.querySelector('.row[aria-selected=true]').id")
    assert page.evaluate("get('list').getAttribute('aria-activedescendant')") == selected
    assert page.evaluate("location.hash") == "#sample=table-1"
    page.press("End")
    page.wait_until("texts('#place')[0] === '69 of 69'")
    page.press("Enter")
    assert page.evaluate("document.activeElement.id") == "reading"
    page = open_page("table-1")
    reached: set[str] = set()
    for _ in range(40):
        page.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert reached > {"theme", "query", "task", "type", "length", "generator", "family", "sort", "list", "previous"}
    assert reached > {"quotation", "open-all"}


def test_an_address_names_filters_and_sample(open_page: Open):
    page = open_page("row-044", task="dialogue_memory", q="question 44:")
    assert page.evaluate("texts('h2')")[0].startswith("Question 44:")
    assert page.evaluate("texts('#count')") == ["1 of 69 samples"]
    page.evaluate("location.hash = '#sample=emoji'")
    page.wait_until("texts('h2')[0]?.startsWith('When does')")
    assert page.evaluate("[get('task').value, get('query').value]") == ["", ""]
    page.evaluate("location.hash = '#sample=unknown'")
    page.wait_until("texts('#sample .problem').length === 1")


@pytest.mark.parametrize("name", ["graph-1", "table-1", "emoji", "line", "script", "row-000"])
def test_quotations_are_marked_where_they_stand(open_page: Open, samples: dict[str, Sample], name: str):
    page = open_page(name)
    assert marked(page) == {place: each.text for place, each in enumerate(samples[name].evidence)}
    assert page.evaluate("texts('.misquoted')") == []
    last = len(samples[name].evidence) - 1
    page.evaluate(f"document.querySelector('[data-evidence=\"{last}\"]').click()")
    page.wait_until("document.activeElement.matches('mark.current')")
    top = page.evaluate("document.activeElement.getBoundingClientRect().top")
    assert 0 < top < 900
    assert str(last) in page.evaluate("document.activeElement.dataset.quotes").split()


def test_a_quotation_that_does_not_stand_there_is_told(open_page: Open):
    page = open_page("misquoted")
    assert marked(page) == {}
    assert page.evaluate("texts('.misquoted .problem')") == ["The document does not say this at these offsets."]


def test_keys_go_from_quotation_to_quotation(open_page: Open):
    page = open_page("table-1")
    for key, index in (("n", "0"), ("n", "1"), ("p", "0"), ("p", "3")):
        page.press(key)
        page.wait_until(f"document.querySelector('mark.current')?.dataset.quotes === '{index}'")


def test_a_path_is_drawn(open_page: Open):
    page = open_page("graph-1")
    assert page.evaluate("texts('svg.path .node-name')") == ["Lindmoor", "Port Orvale", "Sarnath Quay", "1745"]
    assert page.evaluate("texts('svg.path .node-clue')") == ["· that was founded before 1700"]
    assert page.evaluate("texts('svg.path .relation-name')") == ["Trade: sister towns", "Trade: ferries to", "Founded"]
    assert page.evaluate("texts('svg.path .answer-node text')") == ["1745", "the answer"]
    assert page.evaluate("texts('.derived li')")[1] == "Port Orvale Trade: ferries to → Sarnath Quay [3]"
    page.evaluate("all('.derived .to-quotation')[1].click()")
    page.wait_until("document.querySelector('mark.current')?.dataset.quotes === '2'")


def test_a_query_is_shown_with_the_cells_that_it_reads(open_page: Open):
    page = open_page("table-1")
    assert page.evaluate("texts('pre.sql')")[0].split("\n") == [
        "SELECT SUM(population)",
        "FROM corpus",
        "WHERE entity IN ('Port Orvale', 'Lindmoor', 'Sarnath Quay', 'Ebbing')",
        "  AND population > (",
        "    SELECT MEDIAN(population)",
        "    FROM corpus",
        "    WHERE population BETWEEN 1 AND 99999",
        "  )",
    ]
    assert page.evaluate("texts('.derivation tbody tr')")[0] == "Port Orvale48,200 [1]"
    assert page.evaluate("texts('.result')") == ["The query gives 79600"]
    assert page.evaluate("texts('.first-answer, .other')") == ["79,600", "79.6 thousand"]
    assert "3 of 8, mean reward 0.375" in page.evaluate("texts('.record dd')")


def test_another_derivation_stands_as_it_is_stored(open_page: Open, samples: dict[str, Sample]):
    page = open_page("script")
    assert json.loads(page.evaluate("texts('pre.stored')[0]")) == samples["script"].derivation


def test_markup_in_a_data_set_stays_text(open_page: Open):
    page = open_page("script")
    assert "<script>window.owned = 1; document.title = 'owned'</script>" in page.evaluate("texts('.text')")[0]
    assert page.evaluate("all('article script, article img, article b').length") == 0
    assert page.evaluate("document.title").startswith("towns")
    assert page.evaluate("all('.text .hidden-character').map((each) => each.title)") == [
        "U+2028",
        "U+2029",
        "U+0000",
    ]
    with pytest.raises(Exception, match="TrustedHTML"):
        page.evaluate("document.body.innerHTML = '<p>ours'")
    page.problems.clear()  # the refusal


def test_characters_that_turn_text_are_taken_out_and_marked(open_page: Open):
    page = open_page("turned")
    shown = page.evaluate("texts('article')")[0]
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert "000,1 crowns" in shown
    marks = page.evaluate("all('mark .hidden-character').map((each) => each.dataset.code)")
    assert marks == ["RLO", "PDF", "PDI", "LRO"]
    left, right = page.evaluate("""(() => {
        const mark = document.querySelector("mark"), range = document.createRange();
        return ["000,1", "list"].map((word) => {
            const node = [...mark.childNodes].find((each) => each.textContent.includes(word));
            range.setStart(node, node.data.indexOf(word)); range.setEnd(node, node.data.indexOf(word) + 1);
            return range.getBoundingClientRect().left;
        });
    })()""")
    assert left < right  # the line runs on from left to right


def test_a_prompt_without_documents_and_a_missing_document(open_page: Open):
    page = open_page("prompt only")
    page.evaluate("get('open-all').click()")
    page.wait_until("texts('.block').length === 2")
    assert page.evaluate("texts('.block')") == ["Be brief.", "Say hello. 🕯"]
    missing = open_page("missing")
    assert missing.evaluate("texts('.document .problem')") == ["The data set holds no document of this id."]


def test_what_is_held_stays_bounded(open_page: Open):
    page = open_page("line")
    assert page.evaluate("texts('.text')")[0].count("word") == 201_000
    assert page.evaluate("longstride.held().filter((each) => each.startsWith('documents')).length") <= 24


def test_a_shard_that_is_gone_is_told(browser: HeadlessChromium, data_set: Path, tmp_path: Path):
    from longstride.report.dataset_page import write_dataset_page

    index = write_dataset_page(data_set, tmp_path / "page")
    for shard in index.parent.glob("page-*/documents-*.js"):
        shard.unlink()
    page = browser.open(f"{index.resolve().as_uri()}#sample=emoji")
    page.wait_until("document.querySelector('.document .problem')")
    assert "make the page again" in page.evaluate("document.querySelector('.document .problem').textContent")
    page.close()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("name", ["graph-1", "table-1", "script", "line"])
def test_nothing_flows_over(open_page: Open, width: int, dark: bool, name: str):
    page = open_page(name, width=width, dark=dark)
    assert page.evaluate("Math.max(document.documentElement.scrollWidth, get('reading').scrollWidth) <= innerWidth")
    assert page.evaluate("wide().map((each) => each.outerHTML)") == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor === 'rgb(22, 25, 29)'") == dark


def test_colours_are_told_apart(open_page: Open):
    """Contrast of text on its ground, 4.5 or more (WCAG AA), in both themes."""
    for dark in (False, True):
        page = open_page("table-1", dark=dark)
        assert page.evaluate(CONTRASTS) == []


def test_the_theme_can_be_chosen(open_page: Open):
    page = open_page()
    grounds = []
    for _ in range(3):
        page.evaluate("get('theme').click()")
        grounds.append(page.evaluate("[get('theme').ariaLabel, getComputedStyle(document.body).backgroundColor]"))
    assert grounds == [
        ["Theme: light", "rgb(255, 255, 255)"],
        ["Theme: dark", "rgb(22, 25, 29)"],
        ["Theme: as the system has it", "rgb(255, 255, 255)"],
    ]


def test_on_a_phone_the_list_and_the_sample_take_turns(open_page: Open):
    page = open_page(width=360, height=780)
    seen = "['list', 'sample'].map((id) => get(id).checkVisibility())"
    assert page.evaluate(seen) == [True, False]
    page.evaluate("all('.row')[1].click()")
    page.wait_until("texts('h2')[0]?.startsWith('What is the combined')")
    assert page.evaluate(seen) == [False, True]
    page.evaluate("get('back').click()")
    assert page.evaluate(seen) == [True, False]


def test_pictures(browser: HeadlessChromium, clean_page: Path):
    """What the README shows: a path in the light, marked quotations in the dark."""
    if not PICTURES:
        pytest.skip("LONGSTRIDE_SCREENSHOTS names no folder")
    for name, dark, above in (("dataset_page", False, ".kinds"), ("dataset_page_dark", True, ".evidence")):
        address = f"{clean_page.resolve().as_uri()}#sample=graph-1"
        page = browser.open(address, width=1320, height=1090, dark=dark)
        page.evaluate(HELPERS)
        page.wait_until(READY)
        page.evaluate(f"all('{above}')[0].scrollIntoView({{ block: 'start' }}), get('reading').scrollBy(0, -100)")
        page.screenshot(Path(PICTURES) / f"{name}.png")
        page.close()


CONTRASTS = """
(() => {
    const linear = (c) => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
    const light = (color) => {
        const [r, g, b] = color.match(/[\\d.]+/g).map((each) => linear(each / 255));
        return .2126 * r + .7152 * g + .0722 * b + .05;
    };
    const ground = (element) => {
        const color = getComputedStyle(element).backgroundColor;
        return / 0\\)$/.test(color) && element.parentElement ? ground(element.parentElement) : color;
    };
    const isText = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim();
    return all("body *:not(:disabled, svg, svg *)").flatMap((element) => {
        if (!element.checkVisibility() || ![...element.childNodes].some(isText)) return [];
        const [low, high] = [getComputedStyle(element).color, ground(element)].map(light).sort((a, b) => a - b);
        return high / low < 4.5 ? [`${element.tagName} ${element.className} ${high / low}`] : [];
    });
})()
"""
