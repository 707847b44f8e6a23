"""The card: Table 1, Figure 3, and pages that hostile text cannot break."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from longstride.curation import Funnel, ShortcutAudit
from longstride.curation.card import render_card, size_category, write_card
from longstride.curation.description import DataSetDescription
from longstride.curation.lengths import LENGTH_BUCKETS, length_bucket, length_histogram
from longstride.curation.markdown import escaped, fenced_json, plain_text
from longstride.records import Document, Sample

HOSTILE = (
    "</td><script>alert(1)</script> | [a](javascript:x) ![b](http://c) `d` **e**\n# f\n---\n$$g$$ @h www.i.com \u202ej"
)


@pytest.mark.parametrize(
    ("tokens", "bucket"),
    [
        (0, "<4K"),
        (3999, "<4K"),
        (4000, "4-8K"),
        (64_000, "64-128K"),
        (119_932, "64-128K"),
        (128_000, "64-128K"),
        (128_001, ">128K"),
    ],
)
def test_lengths_fall_in_the_buckets_of_figure_3(tokens: int, bucket: str):
    assert length_bucket(tokens) == bucket


@given(st.lists(st.integers(0, 10**6)))
def test_the_histogram_sums_to_the_samples(lengths: list[int]):
    histogram = length_histogram(lengths)
    assert tuple(histogram) == LENGTH_BUCKETS and sum(histogram.values()) == len(lengths)


def test_a_negative_length_is_refused():
    with pytest.raises(ValueError, match="tokens is -1"):
        length_bucket(-1)


@pytest.fixture
def description(world: dict[str, Document], look_ups: list[Sample]) -> DataSetDescription:
    made = DataSetDescription(len)
    for document in world.values():
        made.add_document(document)
    for sample in look_ups:
        made.add_sample(sample)
    return made


def card(description: DataSetDescription, **changes: Any) -> str:
    values = {"name": "toy", "seed": 7, "tokenizer": "bundled", "configuration": {"samples": 12}, **changes}
    return render_card(description, **values)


def rendered(page: str) -> str:
    """HTML, in which tags that stand in the page would be tags."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(page)


def cells(page: str, first: str) -> list[str]:
    """The cells of the table row that begins with `first`."""
    row = next(line for line in page.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in row.strip("|").split(" | ")]


def test_the_rows_of_table_1(description: DataSetDescription):
    page = card(description)
    assert cells(page, "# Training samples")[1] == "12"
    assert cells(page, "Data source")[1] == "toy (12)"
    assert cells(page, "Domain")[1] == "professional (12 documents)"
    assert cells(page, "Question type")[1] == "look up (12)"
    assert cells(page, "Max input length")[1] == "20,000 tokens"
    assert cells(page, "Avg. input length")[1] == "9,000 tokens"  # (1,000 + 6,000 + 20,000) / 3
    assert cells(page, r"16-32K")[1:3] == ["4", "33.3%"]
    assert r"reading\_comprehension 0%" in page and "Seed 7." in page and "Licence: not stated yet" in page


def test_the_card_of_nothing_names_no_files(description: DataSetDescription):
    assert "samples/*.parquet" in card(description)
    assert "configs:" not in card(DataSetDescription(len))


def test_a_length_that_a_sample_does_not_say_is_counted(good: Sample):
    made = DataSetDescription(len)
    made.add_sample(replace(good, input_tokens=None))
    assert made.max_input_tokens == len(good.prompt[0]["content"])


def test_funnel_and_audit_stand_in_it(description: DataSetDescription, world: dict[str, Document], good: Sample):
    funnel, audit = Funnel(), ShortcutAudit()
    funnel.count("quotes", "evidence | misquoted")
    funnel.count("quotes", note="not made")
    audit.add(good, world)
    page = card(description, funnel=funnel, shortcuts=audit.rows())
    assert r"| fell out: evidence \| misquoted |" in page
    assert cells(page, "**quotes**")[1:] == ["2", "1"] and cells(page, "*kept, not made*")[2] == "1"
    assert cells(page, "all")[2:4] == ["1", "0.0% (100.0%)"]
    assert "Shortcuts" not in card(description)


def test_hostile_text_stays_text(description: DataSetDescription, look_ups: list[Sample]):
    hostile = replace(look_ups[0], id=HOSTILE, core_question=HOSTILE, ground_truth=(HOSTILE,), data_source=HOSTILE)
    hostile = replace(hostile, question_type="needle", generator="```\n# x")
    description.add_sample(hostile)
    funnel = Funnel()
    funnel.count(HOSTILE, HOSTILE)
    plain = rendered(card(description, funnel=Funnel()))
    page = card(description, name=HOSTILE, funnel=funnel, tokenizer="`<b>`", configuration={"```": HOSTILE})
    front, body = page.removeprefix("---\n").split("\n---\n", 1)
    html = rendered(body)
    for tag in ("<script", "<img", "<a ", "<b>", "href"):
        assert tag not in html.replace("<code", "")
    assert html.count("<h1>") == 1 and html.count("<h2>") == plain.count("<h2>")
    assert html.count("<table>") == plain.count("<table>") and html.count("<hr") == 0
    assert html.count("<pre>") == 2
    assert "\u202e" not in page and "&lt;script&gt;" in html
    assert "\n# f" not in front and json.loads(front.splitlines()[0].removeprefix("pretty_name: ")).startswith("</td>")


@given(st.text(max_size=80))
def test_escaped_text_renders_as_itself_in_one_cell(text: str):
    html = rendered(f"| a | b |\n|---|---|\n| {escaped(text)} | end |")
    shown = html.split("<td>")[1].split("</td>")[0]
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        shown = shown.replace(entity, character)
    assert shown == plain_text(text, 300)
    assert html.count("<td>") == 2


@given(st.text(max_size=50), st.integers(1, 20))
def test_plain_text_is_one_short_line(text: str, limit: int):
    line = plain_text(text, limit)
    assert len(line) <= limit and line == line.strip() and not any(each in line for each in "\n\r\u2028\x00")


def test_a_fence_is_longer_than_what_it_holds():
    assert fenced_json({"a": "`````"}).startswith("``````json\n") and fenced_json({}).startswith("```json\n")


@pytest.mark.parametrize(
    ("samples", "category"), [(0, "n<1K"), (1000, "1K<n<10K"), (14_100, "10K<n<100K"), (2 * 10**6, "1M<n<10M")]
)
def test_size_categories(samples: int, category: str):
    assert size_category(samples) == category


def test_datasets_reads_the_folder_by_its_card(
    tmp_path: Path,
    description: DataSetDescription,
    world: dict[str, Document],
    look_ups: list[Sample],
    write_data_set: Callable[..., Path],
):
    datasets = pytest.importorskip("datasets")
    folder = write_data_set(list(world.values()), look_ups)
    (folder / "curation.json").write_text("{}")
    values = {"seed": 0, "tokenizer": "bundled", "configuration": {}}
    assert write_card(folder, description, **values) == folder / "README.md"
    cache = str(tmp_path / "cache")
    samples = datasets.load_dataset(str(folder), split="train", cache_dir=cache)
    documents = datasets.load_dataset(str(folder), "documents", split="train", cache_dir=cache)
    assert samples["extra_info"][0]["core_question"] == look_ups[0].core_question
    assert len(samples) == 12 and documents["text"][0] == world["d0"].text
