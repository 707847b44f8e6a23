"""Rollouts by a vLLM server: for a policy that outgrows this process's own decoder.

Each response is a request of its own with a seed of its own, so that it does not depend on what is sampled beside it;
the prompt that a group shares is processed once by the server's prefix cache. Log-probs of the full softmax at the
sampling temperature are in the server's answer in two cases only (see `records_full_softmax`), entropies never: turns
go out without them, and one forward pass of the trainer fills them in (`updating.with_scores`).
"""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from longstride.engines.local.sampling import SamplingSettings
from longstride.engines.local.vllm_server import ServerError, VllmServer
from longstride.errors import InputError
from longstride.records import GenerationRequest, Turn

LogprobsMode = Literal["raw_logprobs", "processed_logprobs"]  # vllm serve --logprobs-mode; the first is its default


class SavedPolicy(Protocol):
    """A policy that can be written as a model folder."""

    def save(self, folder: Path) -> None: ...


class VllmGenerator:
    """A `records.Generator` over a served model, which must hold the policy's weights (`hand_over`)."""

    def __init__(
        self,
        server: VllmServer,
        settings: SamplingSettings,
        seed: int | str,
        *,
        stop_token_ids: Collection[int] = (),
        logprobs_mode: LogprobsMode = "raw_logprobs",
        on_tokens: Callable[[int], None] | None = None,
    ) -> None:
        """stop_token_ids: beside those of the settings and of the served model's generation_config.json.

        logprobs_mode: as the server was started. on_tokens: told of each response how many tokens it has.
        Raises ServerError where the server is not there or has another model.
        """
        self.server, self.settings, self.seed = server, settings, seed
        self.stop_token_ids = sorted({*stop_token_ids, *settings.stop_token_ids})
        self.logprobs_mode: LogprobsMode = logprobs_mode
        self.on_tokens = on_tokens
        self.model, self.positions = server.served_model()

    def generate(self, requests: Sequence[GenerationRequest]) -> list[tuple[Turn, ...]]:
        """For each request its `count` turns, in order of their index; a stop token is part of its response.

        Raises InputError, before anything is asked, for a prompt that leaves the server no room for
        `max_output_tokens`, and ServerError in one line for all that a server can do wrong.
        """
        for request in requests:
            self._check(request)
        bodies = [
            self._body(request, request.first_index + number) for request in requests for number in range(request.count)
        ]
        answers = iter(self.server.complete(bodies, self._count))
        return [
            tuple(self._turn(request, next(answers)) for _ in range(request.count)) for request in requests
        ]  # in the order of `bodies`

    def _check(self, request: GenerationRequest) -> None:
        length, room = len(request.prompt_ids), request.max_output_tokens
        if self.positions is not None and length + room > self.positions:
            raise InputError(
                f"the prompt of {request.stream!r:.80} has {length} tokens, and {room} of output make {length + room}, "
                f"over the server's {self.positions}",
                cure="start it with a larger --max-model-len, or lower max_output_tokens",
            )

    def _body(self, request: GenerationRequest, index: int) -> dict[str, Any]:
        settings = self.settings
        return {
            "model": self.model,
            "prompt": list(request.prompt_ids),
            "max_tokens": request.max_output_tokens,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "top_k": settings.top_k,
            "min_p": 0.0,
            "repetition_penalty": 1.0,  # or the server takes the model's own, and samples from another policy
            "seed": request_seed(self.seed, request.stream, index),
            "stop_token_ids": self.stop_token_ids,
            "logprobs": 0,  # the drawn token's alone
            "return_token_ids": True,
        }

    def _turn(self, request: GenerationRequest, answer: Any) -> Turn:
        ids, logprobs, reason = self._read(answer)
        if reason not in ("stop", "length"):
            raise ServerError(f"{self.server.url}: a response ended by {reason!r}; look at the log of the server")
        known = records_full_softmax(self.settings, self.logprobs_mode)
        return Turn(request.prompt_ids, ids, logprobs if known else None, finish_reason=reason)

    def _read(self, answer: Any) -> tuple[tuple[int, ...], tuple[float, ...], object]:
        try:
            (choice,) = answer["choices"]
            ids = tuple(map(int, choice["token_ids"]))
        except (TypeError, KeyError, ValueError):
            cure = "take a vLLM that knows return_token_ids"
            raise ServerError(f"{self.server.url}: the answer holds no token_ids; {cure}") from None
        try:
            logprobs = tuple(map(float, choice["logprobs"]["token_logprobs"]))
        except (TypeError, KeyError, ValueError):
            logprobs = ()
        if len(logprobs) != len(ids):
            problem = f"the answer holds {len(logprobs)} log-probs for {len(ids)} tokens"
            raise ServerError(f"{self.server.url}: {problem}; start it without limiting --max-logprobs")
        return ids, logprobs, choice.get("finish_reason")

    def _count(self, answer: Any) -> None:
        if self.on_tokens is not None:
            self.on_tokens(len(self._read(answer)[0]))


def request_seed(seed: int | str, stream: str, index: int) -> int:
    """63 bits that are a response's own, whatever is sampled beside it."""
    digest = hashlib.sha256(f"{seed}/{stream}/{index}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def records_full_softmax(settings: SamplingSettings, logprobs_mode: LogprobsMode) -> bool:
    """Whether the server's log-probs are those of the full softmax at the sampling temperature, as a turn has them.

    Raw ones are taken before the temperature, so they are where it is 1 (or 0, where a turn holds those at 1);
    processed ones come after top-p and top-k, so they are where both leave everything.
    """
    if logprobs_mode == "raw_logprobs":
        return settings.temperature in (0.0, 1.0)
    return settings.temperature > 0 and settings.top_p == 1 and settings.top_k == 0


def hand_over(server: VllmServer, policy: SavedPolicy, folder: Path) -> Path:
    """Write the policy's weights to a new folder in FOLDER and have the server take them; what else is there goes.

    Call it before the first rollout and after each optimizer step; the server must have nothing under way. The folder
    is ours alone. Raises ServerError, and then the server goes on with the weights that it had.
    """
    target = folder / f"weights-{uuid.uuid4().hex}"
    try:
        policy.save(target)
        server.load_weights(target)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    for other in folder.iterdir():
        if other != target:
            shutil.rmtree(other)
    return target
