"""What the page holds of a sample: a short row of its list, and the whole to read. `page/records.js` reads both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from longstride.records import QUESTION_TYPES, TASKS, Sample
from longstride.report.dataset_page.shards import Cell, exact_number

LISTED_CHARACTERS = 2_000  # of a question that the list shows and searches
LISTED_ANSWER = 200
TOO_DEEP = '"(nested too deep to be shown)"'


def list_row(sample: Sample, generator: int, families: Sequence[int]) -> list[Cell]:
    """id, question, answer, task, question type, generator, families, tokens, documents, quotations."""
    return [
        sample.id,
        sample.core_question[:LISTED_CHARACTERS],
        sample.ground_truth[0][:LISTED_ANSWER],
        TASKS.index(sample.task),
        QUESTION_TYPES.index(sample.question_type),
        generator,
        families,
        sample.input_tokens,
        len(sample.document_ids),
        len(sample.evidence),
    ]


def sample_row(sample: Sample, documents: Sequence[int]) -> list[Cell]:
    """Everything else; `documents` are their numbers in the catalog, in the order of the prompt.

    Mappings stand as JSON text: it is shown as it is, and their keys and numbers reach the reader unchanged.
    """
    places: dict[str, int] = {}
    for place, document_id in enumerate(sample.document_ids):
        places.setdefault(document_id, place)
    return [
        sample.core_question,
        sample.format_instructions,
        list(sample.ground_truth),
        sample.reward_style,
        _json(sample.reward_arguments),
        sample.data_source,
        exact_number(sample.seed),
        sample.context_id,
        documents,
        [[places[each.document_id], each.start, each.end, each.text] for each in sample.evidence],
        _json(sample.derivation),
        _json(sample.checks),
        [[each.model, each.rollouts, each.correct, f"{each.mean_reward:g}"] for each in sample.pass_at_k],
        _json(sample.cost),
    ]


def _json(values: Mapping[str, Any]) -> str:
    try:
        return json.dumps(values, ensure_ascii=False, indent=2) if values else ""
    except RecursionError:
        return TOO_DEEP
