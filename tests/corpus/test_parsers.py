from __future__ import annotations

import os
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.parsers import Parsers
from longstride.errors import InputError

PAGE = "<h1>Oran</h1><p>A port.</p>"


@pytest.fixture
def page(tmp_path: Path):
    path = tmp_path / "page.html"
    path.write_text(PAGE)
    return str(path)


def reason(parsers: Parsers, path: str | Path, kind: str = "html"):
    with pytest.raises(Unreadable) as caught:
        parsers.parse(str(path), kind)
    return caught.value.reason


def process(parsers: Parsers) -> subprocess.Popen[bytes]:
    running = parsers._process  # pyright: ignore[reportPrivateUsage]
    assert running is not None
    return running


def pid(parsers: Parsers) -> int:
    return process(parsers).pid


def test_one_process_parses_file_after_file(page: str):
    with Parsers(Limits()) as parsers:
        assert parsers.parse(page, "html").text == "# Oran\n\nA port."
        first = pid(parsers)
        assert parsers.parse(page, "html").text == "# Oran\n\nA port."
        assert pid(parsers) == first
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


def test_a_process_that_dies_costs_the_file_at_hand(page: str):
    with Parsers(Limits()) as parsers:
        parsers.parse(page, "html")
        os.kill(pid(parsers), signal.SIGKILL)
        process(parsers).wait()
        assert parsers.parse(page, "html").text == "# Oran\n\nA port."
        os.kill(pid(parsers), signal.SIGSTOP)
        os.kill(pid(parsers), signal.SIGKILL)


def test_a_file_that_takes_too_long_is_given_up(page: str):
    with Parsers(Limits(parser_seconds=20)) as parsers:
        parsers.parse(page, "html")
        os.kill(pid(parsers), signal.SIGSTOP)
        parsers.limits = Limits(parser_seconds=0.1)
        assert reason(parsers, page) == "parser_timeout"
        parsers.limits = Limits()
        assert parsers.parse(page, "html").text == "# Oran\n\nA port."


def test_a_file_that_takes_too_much_memory_is_given_up(tmp_path: Path, page: str):
    path = tmp_path / "wide.html"
    path.write_text("<p>" + "<b>x</b>" * 3_000_000)
    with Parsers(Limits(parser_memory_bytes=400 * 2**20)) as parsers:
        assert reason(parsers, path) in ("parser_memory", "parser_died", "malformed")
        assert parsers.parse(page, "html").text == "# Oran\n\nA port."


def test_reasons_come_back_from_the_process(tmp_path: Path):
    deep = tmp_path / "deep.html"
    deep.write_text("<div>" * 100_000)
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\n" + os.urandom(5000))
    with Parsers(Limits()) as parsers:
        assert reason(parsers, deep) == "html_too_deep"
        assert reason(parsers, broken, "pdf") == "malformed"
        assert reason(parsers, tmp_path / "none.html") == "unreadable"
        assert reason(parsers, "/dev/zero") == "special_file"


def test_a_module_beside_the_corpus_is_not_imported(tmp_path: Path, page: str, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "json.py").write_text("raise SystemExit('taken over')")
    monkeypatch.chdir(tmp_path)
    with Parsers(Limits()) as parsers:
        assert parsers.parse(page, "html").text == "# Oran\n\nA port."


@pytest.mark.skipif(find_spec("docling") is not None, reason="docling is installed")
def test_a_package_that_is_missing_is_named_with_its_extra(tmp_path: Path):
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.4\n")
    with (
        Parsers(Limits(), pdf_reader="docling") as parsers,
        pytest.raises(InputError, match=r"docling is not installed; pip install 'longstride\[docling\]'"),
    ):
        parsers.parse(str(path), "pdf")


def test_an_unknown_reader_is_refused():
    with pytest.raises(ValueError, match="unknown pdf_reader 'x'; known: pdfium, docling"):
        Parsers(Limits(), pdf_reader="x")
