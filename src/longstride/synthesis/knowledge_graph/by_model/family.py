"""The family of prose graphs (paper 3.2, Figure 4): read by models, linked, walked, obfuscated, asked and confirmed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import islice
from typing import Any

from longstride.llm.in_order import in_order
from longstride.records import Document
from longstride.synthesis.candidates import Candidate
from longstride.synthesis.knowledge_graph.by_model.clustering import cluster
from longstride.synthesis.knowledge_graph.by_model.extraction import Reading, extract_triples
from longstride.synthesis.knowledge_graph.by_model.graph import Graph
from longstride.synthesis.knowledge_graph.by_model.growth import pairs_growth
from longstride.synthesis.knowledge_graph.by_model.making import Maker
from longstride.synthesis.knowledge_graph.by_model.plans import plans
from longstride.synthesis.knowledge_graph.by_model.rederiving import rederived
from longstride.synthesis.knowledge_graph.by_model.shelf import Shelf
from longstride.synthesis.knowledge_graph.by_model.triples import triples_of
from longstride.synthesis.knowledge_graph.by_model.voting import Majority
from longstride.synthesis.with_models import Growth, ReadDocument, Roles, Tally

NAME = "prose_graph"
FRAME_TOKENS = 600  # kept free for the question and the prompt around the documents; as of `knowledge_graph`
LINKING = Majority(4, 5)  # a wrong merge misleads every path through it; not in the paper
CONFIRMING = Majority(3, 4)  # not in the paper


class ProseGraphFamily:
    """Multi-hop questions over the graph that models read from prose."""

    name: str = NAME
    roles: tuple[str, ...] = ("extractor", "linker", "obfuscator", "proposer", "verifier")
    stages: tuple[str, ...] = ("triples", "links", "paths", "descriptions", "questions", "answers")
    rederives: bool = True

    def __init__(
        self, reading: Reading | None = None, linking: Majority = LINKING, confirming: Majority = CONFIRMING
    ) -> None:
        self.reading = reading or Reading()
        self.linking, self.confirming = linking, confirming

    async def extract(self, document: Document, roles: Roles, tally: Tally) -> dict[str, Any]:
        """The triples of a document, with the offsets of their quotes and the samples that found them."""
        triples = await extract_triples(document, roles.model("extractor"), self.reading, tally)
        return {"triples": [each.to_json() for each in triples]} if triples else {}

    async def propose(
        self,
        documents: Sequence[ReadDocument],
        max_context_tokens: int,
        seed: int,
        limit: int,
        roles: Roles,
        tally: Tally,
    ) -> AsyncIterator[Candidate]:
        """Up to `limit` questions whose documents take at most `max_context_tokens` less the room for the prompt.

        Each has one answer by all that was read in the region, doubtful triples too; loses it without any one of its
        documents; and was read out of its statements again by a majority of verifiers.
        """
        triples = [
            triple for each in documents for triple in triples_of(each.facts, each.document.id, each.document.text)
        ]
        clusters = await cluster(triples, roles.model("linker"), self.linking, roles.in_flight, tally)
        graph = Graph.of(triples, clusters, self.reading.agreeing)
        shelf = Shelf(documents, graph, clusters, max_context_tokens - FRAME_TOKENS)
        maker = Maker(NAME, shelf, roles, self.confirming, f"{seed}/{NAME}")
        drawn = plans(shelf, f"{seed}/{NAME}", limit)
        found = 0
        while found < limit and (batch := list(islice(drawn, limit - found))):  # no call is made that is not needed
            for candidate, counted in [each async for each in in_order(batch, maker.make, roles.in_flight)]:
                tally.merge(counted)
                if candidate:
                    found += 1
                    yield candidate

    def answers(self, derivation: Mapping[str, Any], facts: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """The query run again over the triples of these documents, doubtful ones too: every answer that they allow."""
        return rederived(derivation, facts)

    def growth(self, documents: Sequence[ReadDocument], times: float) -> Growth:
        """The linker is asked about the pairs of names and relations that may be one."""
        return Growth(pairs_growth([triples_of(each.facts) for each in documents], times))
