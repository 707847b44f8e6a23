"""An evaluation from its questions to its folder, in batches that are written whole: a kill loses one at most."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from longstride.errors import InputError
from longstride.evaluation.answering import Answerer
from longstride.evaluation.answers import Answer, write_answers
from longstride.evaluation.arms import Arm
from longstride.evaluation.questions import EvaluationSet
from longstride.evaluation.report import write_report
from longstride.evaluation.results import KIND, Results, answers_path, gathered
from longstride.records import Sample
from longstride.workspace import Workspace

OpenAnswerer = Callable[[Arm], AbstractContextManager[Answerer]]
QUESTIONS_AT_ONCE = 32  # of a batch; not in the paper


def evaluate(
    sets: Sequence[EvaluationSet],
    arms: Sequence[Arm],
    open_answerer: OpenAnswerer,
    output: str | Path,
    *,
    model: str,
    settings: Mapping[str, Any],
    seed: int = 0,
    questions_at_once: int = QUESTIONS_AT_ONCE,
    console: Console | None = None,
) -> Results:
    """Answer every question in every arm, and say what it comes to; a folder that is done is only read.

    open_answerer: entered once for each arm that has answers missing, so a model is loaded only where it is needed.
    model: what to call it.
    settings: plain JSON; all else that the answers depend on, as the model's digest and the lengths.
    console: shows progress; None shows nothing.

    OUTPUT/answers has a line for each answer, results.json and README.md what they come to. A kill loses at most the
    batch under way; the same call goes on, and gives the same bytes if the answerer does.
    Raises InputError for two sets or two arms of one name, and for an output that was made otherwise.
    """
    labels, names = [arm.label for arm in arms], [each.name for each in sets]
    for kind, listed in (("way to answer", labels), ("data set", names)):
        if len(set(listed)) < len(listed) or not listed:
            raise InputError(f"there is no {kind}, or one stands twice: {', '.join(listed)}")
    identity = {
        **settings,
        "model": model,
        "seed": seed,
        "questions_at_once": questions_at_once,
        "arms": [{"label": arm.label, **arm.to_json()} for arm in arms],
        "sets": [{"name": each.name, "questions": len(each.samples), "digest": each.digest} for each in sets],
    }
    output = Path(output)
    with Workspace(output, KIND, identity) as work, _progress(console) as progress:
        if not work.complete:
            for arm in arms:
                _answer_all(sets, arm, open_answerer, output, questions_at_once, progress)
            write_report(gathered(output, seed, model, labels, names))
            work.finish({"questions": sum(len(each.samples) for each in sets)})
        return gathered(output, seed, model, labels, names)


def _answer_all(
    sets: Sequence[EvaluationSet],
    arm: Arm,
    open_answerer: OpenAnswerer,
    output: Path,
    questions_at_once: int,
    progress: Progress,
) -> None:
    bars = {each.name: progress.add_task(f"{arm.label}: {each.name}", total=len(each.samples)) for each in sets}
    answerer: Answerer | None = None
    with ExitStack() as opened:
        for each in sets:
            for number, batch in enumerate(_batches(each.samples, questions_at_once)):
                path = answers_path(output, arm.label, each.name, number)
                if not path.exists():
                    answerer = answerer or opened.enter_context(open_answerer(arm))
                    write_answers(path, _answers(answerer, each.name, arm, batch))
                progress.advance(bars[each.name], len(batch))


def _answers(answerer: Answerer, set_name: str, arm: Arm, samples: Sequence[Sample]) -> Iterator[Answer]:
    for sample, replies in zip(samples, answerer.answer(samples), strict=True):
        if len(replies) != arm.decoding.answers:
            raise ValueError(f"{sample.id!r:.80} got {len(replies)} answers, expected {arm.decoding.answers}")
        for index, reply in enumerate(replies):
            yield Answer(
                set_name, arm.label, sample.id, sample.task, sample.question_type, sample.input_tokens, index, reply
            )


def _batches(samples: Sequence[Sample], size: int) -> Iterator[Sequence[Sample]]:
    for start in range(0, len(samples), size):
        yield samples[start : start + size]


def _progress(console: Console | None) -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Progress(*columns, console=console, disable=console is None or not console.is_terminal)
