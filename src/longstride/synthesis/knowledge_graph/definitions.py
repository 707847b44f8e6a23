"""Definitions and short plain sentences (paper 3.2): "Kestrel is a company in Port Orvale.", "Mira works at Kestrel."

Only a sentence that is nothing but name, verb and name is read: the rest of a text is a model's to read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from longstride.records import Document
from longstride.synthesis.knowledge_graph.names import is_name, normal_label, normal_name
from longstride.synthesis.knowledge_graph.triples import Alias, Relation, Triple, name_node
from longstride.synthesis.structure import Link, Structure

EARLY = 2000  # characters in which a text says what it is about
MOST_SENTENCES = 400  # of a document
NOT_NOUNS = frozenset({
    "full", "short", "long", "local", "former", "official", "legal", "common", "first", "last", "middle", "other",
    "new", "old", "user", "file", "domain", "brand", "trade", "birth", "real", "native", "given", "family",
    "maiden", "this",
})  # fmt: skip
OF_PERSONS = frozenset({"born", "died", "birthplace", "date of birth", "place of birth", "birth date", "spouse"})
PREPOSITIONS = frozenset({
    "in", "of", "at", "by", "for", "to", "on", "from", "with", "under", "near", "as", "into"
})  # fmt: skip

_SENTENCE = re.compile(r"[^\s#|>*-][^\n.!?]{3,200}[.!?](?=\s|$)")
_NAME = r"(?:[A-Z][\w'’-]*|of|de|del|von|van|the|and)"
_SUBJECT = rf"(?P<subject>(?:The )?[A-Z][\w'’-]*(?: {_NAME}){{0,5}}) "
_PLAIN = re.compile(
    _SUBJECT + r"(?P<verb>(?:(?:is|was|has been) )?(?:an? |the )?[a-z]+(?:[ -][a-z]+){0,3}) "
    rf"(?P<object>(?:the )?[A-Z][\w'’-]*(?: {_NAME}){{0,5}}) ?[.]"
)
_COMMON = re.compile(
    _SUBJECT + r"(?P<verb>[a-z]+s|(?:is|was) [a-z]+ [a-z]+) (?P<object>(?:the |an? )?[a-z]+(?: [a-z]+)?) ?[.]"
)
_IS_A = re.compile(r"(?:,[^.,]{1,60},)? ?(?:is|was) (?:an?|the) ([a-z][a-z -]{2,60})")
_ALSO = re.compile(
    r"[,(]? ?(?:(?:also )?known as|also called|abbreviated(?: as)?|or) "
    r"([A-Z][\w.&'-]*(?: [A-Z][\w.&'-]*){0,4})( for short)?"
)
_NOUN_NAME = re.compile(r"([A-Za-z]{3,20}) name\Z", re.IGNORECASE)


def sentence_triples(document: Document, structure: Structure) -> Iterator[Triple]:
    """A triple for each sentence "Name verb Name.", or "Name plays the viol.", that holds nothing else."""
    for count, match in enumerate(_SENTENCE.finditer(document.text)):
        if count >= MOST_SENTENCES:
            return
        sentence = match[0].replace("\n", " ")
        plain = _PLAIN.fullmatch(sentence) or _COMMON.fullmatch(sentence)
        if not plain or not is_name(plain["object"]) or not is_name(plain["subject"]):
            continue
        verb = plain["verb"]
        if verb.split()[-1] in ("and", "or", "the", "a", "an") or not _is_verb(verb):
            continue
        yield Triple(
            plain["subject"],
            Relation(normal_label(verb)[0], "", "", "value", ""),
            name_node(plain["object"]),
            document.id,
            match.start(),
            match.end(),
            match[0],
            "definition",
            verb,
            "",
        )


def link_triples(document: Document, structure: Structure) -> Iterator[Triple]:
    """A triple for each other name that the document links to, once."""
    seen: set[str] = {normal_name(structure.subject)}
    for link in structure.links:
        key = normal_name(link.text)
        if key in seen or not _names_something(link):
            continue
        seen.add(key)
        yield Triple(
            structure.subject,
            Relation("link to", "", "", "value", ""),
            name_node(link.text),
            document.id,
            link.start,
            link.end,
            document.text[link.start : link.end],
            "link",
            "links to",
            "",
        )


def class_noun(document: Document, structure: Structure) -> str:
    """What the subject is: of "Kestrel is a company in Port Orvale" or a label "Company name"; "" where unknown."""
    votes: Counter[str] = Counter()
    for attribute in structure.attributes:
        for text in (attribute.label, *attribute.section[-1:]):
            found = _NOUN_NAME.search(text)
            if found and found[1].lower() not in NOT_NOUNS:
                votes[found[1].lower()] += 1
    if not votes:
        for behind, _ in _after_subject(document, structure):
            if definition := _IS_A.match(behind):
                votes[_head(definition[1])] += 1
                break
    if not votes and any(normal_label(attribute.label)[0] in OF_PERSONS for attribute in structure.attributes):
        votes["person"] += 1
    return min(votes, key=lambda noun: (-votes[noun], noun)) if votes else ""


def sentence_aliases(document: Document, structure: Structure) -> Iterator[Alias]:
    """The names of "Izerimar Lines, or Izerimar for short, is ..." and "X (also known as Y)", behind the subject."""
    for behind, start in _after_subject(document, structure):
        also = _ALSO.match(behind)
        if also and (also[2] or not also[0].lstrip(",( ").startswith("or ")) and is_name(also[1]):
            end = start + len(structure.subject) + also.end()
            yield Alias(also[1], start, end, document.text[start:end])


def _after_subject(document: Document, structure: Structure) -> Iterator[tuple[str, int]]:
    """What follows the subject where the text begins to speak of it, and where the subject stands."""
    subject, place = structure.subject, -1
    for _ in range(3):
        place = document.text.find(subject, place + 1, EARLY)
        if place < 0:
            return
        yield document.text[place + len(subject) : place + len(subject) + 160], place


def _head(phrase: str) -> str:
    """The noun of "landlocked country in": the last word before the first preposition or relative pronoun."""
    words: list[str] = []
    for word in phrase.split():
        if word in PREPOSITIONS or word in ("that", "which", "who", "whose", "and", "where", "based", "located"):
            break
        words.append(word)
    return words[-1] if words else ""


def _is_verb(words: str) -> bool:
    first, *rest = words.split()
    if first in ("is", "was", "has"):
        return bool(rest) and rest[-1] in PREPOSITIONS
    return first.endswith(("s", "ed")) and first not in ("this", "was", "its", "his")


def _names_something(link: Link) -> bool:
    return is_name(link.text) and link.text[0].isupper() and not link.target.startswith(("#", "mailto:"))
