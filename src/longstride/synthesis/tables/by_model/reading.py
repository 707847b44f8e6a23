"""Reading one document into cells: passage by passage, several independent readings of each (paper 3.2)."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from longstride.llm import ChatModel, ModelError
from longstride.llm.structured import complete_structured
from longstride.prompts import fill_prompt
from longstride.prompts.delimiting import delimited
from longstride.records import Document, Message
from longstride.synthesis.tables.by_model.cells import NO_MAJORITY, Cell, CellsReply, agreed, checked_cell
from longstride.synthesis.with_models import Tally
from longstride.tokens import chunk, load_tokenizer

PASSAGES, READINGS, PROPOSED, CELLS = "passages", "readings of passages", "cells proposed", "cells agreed"
NO_FIGURE = "no figure in it"
NO_ANSWER = "no answer of the model"
PASSAGE_TOKENS = 1_500  # of the bundled tokenizer; not in the paper


async def read_cells(document: Document, extractor: ChatModel, readings: int, tally: Tally) -> list[Cell]:
    """The cells of a document on which its readings agree, in the order of the text."""
    found: list[Cell] = []
    for offset, passage in passages(document):
        if not any(letter.isdigit() for letter in passage):
            tally.count(PASSAGES, NO_FIGURE)
            continue
        tally.count(PASSAGES)
        prompt = cells_prompt(document.title, passage)
        votes = await asyncio.gather(
            *(_reading(document, offset, passage, prompt, extractor, index, tally) for index in range(readings))
        )
        kept, dropped = agreed(votes, readings)
        tally.count(CELLS, items=len(kept))
        tally.count(CELLS, NO_MAJORITY, items=dropped)
        found.extend(kept)
    return sorted(found, key=lambda cell: (cell.quote.start, cell.quote.end))


def cells_prompt(title: str, passage: str) -> str:
    """The extractor's request for one passage."""
    return fill_prompt("extractor_cells", passage=delimited(f"Title: {title}\n\n{passage}", "passage"))


def passages(document: Document) -> list[tuple[int, str]]:
    """A document in pieces that a model reads at once: offset and text."""
    pieces = [each.pieces[0] for each in chunk([document], PASSAGE_TOKENS, load_tokenizer())]
    return [(piece.start, document.text[piece.start : piece.end]) for piece in pieces]


async def _reading(
    document: Document, offset: int, passage: str, prompt: str, extractor: ChatModel, index: int, tally: Tally
) -> list[Cell]:
    """The cells of one reading that pass against the text; none where no model answers."""
    messages: list[Message] = [{"role": "user", "content": prompt}]
    try:
        reply = await complete_structured(extractor, messages, CellsReply, sample_index=index)
    except ModelError:
        tally.count(READINGS, NO_ANSWER)
        return []
    tally.count(READINGS)
    checked = [checked_cell(each, document.title, passage, offset, document.text) for each in reply.cells]
    outcomes = Counter(each if isinstance(each, str) else None for each in checked)
    for reason, count in outcomes.items():
        tally.count(PROPOSED, reason, count)
    return [each for each in checked if not isinstance(each, str)]


def facts_of(cells: list[Cell], readings: int) -> dict[str, Any]:
    """What a document's cells are kept as: plain JSON; empty where there are none."""
    return {"readings": readings, "cells": [cell.to_json() for cell in cells]} if cells else {}
