"""Plain questions over a table: rows of different documents, even templates, and answers that are worth asking for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from longstride.synthesis.tables.by_model.columns import SchemaColumn
from longstride.synthesis.tables.by_model.drafts import FEWEST_DOCUMENTS, POOL, Draft, drafts
from longstride.synthesis.tables.by_model.table import ReadCells, ReadTable, read_table


def test_the_pool_sums_averages_counts_compares_and_ranks():
    names = {template.name for template in POOL}
    assert {"total", "average", "count_above", "spread", "rank", "group_ratio", "total_of_filtered"} <= names
    assert len(POOL) == 11


def test_every_template_of_the_pool_comes_up(town_drafts: Sequence[Draft]):
    assert set(Counter(draft.template for draft in town_drafts)) == {template.name for template in POOL}
    assert len({draft.question.text for draft in town_drafts}) == len(town_drafts)


def test_rows_stand_in_three_documents_or_more(town_drafts: Sequence[Draft]):
    for draft in town_drafts:
        assert len({entry.document_id for entry in draft.entries.values()}) >= FEWEST_DOCUMENTS


def test_one_document_that_gives_all_figures_is_not_enough(
    town_cells: Sequence[ReadCells], town_columns: Sequence[SchemaColumn]
):
    census = ReadCells("census", 100, 3, [cell for each in town_cells for cell in each.cells])
    assert list(drafts(read_table([census], town_columns), 1_000, seed=1)) == []
    with_pages = next(drafts(read_table([census, *town_cells], town_columns), 1_000, seed=1))
    assert len({entry.document_id for entry in with_pages.entries.values()}) >= FEWEST_DOCUMENTS


def test_documents_fit_the_budget(town_table: ReadTable):
    for draft in islice(drafts(town_table, 450, seed=1), 30):
        assert len({entry.document_id for entry in draft.entries.values()}) <= 4
    assert list(drafts(town_table, 250, seed=1)) == []


def test_the_same_seed_gives_the_same_drafts(town_table: ReadTable, town_drafts: Sequence[Draft]):
    again = [draft.question.text for draft in islice(drafts(town_table, 1_000, seed=1), 20)]
    assert again == [draft.question.text for draft in town_drafts[:20]]
    assert again != [draft.question.text for draft in islice(drafts(town_table, 1_000, seed=2), 20)]


def test_what_the_schema_says_is_not_summable_is_not_added_up(
    town_cells: Sequence[ReadCells], town_columns: Sequence[SchemaColumn]
):
    levels = [replace(column, summable=False) for column in town_columns]
    found = {draft.template for draft in islice(drafts(read_table(town_cells, levels), 1_000, seed=1), 40)}
    assert found
    assert not found & {"total", "share", "group_difference", "group_ratio", "total_of_filtered"}


def test_a_query_writer_sees_more_columns_than_the_question_names(town_drafts: Sequence[Draft]):
    assert all(draft.columns[: len(draft.fields)] == draft.scope.measures for draft in town_drafts)
    assert all(len(draft.columns) == 3 for draft in town_drafts)
    assert all(len({column.sql for column in draft.columns}) == 3 for draft in town_drafts)
