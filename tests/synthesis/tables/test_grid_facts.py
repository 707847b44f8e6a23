"""Grids: periods, scales and currencies of filings are found, and what is in doubt is left out."""

from __future__ import annotations

from decimal import Decimal

import pytest

from longstride.records import Document
from longstride.synthesis.structure import read_structure
from longstride.synthesis.tables.captions import sentence_case, topic_of
from longstride.synthesis.tables.facts import Fact, document_facts
from longstride.synthesis.tables.values import Value

Found = dict[tuple[str, str, str, str], tuple[Decimal, str]]

STATEMENT = """The following table shows net sales by category for 2024 and 2023 (dollars in millions):

|      |   |   |   |   |   |   |   |   |
|:-----|:--|:--|:--|:--|:--|:--|:--|:--|
|      | Three Months Ended | | Nine Months Ended | | | | | |
|      | June 29,  2024 | | July 1, 2023 | | June 29, 2024 | | July 1, 2023 | |
| Net sales: | | | | | | | | |
| iPhone® | $ | 39,296 | $ | 39,669 | $ | 154,961 | $ | 156,778 |
| Services (1) | | 24,213 | | (21) | | — | | 62,886 |
|      |   |   |   |   |   |   |   |   |
| Cost of sales: | | | | | | | | |
| Services | | 6,296 | | 6,248 | | 18,634 | | 18,370 |
| Total cost | $ | 46,099 | $ | 45,384 | $ | 159,301 | $ | 165,066 |
| Margin | 46.3 | % | 44.5 | % | 46.2 | % | 43.8 | % |
| Lonely | 5 | | | | | | | |
"""


def facts_of(text: str, title: str = "Apple", source: str = "x.md") -> tuple[Fact, ...]:
    facts = document_facts(Document("d", title, "professional", source, text))
    for fact in facts:
        for quote in fact.quotes:
            assert text[quote.start : quote.end] == quote.text
    return facts


def found(text: str, title: str = "Apple", source: str = "x.md") -> Found:
    return {
        (fact.topic, fact.item, fact.label, fact.period): (fact.value.number, fact.value.unit)
        for fact in facts_of(text, title, source)
        if isinstance(fact.value, Value)
    }


def test_a_filing_whose_headers_stand_elsewhere_than_its_values_is_matched_in_order():
    topic, three, nine = "net sales by category", "three months ended ", "nine months ended "
    assert found(STATEMENT) == {
        (topic, "iPhone", "", three + "June 29, 2024"): (39_296_000_000, "$"),
        (topic, "iPhone", "", three + "July 1, 2023"): (39_669_000_000, "$"),
        (topic, "iPhone", "", nine + "June 29, 2024"): (154_961_000_000, "$"),
        (topic, "iPhone", "", nine + "July 1, 2023"): (156_778_000_000, "$"),
        (topic, "Net sales: Services", "", three + "June 29, 2024"): (24_213_000_000, "$"),
        (topic, "Net sales: Services", "", three + "July 1, 2023"): (-21_000_000, "$"),
        (topic, "Net sales: Services", "", nine + "July 1, 2023"): (62_886_000_000, "$"),
        (topic, "Cost of sales: Services", "", three + "June 29, 2024"): (6_296_000_000, "$"),
        (topic, "Cost of sales: Services", "", three + "July 1, 2023"): (6_248_000_000, "$"),
        (topic, "Cost of sales: Services", "", nine + "June 29, 2024"): (18_634_000_000, "$"),
        (topic, "Cost of sales: Services", "", nine + "July 1, 2023"): (18_370_000_000, "$"),
        (topic, "Total cost", "", three + "June 29, 2024"): (46_099_000_000, "$"),
        (topic, "Total cost", "", three + "July 1, 2023"): (45_384_000_000, "$"),
        (topic, "Total cost", "", nine + "June 29, 2024"): (159_301_000_000, "$"),
        (topic, "Total cost", "", nine + "July 1, 2023"): (165_066_000_000, "$"),
        (topic, "Margin", "", three + "June 29, 2024"): (Decimal("46.3"), "%"),
        (topic, "Margin", "", three + "July 1, 2023"): (Decimal("44.5"), "%"),
        (topic, "Margin", "", nine + "June 29, 2024"): (Decimal("46.2"), "%"),
        (topic, "Margin", "", nine + "July 1, 2023"): (Decimal("43.8"), "%"),
    }


def test_a_currency_beside_a_dash_counts_for_its_column():
    text = """Term investments (in millions)

| | 2024 | 2023 |
|--|--|--|
| Cash, net | $— | $5 |
| Bonds, net | 7 | 8 |
"""
    assert found(text)["term investments", "Bonds, net", "", "2024"] == (7_000_000, "$")


def topic_in(text: str) -> str:
    return topic_of(read_structure(Document("d", "Apple", "professional", "x.md", text)).tables[0])


REPORT = """## Results

| Millions of marks | 2022 | 2023 |
| --- | ---: | ---: |
| Revenue | 130.9 | 128.0 |
| Profit (loss) [1] | 0.8 | (4.5) |
| Employees | 2,314 | 2,498 |
| Earnings per share | 1.20 | 1.30 |
"""


def test_the_head_of_the_first_column_states_money_and_scale_but_not_of_people():
    assert found(REPORT) == {
        ("results", "Revenue", "", "2022"): (130_900_000, "marks"),
        ("results", "Revenue", "", "2023"): (128_000_000, "marks"),
        ("results", "Profit (loss)", "", "2022"): (800_000, "marks"),
        ("results", "Profit (loss)", "", "2023"): (-4_500_000, "marks"),
        ("results", "Employees", "", "2022"): (2314, ""),
        ("results", "Employees", "", "2023"): (2498, ""),
    }


def test_amounts_per_share_keep_their_own_scale_and_a_unit_of_their_own():
    text = """Income statements (in millions, except number of shares, reflected in thousands, and per-share amounts)

| | 2024 | 2023 |
|--|--|--|
| Net income | $21,448 | $19,881 |
| Basic earnings per share | $1.40 | $1.27 |
| Basic shares | 15,287,521 | 15,697,614 |
"""
    values = {(item, period): value for (_, item, _, period), value in found(text).items()}
    assert values == {
        ("Net income", "2024"): (21_448_000_000, "$"),
        ("Net income", "2023"): (19_881_000_000, "$"),
        ("Basic earnings per share", "2024"): (Decimal("1.40"), "$ per share"),
        ("Basic earnings per share", "2023"): (Decimal("1.27"), "$ per share"),
    }


def test_money_of_unknown_scale_is_left_out_in_a_part_of_a_source():
    text = (
        "## Liabilities\n\n| | 2024 | 2023 |\n|--|--|--|\n| Taxes payable | $26,601 | $8,819 |\n| Margin | 5% | 6% |\n"
    )
    assert {item for _, item, _, _ in found(text)} == {"Taxes payable", "Margin"}
    assert {item for _, item, _, _ in found(text, "Apple > Notes")} == {"Margin"}


@pytest.mark.parametrize(
    "text",
    [
        "(net income in millions and shares in thousands)\n\n| | 2024 |\n|--|--|\n| Net income | 5 |\n",
        "## A\n\n| | Left | | Right |\n|--|--|--|--|\n| | a | b | c |\n| x | 1 | 2 | 3 |\n",
        "no topic here.\n\n| | 2024 |\n|--|--|\n| x | 1 |\n",
        "## A\n\n| a | 1 |\n|--|--|\n| 2 | 1 |\n",
    ],
)
def test_an_ambiguous_table_gives_nothing(text: str):
    assert found(text) == {}


def test_equal_columns_and_rows_that_cannot_be_told_apart_are_left_out():
    text = "## Costs by kind\n\n| | 2024 | Change | 2023 | Change |\n|--|--|--|--|--|\n| R | 5 | 1% | 4 | 2% |\n"
    assert {key[3] for key in found(text)} == {"2024", "2023"}
    rows = ["R | 5", "Share of sales | 3%", "S | 6", "Share of sales | 4%"]
    text = "## Costs by kind\n\n| | 2024 |\n|--|--|\n" + "".join(f"| {row} |\n" for row in rows)
    assert {key[1] for key in found(text)} == {"R", "S"}


def test_two_tables_below_one_heading_are_left_out_for_nothing_tells_them_apart():
    table = "| | 2024 |\n|--|--|\n| Rent | 5 |\n"
    assert len(found(f"## Costs of rent\n\n{table}")) == 1
    assert found(f"## Costs of rent\n\n{table}\n.\n\n{table.replace('5', '6')}") == {}


def test_a_column_of_years_gives_each_row_its_period():
    text = "town,census,population\nA,1991,100\nA,2001,120\nB,1991,70\nB,2001,90\n"
    assert found(text, "Census", "c.csv") == {
        ("Census", "A", "population", "1991"): (100, ""),
        ("Census", "A", "population", "2001"): (120, ""),
        ("Census", "B", "population", "1991"): (70, ""),
        ("Census", "B", "population", "2001"): (90, ""),
    }
    text = (
        "## Accounts\n\n| Year | Revenue (in millions) | Staff |\n|--|--|--|\n| 2021 | $5 | 10 |\n| 2022 | $6 | 12 |\n"
    )
    assert found(text) == {
        ("accounts", "Revenue", "", "2021"): (5_000_000, "$"),
        ("accounts", "Staff", "", "2021"): (10, ""),
        ("accounts", "Revenue", "", "2022"): (6_000_000, "$"),
        ("accounts", "Staff", "", "2022"): (12, ""),
    }


@pytest.mark.parametrize(
    ("caption", "topic"),
    [
        ("The following table shows net sales by category for 2024 and 2023 ($ in millions):", "net sales by category"),
        ("CONSOLIDATED BALANCE SHEETS (Unaudited)", "consolidated balance sheets"),
        ("The following table shows the Company’s term debt as of June 29, 2024 (in millions):", "term debt"),
        ("Operating expenses for 2024, 2023 and 2022 were as follows (dollars in millions):", "operating expenses"),
        ("It was a good year. The table below sets forth lease costs for the years ended 2024:", "lease costs"),
        ("Revenue rose and the company made a profit.", "Notes"),
        ("(in millions)", "Notes"),
    ],
)  # fmt: skip
def test_a_topic_is_said_in_the_words_of_the_caption(caption: str, topic: str):
    text = f"## Notes\n\n{caption}\n\n| | 2024 |\n|--|--|\n| x y | 1 |\n"
    assert topic_in(text) in (topic, topic.lower())


def test_sentence_case():
    assert sentence_case("NET SALES") == "net sales"
    assert sentence_case("Net sales") == "net sales"
    assert sentence_case("Net Sales by Category") == "Net Sales by Category"
    assert sentence_case("") == ""
