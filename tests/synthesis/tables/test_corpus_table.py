"""Facts of many documents in one table: what is the same is merged, what contradicts itself is dropped and counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

from longstride.synthesis.candidates import Source
from longstride.synthesis.tables.corpus_table import (
    CORPUS,
    Column,
    CorpusTable,
    Row,
    column_name,
    common_scale,
    corpus_tables,
    normal,
    scaled,
)
from longstride.synthesis.tables.execution import sql_table
from longstride.synthesis.tables.values import Value, read_value

Maker = Callable[..., Source]
LAND = Column("area", "land", "sq km", "")


def numbers(table: CorpusTable, column: Column) -> dict[str, Decimal | date]:
    return {
        table.names[row]: entry.value.number if isinstance(entry.value, Value) else entry.value
        for row, entry in table.cells.get(column, {}).items()
    }


def test_labels_of_many_documents_become_typed_columns(places: Sequence[Source]):
    table = corpus_tables(places)[CORPUS]
    assert numbers(table, LAND)["Corvia"] == 475
    assert numbers(table, Column("", "birth rate", "births/1,000 population", ""))["Arvania"] == Decimal("11.5")
    assert numbers(table, Column("", "exports", "$", "2022"))["Belmora"] == 650_000_000
    assert numbers(table, Column("", "independence", "date", ""))["Dremland"] == date(1945, 5, 9)
    assert {len(cells) for cells in table.cells.values()} == {8}
    assert len(table.cells) == 8


def test_the_same_cell_twice_is_one_and_different_ones_are_none(make_source: Maker):
    area = "### Area\n\n- land: {} sq km\n"
    one = make_source("Chad > Geography", area.format("100"), name="a")
    same = make_source("CHAD > Environment", area.format("100"), name="b")
    other = make_source("Chad > Economy", area.format("101"), name="c")
    table = corpus_tables([one, same])[CORPUS]
    assert [entry.document_id for entry in table.cells[LAND].values()] == ["a"]
    assert table.conflicts.total() == 0
    for order in ([one, same, other], [other, one, same]):
        table = corpus_tables(order)[CORPUS]
        assert table.cells[LAND] == {}
        assert table.conflicts[LAND] == 1


def test_units_are_converted_only_where_that_is_exact(make_source: Maker):
    text = "## Power\n\n- Capacity: {}\n"
    sources = [make_source(name, text.format(value)) for name, value in
               (("Alder", "2 GW"), ("Birch", "1,500 MW"), ("Cedar", "7 horses"), ("Dogwood", "3 kW"))]  # fmt: skip
    table = corpus_tables(sources)[CORPUS]
    assert numbers(table, Column("", "capacity", "kw", "")) == {"Alder": 2_000_000, "Birch": 1_500_000, "Dogwood": 3}
    assert numbers(table, Column("", "capacity", "horse", "")) == {"Cedar": 7}


def test_years_in_labels_are_periods_and_a_capital_in_a_list_of_small_letters_stands_alone(make_source: Maker):
    text = "## Boundaries\n\n- total: 12 km\n- Coastline: 5 km\n- 1991 census: 70\n- Rate 2020: 4% (2020 est.)\n"
    table = corpus_tables([make_source("Chad", text)])[CORPUS]
    assert set(table.cells) == {
        Column("boundaries", "total", "km", ""),
        Column("", "coastline", "km", ""),
        Column("boundaries", "census", "", "1991"),
        Column("", "rate", "%", "2020"),
    }


def test_a_label_and_its_value_must_not_name_two_years(make_source: Maker):
    table = corpus_tables([make_source("Chad", "- Rate 2020: 4% (2019 est.)\n- Founded: 1998\n- Fax: 12345\n")])[CORPUS]
    assert table.cells == {}


def test_parts_of_a_list_are_columns_by_their_names(make_source: Maker):
    source = make_source("Chad", "## Borders\n\n- border countries: Libya 1,050 km; Niger 1,196 km; other 3 km\n")
    table = corpus_tables([source])[CORPUS]
    assert numbers(table, Column("borders: border countries", "libya", "km", "")) == {"Chad": 1050}
    assert len(table.cells) == 2


def test_the_tables_of_a_subject_are_merged_over_its_filings(make_source: Maker):
    report = "## Results\n\n| Millions of marks | {} | {} |\n|--|--|--|\n| Revenue | {} | {} |\n"
    sources = [
        make_source("Alder Mills: annual report 2023", report.format(2022, 2023, 5, 7), name="r23"),
        make_source("Alder Mills: annual report 2024", report.format(2023, 2024, 7, 9), name="r24"),
    ]
    tables = corpus_tables(sources)
    assert set(tables) == {CORPUS, "alder mills"}
    own = {column.period: numbers(tables["alder mills"], column) for column in tables["alder mills"].cells}
    assert own == {"2022": {"Revenue": 5_000_000}, "2023": {"Revenue": 7_000_000}, "2024": {"Revenue": 9_000_000}}
    whole = {column: numbers(tables[CORPUS], column) for column in tables[CORPUS].cells}
    assert whole[Column("results", "revenue", "mark", "2024")] == {"Alder Mills": 9_000_000}


def test_numbers_stand_in_sql_exactly_or_not_at_all(make_source: Maker):
    values = {"Alder": "3.25 million", "Birch": "1", "Cedar": "12,345,678,901,234,567"}
    sources = [make_source(name, f"## S\n\n- Size of it: {value}\n") for name, value in values.items()]
    table = corpus_tables(sources)[CORPUS]
    column = Column("", "size of it", "", "")
    alder, birch, cedar = (Row("", name) for name in ("alder", "birch", "cedar"))
    found = sql_table(table, [("size", column, 6)], {alder: "Alder", birch: "BIRCH"})
    assert found is not None
    assert found.columns == (("entity", "VARCHAR"), ("size", "DECIMAL(28,6)"))
    assert found.rows[:2] == (("Alder", Decimal("3.25")), ("BIRCH", Decimal("0.000001")))
    assert found.rows[2] == ("Cedar", Decimal("12345678901.234567"))
    assert sql_table(table, [("size", column, 0)], {cedar: "Cedar"}) is None
    assert sql_table(table, [("size", column, 0)], {Row("", "elsewhere"): "Elsewhere"}) is None


def test_names_and_scales():
    assert normal(" Côte  d’Ivoire ") == "côte d'ivoire"
    assert normal("Condensed Consolidated Balance Sheets") == "balance sheets"
    first = column_name(LAND, "sq km", 0, [])
    assert first == "area_land_sq_km"
    assert column_name(LAND, "sq km", 0, [first]) == "area_land_sq_km_2"
    assert column_name(Column("", "exports", "$", "2023"), "$", 9, []) == "exports_2023_billion_usd"
    assert column_name(Column("", "0-14 years", "%", ""), "%", 0, []) == "n0_14_years_percent"
    values = [value for text in ("3 million", "4 million", "5 billion", "7") if (value := read_value(text))]
    assert common_scale(values) == 6
    assert scaled(values[2], 6) == 5000
