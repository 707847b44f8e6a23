from __future__ import annotations

import pytest

from longstride.corpus.funnel import Funnel
from longstride.errors import InputError


def test_counts_add_up_and_the_first_places_stay():
    first, second = Funnel(), Funnel()
    for number in range(5):
        first.count("files", "binary", f"a{number}")
    second.count("files", "binary", "b")
    second.count("files", "kept")
    second.count("documents", "kept", "c", times=3)
    first.add(second)
    assert first.rows() == [("files", "kept", 1), ("files", "binary", 6), ("documents", "kept", 3)]
    assert first.examples == {"files: binary": ["a0", "a1", "a2"]}
    assert Funnel.from_dict(first.as_dict()) == first


def test_what_is_no_funnel_is_refused():
    for value in ({}, {"files": 1}, {**Funnel().as_dict(), "mended": {"x": "y"}}):
        with pytest.raises(InputError, match="is not a funnel"):
            Funnel.from_dict(value)
