import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.memory.query import Query, split_query


@pytest.mark.parametrize(
    ("request_", "core", "instructions"),
    [
        ("Who founded Kestrel?", "Who founded Kestrel?", ""),
        ("Who founded Kestrel? Answer in one word.", "Who founded Kestrel?", "Answer in one word."),
        (
            "Answer with the letter alone. Which town is older?\n(A) Orvale\n(B) Tarn",
            "Which town is older? (A) Orvale (B) Tarn",
            "Answer with the letter alone.",
        ),
        ("In one word, who founded Kestrel?", "In one word, who founded Kestrel?", "In one word, who founded Kestrel?"),
        ("What did it cost? Round to two decimals. Do not explain.", "What did it cost?",
         "Round to two decimals.\nDo not explain."),
        ("Summarise the treaty. Keep it short.", "Summarise the treaty.", "Keep it short."),
    ],
)  # fmt: skip
def test_the_form_is_kept_for_the_last_turn(request_: str, core: str, instructions: str):
    query = split_query(request_)
    assert " ".join(query.core_question.split()) == core
    assert query.instructions == instructions


def test_a_schema_never_reaches_the_reading():
    request = 'List the founders. Use this schema:\n```json\n{"founders": ["name"]}\n```'
    query = split_query(request)
    assert "founders" in query.core_question
    assert "{" not in query.core_question
    assert '{"founders": ["name"]}' in query.instructions
    bare = split_query('Who founded it?\n{"answer": "string", "year": 0}')
    assert bare.core_question == "Who founded it?"
    assert bare.instructions == '{"answer": "string", "year": 0}'


def test_code_that_is_asked_about_stays():
    query = split_query("What does this print?\n```\nx = 1\n```")
    assert "x = 1" in query.core_question
    assert not query.instructions


def test_where_only_form_is_left_it_is_the_question():
    assert split_query("Answer in JSON.") == Query("Answer in JSON.")
    assert Query("Who?", "In one word.").whole == "Who?\n\nIn one word."


@given(st.text(max_size=300))
def test_no_word_of_a_request_is_lost(request_: str):
    query = split_query(request_)
    said = f"{query.core_question} {query.instructions}"
    assert set(request_.split()) <= set(said.split())
