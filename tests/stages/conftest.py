"""Cheap kinds of jobs that worker processes can import, and plans of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longstride.stages.jobs import Input, Job

FAKES = '''
"""Jobs that write what follows from their settings and inputs, part by part."""

import hashlib, os, signal, sys, time
from longstride.engines.local.interrupts import Interrupted, StopSignal
from longstride.errors import InputError
from longstride.files import replacing

def read(folder):
    return "".join(file.read_text() for file in sorted(folder.rglob("*.txt")))

def write(work):
    """`parts` files, each of the settings and all inputs; a part that is there is left alone; stops between two."""
    with StopSignal(lambda: None) as stop:
        for number in range(work.settings["parts"]):
            path = work.folder / f"{number}.txt"
            if path.exists():
                continue
            if stop.number:
                raise Interrupted("stopped between two parts", stop.number)
            time.sleep(work.options.get("seconds", 0.0))
            text = "".join(read(each) for role in sorted(work.inputs) for each in work.inputs[role])
            whole = f"{sorted(work.settings.items())} {number} {text}"
            with replacing(path) as temporary:
                temporary.write_text(hashlib.sha256(whole.encode()).hexdigest())
            with (work.folder / "count").open("a") as file:
                file.write("x")
            print(f"wrote {number}")

def refuse(work):
    print("looked at the input")
    raise InputError("holds nothing", path="somewhere", cure="fill it")

def break_down(work):
    raise RuntimeError("a defect")

def die(work):
    print("last words", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

def wait(work):
    """Never ends by itself, and knows nothing of signals."""
    (work.folder / "begun").touch()
    time.sleep(600)

def meet(work):
    """Ends when the other of two is there too: only where both run at a time."""
    (work.folder / "here").touch()
    other = work.folder.parent / work.settings["other"] / "here"
    for _ in range(1000):
        if other.exists():
            return
        time.sleep(0.02)
    raise InputError("was alone")

def threads(work):
    (work.folder / "threads").write_text(os.environ.get("OMP_NUM_THREADS", "free"))

def process(work):
    (work.folder / "process").write_text(str(os.getpid()))
'''

MakeJob = Callable[..., Job]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeJob:
    """`fake("name", "write", needs=("other",), seed=1)` gives a job of a cheap kind; other names are its settings."""
    folder = tmp_path / "fakes"
    folder.mkdir()
    (folder / "fake_jobs.py").write_text(FAKES, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    def make(
        name: str, function: str = "write", needs: tuple[str, ...] = (), seconds: float = 0.0, **settings: Any
    ) -> Job:
        inputs = {"given": tuple(Input("", each) for each in needs)} if needs else {}
        whole = {"parts": 2, **settings}
        return Job(name, function, f"fake_jobs:{function}", whole, inputs, {"seconds": seconds}, about=f"{function}s")

    return make


@pytest.fixture
def tree_digest() -> Callable[[Path], str]:
    """Names all results of a run, without what tells when and how often."""

    def digest(output: Path) -> str:
        total = hashlib.sha256()
        for path in sorted(output.rglob("*")):
            place = path.relative_to(output).as_posix()
            if (path.is_file() and path.suffix == ".txt") or path.name == "run.json":
                total.update(f"{place} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
        return total.hexdigest()

    return digest
