"""The linker's work in a region is foreseen from a few documents: less than in proportion, and never above its cap."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from longstride.synthesis.knowledge_graph.by_model import clustering, growth
from longstride.synthesis.knowledge_graph.by_model.clustering import count_doubtful
from longstride.synthesis.knowledge_graph.by_model.growth import pairs_growth
from longstride.synthesis.knowledge_graph.by_model.triples import Triple

Make = Callable[..., Triple]

pytestmark = pytest.mark.usefixtures("without_embedding")  # pairs are counted by hand, of letters alone


@pytest.fixture
def alike(triple: Make) -> list[list[Triple]]:
    """Twelve documents that state the same two facts, whose relations may be one: "head office", "head office town"."""
    facts = (("Norvik", "head office", "Tellsund"), ("Norvik", "head office town", "Tellsund"))
    return [[triple(*fact) for fact in facts] for _ in range(12)]


@pytest.fixture
def different(triple: Make) -> list[list[Triple]]:
    """Twelve documents, each with two relations of its own that may be one."""
    return [
        [triple(f"Ship{letter}", f"{letter * 6} port", "Oskerby"), triple(f"Ship{letter}", f"{letter * 6}", "Tellsund")]
        for letter in "abcdefghijkl"
    ]


def test_pairs_are_counted_without_a_model(alike: list[list[Triple]], different: list[list[Triple]]):
    assert count_doubtful(alike[0]) == 1
    assert count_doubtful([each for document in alike for each in document]) == 1
    assert count_doubtful(different[0]) == 1
    assert count_doubtful([each for document in different for each in document]) == 12


def test_what_comes_again_and_again_does_not_grow(alike: list[list[Triple]]):
    assert pairs_growth(alike, 100.0) == 1.0


def test_what_each_document_brings_anew_grows_by_two_thirds_of_its_exponent(different: list[list[Triple]]):
    """By hand: 12 pairs, 6 in any half; the exponent of (12 + 0.5) to (6 + 0.5) is 0.943, two thirds of it 0.632."""
    assert pairs_growth(different, 10.0) == pytest.approx(10**0.632, rel=0.01)
    assert pairs_growth(different, 1.0) == 1.0


def test_no_more_than_the_linker_is_ever_asked(different: list[list[Triple]], monkeypatch: pytest.MonkeyPatch):
    for module in (clustering, growth):
        monkeypatch.setattr(module, "MOST_PAIRS", 18)
    assert pairs_growth(different, 1e9) == pytest.approx(2 * 18 / 12)


def test_documents_without_a_doubt_and_a_single_one_grow_by_nothing(different: list[list[Triple]]):
    assert pairs_growth([[], []], 10.0) == 1.0
    assert pairs_growth(different[:1], 10.0) == 1.0
