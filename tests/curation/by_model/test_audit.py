"""The shortcut audit with a reference model: what it answers alone, and from the nearest documents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from longstride.curation import ShortcutAudit
from longstride.curation.by_model import CheckSettings, ReferenceAnswers, audit_samples
from longstride.curation.shortcuts import NearestDocuments
from longstride.llm import ModelError
from longstride.records import Document, Sample

Said = Callable[[str], str]


def audited(samples: Sequence[Sample], world: dict[str, Document], roles: Any) -> list[ReferenceAnswers]:
    async def run() -> list[ReferenceAnswers]:
        results = audit_samples(samples, world, roles, CheckSettings(), NearestDocuments())
        return [result async for result in results]

    return asyncio.run(run())


def test_the_reference_model_gets_the_question_then_the_five_nearest_documents(
    good: Sample, world: dict[str, Document], roles_of: Any, honest: Any
):
    roles = roles_of(reference=honest)
    (result,) = audited([good], world, roles)
    assert result == ReferenceAnswers(good, 0.0, 1.0)  # the question names both entities: BM25 finds their documents
    alone, nearest = (call.prompt for call in roles.model("reference").calls)
    assert "Foo2" not in alone and nearest.count("<document ") - 1 == 5
    assert world["d1"].text in nearest and world["d4"].text in nearest


def test_a_share_of_right_answers_and_none_where_none_came(
    good: Sample, world: dict[str, Document], roles_of: Any, answer_is: Said
):
    knowing = roles_of(reference=lambda messages, index: answer_is("41") if index == 2 else "?")
    assert audited([good], world, knowing) == [ReferenceAnswers(good, 0.25, 0.25)]
    silent = roles_of(reference=lambda messages, index: ModelError("gone"))
    assert audited([good], world, silent) == [ReferenceAnswers(good, None, None)]


def test_a_context_of_five_has_no_nearest(good: Sample, world: dict[str, Document], roles_of: Any, honest: Any):
    small = replace(good, document_ids=("d1", "d4", "d0"))
    assert audited([small], world, roles_of(reference=honest)) == [ReferenceAnswers(small, 0.0, None)]


def test_the_rates_stand_in_the_rows_beside_what_guessing_gives(good: Sample, world: dict[str, Document]):
    audit, plain = ShortcutAudit(), ShortcutAudit()
    for each in (audit, plain):
        each.add(good, world)
        each.add(replace(good, id="s2"), world)
    audit.add_answers(good, 0.5, 1.0, chance=0.25)
    audit.add_answers(replace(good, id="s2"), 0.0, None, chance=0.0)
    row = audit.rows()[-1]
    assert (row["asked_alone"], row["asked_chance"], row["asked_nearest"]) == (0.25, 0.125, 1.0)
    assert {name: value for name, value in row.items() if not name.startswith("asked")} == plain.rows()[-1]
