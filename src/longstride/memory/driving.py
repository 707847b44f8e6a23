"""A reading driven by a model over a network: it asks, listens, cuts what is too long, and may stop early (2.3)."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from longstride.grading import strip_thinking
from longstride.llm.chat import ChatModel, Completion, Sampling
from longstride.llm.failures import ContextLengthError
from longstride.memory.chunk_supply import ChunkSupply
from longstride.memory.events import Answered, ChunkCut, ChunkRead, Listener, StoppedEarly, silence
from longstride.memory.reading import Reading, Request, Update
from longstride.memory.updates import UNFINISHED, MemoryState, shielded
from longstride.prompts import fill_prompt

T = TypeVar("T")
DONE = re.compile(r"<done>(yes|no)</done>")
DONE_TOKENS = 2_000  # for the thinking before it; not in the paper


@dataclass
class Tally:
    """What was asked, counted as it comes in."""

    calls: int = 0
    cached: int = 0
    asked_again: int = 0  # updates that were not taken
    kept: int = 0  # chunks that left the memory as it was, because no attempt was taken
    cuts: int = 0  # chunks that were too long for the server
    enough_checks: int = 0
    prompt_tokens: int = 0  # as the server counts; cached answers with what they cost once
    completion_tokens: int = 0
    seconds: list[float] = field(default_factory=list[float])  # of each call that was not cached


@dataclass(frozen=True)
class Desk:
    """Who is asked, how, and who listens; shared by all readings of one `ask`."""

    model: ChatModel
    sampling: Sampling = field(default_factory=Sampling)
    listener: Listener = silence
    tally: Tally = field(default_factory=Tally)
    answer_sampling: Sampling | None = None  # of the final turns, where it differs

    async def ask(self, prompt: str, max_tokens: int, attempt: int = 0, *, final: bool = False) -> Completion:
        """One response; each attempt is another draw, and the same attempt always the same one."""
        begun = time.perf_counter()
        drawn = self.answer_sampling if final and self.answer_sampling is not None else self.sampling
        sampling = replace(drawn, max_tokens=max_tokens)
        (completion,) = await self.model.complete(
            [{"role": "user", "content": prompt}], sample_index=attempt, sampling=sampling
        )
        self.tally.calls += 1
        self.tally.prompt_tokens += completion.prompt_tokens
        self.tally.completion_tokens += completion.completion_tokens
        if completion.cached:
            self.tally.cached += 1
        else:
            self.tally.seconds.append(time.perf_counter() - begun)
        return completion


async def read_all(
    reading: Reading,
    supply: ChunkSupply,
    desk: Desk,
    *,
    expected_chunks: Callable[[], int],
    part: int = 0,
    early_stop: bool = False,
) -> None:
    """Every update of a reading, whose chunks are `supply`; its answers are then open.

    early_stop: ask after each change of the memory whether it is enough.
    Raises ModelError where no response can be had; ContextLengthError where even a small chunk is too long.
    """
    while reading.reading_on:
        (request,) = reading.requests()
        tokens, before, begun = supply.tokens, reading.state, time.perf_counter()
        try:
            completion = await desk.ask(request.prompt, request.max_tokens, request.attempt)
        except ContextLengthError:
            shorter = await asyncio.to_thread(supply.cut_current)
            if shorter is None:
                raise
            reading.replace_chunk([shorter])
            desk.tally.cuts += 1
            desk.listener(ChunkCut(request.number, supply.limit or supply.tokens))
            continue
        seconds = time.perf_counter() - begun
        update = await asyncio.to_thread(_accepted, reading, request, completion)
        desk.tally.asked_again += bool(update.problem) and not update.kept
        desk.tally.kept += update.kept
        desk.listener(
            ChunkRead(
                part,
                request.number,
                request.attempt,
                max(expected_chunks(), request.number + 1),
                tokens,
                update.memory_tokens,
                reading.state.memory,
                reading.state.plan,
                update.problem,
                update.kept,
                completion.cached,
                seconds,
            )
        )
        if early_stop and reading.state != before and await _enough(reading, reading.state, desk):
            reading.stop()
            desk.listener(StoppedEarly(part, request.number))


async def answer_all(reading: Reading, desk: Desk) -> list[Answered]:
    """The final turns of a reading, side by side, in the order of its queries."""
    return await side_by_side(_answer(reading, request, desk) for request in reading.requests())


async def side_by_side(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results in order. The first error ends the rest, and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
    except BaseExceptionGroup as errors:
        first: BaseException = errors
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
    return [task.result() for task in tasks]


async def final_answer(desk: Desk, number: int, prompt: str, max_tokens: int) -> Answered:
    """What the model says to a final prompt, without its thinking; asked once more where it does not come to an end."""
    said, problem = "", ""
    for attempt in (0, 1):
        completion = await desk.ask(prompt, max_tokens, attempt, final=True)
        ended = strip_thinking(completion.text)
        said = ended if ended is not None else ""
        problem = UNFINISHED if completion.finish_reason == "length" or ended is None or not said.strip() else ""
        if not problem:
            break
    answered = Answered(number, said.strip(), problem)
    desk.listener(answered)
    return answered


async def _answer(reading: Reading, request: Request, desk: Desk) -> Answered:
    answered = await final_answer(desk, request.number, request.prompt, request.max_tokens)
    reading.accept(request, answered.text)
    return answered


def _accepted(reading: Reading, request: Request, completion: Completion) -> Update:
    update = reading.accept(request, completion.text, truncated=completion.finish_reason == "length")
    if update is None:
        raise ValueError(f"request {request.name} is no update")
    return update


async def _enough(reading: Reading, state: MemoryState, desk: Desk) -> bool:
    """Whether the model says, in so many words, that the memory answers."""
    questions = "\n".join(query.core_question for query in reading.queries)
    prompt = fill_prompt("memory_enough", question=shielded(questions), memory=shielded(state.memory))
    completion = await desk.ask(prompt, min(DONE_TOKENS, reading.settings.update_tokens))
    desk.tally.enough_checks += 1
    return completion.finish_reason != "length" and says_done(completion.text)


def says_done(response: str) -> bool:
    """`<done>yes</done>` stands in the response, once, outside its thinking, and no other verdict does."""
    said = strip_thinking(response)
    return said is not None and DONE.findall(said) == ["yes"]
