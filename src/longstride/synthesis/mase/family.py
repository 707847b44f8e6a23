"""The family of MASE: questions that three agents make of clusters of documents (paper 3.2, Figure 5)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from longstride.grading import pass_at_k
from longstride.llm.in_order import closing, in_order
from longstride.records import Document
from longstride.synthesis.candidates import Candidate
from longstride.synthesis.choices import LETTERS
from longstride.synthesis.mase.agents import SOLVER, VERIFIER, Solved
from longstride.synthesis.mase.clusters import Cluster, clusters_of
from longstride.synthesis.mase.drafts import posed
from longstride.synthesis.mase.rounds import Accepted, ClusterQuestions, Round, question_cluster
from longstride.synthesis.mase.settings import MaseSettings
from longstride.synthesis.with_models import PASSED, Growth, ReadDocument, Roles, Tally

NAME = "mase"
FEWEST_WORDS = 20  # of a document that is worth a question; not in the paper
TOO_SHORT = "the document is too short to ask about"


class MaseFamily:
    """Questions of all of MASE's tasks; see `with_models.ModelFamily`.

    The rounds of a cluster follow one another, for each sees what the ones before it gave; clusters run side by side.
    """

    name = NAME
    roles = ("proposer", "solver", "verifier")
    stages = ("read", "propose", "check", "solve", "verify")
    rederives = False

    def __init__(self, settings: MaseSettings | None = None) -> None:
        """`settings` None takes the defaults."""
        self.settings = settings or MaseSettings()

    async def extract(self, document: Document, roles: Roles, tally: Tally) -> dict[str, Any]:
        """How many words a document has; nothing of one that is too short. Asks no model: the agents read it whole."""
        words = len(document.text.split())
        tally.count("read", TOO_SHORT if words < FEWEST_WORDS else PASSED)
        return {"words": words} if words >= FEWEST_WORDS else {}

    async def propose(
        self,
        documents: Sequence[ReadDocument],
        max_context_tokens: int,
        seed: int,
        limit: int,
        roles: Roles,
        tally: Tally,
    ) -> AsyncIterator[Candidate]:
        """Up to `limit` different candidates, cluster by cluster; the letters of each question type take turns."""

        async def run(cluster: Cluster) -> ClusterQuestions:
            return await question_cluster(cluster, roles, self.settings, seed)

        read = [each for each in documents if each.facts]
        clusters = clusters_of(read, max_context_tokens, self.settings.most_documents, seed)
        requests = max(self.settings.solver_samples, self.settings.verifier_votes)  # that a cluster has under way
        runs = in_order(clusters, run, max(1, roles.in_flight // requests))
        letters, given = _Letters(seed), 0
        async with closing(runs):
            if limit < 1:
                return
            async for questions in runs:
                tally.merge(questions.tally)
                for accepted in questions.accepted:
                    yield _candidate(accepted, questions, letters, roles, seed)
                    given += 1
                    if given == limit:
                        return

    def answers(self, derivation: Mapping[str, Any], facts: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """The answer that the agents agreed on, a letter of a multiple choice; no program can derive it again."""
        return (derivation["answer"],)

    def growth(self, documents: Sequence[ReadDocument], times: float) -> Growth:
        """A document is of one cluster: so many times the documents give so many times the questions, and no more."""
        return Growth(questions=times)


class _Letters:
    """Gives each question type every letter once in four questions, so that their counts differ by one at most."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._given: Counter[str] = Counter()

    def next(self, question_type: str) -> str:
        block, place = divmod(self._given[question_type], len(LETTERS))
        self._given[question_type] += 1
        return random.Random(f"{self.seed}/mase/letters/{question_type}/{block}").sample(LETTERS, len(LETTERS))[place]


def _candidate(accepted: Accepted, run: ClusterQuestions, letters: _Letters, roles: Roles, seed: int) -> Candidate:
    """The accepted question; its options are put in their final order only here, where the order of all is known."""
    draft = accepted.draft
    turn = draft.turn
    question = posed(draft, letters.next(turn.question_type) if draft.wrong else "", seed)
    titles = {document.id: document.title for document in accepted.documents}
    derivation = {
        "mase_task": turn.task.name,
        "answer": question.ground_truth[0],
        "round": accepted.round,
        "agents": _agents(accepted, roles),
        "rounds": [_told(each) for each in run.rounds],
        "stopped": run.stopped,
        "cluster": [document.id for document in run.cluster.documents],
    }
    if question.options:
        derivation["options"] = list(question.options)
    return Candidate(
        key=draft.key,
        family=NAME,
        task=turn.task.task,
        question_type=turn.question_type,
        core_question=question.text,
        format_instructions=question.instructions,
        ground_truth=question.ground_truth,
        reward_style=question.style,
        reward_arguments=question.arguments,
        document_ids=draft.document_ids,
        evidence=draft.evidence,
        derivation=derivation,
        entities=tuple(titles[name] for name in draft.document_ids),
    )


def _agents(accepted: Accepted, roles: Roles) -> dict[str, Any]:
    """Each agent's turn: who spoke, by which prompt, and what came of it."""
    solved, verified = accepted.solved, accepted.verified
    return {
        "proposer": {
            "model": roles.model("proposer").model_id,
            "prompts": list(accepted.prompts),
            "documents": len(accepted.documents),
        },
        "solver": {
            "model": roles.model("solver").model_id,
            "prompts": [SOLVER],
            "samples": solved.samples,
            "answered": solved.answered,
            "correct": solved.correct,
            "said": list(solved.said),
            "pass_at_k": _pass_at_k(solved),
        },
        "verifier": {
            "model": roles.model("verifier").model_id,
            "prompts": [VERIFIER],
            "votes": verified.votes,
            "answered": verified.answered,
            "accepted": verified.accepted,
            **verified.criteria,
        },
    }


def _pass_at_k(solved: Solved) -> dict[str, float]:
    """pass@1, and pass@k of all samples; by k as a text, for JSON."""
    return {str(k): pass_at_k(solved.samples, solved.correct, k) for k in sorted({1, solved.samples})}


def _told(this: Round) -> dict[str, Any]:
    return {
        "mase_task": this.turn.task.name,
        "question_type": this.turn.question_type,
        "documents": this.documents,
        "outcome": this.outcome or "accepted",
        "correct": this.correct,
        "votes": this.votes,
    }
