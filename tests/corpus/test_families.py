from __future__ import annotations

from pathlib import Path

import pytest

from longstride.corpus.families import Families, checked_families, family_of
from longstride.corpus.readers.source_text import SourceText
from longstride.errors import InputError

STORY = "She said that he had come home late. " * 40
FILING = "# Annual report\n\n" + "Net income of the registrant was 5 million in the fiscal year.\n" * 30
PAPER = (
    "# On ports\n\n## Abstract\n\nWe propose a method [1].\n\n"
    + "Text of it. " * 80
    + "\n\n## References\n\n[1] A. et al.\n"
)


def family(text: str, path: str = "a/b.md", form: str = "markdown", families: Families = None):
    return family_of(SourceText("t", text, form), path, families)


def test_what_is_declared_counts_and_the_nearest_folder_first():
    families = {"a": "academic", "a/b": "literature", "": "professional"}
    assert family(STORY, "a/x.md", families=families) == "academic"
    assert family(STORY, "a/b/x.md", families=families) == "literature"
    assert family(STORY, "ab/x.md", families=families) == "professional"
    assert family("x = 1", "a/x.py", "code", "dialogue") == "dialogue"


def test_form_and_folder_and_content():
    assert family("x = 1", "src/x.py", "code") == "code"
    assert family("User: a\n", "x.json", "dialogue") == "dialogue"
    assert family("a,b\n1,2\n", "x.csv", "csv") == "professional"
    assert family(STORY, "papers/x.md") == "academic"
    assert family(STORY) == "literature"
    assert family(FILING) == "professional"
    assert family("Press the button and turn the handle until the light goes out. " * 20) == "professional"
    assert family(PAPER) == "academic"
    assert family("## Area\n\n" + "- total: 2,381,740 sq km\n- land: 5 sq km\n" * 20) == "professional"


def test_the_real_corpus(real_corpus: Path):
    for folder, expected in (("reference/africa", "professional"), ("literature", "literature")):
        for path in sorted((real_corpus / folder).iterdir())[:10]:
            assert family(path.read_text(), f"x/{path.name}") == expected, path


def test_an_unknown_family_is_refused():
    with pytest.raises(InputError, match="unknown family 'poetry'"):
        checked_families({"a": "poetry"})
