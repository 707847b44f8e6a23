import random
from collections import Counter

from longstride.synthesis.dialogue.needles import (
    FORMS,
    NEEDLES,
    Requests,
    draw_prefix,
    needle_conversation,
    needle_question,
    read_requests,
    replies,
)
from longstride.synthesis.dialogue.passages import Passage
from longstride.synthesis.dialogue.turns import read_turns

CHAT = (
    "User: Write a poem about owls\n\nAssistant: First.\n\nUser: Write an essay about owls.\n\nAssistant: Other.\n\n"
    "User: Write a poem about owls\n\nAssistant: Second.\n\nUser: Why?\n\nUser: Write a poem about owls\n\n"
)


def topics(count: int = 12) -> dict[str, list[Passage]]:
    names = ("owls", "bridges", "winter", "candles", "boats")
    return {
        name: [Passage(name, f"Passage {n} on {name} says this and that of its own. " * 3, name) for n in range(count)]
        for name in names
    }


def test_requests_are_read_with_their_answers():
    found = read_requests(read_turns(CHAT))
    assert [(each.form, each.topic, each.reply) for each in found] == [
        ("poem", "owls", "First."),
        ("essay", "owls", "Other."),
        ("poem", "owls", "Second."),
    ]
    assert [CHAT[slice(*each.asked)] for each in found][1] == "Write an essay about owls."
    assert [CHAT[slice(*each.replied)] for each in found] == [each.reply for each in found]


def test_the_kth_reply_and_two_where_the_question_means_two_conversations():
    chat = read_requests(read_turns(CHAT))
    assert replies([chat], "poem", "owls", 2) == ("Second.",)
    assert replies([chat, chat], "poem", "owls", 2) == ("Second.",)
    assert replies([chat, chat[:1]], "poem", "owls", 1) == ("First.",)
    assert replies([chat, chat[2:]], "poem", "owls", 1) == ("First.", "Second.")
    assert replies([chat], "poem", "owls", 3) == ("",)  # no such answer, and surely no right one
    assert replies([chat], "poem", "bees", 1) == ()


def test_the_question_has_the_published_words():
    assert needle_question("poem", "tapirs", 2, "aYooSG8CQg") == (
        "Prepend aYooSG8CQg to the 2nd (1 indexed) poem about tapirs. Do not include any other text in your response."
    )
    assert [needle_question("a", "b", n, "p").split()[4] for n in (1, 3, 4, 8)] == ["1st", "3rd", "4th", "8th"]


def test_a_conversation_repeats_what_is_asked_for_among_what_is_alike():
    made = needle_conversation(Requests(topics(), random.Random(1)), 9_000, random.Random(2))
    assert made is not None and len(made.document.text) <= 9_000
    requests = read_requests(read_turns(made.document.text))
    assert len({each.reply for each in requests}) == len(requests)
    counts = Counter((each.form, each.topic) for each in requests)
    assert all(each.form in FORMS for each in requests)
    for form, topic, place in made.asked:
        assert counts[form, topic] in NEEDLES and 1 <= place <= counts[form, topic]
        others = [each for each in counts if each != (form, topic)]
        assert any(each[0] == form for each in others) and any(each[1] == topic for each in others)


def test_what_one_conversation_asks_for_stands_in_no_other():
    requests, draw = Requests(topics(), random.Random(1)), random.Random(3)
    made = [each for _ in range(8) if (each := needle_conversation(requests, 5_000, draw)) is not None]
    assert len(made) >= 5
    for number, each in enumerate(made):
        kinds = {kind[:2] for kind in each.asked}
        for other in made[:number] + made[number + 1 :]:
            assert kinds.isdisjoint((one.form, one.topic) for one in read_requests(read_turns(other.document.text)))


def test_too_little_room_or_too_few_passages_make_none():
    assert needle_conversation(Requests(topics(), random.Random(1)), 400, random.Random(2)) is None
    assert needle_conversation(Requests({}, random.Random(1)), 9_000, random.Random(2)) is None
    assert needle_conversation(Requests(topics(1), random.Random(1)), 9_000, random.Random(2)) is None


def test_a_prefix_stands_nowhere_in_the_text():
    first = draw_prefix(random.Random(5), "")
    assert len(first) == 10 and first.isalnum()
    assert draw_prefix(random.Random(5), f"as {first} has it") != first
