from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from longstride.corpus.readers.pipe_tables import Cell, continued, grid_rows, joined, pipe_table


def cells(*texts: str):
    return [Cell(text, column) for column, text in enumerate(texts) if text]


def lines(text: str):
    return text.split("\n")


def test_the_parts_of_an_amount_stand_together_again():
    assert [cell.text for cell in joined(cells("Sales", "$", "1,234"))] == ["Sales", "$1,234"]
    assert [cell.text for cell in joined(cells("Loss", "$", "(1,234", ")"))] == ["Loss", "$(1,234)"]
    assert [cell.text for cell in joined(cells("Change", "(2", ")%"))] == ["Change", "(2)%"]
    assert [cell.text for cell in joined(cells("Change", "—", "%"))] == ["Change", "—%"]
    assert [cell.text for cell in joined(cells("Cost", "US$", "5"))] == ["Cost", "US$5"]


def test_a_percent_sign_that_is_a_heading_of_its_own_stays_where_it_is():
    assert [cell.text for cell in joined(cells("Region", "Sales", "%"))] == ["Region", "Sales", "%"]


def test_columns_that_only_held_signs_and_spacing_are_gone():
    rows = [
        [Cell("2024", 3, 3), Cell("2023", 9, 3)],
        [Cell("iPhone", 0, 3), Cell("$", 3), Cell("201,183", 4), Cell("$", 9), Cell("200,583", 10)],
        [Cell("Mac", 0, 3), Cell("29,984", 3, 2), Cell("29,357", 9, 2)],
    ]
    assert lines(pipe_table(rows)) == [
        "|  | 2024 | 2023 |",
        "| --- | --- | --- |",
        "| iPhone | $201,183 | $200,583 |",
        "| Mac | 29,984 | 29,357 |",
    ]


def test_a_heading_over_several_columns_is_said_over_each():
    rows = [
        [Cell("Three months ended", 1, 2), Cell("Nine months ended", 3, 2)],
        [Cell("June 2024", 1), Cell("July 2023", 2), Cell("June 2024", 3), Cell("July 2023", 4)],
        [Cell("Sales", 0), Cell("5", 1), Cell("4", 2), Cell("15", 3), Cell("14", 4)],
    ]
    head = lines(pipe_table(rows))[0]
    assert head == (
        "|  | Three months ended June 2024 | Three months ended July 2023 "
        "| Nine months ended June 2024 | Nine months ended July 2023 |"
    )


def test_a_line_over_the_whole_width_is_a_caption():
    rows = [[Cell("Table 1. Exports", 0, 3)], *grid_rows([["Port", "2023", "2022"], ["Oran", "5", "4"]])]
    assert pipe_table(rows).startswith("Table 1. Exports\n\n| Port | 2023 | 2022 |\n| --- ")


def test_a_table_without_headings_has_an_empty_head():
    text = pipe_table(grid_rows([["Sales", "5"], ["Costs", "4"]]))
    assert lines(text)[:3] == ["|  |  |", "| --- | --- |", "| Sales | 5 |"]


def test_what_lays_out_a_page_is_no_table():
    assert pipe_table(grid_rows([["only one column"], ["of text"]])) == ""
    assert pipe_table(grid_rows([["one", "row"]])) == ""
    assert pipe_table([]) == ""


def test_a_bar_in_a_cell_does_not_end_it():
    assert lines(pipe_table(grid_rows([["a", "b"], ["x|y", "1"]])))[2] == "| x\\|y | 1 |"


def test_a_table_without_head_goes_on_the_one_above_it():
    above = pipe_table(grid_rows([["", "2024"], ["Sales", "5"]]))
    below = pipe_table(grid_rows([["Costs", "4"], ["Profit", "1"]]))
    assert continued(above, below) == "\n| Costs | 4 |\n| Profit | 1 |"
    wider = pipe_table(grid_rows([["Costs", "4", "3"], ["Profit", "1", "2"]]))
    assert continued(above, wider) == ""


texts = st.text(st.sampled_from("ab1,2.()$%|- —\n"), max_size=8)


@given(st.lists(st.lists(st.one_of(st.none(), texts), max_size=6), max_size=8))
def test_no_text_is_lost_and_every_row_has_the_same_width(rows: Any):
    grid = grid_rows(rows)
    text = pipe_table(grid)
    if not text:
        return
    table = text.split("\n\n")[-1].split("\n")
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1
    held = "".join(sorted(text.replace("\\|", "|").replace("|", "").replace("---", "").replace(" ", "")))
    for cell in (cell for row in grid for cell in row):
        assert set(cell.text.replace("|", "").replace(" ", "")) <= set(held) | set("-")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4), texts), max_size=20), st.integers(0, 3))
def test_cells_that_overlap_do_no_harm(placed: Any, head_rows: int):
    rows = [[Cell(" ".join(text.split()), column, span)] for column, span, text in placed]
    text = pipe_table(rows, head_rows)
    assert isinstance(text, str)
