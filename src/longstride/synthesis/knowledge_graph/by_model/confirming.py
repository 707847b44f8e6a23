"""A question in words is answered again by a model that was told neither its path nor its answer.

It reads the statements that prove the answer among statements that resemble them, so that a question that asks for
something else than its path gives, or a description that fits nothing, does not pass.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from longstride.llm import ChatModel, ModelError, complete_structured
from longstride.prompts import fill_prompt
from longstride.prompts.delimiting import delimited
from longstride.synthesis.knowledge_graph.by_model.answers import is_the_answer
from longstride.synthesis.knowledge_graph.by_model.graph import Edge
from longstride.synthesis.knowledge_graph.by_model.paradigms import Plan
from longstride.synthesis.knowledge_graph.by_model.replies import ReadAnswer
from longstride.synthesis.knowledge_graph.by_model.shelf import Shelf
from longstride.synthesis.knowledge_graph.by_model.voting import Majority, agreed

DECOYS = 8  # statements of the same relations about other things; not in the paper


@dataclass(frozen=True)
class Confirmation:
    """A question with its instructions, the answer that it should have, and the facts that prove it."""

    question: str
    plan: Plan
    forms: tuple[str, ...]
    edges: tuple[Edge, ...]
    shelf: Shelf

    async def holds(self, model: ChatModel, majority: Majority, generator: random.Random) -> bool | None:
        """Whether enough samples read the plan's answer out of the statements; None where no sample answered."""
        shown = [*self.edges, *self._decoys(generator)]
        statements = list(dict.fromkeys(f'From "{self.shelf.title(each)}": {each.triple.quote}' for each in shown))
        listed = enumerate(generator.sample(statements, len(statements)), 1)
        prompt = fill_prompt(
            "verifier_graph",
            question=delimited(self.question, "question"),
            statements=delimited("\n".join(f"{place}. {each}" for place, each in listed), "statements"),
        )

        async def ask(sample: int) -> bool | None:
            try:
                reply = await complete_structured(
                    model, [{"role": "user", "content": prompt}], ReadAnswer, sample_index=sample
                )
            except ModelError:
                return None
            return reply.answer is not None and is_the_answer(reply.answer, self.plan, self.forms, self.shelf.graph)

        return await agreed(ask, majority)

    def _decoys(self, generator: random.Random) -> list[Edge]:
        """Facts of the same relations about things that the question has nothing to do with."""
        held = {node for edge in self.edges for node in (edge.subject, edge.object)}
        options = [
            other
            for relation in dict.fromkeys(edge.relation for edge in self.edges)
            for other in self.shelf.graph.edges[relation]
            if other.accepted and other.subject not in held and other.object not in held
        ]
        return generator.sample(options, min(DECOYS, len(options)))
