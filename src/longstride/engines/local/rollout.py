"""Group rollouts on one machine: a prompt is processed once, and its G responses decode together against one cache.

Many groups are on their way at a time, up to a budget of cached tokens; all live rows of all groups go through the
linear layers in one call. A row that ends leaves at once, and what it had reserved lets the next request in.

The noise of a draw is a function of the seed, the request's stream, the rollout's index and the position. So a request
gives the same tokens whatever is sampled beside it, except where another order of summation moves a logit across the
edge of a draw: rarely in float32, more often in 16 bits.

Shapes: R rows, H hidden width, L positions of a call.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor

from longstride.engines.local.decoding import NextTokens, OwnCache, StretchCache, prefill
from longstride.engines.local.noise import noise_key, uniform
from longstride.engines.local.policy import Policy
from longstride.engines.local.prompt_tree import Stretch, prompt_tree
from longstride.engines.local.sampling import SamplingSettings, draw_tokens, stop_ids
from longstride.errors import InputError, NotFiniteError
from longstride.records import GenerationRequest, Turn

CHUNK_TOKENS = {"cpu": 1024}  # of a prompt at a time; 256 to 2048 were measured to be equally quick
CHUNK_TOKENS_ELSEWHERE = 8192  # by reckoning


@dataclass
class RolloutUsage:
    """What a generator did so far."""

    prefilled_tokens: int = 0  # of prompts; those that several prompts share count once
    generated_tokens: int = 0
    peak_cache_tokens: int = 0  # cached prompt tokens and room for responses, at most at a time


class LocalGenerator:
    """A `records.Generator`: samples from a policy as it stands when `generate` is called."""

    def __init__(
        self,
        policy: Policy,
        settings: SamplingSettings,
        seed: int | str,
        token_budget: int,
        *,
        chunk_tokens: int | None = None,
        on_tokens: Callable[[int], None] | None = None,
    ) -> None:
        """token_budget: cached prompt tokens and room for responses (`max_output_tokens` each) held at a time.

        chunk_tokens: how much of a prompt is processed at a time; memory grows with it. None: 1024 on a CPU, else 8192.
        on_tokens: told after every step how many tokens it drew.
        Raises ValueError for a budget or chunk below 1.
        """
        chunk = chunk_tokens
        if chunk is None:
            chunk = CHUNK_TOKENS.get(policy.device.type, CHUNK_TOKENS_ELSEWHERE)
        if token_budget < 1 or chunk < 1:
            raise ValueError(f"token_budget is {token_budget} and chunk_tokens {chunk}, expected at least 1")
        self.policy, self.settings, self.seed = policy, settings, seed
        self.token_budget, self.chunk_tokens, self.on_tokens = token_budget, chunk, on_tokens
        self.stop_token_ids = model_stop_ids(policy) | frozenset(settings.stop_token_ids)
        self.usage = RolloutUsage()

    def generate(self, requests: Sequence[GenerationRequest]) -> list[tuple[Turn, ...]]:
        """For each request its `count` turns, in order of their index; a stop token is part of its response.

        Raises InputError, before anything is decoded, for a prompt that is empty or has unknown tokens, that leaves
        the model no position for `max_output_tokens`, or whose group alone is over the token budget. ValueError for a
        count or limit below 1, and where the policy gives NaN.
        """
        for request in requests:
            self._check(request)
        with torch.no_grad():
            return _Decoder(self, requests).run()

    def _check(self, request: GenerationRequest) -> None:
        length, room, name = len(request.prompt_ids), request.max_output_tokens, f"the prompt of {request.stream!r:.80}"
        if request.count < 1 or room < 1:
            raise ValueError(f"{request.stream!r:.80} asks for {request.count} responses of {room} tokens")
        if not length:
            raise InputError(f"{name} is empty")
        lowest, highest, known = min(request.prompt_ids), max(request.prompt_ids), len(self.policy.head_weight_VH)
        if lowest < 0 or highest >= known:
            wrong = lowest if lowest < 0 else highest
            cure = "use the model's own tokenizer"
            raise InputError(f"{name} holds token {wrong}, but the model knows 0 .. {known - 1}", cure=cure)
        positions = position_limit(self.policy)
        if length + room > positions:
            raise InputError(
                f"{name} has {length} tokens, and {room} of output make {length + room}, "
                f"over the model's {positions} positions",
                cure="shorten the prompt, lower max_output_tokens, or extend the model's rotation (yarn)",
            )
        needed = length + request.count * room
        if needed > self.token_budget:
            raise InputError(
                f"{name} has {length} tokens, and {request.count} responses of up to {room} make {needed}, "
                f"over the token budget of {self.token_budget}",
                cure="raise token_budget, or lower max_output_tokens or the group's size",
            )


def model_stop_ids(policy: Policy) -> frozenset[int]:
    """The tokens that end a response by the model's configurations and its tokenizer."""
    model: Any = policy.model
    tokenizer: Any = policy.tokenizer
    said = [tokenizer.eos_token_id]
    said += [
        getattr(source, "eos_token_id", None) for source in (model.config, getattr(model, "generation_config", None))
    ]
    return stop_ids(*said)


def position_limit(policy: Policy) -> int:
    """How many positions the model is made for: those of its configuration, or those that yarn stretches it to."""
    config: Any = policy.model.config
    rotation: dict[str, Any] = getattr(config, "rope_parameters", None) or {}
    if rotation.get("rope_type") != "yarn":
        return int(config.max_position_embeddings)
    original = rotation.get("original_max_position_embeddings") or config.max_position_embeddings
    return max(int(config.max_position_embeddings), int(rotation["factor"] * original))


def cached_token_bytes(policy: Policy) -> int:
    """Memory of one token of the budget: a key and a value for each key-value head of each layer."""
    config: Any = policy.model.config
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return 2 * policy.layers * config.num_key_value_heads * width * policy.dtype.itemsize


@dataclass(eq=False)
class _Row:
    """A response on its way."""

    place: int  # of its request
    number: int  # within its group
    request: GenerationRequest
    stretch: Stretch  # that its prompt ends with
    noise_key: bytes
    tokens: list[int] = field(default_factory=list[int])
    recorded: list[tuple[float, float, float]] = field(default_factory=list[tuple[float, float, float]])
    finish_reason: str | None = None

    @property
    def position(self) -> int:
        """Of the last token drawn."""
        return self.stretch.end + len(self.tokens) - 1

    def turn(self, finish_reason: str) -> Turn:
        logprobs, entropies, masses = zip(*self.recorded, strict=True)
        return Turn(self.request.prompt_ids, tuple(self.tokens), logprobs, entropies, masses, finish_reason)


@dataclass(eq=False)
class _Cohort:
    """Rows that began together, with the same limit."""

    rows: list[_Row]
    cache: OwnCache


class _CachedStretch(NamedTuple):
    cache: StretchCache
    hidden_1H: Tensor  # of its last position


class _Decoder:
    """One call of `generate`.

    Requests are let in in the prompt tree's order, where relatives stand together. So the rows of a stretch are always
    neighbours, and a stretch that is kept for requests to come is on the path of the next one: when no row is left,
    the next request fits the budget.
    """

    def __init__(self, generator: LocalGenerator, requests: Sequence[GenerationRequest]) -> None:
        self.generator, self.requests = generator, requests
        self.waiting = deque(prompt_tree([request.prompt_ids for request in requests]))
        self.unfinished: Counter[Stretch] = Counter()  # rows that read it, waiting ones too
        for place, leaf in self.waiting:
            for stretch in leaf.path():
                self.unfinished[stretch] += requests[place].count
        self.cached: dict[Stretch, _CachedStretch] = {}
        self.cohorts: list[_Cohort] = []
        self.held_tokens = 0  # of the budget
        self.turns: dict[tuple[int, int], Turn] = {}

    def run(self) -> list[tuple[Turn, ...]]:
        layout: NextTokens | None = None
        while self.waiting or self.cohorts:
            if self.admit():
                layout = None
            if self.cohorts:
                layout = layout or self.layout()
                if self.step(layout):
                    layout = None
        return [
            tuple(self.turns[place, number] for number in range(request.count))
            for place, request in enumerate(self.requests)
        ]

    def admit(self) -> bool:
        """Let in the next requests as far as the budget goes, and draw their first tokens; whether there were any."""
        begun: list[_Row] = []
        while self.waiting:
            place, leaf = self.waiting[0]
            request = self.requests[place]
            new = [stretch for stretch in leaf.path() if stretch not in self.cached]
            needed = sum(len(stretch.ids) for stretch in new) + request.count * request.max_output_tokens
            if self.held_tokens + needed > self.generator.token_budget:
                break
            self.waiting.popleft()
            self.held_tokens += needed
            for stretch in new:
                self.process(stretch)
            begun += [self.row(place, number, leaf) for number in range(request.count)]
        if not begun:
            return False
        usage = self.generator.usage
        usage.peak_cache_tokens = max(usage.peak_cache_tokens, self.held_tokens)
        self.draw(begun, torch.cat([self.cached[row.stretch].hidden_1H for row in begun]))
        for limit, rows in groupby(self.without_finished(begun), key=lambda row: row.request.max_output_tokens):
            beginners = list(rows)
            self.cohorts.append(_Cohort(beginners, OwnCache(self.generator.policy, limit)))
        return True

    def row(self, place: int, number: int, leaf: Stretch) -> _Row:
        request = self.requests[place]
        key = noise_key(self.generator.seed, request.stream, request.first_index + number)
        return _Row(place, number, request, leaf, key)

    def process(self, stretch: Stretch) -> None:
        """Put the keys and values of a stretch of prompt into the cache."""
        before = None if stretch.parent is None else self.cached[stretch.parent].cache
        cached = prefill(self.generator.policy, stretch.ids, before, self.generator.chunk_tokens)
        self.cached[stretch] = _CachedStretch(*cached)
        self.generator.usage.prefilled_tokens += len(stretch.ids)

    def step(self, layout: NextTokens) -> bool:
        """Draw the next token of every row; whether any row ended."""
        rows = [row for cohort in self.cohorts for row in cohort.rows]
        device = self.generator.policy.device
        ids_1R = torch.tensor([[row.tokens[-1] for row in rows]], device=device)
        positions_1R = torch.tensor([[row.position for row in rows]], device=device)
        hidden_RH = self.generator.policy.hidden(ids_1R, positions_1R, layout)
        layout.advance()
        self.draw(rows, hidden_RH)
        ended = False
        for cohort in self.cohorts:
            left = self.without_finished(cohort.rows)
            if 0 < len(left) < len(cohort.rows):
                cohort.cache.keep([place for place, row in enumerate(cohort.rows) if row.finish_reason is None])
            ended = ended or len(left) < len(cohort.rows)
            cohort.rows = left
        self.cohorts = [cohort for cohort in self.cohorts if cohort.rows]
        return ended

    def draw(self, rows: Sequence[_Row], hidden_RH: Tensor) -> None:
        """Draw and record a token for each row, and say of rows that end why they do."""
        generator, policy = self.generator, self.generator.policy
        greedy = generator.settings.greedy
        numbers = [0.0 if greedy else uniform(row.noise_key, len(row.tokens)) for row in rows]
        uniform_R = torch.tensor(numbers, dtype=torch.float64, device=policy.device)
        draws = draw_tokens(hidden_RH, policy.head_weight_VH, policy.head_bias_V, uniform_R, generator.settings)
        columns = torch.stack([column.double() for column in draws]).tolist()  # the step's one wait for the device
        for row, token, *recorded in zip(rows, *columns, strict=True):
            if not all(map(math.isfinite, recorded)):
                raise NotFiniteError(f"the policy gives NaN for token {len(row.tokens)} of {row.request.stream!r:.80}")
            row.tokens.append(int(token))
            row.recorded.append(tuple(recorded))
            if row.tokens[-1] in generator.stop_token_ids:
                row.finish_reason = "stop"
            elif len(row.tokens) == row.request.max_output_tokens:
                row.finish_reason = "length"
        generator.usage.generated_tokens += len(rows)
        if generator.on_tokens is not None:
            generator.on_tokens(len(rows))

    def without_finished(self, rows: Sequence[_Row]) -> list[_Row]:
        """The rows that go on; of the others the turns are kept, and what they reserved is given back."""
        for row in rows:
            if row.finish_reason is None:
                continue
            self.turns[row.place, row.number] = row.turn(row.finish_reason)
            self.held_tokens -= row.request.max_output_tokens
            for stretch in row.stretch.path():
                self.unfinished[stretch] -= 1
                if not self.unfinished[stretch]:
                    del self.cached[stretch]
                    self.held_tokens -= len(stretch.ids)
        return [row for row in rows if row.finish_reason is None]

    def layout(self) -> NextTokens:
        """Of the rows as they stand: cohort after cohort, which is the tree's order too."""
        own = _runs([cohort.cache for cohort in self.cohorts for _ in cohort.rows])
        paths = [row.stretch.path() for cohort in self.cohorts for row in cohort.rows]
        levels: list[tuple[tuple[StretchCache, slice], ...]] = []
        for depth in range(max(map(len, paths))):
            at_depth = _runs([path[depth] if depth < len(path) else None for path in paths])
            levels.append(
                tuple((self.cached[stretch].cache, rows) for stretch, rows in at_depth if stretch is not None)
            )
        return NextTokens(tuple(own), tuple(levels))


T = TypeVar("T")


def _runs(values: Iterable[T]) -> list[tuple[T, slice]]:
    """Each value that stands in a run of neighbours, and the places of the run."""
    runs: list[tuple[T, slice]] = []
    for place, value in enumerate(values):
        if runs and runs[-1][0] is value:
            runs[-1] = value, slice(runs[-1][1].start, place + 1)
        else:
            runs.append((value, slice(place, place + 1)))
    return runs
