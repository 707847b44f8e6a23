"""Questions in words of the small world: the natural way, and one that echoes the sentences of the documents.

A tiny model learns the echo first, since it repeats what stands before the value, and the natural way by it.
"""

from __future__ import annotations

from collections.abc import Sequence

from longstride.synthesis.choices import LETTERS
from longstride.synthesis.small_world.statements import RELATES

ASKED = {  # the question for what a relation gives
    "works at": "Where does {} work ?",
    "lives in": "Where does {} live ?",
    "plays the": "What does {} play ?",
    "likes": "What does {} like ?",
    "is based in": "Where is {} based ?",
    "is led by": "Who leads {} ?",
    "makes": "What does {} make ?",
    "lies in": "In which land does {} lie ?",
    "is known for": "What is {} known for ?",
    "is ruled by": "Who rules {} ?",
}
CALLED = {  # what is on the way to something else
    "works at": "the company of {}",
    "lives in": "the home of {}",
    "is based in": "the town of {}",
    "is led by": "the leader of {}",
    "lies in": "the land of {}",
    "is ruled by": "the ruler of {}",
}
NAMED = ("person", "company", "town", "land")  # kinds whose members have names


def walk_question(start: str, relations: Sequence[str], echo: bool) -> str:
    """Asks what stands at the end of the relations, from `start`.

    ("Milis", ["works at", "is based in"]) -> "Where is the company of Milis based ?", and the echo of it
    "Milis works at a company that is based in which town ?"
    """
    *way, last = relations
    if not echo:
        described = start
        for relation in way:
            described = CALLED[relation].format(described)
        return ASKED[last].format(described)
    steps = "".join(f" {relation} a {RELATES[relation][1]} that" for relation in way)
    kind = RELATES[last][1]
    return f"{start}{steps} {last} {f'which {kind}' if kind in NAMED else 'what'} ?"


def figure_question(firm: str, year: str, echo: bool) -> str:
    """Asks for a number of the firm's table."""
    return f"{firm} | {year} | what ?" if echo else f"How many crates did {firm} sell in {year} ?"


def difference_question(firm: str, more: str, less: str) -> str:
    """Asks how much larger the number of the year `more` is."""
    return f"How many more crates did {firm} sell in {more} than in {less} ?"


def year_question(firm: str, which: str, echo: bool) -> str:
    """Asks for the year of the `which` ("most", "least") crates."""
    return f"{firm} sold the {which} in which year ?" if echo else f"In which year did {firm} sell the {which} ?"


def extreme_question(firm: str, which: str, echo: bool) -> str:
    """Asks for the `which` ("most", "least") crates of any year."""
    amount = f"the {which} that {firm} sold in a year"
    return f"T{amount[1:]} is what ?" if echo else f"How many crates is {amount} ?"


def company_question(firms: Sequence[str], year: str, which: str, echo: bool) -> str:
    """Asks which of the firms sold the `which` in a year."""
    *first, last = firms
    listed = f"{' , '.join(first)} or {last}"
    asked = f"In {year} which company sold the {which}" if echo else f"Which company sold the {which} in {year}"
    return f"{asked} : {listed} ?"


def riddle_question(subject: str, begins: str | None, prefix: str) -> str:
    """Asks for a riddle word by word, behind a prefix: what MRCR asks of a conversation."""
    which = f" that begins with {begins}" if begins else ""
    return f"Repeat the riddle about {subject}{which} after {prefix} ."


def with_options(question: str, options: Sequence[str]) -> str:
    """A question with four options, each before its letter, where a tiny model looks for it."""
    listed = " ".join(f"{option} ({letter})" for option, letter in zip(options, LETTERS, strict=True))
    return f"{question} {listed}"
