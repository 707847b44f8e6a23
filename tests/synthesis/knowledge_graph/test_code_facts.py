"""Triples of Python source, which is parsed and never run."""

from __future__ import annotations

import pytest

from longstride.records import Document
from longstride.synthesis.knowledge_graph.code_facts import code_facts, module_name

SOURCE = '''"""Ein Gruß: ü."""
import os
from .base import Loft as Parent
from json import decoder

raise SystemExit("never run")


class Depot(Parent, decoder.JSONDecoder):
    """A depot."""


def storage(days):
    return days
'''


def code(text: str, source: str = "izerimar/depots.py") -> Document:
    return Document(source, source, "code", source, text)


def test_imports_classes_and_functions_are_triples_that_quote_their_line():
    document = code(SOURCE)
    facts = code_facts(document)
    assert facts is not None
    told = {(triple.subject, triple.label, triple.object.text, triple.quote) for triple in facts.triples()}
    header = "class Depot(Parent, decoder.JSONDecoder):"
    assert told == {
        ("izerimar.depots", "imports", "os", "import os"),
        ("izerimar.depots", "imports", "izerimar.base", "from .base import Loft as Parent"),
        ("izerimar.depots", "imports", "json", "from json import decoder"),
        ("izerimar.depots", "defines the class", "izerimar.depots.Depot", header),
        ("izerimar.depots.Depot", "inherits from", "izerimar.base.Loft", header),
        ("izerimar.depots.Depot", "inherits from", "json.decoder.JSONDecoder", header),
        ("izerimar.depots", "defines the function", "izerimar.depots.storage", "def storage(days):"),
    }
    for triple in facts.triples():
        assert document.text[triple.start : triple.end] == triple.quote
    assert [entity.noun for entity in facts.entities] == ["module", "class", "function"]


@pytest.mark.parametrize("text", ["def broken(:\n", "\0", "(" * 5000, ""])
def test_source_that_does_not_parse_gives_nothing(text: str):
    assert code_facts(code(text)) is None


@pytest.mark.parametrize(
    ("source", "name"),
    [("json/decoder.py", "json.decoder"), ("json/__init__.py", "json"), ("repo/src/kestrel/sea.py", "kestrel.sea")],
)
def test_a_module_is_called_by_its_path(source: str, name: str):
    assert module_name(source) == name
