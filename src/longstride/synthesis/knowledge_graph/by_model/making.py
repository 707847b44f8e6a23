"""From a plan to a candidate: its start is described, its words are written, and its answer is read out again."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from longstride.records import Evidence
from longstride.synthesis.candidates import Candidate
from longstride.synthesis.knowledge_graph.by_model.answers import answer_forms
from longstride.synthesis.knowledge_graph.by_model.confirming import Confirmation
from longstride.synthesis.knowledge_graph.by_model.describing import Described, describe
from longstride.synthesis.knowledge_graph.by_model.graph import Edge
from longstride.synthesis.knowledge_graph.by_model.paradigms import Plan
from longstride.synthesis.knowledge_graph.by_model.plans import Drawn
from longstride.synthesis.knowledge_graph.by_model.query import settled_answer
from longstride.synthesis.knowledge_graph.by_model.shelf import Shelf, documents_of
from longstride.synthesis.knowledge_graph.by_model.voting import NO_ANSWER, Majority
from longstride.synthesis.knowledge_graph.by_model.wording import write_question
from longstride.synthesis.with_models import Roles, Tally

READING_PROMPTS = ("extractor_triples", "extractor_gleaning", "linker_entities", "linker_relations")


@dataclass(frozen=True)
class Maker:
    """What every plan of a region is made a question with."""

    family: str  # the name that candidates carry
    shelf: Shelf
    roles: Roles
    majority: Majority  # of the verifiers
    seed: str

    async def make(self, drawn: Drawn) -> tuple[Candidate | None, Tally]:
        """The candidate of a plan, or None; and the counts of its draws and of every stage that it came to."""
        tally = Tally()
        for reason, count in drawn.drops.items():
            tally.count("paths", reason, count)
        if drawn.plan is None:
            return None, tally
        tally.count("paths")
        return await self._candidate(drawn.plan, tally), tally

    async def _candidate(self, plan: Plan, tally: Tally) -> Candidate | None:
        generator = random.Random(f"{self.seed}/make/{plan.key}")
        graph = self.shelf.graph
        described = await self._described(plan, generator)
        edges = described if isinstance(described, str) else self._edges(plan, described)
        tally.count("descriptions", edges if isinstance(edges, str) else None)
        if isinstance(described, str) or isinstance(edges, str):
            return None
        forms, rule, form = answer_forms(plan, graph)
        text, reason = await write_question(plan, described.text, forms, rule, graph, self.roles.model("proposer"))
        tally.count("questions", reason)
        if reason:
            return None
        confirmation = Confirmation(f"{text}\n{form}", plan, forms, edges, self.shelf)
        agrees = await confirmation.holds(self.roles.model("verifier"), self.majority, generator)
        tally.count("answers", None if agrees else NO_ANSWER if agrees is None else "answer not confirmed")
        if not agrees:
            return None
        return Candidate(
            key=f"{self.family}-{hashlib.sha256(plan.key.encode()).hexdigest()[:20]}",
            family=self.family,
            task="multi_hop",
            question_type=plan.paradigm,
            core_question=text,
            format_instructions=form,
            ground_truth=forms,
            reward_style=rule,
            document_ids=documents_of(edges),
            evidence=tuple(dict.fromkeys(map(_evidence, edges))),
            derivation=self._derivation(plan, described, edges, forms),
            entities=tuple(dict.fromkeys(graph.names(node)[0] for node in plan.nodes if node.startswith("n:"))),
        )

    async def _described(self, plan: Plan, generator: random.Random) -> Described | str:
        """The plan's start by its name or, where its style says so, by a description; or why there is none."""
        if plan.style:
            return await describe(plan, self.shelf, self.roles.model("obfuscator"), generator)
        return Described(self.shelf.graph.names(plan.nodes[0])[0], (), plan.query)

    def _edges(self, plan: Plan, described: Described) -> tuple[Edge, ...] | str:
        """The facts of path and description in the documents that they need, or why these make no question."""
        if settled_answer(described.query, self.shelf.graph) != plan.answer:
            return "several answers"
        if not answer_forms(plan, self.shelf.graph)[0]:
            return "answer without words"
        return self.shelf.fitted((*plan.edges, *described.edges), plan, described.query)

    def _derivation(
        self, plan: Plan, described: Described, edges: Sequence[Edge], forms: tuple[str, ...]
    ) -> dict[str, Any]:
        query = described.query
        clusters = self.shelf.clusters.about(plan.things(query), query.relations)
        prompts = [*READING_PROMPTS, *(["obfuscator"] if plan.style else []), "proposer_graph", "verifier_graph"]
        roles = dict.fromkeys(prompt.partition("_")[0] for prompt in prompts)
        return {
            "paradigm": plan.paradigm,
            "program": query.program,
            "hops": plan.hops,
            "domain": plan.family,
            "path": [_stated(edge) for edge in edges[: plan.hops]],
            "obfuscation": {
                "style": plan.style,
                "entity": self.shelf.graph.names(plan.nodes[0])[0],
                "description": described.text,
                "facts": [_stated(edge) for edge in edges[plan.hops :]],
            }
            if plan.style
            else {},
            "query": query.to_json(),
            "clusters": {"entities": dict(clusters.entities), "relations": dict(clusters.relations)},
            "answer": {"key": plan.answer, "forms": list(forms)},
            "prompts": prompts,
            "models": {role: self.roles.model(role).model_id for role in roles},
        }


def _stated(edge: Edge) -> dict[str, Any]:
    triple = edge.triple
    return {
        "subject": triple.subject,
        "relation": triple.relation,
        "object": triple.object,
        "time": triple.time,
        "document_id": triple.document_id,
        "start": triple.start,
        "end": triple.end,
    }


def _evidence(edge: Edge) -> Evidence:
    triple = edge.triple
    return Evidence(triple.document_id, triple.start, triple.end, triple.quote)
