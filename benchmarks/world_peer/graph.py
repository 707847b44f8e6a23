"""Plays extractor, linker, obfuscator, proposer and verifier of the prose graph over the fictional world."""

from __future__ import annotations

import json
import random
import re
from typing import Any

from longstride.corpus.world import Fact
from longstride.records import Document
from world_peer.contract import Known, Player, Truth

LONGEST_OBJECT = 100  # characters of an object that is written down as a triple

_TIMED = re.compile(r"(.+?) (\d{4}(?:-\d{4})?)\Z")
_DAY = re.compile(r"(\d{4})-\d{2}-\d{2}\Z")


def extract(message: str, truth: Truth, wrong: random.Random | None) -> str | None:
    """The facts of a passage; a wrong reply mixes up half of its relations, or makes up the quotes."""
    first = message.startswith("You read documents for a knowledge graph")
    if not first and not message.startswith("You read a document for a knowledge graph, for the second time"):
        return None
    title, text = _block(message, "title"), _block(message, "document")
    document = next(
        (each for each in truth.documents.values() if each.title == title and text.strip() in each.text), None
    )
    if document is None:
        return json.dumps({"triples": []})
    seen = [] if first else json.loads(_block(message, "found"))
    found = {(each["subject"], each["relation"], each["object"]) for each in seen}
    triples = [
        triple
        for fact in truth.facts[document.id]
        if (triple := _triple(fact, document, truth)) and triple["quote"] in text
        if (triple["subject"], triple["relation"], triple["object"]) not in found
    ]
    if wrong is None:
        return _reply(triples=triples)
    if wrong.random() < 0.5:
        return _reply(triples=[{**each, "quote": "It is said that " + each["quote"]} for each in triples])
    relations = [(each["relation"], each["time"]) for each in triples]
    for each in triples:
        if wrong.random() < 0.5:
            each["relation"], each["time"] = wrong.choice(relations)
    return _reply(triples=triples)


def link(message: str, truth: Truth, wrong: random.Random | None) -> str | None:
    """Two names or relations are one where they are written with the same words: the world has one name for each."""
    if message.startswith("You decide whether two names"):
        kind = "name"
    elif message.startswith("You decide whether two relations"):
        kind = "relation"
    else:
        return None
    first, second = (_words(block.partition("\n")[0]) for block in _blocks(message, kind))
    return _reply(same=(first == second) == (wrong is None))


def obfuscate(message: str, truth: Truth, wrong: random.Random | None) -> str | None:
    """The fewest listed facts that fit one thing of the world; a wrong reply says another relation, or the name."""
    if not message.startswith("You describe a thing so that a reader"):
        return None
    names, facts = _block(message, "names").split("\n"), json.loads(_block(message, "facts"))
    clauses: list[str] = []
    conditions: list[dict[str, Any]] = []
    needed: list[str] = []
    fitting: set[str] | None = None
    shuffled = [(fact, fact) for fact in facts]
    if wrong is not None:
        if wrong.random() < 0.3:
            return _reply(description=f"the one called {names[0]}", conditions=[{"fact": 1}])
        shuffled = [(fact, wrong.choice(facts)) for fact in facts]
    for fact, said in shuffled:
        subjects = truth_subjects(truth, _gold(said["relation"], said["time"]), fact["object"])
        if fitting is not None and (len(fitting) == 1 or not len(fitting & subjects) < len(fitting)):
            continue
        fitting = subjects if fitting is None else fitting & subjects
        clauses.append(f"whose {_spoken(said)} is {fact['object']}")
        conditions.append({"fact": fact["fact"], "low": None, "high": None})
        needed.append(fact["quote"])
        if len(clauses) == 4:
            break
    description = "the one " + " and ".join(clauses)
    if fitting is not None and len(fitting) == 1:
        truth.questions[_hidden(description)] = Known(next(iter(fitting)), names[0], tuple(needed))
    return _reply(description=description, conditions=conditions)


def propose(message: str, truth: Truth, wrong: random.Random | None) -> str | None:
    """The words of a chain; a wrong reply asks for another relation somewhere in it, or says a hidden name."""
    if not message.startswith("You write one question that can only be answered by following a chain"):
        return None
    start, facts = _block(message, "start"), json.loads(_block(message, "facts"))
    hidden = _block(message, "hidden").split("\n")
    asked = re.findall(r"^Asked for: (\w+)$", message, re.MULTILINE)[-1]
    paradigm = re.findall(r"^Paradigm: (\w+)$", message, re.MULTILINE)[-1]
    if wrong is not None:
        if wrong.random() < 0.3:
            return _reply(question=f"What leads from {start} to {wrong.choice(hidden)}?")
        changed, other = wrong.choice(facts), wrong.choice([fact for each in truth.facts.values() for fact in each])
        changed["relation"], changed["time"] = _plain(other.relation)
    links = [fact for fact in facts if not fact["to"].endswith("DATE")]
    dates = [fact for fact in facts if fact["to"].endswith("DATE")]
    said = "; ".join(_clause(fact) for fact in links)
    question = f"{_OPENINGS[paradigm]}begin with {start} and go on: {said}. {_asked(asked, dates)}"
    known = _known(start, links, dates, asked, truth)
    if known is not None:
        truth.questions[question] = known
    return _reply(question=question)


def verify(message: str, truth: Truth, wrong: random.Random | None) -> str | None:
    """The true answer of a question whose statements are all there; a wrong reply gives another, or none."""
    if not message.startswith("You answer a question from a list of statements"):
        return None
    question = _block(message, "question").rpartition("\n")[0]
    known = truth.questions.get(question)
    answerable = known is not None and all(quote in message for quote in known.needed)
    if wrong is None:
        return _reply(answer=known.answer if known and answerable else None)
    if known is None or (answerable and wrong.random() < 0.3):
        return _reply(answer=None)
    return _reply(answer=known.wrong)


PLAYERS: tuple[Player, ...] = (extract, link, obfuscate, propose, verify)

_OPENINGS = {
    "multi_fact": "Step by step: ",
    "temporal": "In the order of these steps: ",
    "causal": "As each link follows from the one before, ",
    "hypothetical": "Suppose that something changed there and the change went on along these links: ",
}


def truth_subjects(truth: Truth, relation: str, target: str) -> set[str]:
    """The things of which the world tells an object, in the form of a document."""
    return {
        fact.subject
        for facts in truth.facts.values()
        for fact in facts
        if fact.relation == relation and _same(target, fact.object)
    }


def _known(
    start: str, links: list[dict[str, Any]], dates: list[dict[str, Any]], asked: str, truth: Truth
) -> Known | None:
    """What the question asks for by the world's facts alone; None where they give no answer, or several."""
    described = truth.questions.get(_hidden(start))
    here = described.answer if described else start
    needed = list(described.needed) if described else []
    places, last = {"START": here}, ""
    for fact in links:
        relation = _gold(fact["relation"], fact["time"])
        if fact["forward"]:
            found = list(truth.objects(here, relation))
        else:
            found = sorted(truth_subjects(truth, relation, here))
        if len(found) != 1:
            return None
        ends = (here, found[0]) if fact["forward"] else (found[0], here)
        needed.append(_needed(fact, (ends[0], relation, ends[1]), truth))
        here = places[fact["to"]] = found[0]
        last = relation
    if not dates:
        answer = here[:4] if asked == "year" else here
        others = {fact.object for facts in truth.facts.values() for fact in facts if fact.relation == last}
        wrong = min(others - {here}, default="nothing")
        return Known(answer, wrong[:4] if asked == "year" else wrong, tuple(needed))
    years: list[tuple[int, str]] = []
    for fact in dates:
        relation, origin = _gold(fact["relation"], fact["time"]), places[fact["from"]]
        found = list(truth.objects(origin, relation))
        if len(found) != 1 or not found[0][:4].isdigit():
            return None
        needed.append(_needed(fact, (origin, relation, found[0]), truth))
        years.append((int(found[0][:4]), origin))
    if asked == "years_between":
        between = abs(years[0][0] - years[1][0])
        return Known(str(between), str(between + 1), tuple(needed))
    if years[0][0] == years[1][0]:
        return None
    earlier, later = sorted(years)
    return Known(earlier[1], later[1], tuple(needed))


def _needed(told: dict[str, Any], stated: tuple[str, str, str], truth: Truth) -> str:
    """The told quote where it states a true fact, else a line of the world that does."""
    lines = [
        truth.sentence(fact)
        for facts in truth.facts.values()
        for fact in facts
        if (fact.subject, fact.relation, fact.object) == stated
    ]
    return told["quote"] if told["quote"] in lines else lines[0]


def _triple(fact: Fact, document: Document, truth: Truth) -> dict[str, Any] | None:
    """A fact as an extractor writes it; None where its document does not write its object or subject as they are."""
    written = document.text[fact.start : fact.end]
    if not _same(written, fact.object) or len(written) > LONGEST_OBJECT:
        return None
    if fact.subject not in document.text and fact.subject not in document.title:
        return None
    relation, time = _plain(fact.relation)
    if time and any(year not in document.text + document.title for year in time.split("-")):
        return None
    quote = truth.sentence(fact)
    return {"subject": fact.subject, "relation": relation, "object": written, "time": time or None, "quote": quote}


def _plain(relation: str) -> tuple[str, str]:
    """A relation of the world, and the time that it holds for: "population 1991" is "population" of 1991."""
    timed = _TIMED.fullmatch(relation)
    if timed is None:
        return relation, ""
    return f"former {timed[1]}" if "-" in timed[2] else timed[1], timed[2]


def _gold(relation: str, time: str | None) -> str:
    """The world's relation again."""
    return f"{relation.removeprefix('former ')} {time}" if time else relation


def _same(written: str, plain: str) -> bool:
    """True where a document writes an object in its plain form: a figure with its commas, a day by its year."""
    day = _DAY.fullmatch(plain)
    if day is not None:
        return written.endswith(day[1]) or written == plain
    return plain in (written, written.replace(",", ""))


def _clause(fact: dict[str, Any]) -> str:
    relation = _spoken(fact)
    return f"its {relation}" if fact["forward"] else f"the one whose {relation} it is"


def _spoken(fact: dict[str, Any]) -> str:
    return f"{fact['relation']} of {fact['time']}" if fact["time"] else fact["relation"]


def _asked(asked: str, dates: list[dict[str, Any]]) -> str:
    if asked == "last":
        return "What is reached in the end?"
    if asked == "year":
        return "Which year is reached in the end?"
    told = " and ".join(f"the {_spoken(fact)} of {fact['from']}" for fact in dates)
    if asked == "years_between":
        return f"Counting the start as START and then A, B and so on: how many years lie between {told}?"
    return f"Counting the start as START and then A, B and so on: which of the two is earlier by {told}?"


def _hidden(description: str) -> str:
    """The key of a description among the questions, which no message holds."""
    return f"\0{description}"


def _words(name: str) -> list[str]:
    return sorted(name.lower().split())


def _blocks(message: str, kind: str) -> list[str]:
    return [found[1] for found in re.findall(rf"<{kind} (\w+)>\n(.*?)\n</{kind} \1>", message, re.DOTALL)]


def _block(message: str, kind: str) -> str:
    return next(iter(_blocks(message, kind)), "")


def _reply(**values: Any) -> str:
    return json.dumps(values, ensure_ascii=False)
