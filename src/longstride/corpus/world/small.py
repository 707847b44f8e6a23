"""A world of a few hundred words in documents of about 20 tokens, which a model of half a million parameters can learn.

Words and marks stand apart, so that splitting at blanks gives the tokens. Every sentence puts its value at most four
tokens after its key (`Mira works at Kestrel .`), a table's row is closed by a mark of its own (`Kestrel | 2031 | 47 ;`)
and a dialogue names its subject beside the words that answer it: the forms that a tiny model was found to learn. The
vocabulary is one for all seeds; a seed says which of it is true.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from importlib import resources

from longstride.corpus.world.page import Fact, Page, Piece, stated
from longstride.records import Document

Written = tuple[Document, tuple[Fact, ...]]
LISTS: dict[str, list[str]] = {
    name: words.split()
    for name, _, words in (
        line.partition(": ")
        for line in resources.files(__package__ or "").joinpath("small_words.txt").read_text("utf-8").splitlines()
    )
}
PEOPLE, FIRMS, TOWNS, LANDS = LISTS["people"], LISTS["firms"], LISTS["towns"], LISTS["lands"]
TOOLS, GOODS, FAME = LISTS["tools"], LISTS["goods"], LISTS["fame"]
SUBJECTS, RIDDLE_WORDS = LISTS["subjects"], LISTS["riddle_words"]
YEARS = [str(year) for year in range(2021, 2041)]
NUMBERS = [str(number) for number in range(10, 60)]
PORT = "Port"
RIDDLE_LENGTH = 5
RIDDLES_A_SUBJECT = 3
PORTS = 0.2  # share of the towns that are called a port


def small_vocabulary() -> tuple[str, ...]:
    """Every word that the small world's documents, and questions about them, are made of; each once, in a fixed order.

    Question words are those of questions such as `Where is the company of Milis based ?` and of replies that quote.
    """
    listed = [word for words in LISTS.values() for word in words]
    return tuple(dict.fromkeys([*listed, PORT, *YEARS, *NUMBERS]))


class SmallWorld:
    """What is true under one seed: who works where, what lies where, what was sold and which riddles were told."""

    def __init__(self, seed: int) -> None:
        draw = self._draw = random.Random(f"{seed}/small")
        self.firms, self.people = draw.sample(FIRMS, len(FIRMS)), draw.sample(PEOPLE, len(PEOPLE))
        self.towns = [f"{PORT} {town}" if draw.random() < PORTS else town for town in draw.sample(TOWNS, len(TOWNS))]
        self.lands = draw.sample(LANDS, len(LANDS))
        subjects = [subject for subject in SUBJECTS for _ in range(RIDDLES_A_SUBJECT)]
        self.riddles = draw.sample(subjects, len(subjects))

    def pages(self) -> Iterator[Written]:
        """Every document: a firm, its town, a person, the firm's sales and a riddle in turn, lands between them."""
        draw = random.Random(self._draw.random())
        told: dict[str, int] = {}
        for index, firm in enumerate(self.firms):
            yield self._firm(firm, draw)
            yield self._town(self.towns[index], draw)
            yield self._person(self.people[index], draw)
            yield self._sales(firm, draw)
            yield self._riddle(self.riddles[index], index, told, draw)
            if index < len(self.lands):
                yield self._land(self.lands[index], draw)
                yield self._person(self.people[len(self.firms) + index], draw)

    def _firm(self, firm: str, draw: random.Random) -> Written:
        based, leader = draw.choice(self.towns), draw.choice(self.people)
        facts = [("is based in", based), ("is led by", leader), ("makes", draw.choice(GOODS))]
        return self._entity("firms", firm, facts, draw)

    def _town(self, town: str, draw: random.Random) -> Written:
        land, mayor = draw.choice(self.lands), draw.choice(self.people)
        facts = [("lies in", land), ("is led by", mayor), ("is known for", draw.choice(FAME))]
        return self._entity("towns", town, facts, draw)

    def _land(self, land: str, draw: random.Random) -> Written:
        facts = [("is ruled by", draw.choice(self.people)), ("is known for", draw.choice(FAME))]
        return self._entity("lands", land, facts, draw)

    def _person(self, person: str, draw: random.Random) -> Written:
        firm, home = draw.choice(self.firms), draw.choice(self.towns)
        facts = [
            ("works at", firm),
            ("lives in", home),
            ("plays the", draw.choice(TOOLS)),
            ("likes", draw.choice(FAME)),
        ]
        return self._entity("people", person, facts, draw)

    def _entity(self, folder: str, name: str, facts: list[tuple[str, str]], draw: random.Random) -> Written:
        """One sentence a relation, in any order."""
        page = Page()
        page.add(
            [
                [f"{name} {relation} ", stated(name, relation, value), " .\n"]
                for relation, value in draw.sample(facts, len(facts))
            ]
        )
        return _finished(page, folder, name, "literature")

    def _sales(self, firm: str, draw: random.Random) -> Written:
        page = Page()
        years = sorted(draw.sample(YEARS, draw.randrange(3, 5)))
        for year, number in zip(years, draw.sample(NUMBERS, len(years)), strict=True):
            page.add([f"{firm} | {year} | ", stated(firm, f"| {year} |", number), " ;\n"])
        return _finished(page, "sales", firm, "professional")

    def _riddle(self, subject: str, index: int, told: dict[str, int], draw: random.Random) -> Written:
        page = Page()
        told[subject] = told.get(subject, 0) + 1
        words: Piece = stated(subject, f"riddle {told[subject]}", " ".join(draw.sample(RIDDLE_WORDS, RIDDLE_LENGTH)))
        page.add([f"User : tell a riddle . Assistant : about {subject} : ", words, " .\n"])
        return _finished(page, "riddles", f"{subject} {told[subject]}", "dialogue")


def _finished(page: Page, folder: str, title: str, family: str) -> Written:
    path = f"{folder}/{title.lower().replace(' ', '-')}"
    return page.finish(path, title, family, f"{path}.txt")
