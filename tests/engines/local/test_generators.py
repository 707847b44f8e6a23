"""Who decodes: another draw each step, the same one each evaluation, within the memory there is; or a server."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from longstride.engines.local.display import Display
from longstride.engines.local.generators import Generators, token_budget
from longstride.engines.local.metrics import read_metrics
from longstride.engines.local.policy import Policy, load_policy
from longstride.engines.local.recipe import Recipe
from longstride.engines.local.trainer import train
from longstride.engines.local.vllm_server import ServerError
from longstride.records import GenerationRequest, Generator

REQUEST = GenerationRequest((1, 4, 5, 6), 8, "s", count=4)


@pytest.fixture
def policy(tiny_model_folder: Path) -> Policy:
    return load_policy(tiny_model_folder, device="cpu")


def recipe_of(**tables: Any) -> Recipe:
    return Recipe.model_validate({"model": {"path": "m"}, "data": {"folders": ["d"]}, **tables})


def drawn(generator: Generator) -> list[tuple[int, ...]]:
    (turns,) = generator.generate([REQUEST])
    return [turn.response_ids for turn in turns]


def test_a_sample_draws_anew_in_a_later_step_and_the_same_in_the_same(policy: Policy, tmp_path: Path):
    generators = Generators(policy, recipe_of(), tmp_path)
    first, again, later = (drawn(generators.for_training(steps_done)) for steps_done in (0, 0, 1))
    assert first == again
    assert first != later


def test_evaluation_is_greedy_unless_the_recipe_says_otherwise(policy: Policy, tmp_path: Path):
    assert len(set(drawn(Generators(policy, recipe_of(), tmp_path).for_evaluation(0)))) == 1
    sampled = Generators(policy, recipe_of(eval={"temperature": 2.0}), tmp_path)
    assert len(set(drawn(sampled.for_evaluation(0)))) > 1
    assert drawn(sampled.for_evaluation(0)) == drawn(sampled.for_evaluation(5))


def test_the_budget_is_the_recipe_s_or_what_memory_holds_up_to_a_whole_batch(policy: Policy):
    assert token_budget(policy, recipe_of(rollout={"token_budget": 77})) == 77
    small = recipe_of(
        data={"folders": ["d"], "max_input_tokens": 10},
        rollout={"group_size": 2, "max_output_tokens": 5},
        batch={"prompts": 3},
        eval={"samples": 1},
    )
    assert token_budget(policy, small) == 3 * (10 + 2 * 5)
    huge = recipe_of(data={"folders": ["d"], "max_input_tokens": 10**12})
    assert token_budget(policy, huge) < 10**12


class StandIn:
    """A server that answers every prompt with `yes` or `no` by the request's seed, as vLLM would put it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply({"data": [{"id": "policy", "max_model_len": 128}]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                choice = {"token_ids": [8 + body.get("seed", 0) % 2, 2], "logprobs": {"token_logprobs": [-1.0, -1.0]}}
                self.reply({"choices": [{**choice, "finish_reason": "stop"}]})

            def reply(self, content: Any) -> None:
                stand_in.asked.append(self.path)
                data = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    made = StandIn()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_a_run_over_a_server_hands_it_the_weights_whenever_they_changed(
    stand_in: StandIn, tmp_path: Path, tiny_model_folder: Path, word_dataset: Path
):
    recipe = Recipe.model_validate(
        {
            "model": {"path": str(tiny_model_folder)},
            "data": {"folders": [str(word_dataset)], "max_input_tokens": 20, "held_out_share": 0.2},
            "rollout": {"backend": "vllm", "vllm": {"url": stand_in.url}, "max_output_tokens": 2, "group_size": 4},
            "batch": {"prompts": 2},
            "optimizer": {"lr": 0.01},
            "steps": 2,
            "eval": {"every": 1, "samples": 1},
            "logging": {"report_to": []},
        }
    )
    train(recipe, tmp_path / "run", display=Display(2, console=Console(file=StringIO())))
    handed = [path for path in stand_in.asked if path in ("/collective_rpc", "/v1/completions")]
    runs = [path for place, path in enumerate(handed) if place == 0 or handed[place - 1] != path]
    assert runs == ["/collective_rpc", "/v1/completions"] * 3, "before the first rollout and after each step, once"
    lines = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert float(str(lines[1]["entropy"])) > 1.0, "entropies come from the trainer's own forward pass"
    assert float(str(lines[1]["gradient_norm"])) > 0
    assert not (tmp_path / "run" / ".work").exists()


def test_a_server_that_is_not_there_is_named(policy: Policy, tmp_path: Path):
    recipe = recipe_of(rollout={"backend": "vllm", "vllm": {"url": "http://127.0.0.1:9"}})
    with pytest.raises(ServerError, match=r"127\.0\.0\.1:9"):
        Generators(policy, recipe, tmp_path / "weights").for_training(0)
