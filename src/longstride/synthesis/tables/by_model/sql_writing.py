"""NL2SQL: queries that models write from a question and the columns alone, run in the sandbox (paper 3.2).

A model never sees a row and never gives an answer. Two queries are written independently, over the columns in two
orders, and both must give what the template's own query gives: the question then means what it was made to mean.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from longstride.llm import ChatModel, ModelError
from longstride.llm.structured import complete_structured
from longstride.prompts import fill_prompt
from longstride.prompts.delimiting import delimited
from longstride.records import Message
from longstride.synthesis.tables.answer_forms import Result
from longstride.synthesis.tables.by_model.drafts import Draft
from longstride.synthesis.tables.by_model.reading import NO_ANSWER
from longstride.synthesis.tables.queries import ENTITY, TABLE, Measure
from longstride.synthesis.tables.sandbox import Limits, QueryFailed, QueryRefused, Sandbox, Table
from longstride.synthesis.tables.settling import Settled
from longstride.synthesis.tables.values import SCALE_WORDS

QUERY_WRITERS = 2  # whose queries must agree
REFUSED = "refused by the SQL gate"
FAILED = "failed in the sandbox"
TIMED_OUT = "took too long in the sandbox"
NO_FIGURE = "not one row of one column"
DISAGREE = "the two queries disagree"
OTHER_RESULT = "both differ from the template's query"


class QueryReply(BaseModel):
    """What a query writer answers."""

    model_config = ConfigDict(extra="ignore")

    sql: Annotated[str, Field(max_length=4_000)]


class QueryDesk:
    """A sandbox in a thread of its own, so that a slow query holds up no other request. A context manager."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._thread = ThreadPoolExecutor(1, "longstride-sql")
        self._sandbox = Sandbox(limits)

    def __enter__(self) -> QueryDesk:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.submit(self._sandbox.close)
        self._thread.shutdown()

    async def results(self, table: Table, sql: str) -> tuple[Result, ...] | str:
        """What a query of one column gives, row by row, or the fixed phrase that says why it gives nothing."""
        try:
            rows = await asyncio.get_running_loop().run_in_executor(
                self._thread, self._sandbox.execute, {TABLE: table}, sql
            )
        except QueryRefused:
            return REFUSED
        except QueryFailed as error:
            return TIMED_OUT if "seconds" in str(error) or "does not answer" in str(error) else FAILED
        if len(rows.columns) != 1:
            return NO_FIGURE
        return tuple(row[0] for row in rows.rows)


async def written_alike(
    wording: str, draft: Draft, settled: Settled, table: Table, query_writer: ChatModel, desk: QueryDesk
) -> tuple[str, str] | str:
    """Two queries that models wrote and that give the settled answer, or the fixed phrase for why there are none."""
    written = await asyncio.gather(
        *(_query(wording, draft, settled, query_writer, index) for index in range(QUERY_WRITERS)),
        return_exceptions=True,
    )
    queries: list[str] = []
    for each in written:
        if isinstance(each, ModelError):
            return NO_ANSWER
        if isinstance(each, BaseException):
            raise each
        queries.append(each)
    answers: list[str] = []
    for sql in dict.fromkeys(queries):
        results = await desk.results(table, sql)
        if isinstance(results, str):
            return results
        answer = settled.question.form.written(results[0]) if len(results) == 1 else ""
        if not answer:
            return NO_FIGURE
        answers.append(answer)
    if len(set(answers)) > 1:
        return DISAGREE
    return (queries[0], queries[1]) if answers[0] == settled.forms[0] else OTHER_RESULT


def query_prompt(wording: str, draft: Draft, settled: Settled, index: int) -> str:
    """The request of the query writer of this index: the same columns, in an order of its own."""
    columns = list(draft.columns)
    random.Random(f"{wording}/columns").shuffle(columns)
    if index % 2:
        columns.reverse()
    notes = (wording, settled.question.note, settled.question.form.instructions())
    asked = " ".join(note for note in notes if note)
    return fill_prompt(
        "query_writer", columns=delimited(_columns_text(columns), "columns"), question=delimited(asked, "question")
    )


async def _query(wording: str, draft: Draft, settled: Settled, query_writer: ChatModel, index: int) -> str:
    messages: list[Message] = [{"role": "user", "content": query_prompt(wording, draft, settled, index)}]
    return (await complete_structured(query_writer, messages, QueryReply, sample_index=index)).sql.strip()


def _columns_text(columns: Sequence[Measure]) -> str:
    lines = [f"- {ENTITY} VARCHAR: the name of the thing"]
    for measure in columns:
        kind = measure.column.section
        unit = " of ".join(
            part for part in (f"{SCALE_WORDS[measure.scale]}s" * bool(measure.scale), measure.unit) if part
        )
        lines.append(f"- {measure.sql} DECIMAL: {measure.timed} of a {kind}{f', in {unit}' if unit else ''}")
    return "\n".join(lines)
