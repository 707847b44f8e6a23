"""Questions about towns, answers with known rewards, and a stand-in for a model's server on loopback."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from longstride.evaluation.answers import Answer, Reply
from longstride.records import Document, Message, Sample
from longstride.records.parquet import write_documents, write_samples

FACT = re.compile(r"The word of town \d+ is \w+")
WORDS = ("red", "blue", "green", "grey")


def make_reply(reward: float = 1.0, **fields: Any) -> Reply:
    values: dict[str, Any] = {
        "text": "the answer is red",
        "reward": reward,
        "extracted": "red",
        "refused": "",
        "decided_by": "rule",
        "turns": 1,
        "prompt_tokens": 10,
        "response_tokens": 4,
        "unfinished": False,
        "left_out_tokens": 0,
    }
    return Reply(**{**values, **fields})


def make_answer(sample_id: str, index: int, reward: float, **fields: Any) -> Answer:
    values: dict[str, Any] = {
        "set": "towns",
        "arm": "full_context-t0.7",
        "task": "multi_hop",
        "question_type": "multi_fact",
        "input_tokens": 100,
    }
    own = {name: fields.pop(name) for name in list(fields) if name in values}
    return Answer(**{**values, **own}, sample_id=sample_id, index=index, reply=make_reply(reward, **fields))


def make_sample(number: int, **fields: Any) -> Sample:
    word, question = WORDS[number % len(WORDS)], f"What is the word of town {number}?"
    text = f"<text>\nThe word of town {number} is {word}.\n</text>\n\n{question}\nEnd with: the answer is WORD"
    values: dict[str, Any] = {
        "id": f"s{number}",
        "data_source": "test",
        "prompt": (Message(role="user", content=text),),
        "task": "multi_hop",
        "question_type": "multi_fact",
        "core_question": question,
        "format_instructions": "",
        "ground_truth": (word,),
        "reward_style": "exact",
        "generator": "test",
        "seed": 0,
        "document_ids": (f"town-{number}",),
        "input_tokens": 100,
    }
    return Sample(**{**values, **fields})


def make_document(number: int) -> Document:
    word = WORDS[number % len(WORDS)]
    lines = [f"The word of town {number} is {word}.", *(f"Ship {each} lay in the harbour." for each in range(40))]
    return Document(f"town-{number}", f"Town {number}", "literature", f"{number}.txt", "\n\n".join(lines))


@pytest.fixture
def make_town_sample() -> Callable[..., Sample]:
    """`make_town_sample(3, task="numerical")`: a question whose answer stands in its prompt and in its document."""
    return make_sample


@pytest.fixture
def make_graded_answer() -> Callable[..., Answer]:
    """`make_graded_answer("s1", 0, 0.5, task="numerical", unfinished=True)`."""
    return make_answer


@pytest.fixture
def make_graded_reply() -> Callable[..., Reply]:
    return make_reply


@pytest.fixture
def town_dataset(tmp_path: Path) -> Path:
    """A data set folder of six questions."""
    folder = tmp_path / "towns"
    write_samples(folder / "samples" / "0.parquet", [make_sample(number) for number in range(6)])
    write_documents(folder / "documents" / "0.parquet", [make_document(number) for number in range(6)])
    return folder


class Upstream:
    """Notes the towns' words, and answers with the word that it was shown; `broken` requests are refused first."""

    def __init__(self, window: int = 8192) -> None:
        self.prompts: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.too_long = 1 << 30  # characters of a prompt from which it is refused
        self.fails_after: int | None = None  # answers
        self.lock = threading.Lock()
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, document = upstream.respond(body)
                self.send(status, document)

            def do_GET(self) -> None:
                self.send(200, {"data": [{"id": "m", "max_model_len": window}]})

            def send(self, status: int, document: dict[str, Any]) -> None:
                content = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def respond(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        prompt = str(body["messages"][-1]["content"])
        with self.lock:
            if self.fails_after is not None and len(self.prompts) >= self.fails_after:
                return 401, {"error": {"message": "no such key"}}
            self.prompts.append(prompt)
            self.bodies.append(body)
        if len(prompt) > self.too_long:
            message = "This model's maximum context length is 8192 tokens."
            return 400, {"error": {"message": message, "code": "context_length_exceeded"}}
        found = sorted(set(FACT.findall(prompt)))
        said = f"The answer is {found[0].rpartition(' ')[2]}" if found else "I cannot tell."
        if "<section>" in prompt:
            noted = "; ".join(found) or "nothing yet"
            said = f"<memory>\n{noted}\n</memory>\n<plan>\nread on\n</plan>"
        choices = [
            {"index": place, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
            for place in range(body.get("n") or 1)
        ]
        return 200, {"model": "m", "choices": choices, "usage": {"prompt_tokens": 7, "completion_tokens": 3}}

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    yield server
    server.close()
