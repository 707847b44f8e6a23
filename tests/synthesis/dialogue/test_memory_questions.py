from collections.abc import Callable, Sequence
from typing import Any

import pytest

from longstride.records import Document
from longstride.synthesis.dialogue.facts import Dialogue, read_document
from longstride.synthesis.dialogue.memory_questions import answer_to, memory_wording, reward_style

Build = Callable[[str, str, Sequence[str]], Document]
LIFE = {
    "2024-01-05": ["My dentist is Dr Moss.", "My gym fee stands at 40 euros.", "I have visited Thornbury."],
    "2024-02-10": ["From today my dentist is Dr Vale.", "Yesterday I saw the comet.", "This week I baked 20 rolls."],
    "2024-03-01": ["My gym fee grew by 5 euros.", "I have visited Ulmfeld and Varnavik.", "I nearly left."],
    "2024-04-20": ["As for my dentist, I have settled on Dr Quill.", "A week ago I gave up coffee."],
    "2024-05-15": ["Please take 12 euros off my gym fee.", "I have visited Ulmfeld.", "This week I baked 31 rolls."],
    "2024-06-30": ["I have gone back to the dentist that I had before.", "I have visited Ostrava."],
}  # fmt: skip


@pytest.fixture
def sessions(session: Build) -> dict[str, Any]:
    """The life of Ada, out of order, with a day of Bo, who has a dentist and a comet of his own."""
    found: dict[str, Any] = {}
    for user, days in (("Ada", dict(reversed(LIFE.items()))), ("Bo", {"2024-07-01": ["My dentist is Dr Zeller."]})):
        for day, told in days.items():
            facts = read_document(session(user, day, told))
            assert isinstance(facts, Dialogue) and facts.session is not None
            found[day] = facts.session
    return found


@pytest.mark.parametrize(
    ("query", "answer", "needed"),
    [
        ({"kind": "now", "about": "dentist"}, "Dr Vale", ["2024-02-10", "2024-04-20", "2024-06-30"]),
        ({"kind": "before", "about": "dentist"}, "Dr Quill", ["2024-04-20"]),
        ({"kind": "when", "about": "dentist", "event": "gave up coffee"}, "Dr Quill", ["2024-04-20"]),
        ({"kind": "level", "about": "gym fee", "unit": "euros"}, "33", ["2024-01-05", "2024-03-01", "2024-05-15"]),
        ({"kind": "days", "event": "gave up coffee", "other": "saw the comet"}, "64", ["2024-02-10", "2024-04-20"]),
        ({"kind": "order", "about": "towns"}, "Thornbury; Ulmfeld; Varnavik; Ostrava", ["2024-01-05", "2024-06-30"]),
        ({"kind": "nth", "about": "towns", "place": 3}, "Varnavik", ["2024-01-05", "2024-03-01"]),
        ({"kind": "different", "about": "towns"}, "4", ["2024-01-05", "2024-03-01", "2024-06-30"]),
        ({"kind": "total", "about": "baked rolls"}, "51", ["2024-02-10", "2024-05-15"]),
    ],
)
def test_answers_worked_by_hand(query: dict[str, Any], answer: str, needed: list[str], sessions: dict[str, Any]):
    query = {"user": "Ada", **query}
    assert answer_to(query, sessions.values()) == answer
    for left_out in needed:
        rest = [each for day, each in sessions.items() if day != left_out]
        assert answer_to(query, rest) != answer, left_out


def test_silence_is_no_answer(sessions: dict[str, Any]):
    for query in (
        {"kind": "now", "about": "dentist", "user": "Cy"},
        {"kind": "now", "about": "locker", "user": "Ada"},
        {"kind": "before", "about": "dentist", "user": "Bo"},
        {"kind": "level", "about": "phone bill", "user": "Ada"},
        {"kind": "when", "about": "dentist", "event": "left the chess club", "user": "Ada"},
        {"kind": "days", "event": "gave up coffee", "other": "left the chess club", "user": "Ada"},
        {"kind": "nth", "about": "towns", "place": 5, "user": "Ada"},
        {"kind": "order", "about": "birds", "user": "Ada"},
        {"kind": "different", "about": "birds", "user": "Ada"},
        {"kind": "total", "about": "picked pears", "user": "Ada"},
    ):
        assert answer_to(query, sessions.values()) is None, query


def test_a_step_back_from_nothing_and_a_change_of_nothing_tell_nothing(session: Build):
    for told, kind, about in (
        (["My dentist is Dr Moss.", "I have gone back to the dentist that I had before."], "now", "dentist"),
        (["My gym fee grew by 5 euros.", "My gym fee stands at 40 euros."], "level", "gym fee"),
    ):
        facts = read_document(session("Ada", "2024-01-05", told))
        assert isinstance(facts, Dialogue) and facts.session is not None
        assert answer_to({"kind": kind, "about": about, "user": "Ada"}, [facts.session]) is None


def test_questions_name_the_user_and_no_answer():
    question, form = memory_wording({"kind": "when", "user": "Ada", "about": "dentist", "event": "saw the comet"})
    assert question == 'Who was Ada\'s dentist at the time of the chat in which Ada said "I saw the comet"?'
    assert form == "Answer with the name or description alone, in the user's words."
    question, _ = memory_wording({"kind": "total", "user": "Ada", "about": "filled jars with jam"})
    assert question.endswith("how many jars is it together that Ada filled with jam?")
    assert reward_style({"kind": "order"}) == "list"
