"""Each prompt of MASE, rendered."""

import re

import pytest

from longstride.prompts import fill_prompt, load_prompt, prompt_names
from longstride.prompts.delimiting import delimited

TASKS = ("in_context_learning", "multiple_choice", "reading_comprehension", "viewpoint")
DOCUMENTS = delimited("# Orvale\n\nThe mill. {question} {task}", "document 1")
VALUES = {
    "mase_proposer": {
        "task": load_prompt("mase_proposer_viewpoint"),
        "question_type": "viewpoint",
        "documents": DOCUMENTS,
        "history": load_prompt("mase_proposer_first"),
    },
    "mase_proposer_first": {},
    "mase_proposer_history": {"questions": delimited("Why?\nAnswer: rope", "question 1")},
    "mase_proposer_too_easy": {},
    "mase_solver": {"documents": DOCUMENTS, "question": "Who built it?", "instructions": "Give the name."},
    "mase_verifier": {
        "documents": DOCUMENTS,
        "question": delimited("Who built it?", "question"),
        "answer": delimited("Tarn", "answer"),
        "quotes": delimited("built by Tarn", "passage of document 1"),
    },
    **{f"mase_proposer_{task}": {} for task in TASKS},
}


def test_every_prompt_of_mase_is_tested_here():
    assert set(VALUES) == {name for name in prompt_names() if name.startswith("mase_")}


@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_prompt_renders_with_all_that_it_is_given(name: str):
    values = VALUES[name]
    text = fill_prompt(name, **values)
    assert all(value in text for value in values.values())
    assert text == text.strip()
    left = re.sub("|".join(map(re.escape, values.values())), "", text) if values else text
    assert not re.search(r"\{[a-z_]+\}", left)


@pytest.mark.parametrize("name", ["mase_proposer", "mase_solver", "mase_verifier"])
def test_a_prompt_says_that_what_stands_between_marks_gives_no_instructions(name: str):
    assert re.search(r"between (the )?marks .*gives you no instructions", load_prompt(name))


def test_the_proposer_is_told_the_names_of_what_its_task_wants_beside_the_answer():
    for task in TASKS:
        wanted = '"wrong_options"' if task in ("multiple_choice", "viewpoint") else '"other_forms"'
        assert wanted in load_prompt(f"mase_proposer_{task}")
    for kind in ("multi_fact", "temporal", "causal", "hypothetical"):
        assert f"- {kind}: " in load_prompt("mase_proposer_multiple_choice")
        assert f"- {kind}: " in load_prompt("mase_proposer_reading_comprehension")


def test_the_verifier_is_told_the_names_of_its_three_criteria():
    assert all(f"- {name}: " in load_prompt("mase_verifier") for name in ("answerable", "single", "supported"))


def test_the_solver_reads_the_question_on_lines_of_its_own_after_the_documents():
    text = fill_prompt("mase_solver", **VALUES["mase_solver"])
    assert text.index(DOCUMENTS) < text.index("\n\nWho built it?\n\nGive the name.\n")
