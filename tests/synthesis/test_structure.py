"""Structure reading: every part is a slice of the text, and prose is no structure."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.records import Document
from longstride.synthesis.structure import Structure, read_structure

PROFILE = """# Algeria

## Geography

- Location: Northern Africa

### Area

- total: 2,381,740 sq km
- agricultural land: arable land: arable land: 3.2% (2023 est.)
- note: note: data in 2021 dollars

### Labor force

13.294 million (2024 est.)
- note: note: number of people ages 15 or older

## Company

**Founded:** 1998
**Seat**: Turin, *Italy*

Chief executive: A. Doe
Employees: 120

Brevity
: the soul of wit
"""


def read(text: str, title: str = "Algeria", source: str = "algeria.md") -> Structure:
    return read_structure(Document("d", title, "professional", source, text))


def quotations(structure: Structure) -> list[tuple[int, int, str]]:
    parts = [(each.start, each.end, each.value) for each in structure.attributes]
    parts += [(each.line_start, each.line_end, each.line) for each in structure.attributes]
    cells = [cell for table in structure.tables for row in (*table.header, *table.rows) for cell in row]
    return parts + [(cell.start, cell.end, cell.text) for cell in cells]


def test_labels_are_read_with_the_headings_above_them():
    found = {(each.section, each.label): each.value for each in read(PROFILE).attributes}
    assert found == {
        (("Geography",), "Location"): "Northern Africa",
        (("Geography", "Area"), "total"): "2,381,740 sq km",
        (("Geography", "Area"), "agricultural land: arable land"): "3.2% (2023 est.)",
        (("Geography", "Area"), "note"): "data in 2021 dollars",
        (("Geography",), "Labor force"): "13.294 million (2024 est.)",
        (("Geography", "Labor force"), "note"): "number of people ages 15 or older",
        (("Company",), "Founded"): "1998",
        (("Company",), "Seat"): "Turin, *Italy*",
        (("Company",), "Chief executive"): "A. Doe",
        (("Company",), "Employees"): "120",
        (("Company",), "Brevity"): "the soul of wit",
    }


def test_offsets_quote_the_text():
    for start, end, text in quotations(read(PROFILE)):
        assert PROFILE[start:end] == text


@pytest.mark.parametrize(
    ("title", "text", "section"),
    [
        ("Algeria > Geography", "## Geography\n\n### Area\n\n- total: 3\n", ("Geography", "Area")),
        ("Algeria > Geography > Area – Elevation", "- total: 3\n\n### Elevation\n", ("Geography", "Area")),
        ("Algeria > Geography > Area – Elevation", "### Area\n- total: 3\n\n### Elevation\n", ("Geography", "Area")),
        ("Algeria > Geography (part 2 of 3)", "- total: 3\n", ("Geography",)),
        ("Algeria > Note 4 – Debt", "- total: 3\n", ("Note 4 – Debt",)),
        ("Algeria", "# Algeria\n\nArea\n====\n\n- total: 3\n", ("Area",)),
    ],
)
def test_the_title_gives_the_headings_above_the_text(title: str, text: str, section: tuple[str, ...]):
    structure = read(text, title)
    assert [(each.subject, each.section) for each in structure.attributes] == [("Algeria", section)]


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("Alder Mills: annual report 2023", "Alder Mills"),
        ("Alder Mills – Q3 2024 Form 10-Q > Item 1", "Alder Mills"),
        ("Alder Mills 2023 Annual Report", "Alder Mills"),
        ("Progress report", "Progress report"),
        ("News from Nowhere, by William Morris", "News from Nowhere, by William Morris"),
    ],
)
def test_the_subject_is_what_a_document_is_about_not_its_kind(title: str, subject: str):
    assert read("text", title).subject == subject


@pytest.mark.parametrize(
    "text",
    [
        "He said: do not.\nAnd they answered: never.\nThe rest is silence.\n",
        "- see: \n- http://example.org: a page\n",
        "```\n- total: 5\n```\n",
        "And then there came a moment when: all was lost.\n",
        "Lonely: line\n",
    ],
)
def test_prose_code_and_stray_colons_are_no_labels(text: str):
    assert read(text).attributes == ()


def test_a_chapter_is_not_the_value_of_its_heading():
    assert read("# Book\n\n## Chapter I\n\nIt was a dark night, and the rain fell in torrents.\n").attributes == ()


FILING = """Apple Inc.

<div align='center'>NET SALES (in millions)</div>

|        |   |        |   |        |
|:-------|:--|:-------|:--|:-------|
|        | June 29,   2024 |        | July 1, 2023 |   |
| Sales: |   |        |   |        |
| iPhone | $ | 39,296 | $ | 39,669 |
|        |   |        |   |        |
| a \\| b |   | (7)    |   | —      |

after
"""


def test_a_table_keeps_its_cells_header_and_caption():
    (table,) = read(FILING, "Apple Inc.").tables
    assert table.caption == ("Apple Inc.", "NET SALES (in millions)")
    assert [[cell.text for cell in row if cell.text] for row in table.header] == [["June 29,   2024", "July 1, 2023"]]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["Sales:", "", "", "", ""],
        ["iPhone", "$", "39,296", "$", "39,669"],
        ["", "", "", "", ""],
        ["a \\| b", "", "(7)", "", "—"],
    ]
    assert FILING[table.start : table.end].count("\n") == 6


def test_a_delimited_file_is_one_table():
    text = 'town,province,population\n"Lower, Upper","the ""old"" north",12\nOther,south,7\n'
    (table,) = read(text, "Census", "census.csv").tables
    assert [cell.text for cell in table.header[0]] == ["town", "province", "population"]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["Lower, Upper", 'the ""old"" north', "12"],
        ["Other", "south", "7"],
    ]
    (table,) = read("a\tb\n1\t2\n", "T", "t.tsv").tables
    assert [[cell.text for cell in row] for row in table.rows] == [["1", "2"]]


def test_links_are_found_in_both_forms():
    text = "See [the river](rivers/po.md), [[Turin]] and [[Turin|the city]]."
    assert [(each.text, each.target) for each in read(text).links] == [
        ("the river", "rivers/po.md"),
        ("Turin", "Turin"),
        ("the city", "Turin"),
    ]
    assert [text[each.start : each.end] for each in read(text).links] == [
        "[the river](rivers/po.md)",
        "[[Turin]]",
        "[[Turin|the city]]",
    ]


PIECES = st.sampled_from(
    ["- a: 1", "# H", "## Area", "|", "| a | b |", "|--|--|", "**B:** 2", "A: b", ": d", "```", "===", "---", "", " ",
     "[[x]]", "[a](b)", "\t", "é: ü", "\u2028", "“", '"', ",", "\x0c", "12 (2023 est.)"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=30), st.sampled_from(["x.md", "x.csv", "x.tsv"]))
def test_any_text_is_read_without_error_and_quoted_exactly(pieces: list[str], source: str):
    text = "\n".join(pieces)
    structure = read(text, "T > S", source)
    for start, end, quoted in quotations(structure):
        assert text[start:end] == quoted
    for each in (*structure.links, *structure.headings):
        assert 0 <= each.start < each.end <= len(text)


@pytest.mark.parametrize(
    "unit", ["|" * 50, "[" * 50, "- a: b: ", "#" * 50, ": x\n", "|--" * 20 + "\n", "*" * 50, " " * 50]
)
def test_a_long_hostile_text_is_read_in_linear_time(unit: str):
    read(unit * (200_000 // len(unit)))  # a quadratic reader would not come back
