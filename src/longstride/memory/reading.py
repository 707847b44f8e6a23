"""One reading as a state machine (Eqs. 5 and 6): it says what to ask and takes the responses; who asks is another's.

So inference over a network, a server and a training engine run the same loop, to the letter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from longstride.memory.query import Query
from longstride.memory.settings import MemorySettings
from longstride.memory.updates import Malformed, MemoryState, parse_update, shielded
from longstride.prompts import fill_prompt

UPDATE, ANSWER = "update", "answer"


@dataclass(frozen=True)
class Request:
    """One turn to ask a model for."""

    kind: str  # UPDATE or ANSWER
    prompt: str  # the whole user message
    max_tokens: int  # of the response
    number: int  # of the chunk, or of the query
    attempt: int = 0

    @property
    def name(self) -> str:
        """Names the turn within its reading; a draw's stream and a cache's sample index follow from it."""
        return f"{self.kind}-{self.number}-{self.attempt}"


@dataclass(frozen=True)
class Update:
    """What came of one response to a chunk."""

    number: int
    attempt: int
    problem: str  # why it was not taken; empty where it was
    memory_tokens: int  # of the memory and plan that hold now
    kept: bool  # the previous memory stays, because no attempt was taken


@dataclass
class Reading:
    """A question (or several over one reading) and the chunks of a text, one request after the other.

    `requests()` gives what may be asked now; `accept` takes the response to one of them. `finished` once every query
    has its answer. The chunks are drawn one at a time, so that a text need not be cut up before its reading begins.

    count_tokens: of a text, by the model's tokenizer or an estimate; bounds the memory.
    thinking_opened: the model's chat template opens the thinking.
    update_prompt: in place of the prompt set's own; takes the same parts.
    update_note: said to every update after the problem; no answer sees it.
    """

    queries: Sequence[Query]
    chunks: Iterable[str]
    settings: MemorySettings
    count_tokens: Callable[[str], int]
    thinking_opened: bool = False
    update_prompt: str = ""
    update_note: str = ""
    state: MemoryState = field(init=False)  # (m_t, p_t)
    updates: list[Update] = field(init=False, default_factory=list[Update])
    answers: dict[int, str] = field(init=False, default_factory=dict[int, str])

    def __post_init__(self) -> None:
        if not self.queries:
            raise ValueError("there is no query")
        nothing = self.settings.prompt_set.nothing
        self.state = MemoryState(nothing, nothing)
        questions = _listed([query.core_question for query in self.queries])
        self._problem = "\n\n".join(filter(None, (questions, self.update_note)))
        self._chunks: Iterator[str] = iter(self.chunks)
        self._number, self._attempt = 0, 0
        self._chunk = next(self._chunks, None)

    @property
    def finished(self) -> bool:
        return len(self.answers) == len(self.queries)

    @property
    def reading_on(self) -> bool:
        """There is a chunk to be read."""
        return self._chunk is not None

    @property
    def chunks_read(self) -> int:
        return self._number

    def requests(self) -> list[Request]:
        """The update to ask for; after the last chunk, the answers that are missing, which wait for nothing."""
        if self._chunk is not None:
            prompt = fill_prompt(
                self.update_prompt or self.settings.prompt_set.update,
                question=shielded(self._problem),
                memory=self.state.shown(),
                chunk=shielded(self._chunk),
            )
            return [Request(UPDATE, prompt, self.settings.update_tokens, self._number, self._attempt)]
        return [
            Request(ANSWER, self._answer_prompt(query), self.settings.answer_tokens, number)
            for number, query in enumerate(self.queries)
            if number not in self.answers
        ]

    def accept(self, request: Request, response: str, *, truncated: bool = False) -> Update | None:
        """Take a response; give what came of it where it is an update's. ValueError for a request not open now."""
        if request.kind == ANSWER and self._chunk is None and request.number not in self.answers:
            self.answers[request.number] = response
            return None
        if (request.kind, request.number, request.attempt) != (UPDATE, self._number, self._attempt):
            raise ValueError(f"request {request.name} is not open")
        problem, state = "", self.state
        try:
            state = parse_update(response, truncated=truncated, thinking_opened=self.thinking_opened)
            self._check_budget(state)
        except Malformed as error:
            problem, state = str(error), self.state
        last = self._attempt + 1 >= self.settings.attempts
        self.state = state
        update = Update(
            self._number, self._attempt, problem, self.count_tokens(state.memory + state.plan), bool(problem) and last
        )
        self.updates.append(update)
        if problem and not last:
            self._attempt += 1
        else:
            self._number, self._attempt = self._number + 1, 0
            self._chunk = next(self._chunks, None)
        return update

    def replace_chunk(self, parts: Sequence[str]) -> None:
        """Read these in place of the chunk that is asked about now: a server found it too long for its window."""
        if self._chunk is None or not parts:
            raise ValueError("there is no chunk to replace, or nothing to replace it with")
        rest = self._chunks

        def chained() -> Iterator[str]:
            yield from parts[1:]
            yield from rest

        self._chunk, self._chunks, self._attempt = parts[0], chained(), 0

    def stop(self) -> None:
        """Read no further: what is in the memory answers."""
        self._chunk, self._chunks = None, iter(())

    def _answer_prompt(self, query: Query) -> str:
        return fill_prompt(
            self.settings.prompt_set.answer, question=shielded(query.whole), memory=shielded(self.state.memory)
        )

    def _check_budget(self, state: MemoryState) -> None:
        tokens = self.count_tokens(state.memory + state.plan)
        if tokens > self.settings.memory_tokens:
            raise Malformed(f"its memory takes {tokens:,} tokens, over the budget of {self.settings.memory_tokens:,}")


def _listed(questions: Sequence[str]) -> str:
    if len(questions) == 1:
        return questions[0]
    return "\n".join(f"{number}. {question}" for number, question in enumerate(questions, 1))
