"""The peer as an OpenAI-compatible server on loopback: it answers by players, and errs as it is told to.

An answer is a function of the prompt, the seed in the request and the peer's own seed, so that the same request has
the same answer however often and whenever it comes. Without a seed, how often the prompt has come stands for it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from longstride.corpus.world import World
from world_peer.contract import Player, Truth

REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I am unable to answer this request.",
    "As a language model I would rather not say.",
)
INVENTED = "It is generally agreed that the matter was settled in 1907 by the harbour board, as every record shows."
UNKNOWN = "I do not know what is asked of me."
CHARACTERS_A_TOKEN = 4  # of the counts of tokens that the peer states


@dataclass
class Peer:
    """What the server knows and counts. `errors` is the share of answers that are wrong, each for itself."""

    truth: Truth
    players: Sequence[Player]
    errors: float = 0.0
    seed: int = 0
    delay_seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter[str])  # of answers: right, wrong, refused, broken, invented
    roles: Counter[str] = field(default_factory=Counter[str])  # requests by what the client calls its model
    unknown: list[str] = field(default_factory=list[str])  # openings of prompts that no player knows
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])  # bodies, where `keep_bodies`
    keep_bodies: bool = False
    turn_away: int = 0  # so many requests more are turned away with 429
    closed_until: float = 0.0  # and all until then, by time.monotonic()
    turned_away: int = 0
    in_flight: int = 0
    most_in_flight: int = 0

    def __post_init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._answered: Counter[str] = Counter()

    @property
    def answered(self) -> int:
        """Requests that were answered."""
        return self._answered.total()

    @property
    def asked_again(self) -> int:
        """Requests that were answered more often than once, each time too many."""
        return self._answered.total() - len(self._answered)

    def reply(self, body: dict[str, Any]) -> list[str]:
        """The answers to a request."""
        prompts = [message["content"] for message in body["messages"] if message["role"] == "user"]
        whole = json.dumps(body["messages"], sort_keys=True)
        digest = hashlib.sha256(whole.encode()).hexdigest()
        drawn = body.get("seed")
        if drawn is None:
            drawn = f"count {self._seen[digest]}"
            self._seen[digest] += 1
        texts: list[str] = []
        for choice in range(body.get("n") or 1):
            generator = random.Random(f"{self.seed}/{digest}/{drawn}/{choice}")
            texts.append(self._text(prompts, generator, str(body.get("model"))))
        self._answered[f"{digest}/{drawn}"] += 1
        return texts

    def _text(self, prompts: Sequence[str], generator: random.Random, model: str) -> str:
        self.roles[model] += 1
        errs = generator.random() < self.errors
        kind = generator.choices(("wrong", "refused", "broken", "invented"), (6, 2, 1, 1))[0] if errs else "right"
        text = self._played(prompts, generator if kind == "wrong" else None)
        self.kinds[kind] += 1
        if kind == "refused":
            return generator.choice(REFUSALS)
        if kind == "broken":
            return text[: max(1, len(text) * 2 // 3)]
        return INVENTED if kind == "invented" else text

    def _played(self, prompts: Sequence[str], wrong: random.Random | None) -> str:
        """What the player says whose prompt it is; of a repaired answer the prompt that it answered."""
        for prompt in reversed(prompts):
            for player in self.players:
                said = player(prompt, self.truth, wrong)
                if said is not None:
                    return said
        self.unknown.append(prompts[-1][:200])
        return UNKNOWN


def application(peer: Peer) -> Starlette:
    """The server's routes: chat completions, the models, and what the peer has counted."""

    async def complete(request: Request) -> Response:
        try:
            body = await request.json()
        except ClientDisconnect:  # killed
            return Response(status_code=400)
        if peer.keep_bodies:
            peer.asked.append(body)
        if peer.turn_away > 0 or time.monotonic() < peer.closed_until:
            peer.turn_away = max(0, peer.turn_away - 1)
            peer.turned_away += 1
            return JSONResponse({"error": {"message": "slow down"}}, 429)
        peer.in_flight += 1
        peer.most_in_flight = max(peer.most_in_flight, peer.in_flight)
        try:
            due = time.perf_counter() + peer.delay_seconds
            texts = peer.reply(body)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        finally:
            peer.in_flight -= 1
        choices = [
            {"index": place, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            for place, text in enumerate(texts)
        ]
        asked = sum(len(message["content"]) for message in body["messages"])
        usage = {
            "prompt_tokens": asked // CHARACTERS_A_TOKEN,
            "completion_tokens": sum(map(len, texts)) // CHARACTERS_A_TOKEN,
        }
        return JSONResponse({"model": body["model"], "choices": choices, "usage": usage})

    async def models(request: Request) -> Response:
        return JSONResponse({"data": [{"id": "world-peer", "object": "model"}]})

    async def counts(request: Request) -> Response:
        return JSONResponse(
            {
                "answered": peer.answered,
                "asked_again": peer.asked_again,
                "turned_away": peer.turned_away,
                "kinds": dict(sorted(peer.kinds.items())),
                "questions": len(peer.truth.questions),
                "unknown": peer.unknown[:10],
            }
        )

    return Starlette(
        routes=[
            Route("/v1/chat/completions", complete, methods=["POST"]),
            Route("/v1/models", models),
            Route("/counts", counts),
        ]
    )


@contextmanager
def serving(peer: Peer, port: int = 0) -> Iterator[str]:
    """The peer's base URL, while it serves in a thread of this process."""
    config = uvicorn.Config(
        application(peer), host="127.0.0.1", port=port, log_config=None, access_log=False, backlog=2048, ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the peer did not start")
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join()


def all_players() -> tuple[Player, ...]:
    """Every role's."""
    from world_peer import checks, graph, mase, tables

    return (*graph.PLAYERS, *tables.PLAYERS, *mase.PLAYERS, *checks.PLAYERS)


def world_pages(seed: int, count: int) -> Truth:
    """The truth of the first `count` pages of prose of a world: no code, no chats, no filings in HTML.

    The texts end as a reader of files gives them: without a line break.
    """
    pages = (page for page in World(seed).pages() if page[0].source.endswith(".md"))
    return Truth.of((replace(document, text=document.text.strip()), facts) for document, facts in islice(pages, count))


def write_pages(truth: Truth, folder: Path) -> None:
    """The pages as files, as `longstride synthesize` reads them."""
    for document in truth.documents.values():
        path = folder / document.source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document.text, encoding="utf-8")
