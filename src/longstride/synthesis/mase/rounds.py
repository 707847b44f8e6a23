"""The rounds over one cluster: propose, check, solve, verify, remember (paper 3.2, Figure 5)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from longstride.grading import strict_form
from longstride.llm import ModelError
from longstride.records import Document
from longstride.synthesis.choices import LETTERS
from longstride.synthesis.mase.agents import Solved, Verified, ask_proposer, ask_solver, ask_verifier, proposer_prompts
from longstride.synthesis.mase.checks import checked
from longstride.synthesis.mase.clusters import Cluster
from longstride.synthesis.mase.drafts import Draft, PosedQuestion, posed
from longstride.synthesis.mase.settings import MaseSettings
from longstride.synthesis.mase.tasks import Turn, turn_of
from longstride.synthesis.with_models import PASSED, Roles, Tally

NO_MODEL = "no usable answer of the model"
REPEATED = "it repeats an earlier question of its cluster"
NEVER_SOLVED = "the solver never finds the answer"
DISAGREES = "the solver's answers do not agree on the proposed one"
TOO_EASY = "the solver always finds the answer, as of enough questions of its cluster"
REFUSED = {
    "answerable": "the verifier finds it not answerable from the documents alone",
    "single": "the verifier finds other right answers",
    "supported": "the verifier finds the answer not proven by the quotations",
}

EXHAUSTED = "new questions repeat old ones"
NO_HARDER = "no document is left to add, and questions become no harder"
ALL_ROUNDS = "all rounds are done"


@dataclass(frozen=True)
class Accepted:
    """A question that passed, and how."""

    draft: Draft
    round: int
    documents: tuple[Document, ...]  # that the agents saw
    prompts: tuple[str, ...]  # of the proposer
    question: PosedQuestion  # as solver and verifier saw it
    solved: Solved
    verified: Verified


@dataclass(frozen=True)
class Round:
    """What became of one proposal."""

    turn: Turn
    documents: int  # seen
    outcome: str  # PASSED, or why it was dropped
    correct: int | None = None  # of the solver's samples; None where it was not asked
    votes: int | None = None  # of the verifier for it; likewise


@dataclass
class History:
    """What a cluster's rounds remember: the buffer of accepted questions, and all that the solver was asked."""

    accepted: list[Accepted] = field(default_factory=list[Accepted])
    tried: list[Draft] = field(default_factory=list[Draft])
    rounds: list[Round] = field(default_factory=list[Round])

    def repeats(self, draft: Draft, similarity: float) -> bool:
        """True for a question nearly in the words of an earlier one, or with its answer from the same quotations."""
        from rapidfuzz import fuzz

        words, answer = strict_form(draft.question), strict_form(draft.answer)
        return any(
            fuzz.token_sort_ratio(words, strict_form(old.question)) >= similarity
            or (answer == strict_form(old.answer) and draft.evidence == old.evidence)
            for old in self.tried
        )

    @property
    def easy(self) -> int:
        """Accepted questions that the solver always answered."""
        return sum(each.solved.rate == 1 for each in self.accepted)

    @property
    def repeated(self) -> int:
        """Proposals in succession, up to the last, that repeated old ones."""
        return _trailing([each.outcome == REPEATED for each in self.rounds])

    @property
    def without_progress(self) -> int:
        """Rounds in succession, up to the last, that brought no new document and no harder question."""
        return _trailing([not self._new_document(at) and not self._harder(at) for at in range(len(self.rounds))])

    def _new_document(self, at: int) -> bool:
        return at == 0 or self.rounds[at].documents > self.rounds[at - 1].documents

    def _harder(self, at: int) -> bool:
        """True where the round's question passed and was solved less often than each that passed before it."""
        correct = [each.correct or 0 for each in self.rounds[:at] if each.outcome == PASSED]
        this = self.rounds[at]
        return this.outcome == PASSED and all((this.correct or 0) < each for each in correct)


@dataclass(frozen=True)
class ClusterQuestions:
    """What a cluster gave."""

    cluster: Cluster
    accepted: tuple[Accepted, ...]
    rounds: tuple[Round, ...]
    stopped: str
    tally: Tally


async def question_cluster(cluster: Cluster, roles: Roles, settings: MaseSettings, seed: int) -> ClusterQuestions:
    """Rounds until new questions repeat old ones, until nothing makes them harder, or until all are done.

    The first round sees `start_documents`, each later one a document more. Raises what the models raise, but for
    `ModelError`.
    """
    history, tally = History(), Tally()
    stopped = ALL_ROUNDS
    for number in range(settings.max_rounds):
        documents = cluster.documents[: settings.start_documents + number]
        this = _OneRound(number, turn_of(cluster.number + number), documents, roles, settings, history, tally)
        history.rounds.append(await this.run(seed))
        if history.repeated >= settings.repeats:
            stopped = EXHAUSTED
            break
        if len(documents) == len(cluster.documents) and history.without_progress >= settings.patience:
            stopped = NO_HARDER
            break
    return ClusterQuestions(cluster, tuple(history.accepted), tuple(history.rounds), stopped, tally)


@dataclass(frozen=True)
class _OneRound:
    """One round, with all that it needs."""

    number: int
    turn: Turn
    documents: tuple[Document, ...]
    roles: Roles
    settings: MaseSettings
    history: History
    tally: Tally

    async def run(self, seed: int) -> Round:
        told = [(each.draft, each.solved) for each in self.history.accepted]
        last = self.history.rounds[-1] if self.history.rounds else None
        too_easy = last is not None and last.correct == self.settings.solver_samples
        draft = await self._proposed(told, too_easy)
        if isinstance(draft, str):
            return self._round(draft)
        self.history.tried.append(draft)
        letter = random.Random(f"{seed}/mase/letter/{draft.key}").choice(LETTERS)
        question = posed(draft, letter, seed)
        solver, verifier = self.roles.model("solver"), self.roles.model("verifier")
        solved = await ask_solver(solver, question, self.documents, self.settings.solver_samples)
        reason = self._counted("solve", self._unsolved(solved))
        if reason != PASSED:
            return self._round(reason, solved)
        verified = await ask_verifier(verifier, draft, question, self.documents, self.settings.verifier_votes)
        reason = self._counted("verify", _unverified(verified))
        if reason != PASSED:
            return self._round(reason, solved, verified)
        prompts = tuple(proposer_prompts(self.turn, told, too_easy))
        self.history.accepted.append(Accepted(draft, self.number, self.documents, prompts, question, solved, verified))
        return self._round(PASSED, solved, verified)

    async def _proposed(self, told: Sequence[tuple[Draft, Solved]], too_easy: bool) -> Draft | str:
        """The proposer's question, checked by the program; the reason where it is none."""
        try:
            proposal = await ask_proposer(
                self.roles.model("proposer"),
                self.turn,
                self.documents,
                told,
                too_easy,
                sample_index=self.number,
            )
        except ModelError:
            return self._counted("propose", NO_MODEL)
        self.tally.count("propose")
        draft = checked(proposal, self.turn, self.documents)
        if isinstance(draft, Draft) and self.history.repeats(draft, self.settings.similarity):
            draft = REPEATED
        self._counted("check", draft if isinstance(draft, str) else PASSED)
        return draft

    def _unsolved(self, solved: Solved) -> str:
        if not solved.answered:
            return NO_MODEL
        if not solved.correct:
            return NEVER_SOLVED
        if not solved.agrees(self.settings.agreement):
            return DISAGREES
        if solved.rate == 1 and self.history.easy >= self.settings.most_easy:
            return TOO_EASY
        return PASSED

    def _counted(self, stage: str, reason: str) -> str:
        """The reason, once it is counted."""
        self.tally.count(stage, reason)
        return reason

    def _round(self, outcome: str, solved: Solved | None = None, verified: Verified | None = None) -> Round:
        return Round(
            self.turn,
            len(self.documents),
            outcome,
            correct=None if solved is None else solved.correct,
            votes=None if verified is None else verified.accepted,
        )


def _unverified(verified: Verified) -> str:
    if not verified.answered:
        return NO_MODEL
    return PASSED if verified.majority else REFUSED[verified.weakest]


def _trailing(flags: Sequence[bool]) -> int:
    """How many of the last flags are set, in succession."""
    count = 0
    for flag in reversed(flags):
        if not flag:
            break
        count += 1
    return count
