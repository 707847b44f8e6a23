"""The memory agent over millions of tokens, and many at once, against a server that takes a fixed time for each call.

    python benchmarks/memory_agent.py --tokens 200000 --delay 0.25
    python benchmarks/memory_agent.py --tokens 4000000 --delay 1 --write

The ideal is the number of calls times the server's delay: what is over it is ours (reading files, tokenising, prompts,
the cache), from the import of the first module to the answer. The text is the fictional world, and the standard
library's modules over and over until there is enough; facts are planted among both, and the server, a process of its
own on loopback, notes those that it is shown and answers with its notes, so an answer holds every fact only if every
chunk was read. Then 32 questions at once through one client that allows 8 requests.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import re
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from timing import Measurement, in_fresh_process, interleaved, peak_rss_bytes, table, write_results

FACT = re.compile(rb"The code of quay \d+ is \d+\.")
FACTS = 20
QUESTION = "Which codes do the quays have? Answer as a list."
ASKS, LIMIT, CHUNKS_AN_ASK = 32, 8, 8


def serve(pipe: Connection, delay_seconds: float) -> None:
    """Answer until the pipe closes; a message on it is answered with the number of calls so far, which starts anew."""
    calls = 0
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet: in two, the second waits 40 ms for the first one's ACK

        def do_POST(self) -> None:
            nonlocal calls
            due = time.perf_counter() + delay_seconds
            prompt = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                calls += 1
            noted = "\n".join(dict.fromkeys(fact.decode() for fact in FACT.findall(prompt))) or "nothing yet"
            text = f"<memory>\n{noted}\n</memory>\n<plan>\nread on\n</plan>" if b"<section>" in prompt else noted
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            body = json.dumps({"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}).encode()
            time.sleep(max(0.0, due - time.perf_counter()))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    pipe.send(http.server_address[1])
    try:
        while pipe.recv():
            with lock:
                pipe.send(calls)
                calls = 0
    except EOFError:
        http.shutdown()


@contextmanager
def server(delay_seconds: float) -> Iterator[tuple[str, Any]]:
    """Its base URL, and the pipe that tells the number of calls."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, delay_seconds))
    process.start()
    theirs.close()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/v1", ours
    finally:
        ours.close()
        process.join()


def calls_of(pipe: Connection) -> int:
    """The calls since it was asked last."""
    pipe.send(True)
    return int(pipe.recv())


def plant(folder: Path) -> None:
    """Facts in some of the folder's files, spread evenly over their order, each in a line of its own."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".txt", ".md", ".py"))
    for number in range(FACTS):
        path = files[(2 * number + 1) * len(files) // (2 * FACTS)]
        path.write_text(f"{path.read_text()}\n# The code of quay {number} is {7919 * (number + 1)}.\n")


def make_world(folder: Path, tokens: int) -> None:
    """The fictional world at this size."""
    from longstride.corpus.world import write_world

    write_world(folder, seed=0, tokens=tokens)


def make_library(folder: Path, tokens: int) -> None:
    """The standard library's own modules, over and over; plain text, so that nothing is taken for a table."""
    from longstride.tokens import load_tokenizer

    home, tokenizer, made, turn = Path(sysconfig.get_path("stdlib")), load_tokenizer(), 0, 0
    while made < tokens:
        for path in sorted(home.glob("*.py")):
            text = path.read_text(encoding="utf-8", errors="replace")
            (folder / f"{turn:03}").mkdir(parents=True, exist_ok=True)
            (folder / f"{turn:03}" / path.name).write_text(text)
            made += tokenizer.count(text)
            if made >= tokens:
                return
        turn += 1


def one_ask(folder: str, base_url: str, cache: str) -> dict[str, object]:
    """What `longstride ask FOLDER QUESTION --agent memory` does, but for its printing."""
    from longstride.llm import ModelsSettings, open_models
    from longstride.memory.asking import AskOptions, Outcome, ask
    from longstride.memory.query import split_query
    from longstride.memory.texts import Texts
    from longstride.memory.window import fit_window
    from longstride.tokens import load_tokenizer

    async def go() -> Outcome:
        settings = ModelsSettings(base_url=base_url, model="m")
        async with open_models(settings, Path(cache) / "answers.sqlite") as models:
            return await ask(
                texts.documents(), queries, models.role("memory"), fit, tokenizer, AskOptions(agent="memory")
            )

    tokenizer, queries = load_tokenizer(), [split_query(QUESTION)]
    texts = Texts([folder], tokenizer)
    fit = fit_window(queries, tokenizer.count, 131_072)
    outcome = asyncio.run(go())
    return {
        "tokens": outcome.text_tokens,
        "chunks": len(outcome.updates),
        "facts": len(set(FACT.findall(outcome.answers[0].text.encode()))),
    }


def many_asks(base_url: str) -> Measurement:
    """Different questions at once, each over its own text, after one that warms up the client; timed without that.

    The result is how many were answered with their fact.
    """
    from longstride.llm import ModelsSettings, open_models
    from longstride.memory.asking import AskOptions, ask
    from longstride.memory.query import Query
    from longstride.memory.window import fit_window
    from longstride.records import Document
    from longstride.tokens import load_tokenizer

    tokenizer = load_tokenizer()

    async def one(number: int, model: Any, chunks: int = CHUNKS_AN_ASK) -> bool:
        query = Query(f"What is the code of quay {number}?")
        fact = f"The code of quay {number} is {7919 * (number + 1)}."
        filler = f"Ship {number} lay in the harbour, and nothing was written in the log.\n\n"
        length = chunks * 2_000 // tokenizer.count(filler) - 40
        document = Document(
            id="book", title="book", family="literature", source="book", text=filler * length + fact + "\n"
        )
        fit = fit_window([query], tokenizer.count, 32_768, chunk_tokens=2_000)
        outcome = await ask([document], [query], model, fit, tokenizer, AskOptions(agent="memory"))
        return outcome.answers[0].text == fact

    async def go() -> Measurement:
        settings = ModelsSettings(base_url=base_url, model="m", max_concurrency=LIMIT)
        async with open_models(settings) as models:
            model = models.role("memory")
            await one(ASKS, model, chunks=1)
            begun = time.perf_counter()
            answered = sum(await asyncio.gather(*[one(number, model) for number in range(ASKS)]))
            return Measurement(time.perf_counter() - begun, peak_rss_bytes(), answered)

    return asyncio.run(go())


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and with --write keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=200_000)
    parser.add_argument("--delay", type=float, default=0.25, help="seconds a call")
    parser.add_argument("--write", action="store_true", help="keep the figures in benchmarks/results")
    chosen = parser.parse_args(arguments)
    notes: list[str] = []
    rows: list[Any] = []
    with server(chosen.delay) as (base_url, pipe), tempfile.TemporaryDirectory() as folder:
        for name, make in (("world", make_world), ("library", make_library)):
            place = Path(folder) / name
            place.mkdir()
            make(place, chosen.tokens)
            plant(place)
            calls_of(pipe)
            ours = in_fresh_process(one_ask, str(place), base_url, str(Path(folder) / f"cache-{name}"))
            rows += _rows(name, ours, calls_of(pipe) * chosen.delay)
            told: Any = ours.result
            notes.append(
                f"{name}: {told['tokens']:,} tokens in {told['chunks']} chunks; {told['facts']} of {FACTS} planted "
                f"facts in the answer; {ours.seconds:.1f} s where the calls alone take {rows[-2].median_seconds:.1f} s"
            )
        ours = in_fresh_process(many_asks, base_url)
        calls = calls_of(pipe) - 2  # one update and one answer of the first
        rows += _rows(f"{ASKS} asks, {LIMIT} at once", ours, calls * chosen.delay / LIMIT)
        share = rows[-2].median_seconds / ours.seconds
        notes.append(f"{ASKS} asks: {ours.result} answered; {calls} calls, {share:.1%} of the ideal throughput")
    print(table(rows), *notes, sep="\n")
    if chosen.write:
        command = " ".join(["python", "benchmarks/memory_agent.py", *sys.argv[1:]])
        print(write_results("memory_agent", rows, command=command, notes=notes))


def _rows(name: str, ours: Measurement, ideal_seconds: float) -> list[Any]:
    sides = {f"{name}: calls x delay": lambda: Measurement(ideal_seconds), f"{name}: longstride": lambda: ours}
    return interleaved(sides, repeats=1, warmups=0)


if __name__ == "__main__":
    main()
