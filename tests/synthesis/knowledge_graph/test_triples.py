"""Triples of one document: each quotes the text at its offsets."""

from __future__ import annotations

import pickle
from collections.abc import Callable

from longstride.records import Document
from longstride.synthesis.knowledge_graph.extraction import extract_facts
from longstride.synthesis.knowledge_graph.triples import Facts

PROFILE = """# Algeria

## Geography

### Land boundaries

- border countries: Libya 989 km; Mali 1,359 km

## Government

### Country name

- conventional long form: People's Democratic Republic of Algeria
- Independence: 5 July 1962 (from France)
- chief of state: President Ann BAL (since 12 December 2019)

### Exports - partners

Italy 29%, France 14% (2023)
- note: note: top two
"""


def facts(document: Document) -> Facts:
    found = extract_facts(document)
    assert found is not None
    return found


def test_every_aspect_of_a_value_is_a_triple(document: Callable[..., Document]):
    told = {
        (triple.relation.label, triple.relation.aspect, triple.object.text)
        for triple in facts(document(PROFILE)).triples()
        if triple.relation.aspect != "stated"
    }
    assert told == {
        ("border country", "value", "Libya"),
        ("border country", "value", "Mali"),
        ("border country", "top", "Mali"),
        ("independence", "date", "5 July 1962"),
        ("independence", "from", "France"),
        ("chief of state", "value", "President Ann BAL"),
        ("chief of state", "since", "12 December 2019"),
        ("export partner", "value", "Italy"),
        ("export partner", "value", "France"),
        ("export partner", "top", "Italy"),
    }


def test_every_triple_quotes_its_line(document: Callable[..., Document]):
    text = document(PROFILE)
    for triple in facts(text).triples():
        assert text.text[triple.start : triple.end] == triple.quote
        assert triple.subject == "Algeria"
    top = next(triple for triple in facts(text).triples() if triple.relation.label == "export partner")
    assert top.quote.startswith("### Exports - partners\n")  # a bare value is nothing without its heading


def test_another_name_is_an_alias_and_no_triple(document: Callable[..., Document]):
    entity = facts(document(PROFILE)).entities[0]
    assert (entity.name, entity.noun) == ("Algeria", "country")
    assert [alias.name for alias in entity.aliases] == ["People's Democratic Republic of Algeria"]


def test_the_parts_of_a_source_are_about_the_same(document: Callable[..., Document]):
    parts = [facts(document("- Founded: 1998", title=f"Kestrel (part {part} of 2)")) for part in (1, 2)]
    assert {part.entities[0].name for part in parts} == {"Kestrel"}


def test_short_sentences_definitions_and_links(document: Callable[..., Document]):
    text = (
        "Kestrel Lines, or Kestrel for short, is a shipping company.\n\nKestrel Lines is based in Port Orvale.\n"
        "Mira plays the viol.\n\nIt has [Orvale Docks](docks.md), and nobody knows why it sank in the autumn of 1911.\n"
    )
    found = facts(document(text, title="Kestrel Lines"))
    assert found.entities[0].noun == "company"
    assert [alias.name for alias in found.entities[0].aliases] == ["Kestrel"]
    assert {(triple.subject, triple.label, triple.object.text) for triple in found.triples()} == {
        ("Kestrel Lines", "is based in", "Port Orvale"),
        ("Mira", "plays", "the viol"),
        ("Kestrel Lines", "links to", "Orvale Docks"),
    }


def test_prose_keeps_its_words_and_a_profile_does_not(document: Callable[..., Document]):
    assert not facts(document(PROFILE)).words
    prose = facts(document("The viol was played all night.\nNobody slept, and nobody wished to sleep.\n", title="Mira"))
    assert "viol" in prose.words


def test_facts_are_plain_data(document: Callable[..., Document]):
    found = facts(document(PROFILE))
    assert pickle.loads(pickle.dumps(found)) == found


def test_a_document_that_states_nothing_has_no_facts(document: Callable[..., Document]):
    assert extract_facts(document("\n", title="Empty")) is None
