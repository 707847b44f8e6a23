"""The three agents, one request each: proposer, solver, verifier (paper 3.2, Figure 5).

Whether the solver's answer is the proposed one, the question's own grading rule tells, for it will give the reward; the
paper asks the verifier. Ours judges the question and its proof.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from longstride.grading import RuleGrade, grade, strict_form
from longstride.llm import ChatModel, Message, ModelError, complete_structured
from longstride.llm.in_order import in_order
from longstride.prompts import fill_prompt
from longstride.prompts.delimiting import delimited
from longstride.records import Document
from longstride.synthesis.contexts import STYLES
from longstride.synthesis.mase.drafts import Draft, PosedQuestion
from longstride.synthesis.mase.proposals import ChoiceProposal, OpenProposal, Proposal, Verdict
from longstride.synthesis.mase.tasks import Turn

PROPOSER, SOLVER, VERIFIER = "mase_proposer", "mase_solver", "mase_verifier"  # their prompts
FIRST, HISTORY, TOO_EASY = "mase_proposer_first", "mase_proposer_history", "mase_proposer_too_easy"  # parts of one
CRITERIA = ("answerable", "single", "supported")  # of a verdict
LONGEST_SAID = 200  # characters of a solver's answer that are kept

T = TypeVar("T")


@dataclass(frozen=True)
class Solved:
    """What the solver's samples came to."""

    samples: int  # asked for
    answered: int  # that a model gave; the others count as wrong
    correct: int  # graded right by the question's own rule
    rival: int  # the most samples that agree on one wrong answer
    said: tuple[str, ...]  # the answers found, an option by its text; "" where a response holds none

    @property
    def rate(self) -> float:
        return self.correct / self.samples

    def agrees(self, agreement: float) -> bool:
        """True where the share `agreement` of all samples gives the proposed answer, and more than any other one."""
        return self.correct >= agreement * self.samples and self.correct > self.rival


@dataclass(frozen=True)
class Verified:
    """What the verifier's votes came to."""

    votes: int  # asked for
    answered: int  # that a model gave; the others count as refusals
    accepted: int  # that hold all three criteria
    criteria: dict[str, int]  # votes for each of CRITERIA

    @property
    def majority(self) -> bool:
        return 2 * self.accepted > self.votes

    @property
    def weakest(self) -> str:
        """The criterion with the fewest votes, in a tie the first."""
        return min(CRITERIA, key=lambda each: self.criteria[each])


def rendered(documents: Sequence[Document]) -> str:
    """Documents with their numbers, from 1, each between marks that it cannot hold."""
    return "\n\n".join(
        delimited(f"# {each.title}\n\n{each.text}", f"document {number}") for number, each in enumerate(documents, 1)
    )


def proposer_prompts(turn: Turn, history: Sequence[tuple[Draft, Solved]], too_easy: bool) -> list[str]:
    """The names of the files that `ask_proposer` fills."""
    return [PROPOSER, turn.task.prompt, HISTORY if history else FIRST, *([TOO_EASY] if too_easy else [])]


async def ask_proposer(
    model: ChatModel,
    turn: Turn,
    documents: Sequence[Document],
    history: Sequence[tuple[Draft, Solved]],
    too_easy: bool,
    sample_index: int,
) -> Proposal:
    """A question of the kind that `turn` asks for. history: the accepted questions. Raises `ModelError`.

    too_easy: the solver always answered the question before this one.
    """
    told = [_history(history)] + ([fill_prompt(TOO_EASY)] if too_easy else [])
    prompt = fill_prompt(
        PROPOSER,
        task=fill_prompt(turn.task.prompt),
        question_type=turn.question_type,
        documents=rendered(documents),
        history="\n\n".join(told),
    )
    schema = ChoiceProposal if turn.task.choice else OpenProposal
    return await complete_structured(model, _user(prompt), schema, sample_index=sample_index)


async def ask_solver(model: ChatModel, question: PosedQuestion, documents: Sequence[Document], samples: int) -> Solved:
    """`samples` independent answers from the documents, graded by the rule."""
    prompt = fill_prompt(
        SOLVER,
        documents=rendered(documents),
        question=question.text,
        instructions=f"{question.instructions}\n{STYLES['paper'].answer_form}",
    )

    async def answer(index: int) -> RuleGrade:
        (completion,) = await model.complete(_user(prompt), sample_index=index)
        return grade(completion.text, question.ground_truth, question.style, question.arguments, question=question.text)

    grades = await _samples(answer, samples)
    wrong = Counter(strict_form(each.answer) for each in grades if each.score < 1 and each.answer)
    return Solved(
        samples=samples,
        answered=len(grades),
        correct=sum(each.score == 1 for each in grades),
        rival=max(wrong.values(), default=0),
        said=tuple(_said(each.answer or "", question) for each in grades),
    )


async def ask_verifier(
    model: ChatModel, draft: Draft, question: PosedQuestion, documents: Sequence[Document], votes: int
) -> Verified:
    """`votes` independent verdicts on the question, its answer and its quotations."""
    numbers = {document.id: number for number, document in enumerate(documents, 1)}
    accepted = [draft.answer, *(f"also accepted: {form}" for form in draft.forms[1:])]
    prompt = fill_prompt(
        VERIFIER,
        documents=rendered(documents),
        question=delimited(question.text, "question"),
        answer=delimited("\n".join(accepted), "answer"),
        quotes="\n".join(
            delimited(each.text, f"passage of document {numbers[each.document_id]}") for each in draft.evidence
        ),
    )

    async def vote(index: int) -> Verdict:
        return await complete_structured(model, _user(prompt), Verdict, sample_index=index)

    verdicts = await _samples(vote, votes)
    return Verified(
        votes=votes,
        answered=len(verdicts),
        accepted=sum(all(getattr(each, name) for name in CRITERIA) for each in verdicts),
        criteria={name: sum(getattr(each, name) for each in verdicts) for name in CRITERIA},
    )


async def _samples(ask: Callable[[int], Awaitable[T]], count: int) -> list[T]:
    """What the samples 0 .. count - 1 give, all asked at once; those that no model answers are left out."""

    async def one(index: int) -> T | None:
        try:
            return await ask(index)
        except ModelError:
            return None

    return [each async for each in in_order(range(count), one, count) if each is not None]


def _history(history: Sequence[tuple[Draft, Solved]]) -> str:
    if not history:
        return fill_prompt(FIRST)
    told = [
        delimited(
            f"{draft.question}\nAnswer: {draft.answer}\nFound by {solved.correct} of {solved.samples} readers",
            f"question {number}",
        )
        for number, (draft, solved) in enumerate(history, 1)
    ]
    return fill_prompt(HISTORY, questions="\n".join(told))


def _said(answer: str, question: PosedQuestion) -> str:
    if question.options and answer in (letters := question.arguments["choices"]):
        return question.options[letters.index(answer)] if answer else ""
    return answer[:LONGEST_SAID]


def _user(prompt: str) -> list[Message]:
    return [{"role": "user", "content": prompt}]
