from __future__ import annotations

import pytest

from longstride.engines.local.schedule import learning_rate


def rates(steps: int, **settings: object) -> list[float]:
    return [learning_rate(step, 1.0, **settings) for step in range(steps)]  # pyright: ignore[reportArgumentType]


def test_constant_is_the_papers_rate_from_the_first_step_on():
    assert {learning_rate(step, 2e-6) for step in (0, 1, 10_000)} == {2e-6}


def test_warm_up_rises_in_equal_parts_and_wastes_no_step():
    assert rates(5, warmup_steps=3) == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])


def test_linear_reaches_its_end_at_the_last_step_and_stays():
    assert rates(6, schedule="linear", warmup_steps=1, total_steps=5) == pytest.approx([0.5, 1, 2 / 3, 1 / 3, 0, 0])


def test_cosine_passes_the_middle_half_way_down():
    assert rates(5, schedule="cosine", total_steps=5, final_share=0.2) == pytest.approx(
        [1, 0.88284, 0.6, 0.31716, 0.2], abs=1e-5
    )


def test_one_step_is_a_whole_one():
    assert rates(1, schedule="linear", total_steps=1) == [1.0]


def test_refusals():
    with pytest.raises(ValueError, match="unknown schedule 'step'"):
        learning_rate(0, 1.0, schedule="step")
    with pytest.raises(ValueError, match="needs total_steps"):
        learning_rate(0, 1.0, schedule="linear")
    with pytest.raises(ValueError, match="out of range"):
        learning_rate(-1, 1.0)
