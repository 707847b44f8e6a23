from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.readers.html import parse_html


def markdown(page: str | bytes, **limits: int):
    return parse_html(page.encode() if isinstance(page, str) else page, Limits(**limits)).text


def reason(page: str | bytes, **limits: int):
    with pytest.raises(Unreadable) as caught:
        markdown(page, **limits)
    return caught.value.reason


def test_headings_paragraphs_and_lists():
    page = "<h1>Oran</h1><p>A port.<br>In Algeria.</p><ul><li>one<ul><li>inner</li></ul></li><li>two</li></ul>"
    assert markdown(page) == "# Oran\n\nA port.\nIn Algeria.\n\n- one\n  - inner\n- two"


def test_what_no_reader_sees_is_left_out():
    page = """<html><head><title>The port of Oran</title><style>p{}</style></head><body><nav>Home</nav>
    <script>alert(1)</script><noscript>no</noscript><p hidden>h</p><p style="display: none">d</p><template>t</template>
    <!-- c --><p>Seen.</p></body></html>"""
    parsed = parse_html(page.encode(), Limits())
    assert (parsed.title, parsed.text) == ("The port of Oran", "Seen.")


def test_entities_are_read():
    assert markdown("<p>caf&eacute; &amp; bar &#8212; 5&nbsp;km &lt;b&gt;</p>") == "café & bar — 5 km <b>"


def test_entities_are_read_in_xhtml_too():
    page = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><p>caf&eacute;&nbsp;bar</p></body></html>'
    assert markdown(page) == "café bar"


def test_code_keeps_its_lines():
    assert markdown("<pre>if x:\n    y()</pre>") == "```\nif x:\n    y()\n```"


def test_the_header_of_inline_xbrl_is_left_out_and_its_values_stay():
    page = """<?xml version='1.0' encoding='ASCII'?>
    <html xmlns="http://www.w3.org/1999/xhtml" xmlns:ix="http://www.xbrl.org/2013/inlineXBRL"><body>
    <div><ix:header><ix:hidden><ix:nonNumeric name="dei:Flag">false</ix:nonNumeric></ix:hidden></ix:header></div>
    <p>Sales were <ix:nonFraction name="us-gaap:Revenue">391,035</ix:nonFraction> million.</p></body></html>"""
    assert markdown(page) == "Sales were 391,035 million."


def test_bold_lines_of_a_filing_become_headings_by_their_names():
    bold = "font-weight:700"
    page = "".join(
        f'<div><span style="{bold}">{text}</span></div><div>Some text of it.</div>'
        for text in ("PART I", "Item 1. Business", "Note 2 – Revenue", "Products")
    )
    headings = [line for line in markdown(page).split("\n") if line.startswith("#")]
    assert headings == ["# PART I", "## Item 1. Business", "### Note 2 – Revenue", "#### Products"]


def test_a_bold_sentence_is_no_heading_nor_is_any_bold_line_where_there_are_headings():
    assert markdown("<p><b>This is important.</b></p>") == "This is important."
    assert markdown("<h2>Real</h2><p><b>Bold</b></p>") == "## Real\n\nBold"


def test_a_table_stands_in_its_place():
    page = (
        "<p>Before</p><table><tr><th>Port</th><th>Ships</th></tr><tr><td>Oran</td><td>12</td></tr></table><p>After</p>"
    )
    assert markdown(page) == "Before\n\n| Port | Ships |\n| --- | --- |\n| Oran | 12 |\n\nAfter"


def test_a_cell_over_several_rows_is_said_in_each():
    page = """<table><tr><th>Region</th><th>Port</th><th>Ships</th></tr>
    <tr><td rowspan="2">West</td><td>Oran</td><td>12</td></tr><tr><td>Arzew</td><td>7</td></tr></table>"""
    assert markdown(page).split("\n")[2:] == ["| West | Oran | 12 |", "| West | Arzew | 7 |"]


def test_a_table_that_lays_out_the_page_flows():
    inner = "<table><tr><td>a</td><td>1</td></tr><tr><td>b</td><td>2</td></tr></table>"
    page = f"<table><tr><td>Left {inner}</td></tr></table>"
    assert markdown(page) == "Left\n\n|  |  |\n| --- | --- |\n| a | 1 |\n| b | 2 |"
    assert markdown("<table><tr><td>Item 1.</td><td>Business</td></tr></table>") == "Item 1. Business"


def test_running_heads_are_dropped_and_counted():
    page = "".join(
        f"<p>Text of page {'x' * number}.</p><p>Acme Inc. | Form 10-K | {number}</p>" for number in range(1, 8)
    )
    parsed = parse_html(page.encode(), Limits())
    assert "Form 10-K" not in parsed.text
    assert parsed.mended == {"page_marks_dropped": 7}


def test_years_in_a_list_are_no_page_numbers():
    page = "".join(f"<p>Founded in {year}</p>" for year in (1901, 1950, 1999, 2004))
    assert markdown(page).count("Founded") == 4


def test_a_declared_charset_is_believed():
    assert markdown('<meta charset="windows-1252"><p>caf\xe9</p>'.encode("cp1252")) == "café"


def test_a_hundred_thousand_nested_elements_are_refused():
    assert reason("<div>" * 100_000 + "x") == "html_too_deep"
    assert (
        reason('<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">' + "<div>" * 100_000)
        == "html_too_deep"
    )


def test_entities_that_multiply_are_not_expanded():
    bomb = '<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {after} "{f"&{before};" * 10}">' for before, after in zip("abcdefgh", "bcdefghi", strict=True)
    )
    page = bomb + ']><html xmlns="http://www.w3.org/1999/xhtml"><body><p>Hello &i;</p></body></html>'
    assert len(markdown(page)) < 1000


def test_files_beside_the_page_are_not_read(tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("top secret")
    page = f"""<?xml version="1.0"?><!DOCTYPE html [<!ENTITY x SYSTEM "file://{secret}">]>
    <html xmlns="http://www.w3.org/1999/xhtml"><body><p>Hello &x;</p></body></html>"""
    assert "top secret" not in markdown(page)


def test_tables_are_limited():
    table = "<table><tr><td>a</td><td>1</td></tr><tr><td>b</td><td>2</td></tr></table>"
    assert reason(table * 6, max_tables=5) == "too_many_tables"
    assert reason(f"<table><tr>{'<td>1</td>' * 50}</tr></table>", max_table_cells=49) == "table_too_large"
    assert (
        reason('<table><tr><td colspan="99999">a</td><td>b</td></tr></table>' * 3, max_table_cells=1000)
        == "table_too_large"
    )
    assert reason("<p>" + "word " * 500, max_text_characters=1000) == "too_much_text"


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("<>/=\"' abdtrhplsie&;#1x\n"), max_size=300))
def test_no_page_breaks_the_reader(page: str):
    with contextlib.suppress(Unreadable):
        markdown(page)


grids = st.integers(2, 5).flatmap(
    lambda width: st.lists(
        st.lists(st.text(st.sampled_from("abc12,. "), min_size=1, max_size=6), min_size=width, max_size=width),
        min_size=2,
        max_size=6,
    )
)


@settings(max_examples=60, deadline=None)
@given(grids)
def test_every_cell_of_a_plain_table_is_in_its_row(rows: Any):
    rows = [[" ".join(text.split()) or "x" for text in row] for row in rows]
    page = "".join(f"<tr>{''.join(f'<td>{text}</td>' for text in row)}</tr>" for row in rows)
    table = markdown(f"<table>{page}</table>").split("\n\n")[-1].split("\n")
    body = table[2:] if len(table) - 2 == len(rows) else [table[0], *table[2:]]
    assert [[cell.strip() for cell in line.strip("|").split("|")] for line in body[-len(rows) + 1 :]] == rows[1:]
