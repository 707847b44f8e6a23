"""The facts of one document: everything that its structure states, ready to be linked (paper 3.2)."""

from __future__ import annotations

import re
from dataclasses import replace

from longstride.records import Document
from longstride.synthesis.knowledge_graph.code_facts import code_facts, is_python
from longstride.synthesis.knowledge_graph.definitions import (
    class_noun,
    link_triples,
    sentence_aliases,
    sentence_triples,
)
from longstride.synthesis.knowledge_graph.names import normal_words
from longstride.synthesis.knowledge_graph.triples import (
    Entity,
    Facts,
    attribute_aliases,
    attribute_triples,
    facts_of,
)
from longstride.synthesis.structure import Structure, read_structure

PART = re.compile(r"\(part \d+ of \d+\)$")  # of a source without headings: all parts are about the same
MOST_PROSE = 0.5  # of the lines are prose, and the document is still called structured; not in the paper


def extract_facts(document: Document) -> Facts | None:
    """The entities and triples of a document; None where it states nothing that can be read."""
    if is_python(document):
        return code_facts(document)
    structure = read_structure(replace(document, title=PART.sub("", document.title)))
    if not structure.subject:
        return None
    aliases = (*attribute_aliases(document, structure), *sentence_aliases(document, structure))
    subject = Entity(structure.subject, class_noun(document, structure), aliases)
    sentences = list(sentence_triples(document, structure))
    triples = [*attribute_triples(document, structure), *sentences, *link_triples(document, structure)]
    prose = _is_prose(document, structure, len(sentences))
    return facts_of(document, (subject,), triples, frozenset(normal_words(document.text)) if prose else frozenset())


def _is_prose(document: Document, structure: Structure, sentences: int) -> bool:
    """True where most lines, or a conversation's turns, say things that no label marks."""
    if document.family == "dialogue":
        return True
    lines = sum(bool(line.strip()) for line in document.text.split("\n"))
    rows = sum(len(table.header) + len(table.rows) for table in structure.tables)
    marked = len(structure.attributes) + len(structure.headings) + rows + sentences
    return lines - marked > MOST_PROSE * lines
