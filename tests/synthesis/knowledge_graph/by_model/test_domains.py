"""Documents of one domain hang together by the things that they speak of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from longstride.synthesis.knowledge_graph.by_model import domains as chapter
from longstride.synthesis.knowledge_graph.by_model.domains import domains
from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.knowledge_graph.by_model.triples import Triple
from longstride.synthesis.with_models import ReadDocument

AsRead = Callable[[Sequence[Triple]], list[ReadDocument]]


def test_a_domain_joins_the_documents_that_share_things(
    hand_triples: list[Triple], as_read: AsRead, graph_of: Callable[..., Graph]
):
    (domain,) = domains(graph_of(hand_triples), as_read(hand_triples))
    assert domain.family == "professional"
    assert domain.documents == {"norvik-mills", "ada-brandt", "tellsund", "oskerby", "halden-farms", "river-senn"}
    assert dict(zip(domain.targets, domain.weights, strict=True))["n:norvik mills"] == 4
    assert "n:mount gard" not in domain.targets  # nothing is told of it


def test_documents_that_share_nothing_are_in_no_domain_together(
    hand_triples: list[Triple], as_read: AsRead, graph_of: Callable[..., Graph]
):
    apart = [each for each in hand_triples if each.document_id in ("ada-brandt", "tellsund")]
    assert domains(graph_of(apart), as_read(apart)) == ()


def test_documents_of_another_family_join_the_domain_whose_things_they_speak_of(
    hand_triples: list[Triple], as_read: AsRead, graph_of: Callable[..., Graph]
):
    read = as_read(hand_triples)
    read[-1] = replace(read[-1], document=replace(read[-1].document, family="academic"))
    found = domains(graph_of(hand_triples), read)
    assert [(each.family, len(each.documents)) for each in found] == [("professional", 6), ("academic", 2)]
    assert found[1].documents == {"oskerby", "river-senn"}


def test_a_thing_that_most_documents_speak_of_connects_none(
    triple: Callable[..., Triple],
    as_read: AsRead,
    graph_of: Callable[..., Graph],
    monkeypatch: pytest.MonkeyPatch,
):
    names = ("norvik-mills", "ada-brandt", "tellsund", "oskerby")
    triples = [triple(name.title(), "land", "Aldmark", name) for name in names]
    triples.append(triple("Aldmark", "area", "5", "tellsund"))
    graph, read = graph_of(triples), as_read(triples)
    assert len(domains(graph, read)) == 1
    monkeypatch.setattr(chapter, "FEW", 2)
    assert domains(graph, read) == ()
