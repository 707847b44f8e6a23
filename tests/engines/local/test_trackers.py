"""Where metrics go beside their file."""

import sys
from pathlib import Path

import pytest

from longstride.engines.local.recipe import LoggingRecipe
from longstride.engines.local.trackers import open_trackers
from longstride.errors import InputError

CLIENT = """
calls = []
def init(**settings): calls.append(("init", settings))
def log(values, step): calls.append(("log", values, step))
def finish(): calls.append(("finish",))
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module with trackio's three functions."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "trackio.py").write_text(CLIENT, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.delitem(sys.modules, "trackio", raising=False)
    return "trackio"


def test_a_client_gets_the_numbers_and_nothing_else(stand_in: str, tmp_path: Path):
    recipe = LoggingRecipe(report_to=(stand_in,), project="p")  # pyright: ignore[reportArgumentType]
    with open_trackers(recipe, tmp_path / "run-7", {"seed": 1}, first_step=0) as trackers:
        trackers.add(3, {"reward": 0.5, "left_out": "why", "gradient_norm": float("nan"), "lr": None})
    calls = sys.modules[stand_in].calls
    assert calls == [
        ("init", {"project": "p", "name": "run-7", "config": {"seed": 1}}),
        ("log", {"reward": 0.5}, 3),
        ("finish",),
    ]


def test_a_client_that_is_not_installed_is_named_with_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with (
        pytest.raises(InputError, match="wandb is not installed; pip install wandb, or take it out"),
        open_trackers(LoggingRecipe(report_to=("wandb",)), tmp_path, {}, first_step=0),
    ):
        pass


def test_tensorboard_needs_nothing_installed(tmp_path: Path):
    with open_trackers(LoggingRecipe(), tmp_path, {}, first_step=0) as trackers:
        trackers.add(1, {"reward": 0.5})
    (file,) = (tmp_path / "tensorboard").iterdir()
    assert b"reward" in file.read_bytes()
