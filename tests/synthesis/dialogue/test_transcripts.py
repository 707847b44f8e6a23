import random
from collections.abc import Callable
from typing import Any

import pytest

from longstride.records import Document
from longstride.synthesis.dialogue.facts import Dialogue, read_document
from longstride.synthesis.dialogue.transcripts import answers_in, other_turns, questions_over, transcript_wording

TALK = (
    "Ada: Shall we take the early boat?\n\nBo: The tide says no.\n\nCy: Who asked the tide?\n\n"
    "Dee: I did, at breakfast.\n\nAda: Then we go at noon.\n\nBo: Noon it is.\n\nCy: Fine.\n\nDee: Bring the map.\n\n"
)


@pytest.fixture
def talk(dialogue: Callable[[str, str], Document]) -> Dialogue:
    facts = read_document(dialogue(TALK, "The boat"))
    assert isinstance(facts, Dialogue)
    return facts


QUOTE = {"speaker": "Bo", "quote": "The tide says no."}


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ({"kind": "beside", **QUOTE, "step": 1}, "Who asked the tide?"),
        ({"kind": "beside", **QUOTE, "step": -1}, "Shall we take the early boat?"),
        ({"kind": "beside", **QUOTE, "step": 3}, "Then we go at noon."),
        ({"kind": "message", "speaker": "Dee", "title": "The boat", "place": 2}, "Bring the map."),
        ({"kind": "speaker", "title": "The boat", "quote": "Noon it is."}, "Bo"),
        ({"kind": "messages", "speaker": "Cy", "title": "The boat"}, "2"),
    ],
)
def test_answers_worked_by_hand(query: dict[str, Any], answer: str, talk: Dialogue):
    assert answers_in(query, [talk]) == answers_in(query, [talk, talk]) == (answer,)
    assert answers_in(query, []) == ()


def test_a_second_dialogue_that_fits_gives_a_second_answer(talk: Dialogue, dialogue: Callable[[str, str], Document]):
    other = read_document(dialogue("Bo: The tide says no.\n\nAda: Never mind.\n\nBo: But I do.\n\nAda: Hm.", "Quay"))
    assert isinstance(other, Dialogue)
    assert answers_in({"kind": "beside", **QUOTE, "step": 1}, [talk, other]) == ("Who asked the tide?", "Never mind.")


def test_every_question_is_answered_by_its_dialogue_and_not_in_its_own_words(talk: Dialogue):
    asked = list(questions_over({"d": talk}, random.Random(1)))
    assert {each.query["kind"] for each in asked} == {"beside", "message", "speaker"}
    for each in asked:
        (answer,) = answers_in(each.query, [talk])
        question, _ = transcript_wording(each.query)
        assert answer not in question and each.proof
        assert all(TALK[turn.start : turn.end] == turn.text for turn in each.proof)


def test_what_is_said_twice_is_not_quoted(dialogue: Callable[[str, str], Document]):
    facts = read_document(dialogue("User: What is the news?\n\nAssistant: None today.\n\n" * 4, "News"))
    assert isinstance(facts, Dialogue)
    assert not any(each.query["kind"] == "beside" for each in questions_over({"d": facts}, random.Random(1)))


def test_wrong_answers_are_messages_of_the_same_speaker_and_none_where_sense_would_tell(talk: Dialogue):
    query = {"kind": "beside", **QUOTE, "step": 3}
    assert other_turns(query, "Then we go at noon.", [talk]) == ["Shall we take the early boat?", "Then we go at noon."]
    assert other_turns({**query, "step": 1}, "Who asked the tide?", [talk]) == []
    assert other_turns({"kind": "speaker", "title": "The boat"}, "Bo", [talk]) == ["Ada", "Bo", "Cy", "Dee"]
