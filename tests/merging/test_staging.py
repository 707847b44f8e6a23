from pathlib import Path

import pytest

from longstride.errors import InputError
from longstride.merging.staging import Staging


def test_an_interrupt_keeps_what_is_done_for_the_same_plan_only(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt), Staging(tmp_path / "out", {"plan": 1}) as staging:
        (staging.folder / "a").write_text("x")
        staging.mark_done("a", {"told": [1]})
        raise KeyboardInterrupt
    with Staging(tmp_path / "out", {"plan": 1}) as staging:
        assert staging.done("a") == {"told": [1]} and staging.done("b") is None
    with Staging(tmp_path / "out", {"plan": 2}) as staging:
        assert staging.done("a") is None and not (staging.folder / "a").exists()


def test_an_error_that_would_come_again_leaves_nothing(tmp_path: Path):
    with pytest.raises(InputError), Staging(tmp_path / "out", {}):
        raise InputError("no")
    assert list(tmp_path.iterdir()) == []


def test_two_at_once_are_refused(tmp_path: Path):
    with Staging(tmp_path / "out", {}), pytest.raises(InputError, match="another process"):
        Staging(tmp_path / "out", {}).__enter__()


def test_what_appeared_in_the_meantime_is_not_overwritten(tmp_path: Path):
    with pytest.raises(InputError, match="exists already"), Staging(tmp_path / "out", {}) as staging:
        (tmp_path / "out").mkdir()
        staging.finish()
    assert list((tmp_path / "out").iterdir()) == []
