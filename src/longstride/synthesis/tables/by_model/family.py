"""The question family of tables that models read in prose (paper 3.2, "Structural Tabular Data Engine").

`extract` reads open cells, whatever figures a document states, because a document is read once and the columns that a
region shares are known only when all of it is read. `propose` then brings the readers' words together into columns,
draws questions with their SQL, has a proposer word them, and keeps those for which two query writers, who see only
the words and the columns, write what gives the same result in the sandbox. Models never give an answer.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from longstride.llm import ModelError
from longstride.llm.in_order import in_order
from longstride.records import Document, Evidence
from longstride.synthesis.candidates import Candidate
from longstride.synthesis.tables.answer_forms import AnswerForm
from longstride.synthesis.tables.boards import mixed_years
from longstride.synthesis.tables.by_model.cells import Cell, Wording
from longstride.synthesis.tables.by_model.columns import COLUMNS, SCHEMAS, SchemaColumn, agreed_columns
from longstride.synthesis.tables.by_model.drafts import Draft, drafts
from longstride.synthesis.tables.by_model.expansion import STYLES, objection, worded
from longstride.synthesis.tables.by_model.reading import (
    CELLS,
    NO_ANSWER,
    PASSAGES,
    PROPOSED,
    READINGS,
    facts_of,
    read_cells,
)
from longstride.synthesis.tables.by_model.sql_writing import QUERY_WRITERS, QueryDesk, written_alike
from longstride.synthesis.tables.by_model.table import ReadCells, ReadTable, read_table
from longstride.synthesis.tables.corpus_table import Column, Row
from longstride.synthesis.tables.execution import execute, sql_table
from longstride.synthesis.tables.family import SAME_YEARS
from longstride.synthesis.tables.settling import Settled, settled
from longstride.synthesis.with_models import Growth, ReadDocument, Roles, Tally

CONFLICTS, DRAFTS, WORDINGS, QUERIES = "table cells", "plain questions", "wordings", "queries"
GIVEN_DIFFERENTLY = "given differently by two places"
NO_PLAIN_ANSWER = "no single answer of weight"
SAME_QUESTION = "the same wording as another"
PROMPTS = ("extractor_cells", "extractor_schema", "proposer_table_question", "query_writer")  # behind every question
MOST_ROUNDS = 4  # times as many drafts as candidates that are wanted; not in the paper


@dataclass(frozen=True)
class ProseTablesFamily:
    """Questions over figures that models read in the prose of many documents; see `with_models.ModelFamily`."""

    readings: int = 3  # of each passage, and proposals for the columns; not in the paper
    wordings: int = 2  # tries of the proposer for one draft; not in the paper

    name = "prose_tables"
    roles = ("extractor", "proposer", "query_writer")
    stages = (PASSAGES, READINGS, PROPOSED, CELLS, SCHEMAS, COLUMNS, CONFLICTS, DRAFTS, WORDINGS, QUERIES)
    rederives = True

    def __post_init__(self) -> None:
        if self.readings < 1 or self.wordings < 1:
            raise ValueError(f"readings = {self.readings}, wordings = {self.wordings}: expected 1 or more of each")

    async def extract(self, document: Document, roles: Roles, tally: Tally) -> dict[str, Any]:
        """The cells of one document on which most of its readings agree."""
        return facts_of(await read_cells(document, roles.model("extractor"), self.readings, tally), self.readings)

    async def propose(
        self,
        documents: Sequence[ReadDocument],
        max_context_tokens: int,
        seed: int,
        limit: int,
        roles: Roles,
        tally: Tally,
    ) -> AsyncIterator[Candidate]:
        """Candidates in the order of their drafts, which are made in rounds of as many as are still wanted."""
        read = [_read(each.document.id, each.tokens, each.facts) for each in documents if each.facts]
        cells = [cell for each in read for cell in each.cells]
        columns = await agreed_columns(cells, roles.model("extractor"), self.readings, tally)
        found = read_table(read, columns)
        tally.count(CONFLICTS, items=sum(len(cells) for cells in found.table.cells.values()))
        tally.count(CONFLICTS, GIVEN_DIFFERENTLY, found.table.conflicts.total())
        waiting = drafts(found, max_context_tokens, seed)
        keys: set[str] = set()
        with QueryDesk() as desk:

            async def candidate(draft: Draft) -> Candidate | None:
                return await self._candidate(draft, found, seed, roles, desk, tally)

            for _ in range(MOST_ROUNDS):
                batch = list(islice(waiting, limit - len(keys)))
                async for made in in_order(batch, candidate, max(1, roles.in_flight // QUERY_WRITERS)):
                    if made is None:
                        continue
                    if made.key in keys:
                        tally.count(QUERIES, SAME_QUESTION)
                        continue
                    keys.add(made.key)
                    tally.count(QUERIES)
                    yield made

    def answers(self, derivation: Mapping[str, Any], facts: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """Runs the template's SQL over the table of these documents alone.

        () where a cell that the question reads is not there, or is given differently by two of the documents.
        """
        columns = [
            SchemaColumn(each["section"], each["label"], True, frozenset(Wording(*pair) for pair in each["wordings"]))
            for each in derivation["columns"]
        ]
        read = [_read(str(place), 0, each) for place, each in enumerate(facts) if each]
        table = read_table(read, dict.fromkeys(columns)).table
        wanted = [
            (each["name"], Column(each["section"], each["label"], each["unit"], each["period"]), each["scale"])
            for each in derivation["columns"]
        ]
        scope = {Row(each["topic"], each["entity"]): each["name"] for each in derivation["scope"]}
        form = AnswerForm(**derivation["form"])
        results = execute(sql_table(table, wanted, scope), derivation["sql"])
        return tuple(dict.fromkeys(text for result in results if (text := form.written(result))))

    def growth(self, documents: Sequence[ReadDocument], times: float) -> Growth:
        """The columns of a region are asked for once, however many documents it has."""
        return Growth()

    async def _candidate(
        self, draft: Draft, read: ReadTable, seed: int, roles: Roles, desk: QueryDesk, tally: Tally
    ) -> Candidate | None:
        """A draft with its answer, wording and agreeing queries; None, and counted, where one of them is missing."""
        columns = [(measure.sql, measure.column, measure.scale) for measure in draft.columns]
        table = sql_table(read.table, columns, draft.scope.names)
        results = await desk.results(table, draft.question.sql) if table is not None else ()
        answer = settled(draft.question, results) if not isinstance(results, str) else None
        if table is None or answer is None:
            tally.count(DRAFTS, NO_PLAIN_ANSWER)
            return None
        tally.count(DRAFTS)
        wording = await self._wording(draft, answer, seed, roles, tally)
        if wording is None:
            return None
        queries = await written_alike(wording, draft, answer, table, roles.model("query_writer"), desk)
        if isinstance(queries, str):
            tally.count(QUERIES, queries)
            return None
        models = {role: roles.model(role).model_id for role in self.roles}
        return _asked(self.name, wording, draft, answer, queries, read, models)

    async def _wording(self, draft: Draft, answer: Settled, seed: int, roles: Roles, tally: Tally) -> str | None:
        """The first of the proposer's wordings that nothing speaks against; the last reason is counted."""
        style = random.Random(f"{seed}/prose tables/style/{draft.question.text}").choice(STYLES)
        reason = NO_ANSWER
        for index in range(self.wordings):
            try:
                wording = await worded(draft, roles.model("proposer"), style, index)
            except ModelError:
                reason = NO_ANSWER
                continue
            problem = objection(wording, draft, answer)
            if problem is None:
                tally.count(WORDINGS)
                return wording
            reason = problem
        tally.count(WORDINGS, reason)
        return None


def _read(document_id: str, tokens: int, facts: Mapping[str, Any]) -> ReadCells:
    return ReadCells(document_id, tokens, facts["readings"], [Cell.from_json(each) for each in facts["cells"]])


def _asked(
    family: str,
    wording: str,
    draft: Draft,
    answer: Settled,
    queries: tuple[str, str],
    read: ReadTable,
    models: Mapping[str, str],
) -> Candidate:
    """The candidate: every cell that its rows read is quoted."""
    entries = list(draft.entries.values())
    notes = [
        answer.question.note,
        SAME_YEARS if mixed_years(draft.fields, draft.scope.rows) else "",
        answer.question.form.instructions(),
    ]
    evidence = dict.fromkeys(
        Evidence(entry.document_id, quote.start, quote.end, quote.text)
        for entry in entries
        for quote in entry.fact.quotes
    )
    return Candidate(
        key=f"{family}-{hashlib.sha256(f'{wording}/{draft.question.sql}'.encode()).hexdigest()[:16]}",
        family=family,
        task="numerical",
        question_type=draft.question_type,
        core_question=wording,
        format_instructions=" ".join(note for note in notes if note),
        ground_truth=answer.forms,
        reward_style=answer.reward_style,
        document_ids=tuple(dict.fromkeys(entry.document_id for entry in entries)),
        evidence=tuple(evidence),
        derivation={**_derivation(draft, answer, queries, read), "prompts": list(PROMPTS), "models": dict(models)},
        entities=tuple(draft.scope.names[row] for row in draft.scope.rows),
    )


def _derivation(draft: Draft, answer: Settled, queries: tuple[str, str], read: ReadTable) -> dict[str, Any]:
    return {
        "template": draft.template,
        "plain_question": draft.question.text,
        "sql": draft.question.sql,
        "written_sql": list(queries),
        "steps": list(draft.question.steps),
        "columns": [
            {
                "name": measure.sql,
                **measure.column._asdict(),
                "scale": measure.scale,
                "said": measure.timed,
                "wordings": sorted(
                    [wording.kind, wording.attribute] for wording in read.schema[measure.column].wordings
                ),
            }
            for measure in draft.scope.measures
        ],
        "scope": [{**row._asdict(), "name": draft.scope.names[row]} for row in draft.scope.rows],
        "form": asdict(answer.question.form),
        "result": str(answer.result),
        "cells": [
            {
                "entity": draft.scope.names[row],
                "value": str(draft.scope.cells[row, place]),
                "document_id": entry.document_id,
                "start": entry.fact.quotes[0].start,
                "end": entry.fact.quotes[0].end,
            }
            for (row, place), entry in draft.entries.items()
        ],
    }
