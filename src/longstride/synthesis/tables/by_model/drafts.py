"""Plain questions over a table that models read, with their SQL and the rows they name: before any model words them.

The templates are those of structure (`tables.templates`): each writes its question and its query together. A draft
names rows that stand in different documents, three or more of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from longstride.grading import strict_form
from longstride.grading.text_match import contains_words
from longstride.synthesis.tables.boards import Choice, Field, choices, measures
from longstride.synthesis.tables.by_model.table import ReadTable
from longstride.synthesis.tables.corpus_table import Entry, Row, scaled
from longstride.synthesis.tables.queries import Measure, Question, Scope, Template
from longstride.synthesis.tables.templates import TEMPLATES
from longstride.synthesis.tables.values import Value

POOL = tuple(
    template
    for template in TEMPLATES
    if template.name
    in (
        "total",
        "average",
        "median",
        "spread",
        "count_above",
        "rank",
        "share",
        "group_difference",
        "group_ratio",
        "total_of_filtered",
        "average_of_filtered",
    )
)
FEWEST_DOCUMENTS = 3
OTHER_COLUMNS = 5  # that a query writer sees beside those asked about; not in the paper
MOST_IDLE_ROUNDS = 3  # rounds over all templates without a new question, after which there are no more
TRIES = 4  # draws of rows for one choice of measures
MOST_ZEROS = 3  # at most one in so many figures is 0


@dataclass(frozen=True)
class Draft:
    """A question in plain form, with its rows, their cells, and the columns that its table has."""

    template: str
    question_type: str
    question: Question
    scope: Scope
    fields: tuple[Field, ...]  # those asked about
    columns: tuple[Measure, ...]  # those asked about, then others that every row has
    entries: Mapping[tuple[Row, int], Entry]  # by row and the place of the field


def drafts(read: ReadTable, max_context_tokens: int, seed: int) -> Iterator[Draft]:
    """Different drafts of every template in turn, each with measures from an even deck and rows at random."""
    decks = {template.needs: _deck(read, template, seed) for template in POOL}
    asked: set[str] = set()
    idle = 0
    for turn in count():
        if idle > MOST_IDLE_ROUNDS * len(POOL):
            return
        idle += 1
        template = POOL[turn % len(POOL)]
        deck = decks[template.needs]
        if not deck:
            continue
        rng = random.Random(f"{seed}/prose tables/{turn}")
        draft = _draft(template, deck[turn // len(POOL) % len(deck)], read, max_context_tokens, rng)
        if draft is not None and draft.question.text not in asked:
            asked.add(draft.question.text)
            idle = 0
            yield draft


def _deck(read: ReadTable, template: Template, seed: int) -> list[Choice]:
    """The choices of measures for a kind of template; what is added up is summable by the schema too."""
    board = read.board()
    found = choices(board, template.needs, random.Random(f"{seed}/prose tables/deck/{template.needs}"))
    if not template.needs.endswith("additive"):
        return found
    return [choice for choice in found if read.schema[choice[-1].column].summable]


def _draft(
    template: Template, choice: Choice, read: ReadTable, max_context_tokens: int, rng: random.Random
) -> Draft | None:
    for _ in range(TRIES):
        entries = _drawn_entries(template, choice, read, max_context_tokens, rng)
        if entries is None:
            return None
        rows = tuple(dict.fromkeys(row for row, _ in entries))
        others = _others(choice, rows, read, rng)
        columns = measures((*choice, *others), rows)
        used = columns[: len(choice)]
        cells = {
            (row, place): scaled(value, used[place].scale)
            for (row, place), entry in entries.items()
            if isinstance(value := entry.value, Value)
        }
        names = {row: read.table.names[row] for row in rows}
        scope = Scope("", rows, names, used, cells, quoted=False, random=rng)
        if not _worth_asking(scope):
            continue
        question = template.build(scope)
        if question is not None:
            return Draft(template.name, template.question_type, question, scope, choice, columns, entries)
    return None


def _drawn_entries(
    template: Template, choice: Choice, read: ReadTable, max_context_tokens: int, rng: random.Random
) -> dict[tuple[Row, int], Entry] | None:
    """Rows at random, each with a document that no earlier one has, as many as the template and the context take."""
    shared = sorted(set.intersection(*(set(field.cells) for field in choice)))
    wanted = rng.randint(max(template.fewest, FEWEST_DOCUMENTS), template.most)
    tokens: dict[str, int] = {}
    drawn: dict[Row, list[Entry]] = {}
    for row in rng.sample(shared, len(shared)):
        entries = [rng.choice(_fresh(read.mentions[field.column, row], tokens)) for field in choice]
        documents = {entry.document_id: entry.tokens for entry in entries}
        if documents.keys() <= tokens.keys() or sum((tokens | documents).values()) > max_context_tokens:
            continue
        tokens |= documents
        drawn[row] = entries
        if len(drawn) == wanted:
            break
    rows = list(drawn)[: len(drawn) - (template.odd and len(drawn) % 2 == 0)]
    if len(rows) < max(template.fewest, FEWEST_DOCUMENTS):
        return None
    return {(row, place): entry for row in rows for place, entry in enumerate(drawn[row])}


def _fresh(mentions: Sequence[Entry], taken: Mapping[str, int]) -> Sequence[Entry]:
    """The mentions in documents not taken yet, or all where there is none."""
    return [entry for entry in mentions if entry.document_id not in taken] or mentions


def _others(choice: Choice, rows: Sequence[Row], read: ReadTable, rng: random.Random) -> list[Field]:
    """Other columns that every row has: a query must find the right one."""
    asked = {field.column for field in choice}
    found = [
        field for field in read.board().fields if field.column not in asked and all(row in field.cells for row in rows)
    ]
    return rng.sample(found, min(OTHER_COLUMNS, len(found)))


def _worth_asking(scope: Scope) -> bool:
    """Whether the figures differ enough and are not mostly 0, and no name stands within another."""
    rows = len(scope.rows)
    for place in range(len(scope.measures)):
        numbers = scope.numbers(place)
        if numbers.count(numbers[0] * 0) * MOST_ZEROS > rows or len(set(numbers)) < max(1, rows - 1):
            return False
    forms = [strict_form(scope.names[row]) for row in scope.rows]
    return not any(a != b and contains_words(a, b) for a in forms for b in forms) and len(set(forms)) == rows
