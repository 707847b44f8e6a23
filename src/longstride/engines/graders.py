"""Who grades responses while others are still decoded (paper 5.1: rules, and a judge where they fail)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from longstride.errors import ExpectedError, InputError
from longstride.grading import Grade, Judge, grade, hybrid
from longstride.llm import ModelsSettings, open_models
from longstride.records import Sample


class JudgeDown(ExpectedError):
    """Too many questions to the judge had no verdict: the rewards would no longer be the recipe's."""


class Grader(Protocol):
    """Takes responses as they come; the grade may come later."""

    def submit(self, sample: Sample, response: str, *, thinking_opened: bool = False) -> Future[Grade]:
        """Begin to grade a response. `thinking_opened`: the prompt ended in `<think>`."""
        ...


class RuleGrader:
    """Grades by the sample's rule alone, at once."""

    def submit(self, sample: Sample, response: str, *, thinking_opened: bool = False) -> Future[Grade]:
        by_rule = grade(
            response,
            sample.ground_truth,
            sample.reward_style,
            _arguments(sample, thinking_opened),
            question=sample.core_question,
        )
        done: Future[Grade] = Future()
        done.set_result(Grade(by_rule.score, "no_answer" if by_rule.answer is None else "rule", by_rule))
        return done


class HybridGrader:
    """The rule first, the judge where it fails; the questions to the judge run in a thread of their own.

    `with HybridGrader(served_judge(settings, "judge", cache)) as grader:` opens the judge, and waits at the end for
    what is under way. A question that gets no verdict after the client's tries leaves the rule's score, marked
    `judge_failed`; `check_judge` says when that is too many.
    """

    def __init__(self, judge: AbstractAsyncContextManager[Judge]) -> None:
        self._opening = judge
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="longstride-judge", daemon=True)
        self._judge: Judge | None = None

    def __enter__(self) -> HybridGrader:
        self._thread.start()
        try:
            self._judge = self._run(self._opening.__aenter__()).result()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._run(self._opening.__aexit__(kind, error, trace)).result()
        finally:
            self._stop()

    def submit(self, sample: Sample, response: str, *, thinking_opened: bool = False) -> Future[Grade]:
        if self._judge is None:
            raise RuntimeError("the grader is not open: use `with HybridGrader(...) as grader`")
        return self._run(
            hybrid(
                response,
                sample.ground_truth,
                sample.reward_style,
                _arguments(sample, thinking_opened),
                question=sample.core_question,
                judge=self._judge,
            )
        )

    def _run(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@asynccontextmanager
async def served_judge(settings: ModelsSettings, role: str, cache: Path | None = None) -> AsyncIterator[Judge]:
    """The judge that `settings` name, its answers kept in the file `cache`: a run that was killed asks nothing twice.

    Raises InputError where the settings name no server for the role.
    """
    async with open_models(settings, cache) as models:
        yield Judge(models.role(role))


def check_judge(asked: int, failed: int, max_failed_share: float) -> None:
    """Raise JudgeDown where more than `max_failed_share` of the questions to the judge had no verdict."""
    if failed > max_failed_share * asked:
        raise JudgeDown(
            f"the judge gave no verdict on {failed} of {asked} responses, more than reward.max_failed_share "
            f"({max_failed_share:g}) allows; see to the judge's server and resume, or train with reward.kind=rule"
        )


@contextmanager
def naming(sample: Sample) -> Iterator[None]:
    """Turn what a rule refuses, a ground truth that is no number or an argument it lacks, into the sample's fault."""
    try:
        yield
    except ExpectedError:
        raise
    except ValueError as error:
        raise InputError(f"sample {sample.id!r:.80} cannot be graded: {error}") from None


def _arguments(sample: Sample, thinking_opened: bool) -> dict[str, Any]:
    return {**sample.reward_arguments, **({"thinking_opened": True} if thinking_opened else {})}
