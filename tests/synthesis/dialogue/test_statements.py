import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.synthesis.dialogue import statements
from longstride.synthesis.dialogue.statements import (
    DAYS_AGO,
    Statement,
    amount_key,
    read_statements,
    say_amount,
    say_back,
    say_change,
    say_decoy,
    say_event,
    say_items,
    say_level,
    say_state,
)
from longstride.synthesis.dialogue.things_told import AMOUNTS, COLLECTIONS, EVENTS, LEVELS, STATES


def read(text: str) -> list[tuple[str, str, object]]:
    return [(each.kind, each.about, each.value) for each in read_statements(text, 0)]


def test_every_wording_of_every_value_reads_back_as_it_was_meant():
    for state in STATES:
        for template, value in product(statements.SET, state.values):
            assert read(template.format(noun=state.noun, value=value)) == [("set", state.noun, value)]
        for template in statements.BACK:
            assert read(template.format(noun=state.noun)) == [("back", state.noun, "")]
    for level in LEVELS:
        for kind, templates, sign in (("level", statements.LEVEL, 1), ("change", statements.UP, 1)):
            for template in templates:
                text = template.format(noun=level.noun, value=12, unit=level.unit)
                assert read(text) == [(kind, level.noun, 12 * sign)]
        for template in statements.DOWN:
            assert read(template.format(noun=level.noun, value=12, unit=level.unit)) == [("change", level.noun, -12)]
    for amount, template in product(AMOUNTS, statements.AMOUNT):
        text = template.format(verb=amount.verb, value=9, unit=amount.unit, tail=amount.tail)
        assert read(text) == [("amount", amount_key(amount), 9)]
    for collection in COLLECTIONS:
        for template, value in product(statements.ITEMS, collection.values):
            assert read(template.format(verb=collection.verb, value=value)) == [("items", collection.plural, (value,))]
    for event, (when, days) in product(EVENTS, DAYS_AGO.items()):
        assert read(f"{when} I {event}.") == [("event", event, days)]


def test_several_items_are_told_apart():
    birds = next(each for each in COLLECTIONS if each.plural == "birds")
    for items in (["a heron"], ["a heron", "a wren"], ["a heron", "a wren", "an osprey"]):
        assert read(say_items(birds, items, random.Random(1))) == [("items", "birds", tuple(items))]


@pytest.mark.parametrize("seed", range(8))
def test_a_decoy_tells_nothing(seed: int):
    draw = random.Random(seed)
    for state in STATES:
        assert read(say_decoy(state.noun, state.values[0], draw)) == []
    for collection in COLLECTIONS:
        assert read(say_decoy(collection, collection.values[0], draw)) == []


def test_a_statement_is_found_among_other_sentences_with_its_place():
    said = "One more thing. My dentist is Dr Moss. What is new? Yesterday I saw the comet."
    assert list(read_statements(said, 100)) == [
        Statement("set", "dentist", "Dr Moss", 116, 138),
        Statement("event", "saw the comet", 1, 152, 178),
    ]


def test_what_does_not_belong_together_is_not_read():
    for text in (
        "My gym fee stands at 12 stamps.",
        "My sister's dentist is Dr Moss.",
        "My dentist is Dr Moss, or so I hope",
        "Since we last spoke I ran 12 pears.",
        "I think my dentist is Dr Moss.",
        "My password is secret.",
    ):
        assert read(text) == []


def test_the_sayings_are_drawn_and_read_back():
    draw = random.Random(3)
    state, level, amount = STATES[0], LEVELS[0], AMOUNTS[0]
    said = [
        say_state(state.noun, state.values[1], draw), say_back(state.noun, draw), say_level(level, 500, draw),
        say_change(level, -25, draw), say_amount(amount, 7, draw), say_event(EVENTS[0], draw),
    ]  # fmt: skip
    assert [each[0] for each in read(" ".join(said))] == ["set", "back", "level", "change", "amount", "event"]


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str):
    for each in read_statements(f"My dentist is {text}. {text}", 0):
        assert 0 <= each.start < each.end
