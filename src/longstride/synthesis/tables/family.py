"""The question family of tables: extract facts, propose questions with their SQL, answer them again (paper 3.2)."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import count
from typing import Any

from longstride.grading import strict_form
from longstride.grading.text_match import contains_words
from longstride.records import Document, Evidence
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.tables.answer_forms import AnswerForm
from longstride.synthesis.tables.boards import Board, Choice, boards, choices, measures, mixed_years
from longstride.synthesis.tables.corpus_table import Column, CorpusTable, Entry, Row, corpus_tables, normal, scaled
from longstride.synthesis.tables.execution import execute, sql_table
from longstride.synthesis.tables.facts import Fact, document_facts
from longstride.synthesis.tables.queries import Question, Scope, Template
from longstride.synthesis.tables.settling import settled
from longstride.synthesis.tables.templates import TEMPLATES
from longstride.synthesis.tables.templates_of_time import TEMPLATES_OF_TIME
from longstride.synthesis.tables.values import Value

ALL_TEMPLATES = (*TEMPLATES, *TEMPLATES_OF_TIME)
CORPUS_TURNS = 4  # questions over the whole corpus to one over a subject's own table; not in the paper
MOST_IDLE_ROUNDS = 3  # rounds over all templates without a new question, after which there are no more
TRIES = 6  # draws of rows for one choice of measures
MOST_ZEROS = 3  # at most one in so many figures is 0
SAME_YEARS = "Take the figures as the documents give them, whatever their year."


class TablesFamily:
    """Questions over the labelled numbers and tables of many documents; see `candidates.QuestionFamily`."""

    name = "tables"

    def extract(self, document: Document) -> tuple[Fact, ...]:
        """The typed cells of one document."""
        return document_facts(document)

    def propose(self, sources: Sequence[Source], max_context_tokens: int, seed: int, limit: int) -> Iterator[Candidate]:
        """Candidates of every template in turn, each with columns from an even deck and entities at random."""
        tables = corpus_tables(sources)
        found = boards(tables)
        whole, own = [board for board in found if not board.quoted], [board for board in found if board.quoted]
        decks = _Decks(whole, own, seed)
        keys: set[str] = set()
        idle = 0
        for turn in count():
            if len(keys) >= limit or idle > MOST_IDLE_ROUNDS * len(ALL_TEMPLATES):
                return
            template = ALL_TEMPLATES[turn % len(ALL_TEMPLATES)]
            rng = random.Random(f"{seed}/tables/{turn}")
            idle += 1
            for board, choice in decks.draw(template, turn // len(ALL_TEMPLATES)):
                candidate = _candidate(template, board, choice, max_context_tokens, rng)
                if candidate is not None and candidate.key not in keys:
                    keys.add(candidate.key)
                    idle = 0
                    yield candidate
                    break

    def answers(self, derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
        """Runs the stored SQL over the corpus table of these documents alone.

        () where a cell that the question reads is not there, or is given differently by two of the documents.
        """
        table = corpus_tables(sources).get(derivation["table"])
        if table is None:
            return ()
        columns = [
            (each["name"], Column(each["section"], each["label"], each["unit"], each["period"]), each["scale"])
            for each in derivation["columns"]
        ]
        scope = {Row(each["topic"], each["entity"]): each["name"] for each in derivation["scope"]}
        form = AnswerForm(**derivation["form"])
        results = execute(sql_table(table, columns, scope), derivation["sql"])
        return tuple(dict.fromkeys(text for result in results if (text := form.written(result))))


class _Decks:
    """For each template and kind of table the choices of measures, dealt one after the other, over and over."""

    def __init__(self, whole: Sequence[Board], own: Sequence[Board], seed: int) -> None:
        self.whole, self.own, self.seed = whole, own, seed
        self._decks: dict[tuple[str, bool], list[tuple[Board, Choice]]] = {}
        self._dealt: dict[tuple[str, bool], int] = {}

    def draw(self, template: Template, round_: int) -> Iterator[tuple[Board, Choice]]:
        """Up to TRIES choices for this template, mostly over the whole corpus."""
        from_own = bool(self.own) and (not self.whole or round_ % (CORPUS_TURNS + 1) == CORPUS_TURNS)
        key = (template.needs, from_own)
        if key not in self._decks:
            self._decks[key] = self._shuffled(template.needs, from_own)
        deck = self._decks[key]
        for _ in range(min(TRIES, len(deck))):
            dealt = self._dealt.get(key, 0)
            self._dealt[key] = dealt + 1
            yield deck[dealt % len(deck)]

    def _shuffled(self, needs: str, from_own: bool) -> list[tuple[Board, Choice]]:
        rng = random.Random(f"{self.seed}/tables/deck/{needs}/{from_own}")
        deck = [
            (board, choice) for board in (self.own if from_own else self.whole) for choice in choices(board, needs, rng)
        ]
        rng.shuffle(deck)
        return deck


def _candidate(
    template: Template, board: Board, choice: Choice, max_context_tokens: int, rng: random.Random
) -> Candidate | None:
    """One question by this template over these measures, with rows whose documents fit; None where none is good."""
    shared = sorted(set.intersection(*(set(field.cells) for field in choice)))
    if len(shared) < template.fewest:
        return None
    for _ in range(TRIES):
        rows = _drawn_rows(template, choice, shared, max_context_tokens, rng)
        if rows is None:
            return None
        scope = _scope(board, choice, rows, rng)
        if not _worth_asking(template, scope):
            continue
        question = template.build(scope)
        candidate = _asked(template, board, choice, scope, question) if question else None
        if candidate is not None:
            return candidate
    return None


def _drawn_rows(
    template: Template, choice: Choice, shared: Sequence[Row], max_context_tokens: int, rng: random.Random
) -> tuple[Row, ...] | None:
    """Rows at random, as many as the template takes and the context holds."""
    wanted = rng.randint(template.fewest, template.most)
    tokens: dict[str, int] = {}
    rows: list[Row] = []
    for row in rng.sample(shared, len(shared)):
        documents = {entry.document_id: entry.tokens for entry in (field.cells[row] for field in choice)}
        if sum((tokens | documents).values()) > max_context_tokens:
            continue
        tokens |= documents
        rows.append(row)
        if len(rows) == wanted:
            break
    if template.odd and len(rows) % 2 == 0:
        rows = rows[:-1]
    return tuple(rows) if len(rows) >= template.fewest else None


def _scope(board: Board, choice: Choice, rows: tuple[Row, ...], rng: random.Random) -> Scope:
    used = measures(choice, rows)
    cells = {
        (row, place): scaled(value, measure.scale) if isinstance(value := field.cells[row].value, Value) else value
        for place, (field, measure) in enumerate(zip(choice, used, strict=True))
        for row in rows
    }
    names = {row: board.table.names[row] for row in rows}
    return Scope(board.prefix, rows, names, used, cells, board.quoted, rng)


def _worth_asking(template: Template, scope: Scope) -> bool:
    """Whether the figures differ enough, and are not mostly 0."""
    rows = len(scope.rows)
    for place, measure in enumerate(scope.measures):
        if measure.dated:
            if len({scope.cells[row, place] for row in scope.rows}) < rows:
                return False
            continue
        numbers = scope.numbers(place)
        if numbers.count(numbers[0] * 0) * MOST_ZEROS > rows or len(set(numbers)) < max(1, rows - 1):
            return False
    forms = [strict_form(scope.names[row].partition(" (")[0]) for row in scope.rows]
    return not any(a != b and contains_words(a, b) for a in forms for b in forms) and len(set(forms)) == rows


def _asked(template: Template, board: Board, choice: Choice, scope: Scope, question: Question) -> Candidate | None:
    """Executes the query and makes the candidate, unless its answer is none, several, trivial or near a tie."""
    columns = [(measure.sql, measure.column, measure.scale) for measure in scope.measures]
    results = execute(sql_table(board.table, columns, scope.names), question.sql)
    answer = settled(question, results)
    if answer is None:
        return None
    entries = [field.cells[row] for row in scope.rows for field in choice]
    evidence = dict.fromkeys(
        Evidence(entry.document_id, quote.start, quote.end, quote.text)
        for entry in entries
        for quote in entry.fact.quotes
    )
    years = SAME_YEARS if mixed_years(choice, scope.rows) else ""
    notes = [answer.question.note, years, answer.question.form.instructions()]
    return Candidate(
        key=f"tables-{hashlib.sha256(f'{question.text}/{question.sql}'.encode()).hexdigest()[:16]}",
        family=TablesFamily.name,
        task="reading_comprehension" if template.question_type == "look_up" else "numerical",
        question_type=template.question_type,
        core_question=question.text,
        format_instructions=" ".join(note for note in notes if note),
        ground_truth=answer.forms,
        reward_style=answer.reward_style,
        document_ids=tuple(dict.fromkeys(entry.document_id for entry in entries)),
        evidence=tuple(evidence),
        derivation={
            **_derivation(template, board.table, scope, answer.question, answer.result),
            "cells": [[_cell(field.cells[row]) for field in choice] for row in scope.rows],
        },
        entities=(*board.subjects, *(scope.names[row] for row in scope.rows)),
    )


def _cell(entry: Entry) -> dict[str, Any]:
    """A cell that the query reads, for a person: what stands there, and where."""
    quote = entry.fact.quotes[-1]
    return {"value": quote.text, "document_id": entry.document_id, "start": quote.start, "end": quote.end}


def _derivation(
    template: Template, table: CorpusTable, scope: Scope, question: Question, result: object
) -> dict[str, Any]:
    return {
        "template": template.name,
        "table": normal(table.name),
        "sql": question.sql,
        "steps": list(question.steps),
        "columns": [
            {"name": measure.sql, **measure.column._asdict(), "scale": measure.scale, "said": measure.timed}
            for measure in scope.measures
        ],
        "scope": [{**row._asdict(), "name": scope.names[row]} for row in scope.rows],
        "form": asdict(question.form),
        "result": str(result),
    }
