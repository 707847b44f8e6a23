"""Questions over the dialogues that the corpus holds: what was said before or after, the n-th time, and by whom."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from longstride.grading import strict_form
from longstride.grading.text_match import contains_words
from longstride.synthesis.dialogue.facts import Dialogue
from longstride.synthesis.dialogue.turns import Turn, is_plain

FEWEST_QUOTED_WORDS, MOST_QUOTED_WORDS = 3, 40
MOST_ANSWER_WORDS = 12
FEWEST_SPEAKERS = 4  # of a dialogue, for the question who said something
FEWEST_COUNTED = 6  # messages of a speaker, for the question how many there are
ENOUGH = 8  # wrong answers from one dialogue, so that no other is looked at
STEPS = {
    -2: "two messages before", -1: "directly before", 1: "directly after", 2: "two messages after",
    3: "three messages after",
}  # fmt: skip
EVERY_MESSAGE = "Every message counts, whoever sent it. Answer with the words of that message alone."
WORDS_ALONE = "Answer with the words of that message alone."


@dataclass(frozen=True)
class Asked:
    """A question over one dialogue, and the turns that prove its answer."""

    query: Mapping[str, Any]
    document_id: str
    proof: tuple[Turn, ...]


def answers_in(query: Mapping[str, Any], dialogues: Sequence[Dialogue]) -> tuple[str, ...]:
    """Every answer that these dialogues give, each once; several where the question means several of their turns."""
    found: dict[str, None] = {}
    for dialogue in dialogues:
        found.update(dict.fromkeys(_answers_of(query, dialogue)))
    return tuple(found)


def transcript_wording(query: Mapping[str, Any]) -> tuple[str, str]:
    """The question, and the form of its answer."""
    if query["kind"] == "beside":
        where = STEPS[query["step"]]
        said = (
            f'In one of the dialogues {query["speaker"]} says: "{query["quote"]}" What does the message {where} it say?'
        )
        return said, EVERY_MESSAGE
    if query["kind"] == "message":
        number = f"message number {query['place']} of {query['speaker']}"
        return f'What does {number} in the dialogue "{query["title"]}" say?', f"Count from 1. {WORDS_ALONE}"
    if query["kind"] == "speaker":
        return (
            f'Who says "{query["quote"]}" in the dialogue "{query["title"]}"?',
            "Answer with the speaker's name alone.",
        )
    question = f'How many messages does {query["speaker"]} send in the dialogue "{query["title"]}"?'
    return question, "Answer with the number alone."


def questions_over(dialogues: Mapping[str, Dialogue], draw: random.Random) -> Iterator[Asked]:
    """Questions over the dialogues, by document id: of each kind in turn, in a random order."""
    said = Counter(turn.text for dialogue in dialogues.values() for turn in dialogue.turns if turn.text)
    titles = Counter(dialogue.title for dialogue in dialogues.values())
    decks: defaultdict[str, list[Asked]] = defaultdict(list)
    for name, dialogue in dialogues.items():
        for asked in _of_one(name, dialogue, said, titles[dialogue.title] == 1 and is_plain(dialogue.title)):
            decks[asked.query["kind"]].append(asked)
    for kind in sorted(decks):
        draw.shuffle(decks[kind])
    for place in range(max(map(len, decks.values()), default=0)):
        for kind in sorted(decks):
            if place < len(decks[kind]):
                yield decks[kind][place]


def other_turns(query: Mapping[str, Any], answer: str, dialogues: Sequence[Dialogue]) -> list[str]:
    """Answers to questions of this kind: other short messages of the answer's speaker, or other speakers or counts.

    Of the same dialogue where that has enough. () for what stands next to the quotation: it is guessed by its sense.
    """
    if abs(query.get("step", 0)) == 1:
        return []
    own = [each for each in dialogues if _means(query, each)]
    found: list[str] = []
    for near in (own, [each for each in dialogues if each not in own]):
        if len(found) < ENOUGH:
            found += [other for each in near for other in _others(query["kind"], answer, each, own)]
    return list(dict.fromkeys(found))


def _others(kind: str, answer: str, dialogue: Dialogue, own: Sequence[Dialogue]) -> Iterator[str]:
    speakers = Counter(turn.speaker for turn in dialogue.turns)
    if kind == "speaker":
        yield from speakers
    elif kind == "messages":
        yield from map(str, speakers.values())
    else:
        answering = {turn.speaker for each in own for turn in each.turns if turn.text == answer}
        yield from (turn.text for turn in dialogue.turns if turn.speaker in answering and _is_answer(turn, ""))


def _of_one(name: str, dialogue: Dialogue, said: Mapping[str, int], titled: bool) -> Iterator[Asked]:
    turns = dialogue.turns
    for place, turn in enumerate(turns):
        quotable = is_plain(turn.text) and said[turn.text] == 1 and '"' not in turn.text
        if not quotable or not FEWEST_QUOTED_WORDS <= len(turn.text.split()) <= MOST_QUOTED_WORDS:
            continue
        for step in STEPS:
            if 0 <= place + step < len(turns) and _is_answer(turns[place + step], turn.text):
                query = {"kind": "beside", "speaker": turn.speaker, "quote": turn.text, "step": step}
                yield Asked(query, name, (turn, turns[place + step]))
        if titled and len({each.speaker for each in turns}) >= FEWEST_SPEAKERS:
            yield Asked({"kind": "speaker", "title": dialogue.title, "quote": turn.text}, name, (turn,))
    if titled:
        yield from _of_speakers(name, dialogue)


def _of_speakers(name: str, dialogue: Dialogue) -> Iterator[Asked]:
    by_speaker: defaultdict[str, list[Turn]] = defaultdict(list)
    for turn in dialogue.turns:
        by_speaker[turn.speaker].append(turn)
    for speaker, own in by_speaker.items():
        about = {"speaker": speaker, "title": dialogue.title}
        for place, turn in enumerate(own, 1):
            if place > 1 and _is_answer(turn, dialogue.title):
                yield Asked({"kind": "message", **about, "place": place}, name, (turn,))
        kept = [turn for turn in own if turn.text]
        if len(own) >= FEWEST_COUNTED and kept:
            yield Asked({"kind": "messages", **about}, name, (kept[0], kept[-1]))


def _answers_of(query: Mapping[str, Any], dialogue: Dialogue) -> Iterator[str]:
    if not _means(query, dialogue):
        return
    turns = dialogue.turns
    if query["kind"] == "beside":
        for place, turn in enumerate(turns):
            if (turn.speaker, turn.text) == (query["speaker"], query["quote"]):
                beside = place + query["step"]
                yield turns[beside].text if 0 <= beside < len(turns) else ""
    elif query["kind"] == "speaker":
        yield from (turn.speaker for turn in turns if turn.text == query["quote"])
    else:
        own = [turn for turn in turns if turn.speaker == query["speaker"]]
        if query["kind"] == "messages":
            yield str(len(own))
        elif query["place"] <= len(own):
            yield own[query["place"] - 1].text


def _means(query: Mapping[str, Any], dialogue: Dialogue) -> bool:
    """Whether a question may be about this dialogue."""
    if "title" in query:
        return dialogue.title == query["title"]
    return any((turn.speaker, turn.text) == (query["speaker"], query["quote"]) for turn in dialogue.turns)


def _is_answer(turn: Turn, question: str) -> bool:
    """True for a short message that can be asked for, and that the question does not hold."""
    form = strict_form(turn.text)
    return (
        is_plain(turn.text)
        and len(turn.text.split()) <= MOST_ANSWER_WORDS
        and len(form) > 2
        and not contains_words(strict_form(question), form)
    )
