"""The prompts of tables from prose and of judging, rendered."""

from __future__ import annotations

import re

import pytest

from longstride.prompts import fill_prompt, load_prompt
from longstride.prompts.delimiting import delimited

VALUES = {
    "extractor_cells": {"passage": delimited("Title: {title}\n\nArlon had 12 mills.", "passage")},
    "extractor_schema": {"attributes": delimited("1. town | mills | plain count | 3 things | {x}", "attributes")},
    "proposer_table_question": {
        "style": "as one plain question",
        "question": delimited("How many {mills}?", "question"),
        "required": delimited("Arlon", "required"),
    },
    "query_writer": {
        "columns": delimited("- entity VARCHAR: the name of the thing", "columns"),
        "question": delimited("How many {mills}?", "question"),
    },
    "judge_document": {"document": delimited("Title: Arlon\n\nArlon had 12 {mills}.")},
}


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_prompt_renders_with_all_that_it_is_given(name: str):
    text = fill_prompt(name, **VALUES[name])
    assert all(value in text for value in VALUES[name].values())
    assert text == text.strip()
    left = re.sub("|".join(map(re.escape, VALUES[name].values())), "", text)
    assert not re.search(r"\{[a-z_]+\}", left)


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_prompt_says_that_what_stands_between_its_marks_is_data(name: str):
    assert re.search(r"between the two marks is (data|a question)|Everything between the two marks", load_prompt(name))
    assert "is data" in load_prompt(name)


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_prompt_ends_with_the_form_of_its_answer(name: str):
    assert load_prompt(name).splitlines()[-1].startswith("Answer with one JSON object: {")


def test_the_judges_rubric_states_every_grade_of_all_three():
    text = load_prompt("judge_document")
    for heading in ("Quality:", "Accuracy:", "Coherence:"):
        section = text.split(f"\n{heading}")[1].split("\n\n")[0]
        assert [line[:2] for line in section.splitlines()[1:]] == ["5:", "4:", "3:", "2:", "1:"]


def test_the_query_writer_is_told_of_no_rows():
    assert "You see no rows" in load_prompt("query_writer")
