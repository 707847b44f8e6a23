"""Questions over texts of any length: one pass where they fit the window, else the memory agent (paper 2.3, 5.1).

What is beyond the paper is off unless it is asked for: a second pass, parts read side by side, a lexical screen, an
early stop, quotations.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from longstride.errors import InputError, unknown_name
from longstride.llm.chat import ChatModel, Sampling
from longstride.llm.failures import ContextLengthError
from longstride.memory.chunk_supply import ChunkSupply
from longstride.memory.citations import Citation, Place, cited
from longstride.memory.driving import Desk, Tally, answer_all, final_answer, read_all, side_by_side
from longstride.memory.estimate import FULL, MEMORY, Gauge
from longstride.memory.events import (
    MERGING,
    Answered,
    ChunkRead,
    ChunksSkipped,
    Estimate,
    Event,
    Listener,
    TurnedToMemory,
    silence,
)
from longstride.memory.full_context import as_chunks, documents_up_to, full_prompt
from longstride.memory.look_ahead import LookAhead
from longstride.memory.parallel_reading import merged, part_bounds
from longstride.memory.query import Query
from longstride.memory.reading import Reading
from longstride.memory.screening import screened
from longstride.memory.settings import MemorySettings
from longstride.memory.updates import MemoryState
from longstride.memory.window import Fit
from longstride.prompts import load_prompt
from longstride.records import Document
from longstride.tokens import Chunk, Tokenizer, chunk

AUTO = "auto"
AGENTS = (AUTO, MEMORY, FULL)
NO_TEXT = "the files hold no text"


@dataclass(frozen=True)
class AskOptions:
    """How to go about it. Raises InputError for what cannot be meant."""

    agent: str = AUTO
    passes: int = 1
    parallel: int = 1  # parts that are read side by side, their memories merged
    screen: float = 0.0  # skip chunks whose BM25 score is under this share of the best one's
    early_stop: bool = False
    quote: bool = False  # ask for quotations in the memory

    def __post_init__(self) -> None:
        if self.agent not in AGENTS:
            raise InputError(str(unknown_name("agent", self.agent, AGENTS)))
        for name in ("passes", "parallel"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}, expected 1 or more")
        if not 0 <= self.screen <= 1:
            raise InputError(f"screen is {self.screen:g}, expected 0 to 1")


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    agent: str  # MEMORY or FULL
    answers: tuple[Answered, ...]  # one a query
    citations: tuple[tuple[Citation, ...], ...]  # of each answer, and of the memory that it was given of
    updates: tuple[ChunkRead, ...]
    state: MemoryState | None  # the last memory; None in one pass
    text_tokens: int  # that were read, over all passes
    skipped: tuple[int, ...]  # chunks that the screen left out
    tally: Tally


@dataclass
class _Text:
    """Documents, noted down as they go by."""

    documents: Iterable[Document]
    share_taken: Callable[[], float] | None
    characters: int = 0
    places: dict[str, Place] = field(default_factory=dict[str, Place])

    def __iter__(self) -> Iterator[Document]:
        for document in self.documents:
            self.places[document.id] = Place(document.parent_id or document.id, document.parent_offset or 0)
            self.characters += len(document.text)
            yield document

    def all_characters(self) -> float:
        """Of the whole text, if the rest is like what was drawn."""
        share = self.share_taken() if self.share_taken is not None else 1.0
        return self.characters / share if share > 0 else self.characters


async def ask(
    documents: Iterable[Document],
    queries: Sequence[Query],
    model: ChatModel,
    fit: Fit,
    tokenizer: Tokenizer,
    options: AskOptions | None = None,
    *,
    sampling: Sampling | None = None,
    answer_sampling: Sampling | None = None,
    listener: Listener = silence,
    share_taken: Callable[[], float] | None = None,
) -> Outcome:
    """Answers to all queries from one reading of `documents`, which are drawn once, ahead of the model.

    answer_sampling: of the final turns, where it differs.
    share_taken: how much of the text was drawn so far, 0 to 1, for the estimates; None where nobody knows.
    Raises InputError for no text, and for `agent="full"` where the text does not fit; ModelError where the model gives
    no response.
    """
    options = options or AskOptions()
    updates: list[ChunkRead] = []

    def noted(event: Event) -> None:
        if isinstance(event, ChunkRead):
            updates.append(event)
        listener(event)

    desk = Desk(model, sampling or Sampling(), noted, answer_sampling=answer_sampling)
    text = _Text(documents, share_taken)
    head: list[Document] = []
    rest: Iterator[Document] = iter(text)
    if options.agent != MEMORY:
        head, tokens = await asyncio.to_thread(documents_up_to, rest, fit.full_tokens, tokenizer)
        if not head:
            raise InputError(NO_TEXT)
        if tokens <= fit.full_tokens:
            desk.listener(Estimate(FULL, 1, len(queries), tokens, exact=True))
            try:
                return await _in_one_pass(head, queries, desk, fit, text.places, tokens)
            except ContextLengthError as error:
                if options.agent == FULL:
                    raise
                desk.listener(TurnedToMemory(str(error)))
        elif options.agent == FULL:
            raise InputError(
                f"the text has more than the {fit.full_tokens:,} tokens that fit one pass",
                cure="let the memory agent read it (--agent memory)",
            )
    gauge = Gauge(text.all_characters if share_taken is not None else None, len(queries), options.passes)
    note = load_prompt("memory_quotes") if options.quote else ""
    reader = _Reader(queries, fit.settings, tokenizer, desk, note)
    state, answers, drawn, skipped = await reader.read(gauge, chain(head, rest), options)
    return Outcome(
        MEMORY,
        tuple(answers),
        tuple([tuple(cited([answer.text, state.memory], drawn, text.places)) for answer in answers]),
        tuple(updates),
        state,
        sum(
            update.chunk_tokens for update in updates if update.part != MERGING and (update.kept or not update.problem)
        ),
        skipped,
        desk.tally,
    )


@dataclass(frozen=True)
class _Reader:
    """The memory agent over one text."""

    queries: Sequence[Query]
    settings: MemorySettings
    tokenizer: Tokenizer
    desk: Desk
    note: str

    async def read(
        self, gauge: Gauge, documents: Iterable[Document], options: AskOptions
    ) -> tuple[MemoryState, list[Answered], list[Chunk], tuple[int, ...]]:
        """The last memory, the answers, the chunks that were read, and the numbers of those that were not."""
        ahead = LookAhead(gauge.counted(chunk(documents, self.settings.chunk_tokens, self.tokenizer)))
        try:
            if options.passes == options.parallel == 1 and not options.screen:
                supply = ChunkSupply(ahead, self.tokenizer)
                reading = await self._part(supply, gauge, options, first=True)
                return reading.state, await answer_all(reading, self.desk), supply.drawn, ()
            chunks = await asyncio.to_thread(list[Chunk], ahead)
            if not chunks:
                raise InputError(NO_TEXT)
        finally:
            await asyncio.to_thread(ahead.close)
        numbers = list(range(len(chunks)))
        if options.screen:
            questions = [query.core_question for query in self.queries]
            texts = [each.text for each in chunks]
            numbers = await asyncio.to_thread(screened, texts, questions, options.screen)
        skipped = tuple(sorted(set(range(len(chunks))) - set(numbers)))
        if options.screen:
            self.desk.listener(ChunksSkipped(skipped, len(chunks)))
        chosen = [chunks[number] for number in numbers]
        bounds = part_bounds(len(chosen), options.parallel)
        gauge.settle(len(chosen), sum(each.tokens for each in chosen), len(bounds))
        self.desk.listener(gauge.estimate())
        supplies = [
            ChunkSupply(chain.from_iterable([chosen[start:end]] * options.passes), self.tokenizer)
            for start, end in bounds
        ]
        readings = await side_by_side(
            [self._part(supply, gauge, options, part=part) for part, supply in enumerate(supplies)]
        )
        last = readings[0]
        if len(readings) > 1:
            states = [reading.state for reading in readings]
            last = await merged(states, self.queries, self.settings, self.tokenizer, self.desk, self.note)
        return last.state, await answer_all(last, self.desk), chosen, skipped

    async def _part(
        self, supply: ChunkSupply, gauge: Gauge, options: AskOptions, *, part: int = 0, first: bool = False
    ) -> Reading:
        """One reading of `supply` to its end."""
        reading = await asyncio.to_thread(
            Reading, self.queries, supply, self.settings, self.tokenizer.count, update_note=self.note
        )
        if first:
            if not reading.reading_on:
                raise InputError(NO_TEXT)
            self.desk.listener(gauge.estimate())
        await read_all(
            reading,
            supply,
            self.desk,
            expected_chunks=gauge.expected_chunks,
            part=part,
            early_stop=options.early_stop,
        )
        return reading


async def _in_one_pass(
    documents: Sequence[Document], queries: Sequence[Query], desk: Desk, fit: Fit, places: dict[str, Place], tokens: int
) -> Outcome:
    """Full-context inference."""
    name, limit = fit.settings.prompt_set.full, fit.settings.answer_tokens
    answers = await side_by_side(
        [final_answer(desk, number, full_prompt(name, documents, query), limit) for number, query in enumerate(queries)]
    )
    citations = tuple([tuple(cited([answer.text], as_chunks(documents), places)) for answer in answers])
    return Outcome(FULL, tuple(answers), citations, (), None, tokens, (), desk.tally)
