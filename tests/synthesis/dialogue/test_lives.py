import random
from collections import Counter

import pytest

from longstride.synthesis.dialogue.facts import Dialogue, read_document
from longstride.synthesis.dialogue.lives import Names, make_circle
from longstride.synthesis.dialogue.made import estimated_tokens
from longstride.synthesis.dialogue.memory_questions import answer_to
from longstride.synthesis.dialogue.passages import Passage
from longstride.synthesis.dialogue.sessions import Session
from longstride.synthesis.dialogue.threads import THREADS, Life, add_thread

TOPICS = {
    "owls": [Passage("owls", f"Owl number {n} sits on the roof of the old mill. " * 4, "owls.md") for n in range(9)]
}


def circles(tokens: int, count: int, seed: int = 0):
    draw = random.Random(seed)
    names = Names(draw)
    return [each for turn in range(count) if (each := make_circle(names, TOPICS, tokens, turn, draw)) is not None]


@pytest.mark.parametrize("tokens", [900, 4_000, 20_000])
def test_a_circle_keeps_its_room_and_tells_every_kind_of_thread(tokens: int):
    made = circles(tokens, 12)
    assert made
    for each in made:
        assert sum(estimated_tokens(document.text) for document in each.documents) <= tokens
        assert len({document.id for document in each.documents}) == len(each.documents) >= 4
    assert {query["kind"] for each in made for query in each.queries} == set(THREADS)


def test_names_are_given_once():
    names = Names(random.Random(1))
    assert len(set(names.take(5_000))) == 5_000
    assert len(names.take(5_000)) < 5_000 and names.take(3) == []


def test_what_is_told_can_be_read_and_answered():
    for made in circles(4_000, 6):
        sessions: list[Session] = []
        for document in made.documents:
            facts = read_document(document)
            assert isinstance(facts, Dialogue) and facts.session is not None and facts.requests == ()
            sessions.append(facts.session)
        answered = [answer_to(query, sessions) for query in made.queries]
        assert all(answered), list(zip(made.queries, answered, strict=True))
        assert Counter(each.user for each in sessions).total() == len(made.documents)


def test_users_of_a_circle_tell_of_the_same_things():
    made = circles(6_000, 1)[0]
    sessions = [facts.session for each in made.documents if isinstance(facts := read_document(each), Dialogue)]
    shared = 0
    for query in made.queries:
        about = query.get("about", query.get("event"))
        tellers = {each.user for each in sessions if each for told in each.statements if told.about == about}
        shared += len(tellers) > 1
    assert shared >= len(made.queries) // 2


def test_the_same_seed_gives_the_same_sessions_and_no_room_none():
    one, same, other = (circles(2_000, 2, seed) for seed in (1, 1, 2))
    assert one == same != other
    assert circles(300, 4) == []


def test_a_life_of_two_sessions_has_no_threads():
    with pytest.raises(ValueError, match="too short"):
        add_thread("now", Life("Ada", 2, random.Random(1)))
