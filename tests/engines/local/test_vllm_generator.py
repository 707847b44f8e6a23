"""The protocol with a vLLM server, against a stand-in on a real socket that can misbehave."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from longstride.engines.local.policy import Policy, policy_of
from longstride.engines.local.sampling import SamplingSettings
from longstride.engines.local.updating import with_scores
from longstride.engines.local.vllm_generator import (
    VllmGenerator,
    hand_over,
    records_full_softmax,
    request_seed,
)
from longstride.engines.local.vllm_server import ServerError, VllmServer
from longstride.errors import InputError
from longstride.records import GenerationRequest, Generator, Trajectory, TrajectoryGroup

TinyModel = Callable[..., PreTrainedModel]
Answer = tuple[int, Any]  # HTTP status, JSON


class StandIn:
    """What vLLM answers, as far as we ask; `alter` may put something else in an answer's place."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.authorization: set[str | None] = set()
        self.alter: Callable[[str, Any, Answer], Answer] = lambda path, body, answer: answer
        self.weights: dict[str, torch.Tensor] = {}
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.answer(None)

            def do_POST(self) -> None:
                self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def answer(self, body: Any) -> None:
                stand_in.asked.append((self.path, body))
                stand_in.authorization.add(self.headers["Authorization"])
                status, content = stand_in.alter(self.path, body, stand_in.usual(self.path, body))
                data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def usual(self, path: str, body: Any) -> Answer:
        if path == "/v1/models":
            return 200, {"data": [{"id": "policy", "max_model_len": 64}]}
        if path == "/v1/completions":
            return 200, {"choices": [self.choice(body)]}
        if path == "/collective_rpc":
            folder = body["kwargs"]["weights_path"]
            self.weights = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True).state_dict()
            return 200, {"results": [None]}
        return 200, {}

    def choice(self, body: Any) -> Any:
        """Tokens that follow from the seed and the prompt alone."""
        rng = random.Random(f"{body['seed']}/{body['prompt']}")
        ids = [rng.randrange(3, 60) for _ in range(rng.randrange(1, body["max_tokens"] + 1))]
        logprobs = {"token_logprobs": [-0.5] * len(ids)}
        reason = "length" if len(ids) == body["max_tokens"] else "stop"
        return {"index": 0, "text": "", "token_ids": ids, "logprobs": logprobs, "finish_reason": reason}


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    made = StandIn()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def policy(tiny_model: TinyModel, tiny_tokenizer: PreTrainedTokenizerBase) -> Policy:
    return policy_of(tiny_model("qwen3"), tiny_tokenizer)


REQUESTS = [
    GenerationRequest((5, 6, 7), 4, "a", count=3),
    GenerationRequest((8, 9), 6, "b", first_index=2, count=2),
]


def generator(stand_in: StandIn, settings: SamplingSettings | None = None, **options: Any) -> VllmGenerator:
    server = VllmServer(stand_in.url, max_retries=0, timeout_seconds=20)
    return VllmGenerator(server, settings or SamplingSettings(0.7, 0.95), 7, **options)


def test_turns_come_back_in_order_and_the_request_says_all_that_decides_them(stand_in: StandIn):
    counted: list[int] = []
    made: Generator = generator(
        stand_in, SamplingSettings(0.7, 0.95, 20, (3,)), stop_token_ids=(2,), on_tokens=counted.append
    )
    turns = made.generate(REQUESTS)
    assert [len(group) for group in turns] == [3, 2]
    bodies = [body for path, body in stand_in.asked if path == "/v1/completions"]
    by_seed = {body["seed"]: body for body in bodies}
    for request, group in zip(REQUESTS, turns, strict=True):
        for number, turn in enumerate(group):
            body = by_seed[request_seed(7, request.stream, request.first_index + number)]
            expected = stand_in.choice(body)
            assert (turn.prompt_ids, list(turn.response_ids)) == (request.prompt_ids, expected["token_ids"])
            assert turn.finish_reason == expected["finish_reason"]
            assert turn.logprobs is None
    assert sum(counted) == sum(len(turn.response_ids) for group in turns for turn in group)
    body = {name: value for name, value in bodies[0].items() if name not in ("prompt", "seed", "max_tokens")}
    assert body == {
        "model": "policy",
        "temperature": 0.7,
        "top_p": 0.95,
        "top_k": 20,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "stop_token_ids": [2, 3],
        "logprobs": 0,
        "return_token_ids": True,
    }


def test_a_response_does_not_depend_on_what_is_asked_beside_it(stand_in: StandIn):
    together = generator(stand_in).generate(REQUESTS)
    alone = generator(stand_in).generate([GenerationRequest((8, 9), 6, "b", first_index=3, count=1)])
    assert alone[0][0] == together[1][1]
    assert request_seed(7, "b", 3) != request_seed(7, "b", 2)
    assert 0 <= request_seed("0/step 3", "b", 2) < 2**63


def test_nothing_to_ask_asks_nothing(stand_in: StandIn):
    assert generator(stand_in).generate([]) == []
    assert [path for path, _ in stand_in.asked] == ["/v1/models"]


@pytest.mark.parametrize(
    ("settings", "mode", "known"),
    [
        (SamplingSettings(0.7, 0.95), "raw_logprobs", False),
        (SamplingSettings(1.0, 0.95), "raw_logprobs", True),
        (SamplingSettings(0.0, 1.0), "raw_logprobs", True),
        (SamplingSettings(0.7, 1.0), "processed_logprobs", True),
        (SamplingSettings(0.7, 0.95), "processed_logprobs", False),
        (SamplingSettings(0.7, 1.0, 20), "processed_logprobs", False),
    ],
)
def test_log_probs_are_recorded_where_they_are_those_of_the_full_softmax(
    stand_in: StandIn, settings: SamplingSettings, mode: Any, known: bool
):
    assert records_full_softmax(settings, mode) is known
    for turn in generator(stand_in, settings, logprobs_mode=mode).generate(REQUESTS)[0]:
        assert turn.logprobs == ((-0.5,) * len(turn.response_ids) if known else None)


def test_one_forward_pass_fills_in_log_probs_and_entropies(stand_in: StandIn, policy: Policy):
    turns = generator(stand_in).generate(REQUESTS)[0]
    trajectories = tuple(Trajectory((turn,), 0.0, "multi_hop", "a", index) for index, turn in enumerate(turns))
    (scored,) = with_scores(policy, [TrajectoryGroup("a", "a", "multi_hop", trajectories)], 0.7)
    for trajectory in scored.trajectories:
        (turn,) = trajectory.turns
        assert turn.logprobs is not None
        assert turn.entropies is not None
        assert len(turn.logprobs) == len(turn.entropies) == len(turn.response_ids)


def test_weights_are_handed_over_as_a_folder_that_loads_and_old_ones_go(
    stand_in: StandIn, policy: Policy, tmp_path: Path
):
    server = VllmServer(stand_in.url)
    for _ in range(2):
        with torch.no_grad():
            policy.head_weight_VH.mul_(2.0)
        hand_over(server, policy, tmp_path)
        assert torch.equal(stand_in.weights["lm_head.weight"], policy.head_weight_VH)
    assert [path for path, _ in stand_in.asked] == ["/collective_rpc", "/reset_prefix_cache"] * 2
    paths = [body["kwargs"]["weights_path"] for path, body in stand_in.asked if path == "/collective_rpc"]
    assert len(set(paths)) == 2  # a server may answer a path that it knows from its memory
    assert list(map(str, tmp_path.iterdir())) == paths[1:]


def test_weights_that_were_not_taken_leave_the_old_ones(stand_in: StandIn, policy: Policy, tmp_path: Path):
    server = VllmServer(stand_in.url, max_retries=0)
    folder = hand_over(server, policy, tmp_path)
    stand_in.alter = lambda path, body, answer: (404, {"detail": "Not Found"})
    with pytest.raises(ServerError, match="HTTP 404: Not Found; start it with VLLM_SERVER_DEV_MODE=1"):
        hand_over(server, policy, tmp_path)
    assert list(tmp_path.iterdir()) == [folder]


def without(name: str) -> Callable[[str, Any, Answer], Answer]:
    def alter(path: str, body: Any, answer: Answer) -> Answer:
        if path == "/v1/completions":
            answer[1]["choices"][0][name] = None
        return answer

    return alter


@pytest.mark.parametrize(
    ("alter", "problem"),
    [
        (without("token_ids"), "holds no token_ids; take a vLLM that knows return_token_ids"),
        (without("logprobs"), "holds 0 log-probs for [0-9]+ tokens; start it without limiting --max-logprobs"),
        (without("finish_reason"), "a response ended by None"),
        (lambda path, body, answer: (200, {}) if body else answer, "holds no token_ids"),
        (lambda path, body, answer: (200, "<html>") if body else answer, "the answer is no JSON|holds no token_ids"),
        (
            lambda path, body, answer: (500, {"error": {"message": "out of\nmemory"}}) if body else answer,
            "HTTP 500: out of memory; look at the log",
        ),
    ],
)
def test_what_a_server_can_do_wrong_is_one_line(
    stand_in: StandIn, alter: Callable[[str, Any, Answer], Answer], problem: str
):
    stand_in.alter = alter
    with pytest.raises(ServerError, match=problem) as caught:
        generator(stand_in).generate(REQUESTS)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(stand_in.url)


def test_a_failure_that_passes_is_asked_again(stand_in: StandIn):
    failures = iter([503])
    usual = generator(stand_in).generate(REQUESTS)

    def alter(path: str, body: Any, answer: Answer) -> Answer:
        return (next(failures, 200), answer[1]) if body else answer

    stand_in.alter = alter
    server = VllmServer(stand_in.url, max_retries=1, max_concurrency=1)
    assert VllmGenerator(server, SamplingSettings(0.7, 0.95), 7).generate(REQUESTS) == usual


def test_another_model_and_a_server_that_is_gone_are_told_before_anything_is_drawn(stand_in: StandIn):
    with pytest.raises(ServerError, match="serves policy, not other; start it with that model"):
        VllmGenerator(VllmServer(stand_in.url, model="other"), SamplingSettings(), 0)
    stand_in.alter = lambda path, body, answer: (200, {"data": [{"id": "a"}, {"id": "b"}]})
    with pytest.raises(ServerError, match="serves a, b; say which one to use"):
        VllmGenerator(VllmServer(stand_in.url), SamplingSettings(), 0)
    with pytest.raises(ServerError, match=r"cannot be reached \(.*\); see that vLLM runs there"):
        VllmGenerator(VllmServer("http://127.0.0.1:9", max_retries=0), SamplingSettings(), 0)


def test_a_prompt_without_room_is_refused_before_anything_is_asked(stand_in: StandIn):
    made = generator(stand_in)
    with pytest.raises(InputError, match="has 60 tokens, and 5 of output make 65, over the server's 64"):
        made.generate([*REQUESTS, GenerationRequest((3,) * 60, 5, "long")])
    assert len(stand_in.asked) == 1


def test_the_key_comes_from_the_environment_and_stands_nowhere(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch):
    server = VllmServer(stand_in.url, api_key_env="OUR_VLLM_KEY")
    with pytest.raises(ServerError, match="the variable OUR_VLLM_KEY is not set"):
        server.served_model()
    monkeypatch.setenv("OUR_VLLM_KEY", "s3cret")
    assert server.served_model() == ("policy", 64)
    assert stand_in.authorization == {"Bearer s3cret"}
    assert "s3cret" not in repr(server)
