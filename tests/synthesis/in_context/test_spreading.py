"""Examples over sheets: together they settle the question, and without any one of them they do not."""

from __future__ import annotations

import random

import pytest

from longstride.synthesis.in_context.record_rules import badges, classes, prices
from longstride.synthesis.in_context.spaces import Space, search
from longstride.synthesis.in_context.spreading import spread_examples

WORDS = ("mor", "fen", "tul", "gad", "vek", "sim")
SPACES = {"badges": badges(), "prices": prices(), "classes": classes(WORDS)}


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_each_sheet_is_needed(space: Space):
    made = 0
    for seed in range(40):
        draw = random.Random(f"{seed}/spread")
        rule = [draw.choice(options) for options in space.parts]
        query = space.draw(draw)
        sheets = spread_examples(space, rule, query, space.most_sheets, draw)
        if sheets is None:
            continue
        made += 1
        examples = [(at, record, space.output(rule, record)) for at, sheet in enumerate(sheets) for record in sheet]
        assert all(record != query for sheet in sheets for record in sheet)
        assert search(space, [each[1:] for each in examples], query).outputs == (space.output(rule, query),)
        for left_out in range(len(sheets)):
            kept = [each[1:] for each in examples if each[0] != left_out]
            assert len(search(space, kept, query).outputs) > 1
        if made == 3:
            return
    pytest.fail("fewer than three were made")


def test_a_space_without_rivals_gives_none():
    only = Space("one rule", badges().draw, (badges().parts[0][:1],), badges().piece, 2)
    draw = random.Random(0)
    assert spread_examples(only, [only.parts[0][0]], only.draw(draw), 2, draw) is None
