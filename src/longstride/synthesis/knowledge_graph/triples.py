"""Triples of one document, from its labelled attributes (paper 3.2, "KG Construction").

Every triple quotes the line that states it. Nothing here knows other documents: which names mean the same thing, and
which labels the same relation, is settled when the facts of many documents meet (`linking`, `relations`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from longstride.records import Document
from longstride.synthesis.knowledge_graph.names import is_name, names_of, normal_label, normal_name, plain_label
from longstride.synthesis.knowledge_graph.values import (
    Date,
    Item,
    Measure,
    leading_item,
    read_date,
    read_items,
    read_measure,
    read_origin,
    read_since,
)
from longstride.synthesis.structure import Attribute, Structure

LONGEST_QUOTE = 500  # characters; a longer line is quoted up to the part that counts
LONGEST_HEADING = 160  # characters between a heading's label and the bare value below it
LONGEST_STATED = 240  # characters kept of a value that could not be read

ALIAS_LABELS = ("short form", "long form", "also known as", "abbreviation", "acronym", "official name", "full name",
                "other name", "alias", "common name", "trading name", "ticker", "nickname")  # fmt: skip
REMARKS = ("note", "notes", "remark", "remarks")


class Relation(NamedTuple):
    """What is stated, under which label: two statements are of one relation where this is equal.

    `section` is None where the label means the same in every section (see `relations`).
    """

    label: str  # in normal form, singular
    section: str | None
    year: str  # at the end of the label ("Exports 2023"), or ""
    aspect: str  # value, top, number, date, since, from, by, under; and stated: the whole value, as text
    unit: str  # of a number, or ""


@dataclass(frozen=True, slots=True)
class Node:
    """An end of a triple. Names are nodes before they are linked: two of one normal form may be one entity."""

    kind: str  # name, number, date, text, unread
    key: str  # equal where the nodes are equal
    text: str  # as the document writes it
    number: Decimal | None = None
    unit: str = ""
    year: int = 0
    month: int = 0
    day: int = 0
    second_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Triple:
    """A statement of a document: `text[start:end]` says it, on one line."""

    subject: str  # as the document names it
    relation: Relation
    object: Node
    document_id: str
    start: int
    end: int
    quote: str
    kind: str  # attribute, definition, link, code
    label: str  # as written, without a year
    section: str


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name of an entity, and where the document states it (nowhere: end 0, where the name itself tells)."""

    name: str
    start: int = 0
    end: int = 0
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Entity:
    """Something that a document is about, or that it defines."""

    name: str
    noun: str  # what it is: country, class; "" where the document does not tell
    aliases: tuple[Alias, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What `extract` gives: the entities of a document, its subject first, and its triples under their labels."""

    document_id: str
    entities: tuple[Entity, ...]
    by_label: dict[str, tuple[Triple, ...]]
    words: frozenset[str] = frozenset()  # of a document in prose: what it may say without a label

    def triples(self) -> Iterator[Triple]:
        for triples in self.by_label.values():
            yield from triples


def facts_of(
    document: Document, entities: tuple[Entity, ...], triples: list[Triple], words: frozenset[str] = frozenset()
) -> Facts | None:
    """The facts of a document, grouped by label; None where it states nothing."""
    if not triples and not words and not any(entity.aliases for entity in entities):
        return None
    groups: defaultdict[str, list[Triple]] = defaultdict(list)
    for triple in triples:
        groups[triple.relation.label].append(triple)
    return Facts(document.id, entities, {label: tuple(group) for label, group in groups.items()}, words)


def attribute_triples(document: Document, structure: Structure) -> list[Triple]:
    """The triples of every labelled attribute, aliases left out."""
    return [
        triple
        for attribute in structure.attributes
        if not is_alias_label(attribute.label) and attribute.label.lower() not in REMARKS
        for triple in _triples_of(document, attribute)
    ]


def attribute_aliases(document: Document, structure: Structure) -> list[Alias]:
    """The other names that the document's labels state, and those that its subject's own parentheses hold."""
    subject = structure.subject
    aliases = [Alias(name) for name in names_of(subject) if name != subject]
    for attribute in structure.attributes:
        if is_alias_label(attribute.label):
            quote = document.text[attribute.line_start : attribute.line_end]
            for item in read_items(attribute.value):
                whole = attribute.value[item.start : item.end]
                names = names_of(whole) if "(" in whole and is_name(whole) else (item.name,)
                aliases += [Alias(name, attribute.line_start, attribute.line_end, quote) for name in names]
    own = normal_name(subject)
    return list({normal_name(each.name): each for each in reversed(aliases) if normal_name(each.name) != own}.values())


def is_alias_label(label: str) -> bool:
    """True for labels that give another name of the subject, in a language that the other documents use."""
    plain = label.lower()
    return any(each in plain for each in ALIAS_LABELS) and "local" not in plain and "former" not in plain


def name_node(name: str, second_names: tuple[str, ...] = ()) -> Node:
    return Node("name", normal_name(name), name, second_names=second_names)


def date_node(date: Date) -> Node:
    key = f"{date.year:04}-{date.month:02}-{date.day:02}"
    return Node("date", key, date.text, year=date.year, month=date.month, day=date.day)


def number_node(measure: Measure) -> Node:
    key = f"{measure.number.normalize():f} {measure.unit}"
    return Node("number", key, measure.text, number=measure.number, unit=measure.unit)


def _triples_of(document: Document, attribute: Attribute) -> Iterator[Triple]:
    """Each aspect of a value: "5 July 1962 (from France)" is a date, and an origin."""
    label, year = normal_label(attribute.label)
    section = normal_label(attribute.section[-1])[0] if attribute.section else ""
    if not label:
        return
    value = attribute.value
    start = _quote_start(document.text, attribute)
    whole = Triple(
        attribute.subject,
        Relation(label, section, year, "stated", ""),
        Node("text", normal_name(value[:LONGEST_STATED]), value[:LONGEST_STATED]),
        document.id,
        start,
        min(attribute.line_end, start + LONGEST_QUOTE),
        document.text[start : attribute.line_end][:LONGEST_QUOTE],
        "attribute",
        plain_label(attribute.label)[0],
        attribute.section[-1] if attribute.section else "",
    )
    yield whole

    def told(aspect: str, node: Node, end: int) -> Triple:
        relation = whole.relation._replace(aspect=aspect, unit=node.unit)
        last = attribute.start + end
        if last <= whole.end:
            return replace(whole, relation=relation, object=node)
        quote = document.text[whole.start : last]
        return replace(whole, relation=relation, object=node, end=last, quote=quote)

    measure, date = read_measure(value), read_date(value)
    if measure:
        yield told("number", number_node(measure), measure.end)
    if date:
        yield told("date", date_node(date), date.end)
    if since := read_since(value):
        yield told("since", date_node(since), since.end)
    if origin := read_origin(value):
        yield told(origin[0], name_node(origin[1]), origin[3])
    if not measure and not date:
        yield from _named(value, told)


def _quote_start(text: str, attribute: Attribute) -> int:
    """Where the evidence begins: at the line, or at the heading that is the label of a bare value below it."""
    if attribute.start != attribute.line_start:
        return attribute.line_start
    heading = text.rfind(attribute.label, max(0, attribute.line_start - LONGEST_HEADING), attribute.line_start)
    if heading < 0:
        return attribute.line_start
    return text.rfind("\n", 0, heading) + 1


def _named(value: str, told: Callable[[str, Node, int], Triple]) -> Iterator[Triple]:
    items = read_items(value)
    for item in items:
        yield told("value", _item_node(item), item.end)
    if leader := leading_item(items):
        yield told("top", replace(_item_node(leader), unit=leader.unit), items[-1].end)


def _item_node(item: Item) -> Node:
    return name_node(item.name, item.second_names)
