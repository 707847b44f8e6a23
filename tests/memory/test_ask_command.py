"""`longstride ask` as a process, against a server on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from longstride.cli import main

if TYPE_CHECKING:
    from conftest import Reply, Upstream

QUESTION = "Where does the Talon lie? Answer in one word."
Ask = Callable[..., int]


@pytest.fixture
def book(tmp_path: Path, long_text: str) -> Path:
    path = tmp_path / "book.txt"
    path.write_text(long_text)
    return path


@pytest.fixture
def ask(upstream: Upstream, tmp_path: Path) -> Ask:
    """Runs the command in this process; gives its exit code."""

    def run(*arguments: str | Path) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["ask", *map(str, arguments), *options(upstream, tmp_path)])
        return int(ended.value.code or 0)

    return run


def options(upstream: Upstream, folder: Path) -> list[str]:
    return ["--base-url", upstream.base_url, "--model", "m", "--cache", str(folder / "cache")]


def test_what_fits_the_window_goes_in_one_pass(
    ask: Ask, book: Path, upstream: Upstream, capsys: pytest.CaptureFixture[str]
):
    assert ask(book, QUESTION) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("I read: FACT the Kestrel lies in dock 1; FACT the Talon")
    assert upstream.kinds == ["full"]
    assert "window 16,384 (the server's) =" in shown.err
    assert "fit one pass: 1 call\n" in shown.err
    prompt = upstream.asked[0].prompt
    assert prompt.startswith("Please read the following text and answer the question below.\n\n<text>\n# ")
    assert prompt.endswith("Where does the Talon lie?\n\nAnswer in one word.")


def test_more_than_the_window_is_read_chunk_by_chunk(
    ask: Ask, book: Path, upstream: Upstream, capsys: pytest.CaptureFixture[str]
):
    assert ask(book, QUESTION, "--window", "4000", "--chunk-tokens", "2000", "--show-memory") == 0
    shown = capsys.readouterr()
    assert (
        shown.out
        == "I noted: "
        + "\n".join(
            f"FACT the {name} lies in dock {number}"
            for number, name in enumerate(("Kestrel", "Talon", "Mira", "Orvale", "Tarn"), 1)
        )
        + "\n"
    )
    assert upstream.kinds == ["update"] * 5 + ["answer"]
    assert not any("one word" in asked.prompt for asked in upstream.asked[:5])
    assert "about 5 chunks: about 6 calls" in shown.err
    assert "reading: chunk 5 of about 5" in shown.err
    assert "<plan>\nread on\n</plan>" in shown.err


def test_json_tells_everything(ask: Ask, book: Path, capsys: pytest.CaptureFixture[str]):
    assert ask(book, QUESTION, "--agent", "memory", "--chunk-tokens", "2000", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["answers"][0]["question"] == "Where does the Talon lie?"
    assert told["answers"][0]["instructions"] == "Answer in one word."
    assert told["agent"] == "memory"
    assert [update["number"] for update in told["updates"]] == [0, 1, 2, 3, 4]
    assert told["counts"]["calls"] == told["usage"]["requests"] == 6
    assert told["window"]["chunk_tokens"] == 2000


def test_several_questions_share_one_reading(
    ask: Ask, book: Path, tmp_path: Path, upstream: Upstream, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "q").write_text("Where does the Mira lie?\n\nWhere does the Tarn lie?\n")
    arguments = ("--questions", str(tmp_path / "q"), "--agent", "memory", "--chunk-tokens", "2000")
    assert ask(book, "--question", "Where does the Talon lie?", *arguments) == 0
    assert upstream.kinds == ["update"] * 5 + ["answer"] * 3
    assert "1. Where does the Talon lie?\n2. Where does the Mira lie?" in upstream.asked[0].prompt
    assert "\n\n3. Where does the Tarn lie?\nI noted" in capsys.readouterr().out


def test_quotations_are_looked_up(
    ask: Ask, book: Path, upstream: Upstream, reply: type[Reply], capsys: pytest.CaptureFixture[str]
):
    upstream.reply = lambda asked: (
        upstream.noting(asked)
        if asked.kind == "update"
        else reply('Dock 2: "the Talon lies in dock 2", though "the Talon has sailed" too.')
    )
    assert ask(book, QUESTION, "--agent", "memory", "--cite") == 0
    shown = capsys.readouterr().out
    start = book.read_text().index("the Talon lies")
    assert f"  [{book}:{start}-{start + 24}] “the Talon lies in dock 2”" in shown
    assert "  [not found in what was read] “the Talon has sailed”" in shown
    assert "copied word for word" in upstream.asked[0].prompt
    assert "copied word for word" not in upstream.asked[-1].prompt


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "does not exist"), (b"", "is empty"), (b"\x1f\x8b\x08", "is no text (compressed)")]
)
def test_a_file_that_cannot_be_read_is_one_line(
    content: bytes | None, problem: str, ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "file.txt"
    if content is not None:
        path.write_bytes(content)
    assert ask(path, QUESTION) == 2
    shown = capsys.readouterr().err
    assert problem in shown
    assert shown.count("\n") == 1


def test_a_question_longer_than_the_window_is_one_line(
    ask: Ask, book: Path, upstream: Upstream, capsys: pytest.CaptureFixture[str]
):
    assert ask(book, "why " * 20_000 + "?") == 2
    shown = capsys.readouterr().err
    assert "the question takes 20," in shown
    assert "a window of 16,384" in shown
    assert shown.count("\n") == 1
    assert upstream.asked == []


@pytest.mark.slow
def test_one_line_of_ten_million_characters_is_read(
    ask: Ask, tmp_path: Path, upstream: Upstream, one_line: Callable[[int], str]
):
    words = one_line(10_000_000)
    (tmp_path / "line.txt").write_text(words)
    assert len(words) == 10_000_000
    assert ask(tmp_path / "line.txt", QUESTION, "--window", "1000000", "--chunk-tokens", "400000") == 0
    assert upstream.kinds.count("update") >= 5
    read = "".join(asked.between("section") for asked in upstream.asked if asked.kind == "update")
    assert "".join(read.split()) == "".join(words.split())


def test_a_long_line_without_a_space_is_read(ask: Ask, tmp_path: Path, upstream: Upstream):
    line = "".join(f"w{number % 9973}" for number in range(50_000))
    (tmp_path / "line.txt").write_text(line)
    assert ask(tmp_path / "line.txt", QUESTION, "--agent", "memory") == 0
    read = "".join(asked.between("section") for asked in upstream.asked if asked.kind == "update")
    assert "".join(read.split()) == line


def test_no_question_and_no_file_are_told(ask: Ask, book: Path, capsys: pytest.CaptureFixture[str]):
    assert ask(book) == 2
    assert "name what to read, then the question" in capsys.readouterr().err
    assert ask(QUESTION, book) == 2
    assert "is a file, where the question should stand" in capsys.readouterr().err


def test_the_key_is_sent_and_stands_nowhere_else(
    ask: Ask,
    book: Path,
    tmp_path: Path,
    upstream: Upstream,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    assert ask(book, QUESTION, "--api-key-env", "MY_KEY") == 2
    assert "MY_KEY" in capsys.readouterr().err
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    assert ask(book, QUESTION, "--api-key-env", "MY_KEY", "--json") == 0
    for headers in (upstream.asked[0].headers, upstream.listed[-1]):
        assert {name.lower(): value for name, value in headers.items()}["authorization"] == "Bearer sk-very-secret"
    shown = capsys.readouterr()
    assert "secret" not in shown.out + shown.err
    for file in (tmp_path / "cache").iterdir():
        assert b"secret" not in file.read_bytes()


def test_an_answer_that_never_ends_is_an_error(
    ask: Ask, book: Path, upstream: Upstream, reply: type[Reply], capsys: pytest.CaptureFixture[str]
):
    upstream.reply = lambda asked: reply("<think>hm, hm", finish_reason="length")
    assert ask(book, QUESTION) == 2
    assert len(upstream.asked) == 2  # asked once more
    assert "no answer to question 1: cut off at its limit" in capsys.readouterr().err


def test_killed_and_run_again_it_repeats_no_call_that_was_answered(book: Path, tmp_path: Path, upstream: Upstream):
    upstream.delay_seconds = 0.05
    arguments = [str(book), QUESTION, "--agent", "memory", "--chunk-tokens", "600"]
    command = [sys.executable, "-m", "longstride", "ask", *arguments]
    killed = subprocess.Popen(
        [*command, *options(upstream, tmp_path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while len(upstream.asked) < 6 and time.monotonic() < deadline:
        time.sleep(0.005)
    killed.kill()
    killed.wait()
    asked_before = len(upstream.asked)
    assert asked_before >= 6
    again = subprocess.run([*command, *options(upstream, tmp_path)], capture_output=True, text=True, check=True)
    counts = Counter(asked.prompt for asked in upstream.asked)
    assert {prompt for prompt, count in counts.items() if count > 1} <= {upstream.asked[asked_before - 1].prompt}
    assert "from the cache" in again.stderr
    facts = [line.removeprefix("I noted: ") for line in again.stdout.splitlines()]
    assert facts == [line for line in book.read_text().splitlines() if line.startswith("FACT")]
