"""The prompt loader, and the one prompt that the paper prints."""

import pytest

from longstride.prompts import load_prompt, prompt_names


def test_a_prompt_is_its_file_without_the_last_newline():
    text = load_prompt("judge")
    assert text.startswith("You are an expert in verifying if two answers are the same.\n")
    assert text.endswith("Answer 2: {gold answer}")


def test_the_judges_prompt_is_table_6():
    for sentence in (
        "Your task is to determine if two answers are equivalent, without attempting to solve the original problem.",
        "represent identical values or meaning, even when written in different forms or notations.",
        "1) Provide an explanation for why the answers are equivalent or not.",
        "2) Then provide your final answer in the form of: [[YES]] or [[NO]]",
        "Problem: {question}\nAnswer 1: {predicted answer}\nAnswer 2: {gold answer}",
    ):
        assert sentence in load_prompt("judge")


@pytest.mark.parametrize("name", ["no_such_prompt", "", "../errors", "judge.txt", "__init__"])
def test_an_unknown_prompt_is_refused_and_the_known_are_listed(name: str):
    with pytest.raises(ValueError, match=r"unknown prompt .*known: .*judge"):
        load_prompt(name)


def test_every_prompt_can_be_loaded():
    assert {"judge", "judge_guard"} <= set(prompt_names())
    assert all(load_prompt(name).strip() for name in prompt_names())
