"""What a model may answer is bounded."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from longstride.synthesis.knowledge_graph.by_model.replies import (
    MOST_TRIPLES,
    Description,
    ReadAnswer,
    ReadTriples,
    SameThing,
    WrittenQuestion,
)

TRIPLE = {"subject": "a", "relation": "b", "object": "c", "quote": "d"}


def test_a_time_may_be_left_out():
    assert ReadTriples.model_validate({"triples": [TRIPLE]}).triples[0].time is None
    assert ReadAnswer.model_validate({"answer": None}).answer is None


@pytest.mark.parametrize(
    ("schema", "reply"),
    [
        (ReadTriples, {"triples": [TRIPLE] * (MOST_TRIPLES + 1)}),
        (ReadTriples, {"triples": [{**TRIPLE, "quote": "d" * 1001}]}),
        (SameThing, {"same": "perhaps"}),
        (Description, {"description": "it", "conditions": []}),
        (Description, {"description": "it", "conditions": [{"fact": 1}] * 7}),
        (WrittenQuestion, {"question": "?" * 1501}),
        (ReadAnswer, {}),
    ],
)
def test_what_is_out_of_bounds_is_no_reply(schema: type[ReadTriples], reply: dict[str, object]):
    with pytest.raises(ValidationError):
        schema.model_validate(reply)
