"""The MRCR form: many requests to write something, some alike to the letter, and the k-th answer asked for again.

The published data set (openai/mrcr) asks `Write a poem about tapirs` 2, 4 or 8 times among other requests, and then
"Prepend {random} to the 2nd (1 indexed) poem about tapirs." Here the assistant answers with passages of the corpus.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from longstride.records import Document
from longstride.synthesis.dialogue.made import made_document
from longstride.synthesis.dialogue.passages import Passage
from longstride.synthesis.dialogue.turns import ASSISTANT, USER, Turn

FORMS: tuple[str, ...] = (
    "article", "bulletin", "briefing", "column", "dispatch", "editorial", "encyclopedia entry", "essay", "feature",
    "field note", "handout", "leaflet", "lecture", "letter", "memo", "museum label", "newsletter item", "note",
    "pamphlet", "paragraph", "portrait", "postcard", "preface", "radio talk", "report", "review", "sketch", "speech",
    "summary", "travel guide",
)  # fmt: skip
NEEDLES = (2, 4, 8)  # openai/mrcr
MOST_ASKED = 3  # kinds of requests in a conversation that are asked about; not in the paper
MOST_QUESTIONS = 4  # over one conversation; not in the paper
FEWEST_TURNS = 4
SMALLEST_PART = 5  # a passage takes at most one part in so many of its conversation
USUAL_LENGTH = 350  # characters of a passage, about
SHARE_OF_NEEDLES = 0.6  # of the room that is left, that one kind of request takes at most
PREFIX_LETTERS = 10  # openai/mrcr
QUESTION = (
    "Prepend {prefix} to the {place} (1 indexed) {form} about {topic}. Do not include any other text in your response."
)
REQUEST = re.compile(r"Write an? (?P<form>[^\n]{2,60}?) about (?P<topic>[^\n]{2,100}?)\.?")
TITLE = "Conversation with an assistant"


@dataclass(frozen=True)
class Request:
    """A request to write something, and what the assistant wrote."""

    form: str
    topic: str
    asked: tuple[int, int]  # where the request stands
    replied: tuple[int, int]  # where the reply stands
    reply: str


@dataclass(frozen=True)
class NeedleConversation:
    """A made conversation, and the questions over it: which reply to which request, from 1."""

    document: Document
    asked: tuple[tuple[str, str, int], ...]  # form, topic, place


def read_requests(turns: Sequence[Turn]) -> tuple[Request, ...]:
    """The requests `Write a FORM about TOPIC` of a dialogue that the assistant answers at once, in order."""
    found: list[Request] = []
    for turn, reply in pairwise(turns):
        if turn.speaker == USER and reply.speaker == ASSISTANT and (match := REQUEST.fullmatch(turn.text)):
            spans = (turn.start, turn.end), (reply.start, reply.end)
            found.append(Request(match["form"], match["topic"], *spans, reply.text))
    return tuple(found)


def replies(conversations: Sequence[Sequence[Request]], form: str, topic: str, place: int) -> tuple[str, ...]:
    """The `place`-th reply to such a request in each conversation that has one at all.

    Where two conversations have such requests, the question means neither: then both replies are given.
    """
    found: list[str] = []
    for requests in conversations:
        same = [each.reply for each in requests if (each.form, each.topic) == (form, topic)]
        if same:
            found.append(same[place - 1] if 0 < place <= len(same) else "")
    return tuple(dict.fromkeys(found))


def needle_question(form: str, topic: str, place: int, prefix: str) -> str:
    """The question in the published words."""
    return QUESTION.format(prefix=prefix, place=_ordinal(place), form=form, topic=topic)


def draw_prefix(draw: random.Random, text: str) -> str:
    """Letters and digits at random that stand nowhere in `text`."""
    while True:
        prefix = "".join(draw.choices(string.ascii_letters + string.digits, k=PREFIX_LETTERS))
        if prefix not in text:
            return prefix


@dataclass
class Requests:
    """The kinds of requests there are: one half of each topic's is asked about, each in one conversation alone."""

    topics: Mapping[str, Sequence[Passage]]
    draw: random.Random
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])  # kept for questions
    others: dict[str, list[str]] = field(default_factory=dict[str, list[str]])  # topic -> forms to fill with

    def __post_init__(self) -> None:
        """A form that is asked for on one topic fills on the next, so that every question has requests alike to it."""
        forms = self.draw.sample(FORMS, len(FORMS))
        halves = forms[::2], forms[1::2]
        for place, topic in enumerate(self.topics):
            self.asked += [(form, topic) for form in halves[place % 2]]
            self.others[topic] = halves[1 - place % 2]
        self.draw.shuffle(self.asked)

    def take(self, passages: Mapping[str, Sequence[Passage]], fewest: int) -> tuple[str, str] | None:
        """A kind of request for a question, whose topic has as many of these passages; it is not taken again."""
        for place, (form, topic) in enumerate(self.asked):
            if len(passages.get(topic, ())) >= fewest:
                del self.asked[place]
                return form, topic
        return None


def needle_conversation(requests: Requests, most_characters: int, draw: random.Random) -> NeedleConversation | None:
    """A conversation of at most so many characters; None where the passages do not make one."""
    longest = most_characters // SMALLEST_PART
    left = {
        topic: draw.sample(fitting, len(fitting))
        for topic, passages in requests.topics.items()
        if (fitting := [each for each in passages if len(each.text) <= longest])
    }
    turns: list[tuple[str, Passage]] = []
    asked: list[tuple[str, str, int]] = []
    room = most_characters

    def add(form: str, topic: str) -> bool:
        nonlocal room
        size = len(_rendered(form, left[topic][-1]))
        if size > room:
            return False
        room -= size
        turns.append((form, left[topic].pop()))
        return True

    for _ in range(draw.randint(1, MOST_ASKED)):
        sizes = [each for each in NEEDLES if each * USUAL_LENGTH <= room * SHARE_OF_NEEDLES] or [NEEDLES[0]]
        wanted = draw.choice(sizes)
        taken = requests.take(left, wanted + 1)
        if taken is None:
            break
        needed = sum(len(_rendered(taken[0], each)) for each in left[taken[1]][-wanted:])
        if needed <= room * SHARE_OF_NEEDLES:
            for _ in range(wanted):
                add(*taken)
            asked.append((*taken, wanted))
    if not asked:
        return None
    for form, topic in _fillers(requests, asked, left, draw):
        if not add(form, topic):
            break
    if len(turns) < FEWEST_TURNS:
        return None
    draw.shuffle(turns)
    text = "".join(_rendered(*turn) for turn in turns)
    sources = dict.fromkeys(passage.parent_id for _, passage in turns)
    document = made_document(TITLE, text.rstrip() + "\n", sources)
    return NeedleConversation(document, tuple(_places(asked, draw)))


def _fillers(
    requests: Requests,
    asked: Sequence[tuple[str, str, int]],
    left: Mapping[str, Sequence[Passage]],
    draw: random.Random,
) -> Iterator[tuple[str, str]]:
    """Requests for what is not asked about: mostly of the same form, or on the same topic, as what is."""
    for turn in range(sum(map(len, left.values()))):
        form, topic, _ = asked[turn % len(asked)]
        alike = ("form", "topic", "")[turn // len(asked) % 3]
        topics = [each for each in left if left[each]]
        with_form = [each for each in topics if form in requests.others[each]]
        if alike == "form" and with_form:
            yield form, draw.choice(with_form)
        elif topics:
            topic = topic if alike == "topic" and topic in topics else draw.choice(topics)
            yield draw.choice(requests.others[topic]), topic


def _places(asked: Sequence[tuple[str, str, int]], draw: random.Random) -> Iterator[tuple[str, str, int]]:
    """Which replies to ask for: of each kind one, and a second of the first kinds."""
    share = max(1, MOST_QUESTIONS // len(asked))
    for form, topic, count in asked:
        for place in sorted(draw.sample(range(1, count + 1), min(share, count))):
            yield form, topic, place


def _rendered(form: str, passage: Passage) -> str:
    article = "an" if form[0] in "aeiou" else "a"
    return f"{USER}: Write {article} {form} about {passage.topic}\n\n{ASSISTANT}: {passage.text}\n\n"


def _ordinal(number: int) -> str:
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number, 'th') }"
