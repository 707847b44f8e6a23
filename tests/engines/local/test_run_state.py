"""What a run remembers between two steps."""

import json
from typing import Any

import pytest

from longstride.engines.local.recipe import Recipe
from longstride.engines.local.run_state import RunState
from longstride.engines.local.step import Batch, lay_out
from longstride.errors import InputError
from longstride.records import Trajectory, TrajectoryGroup, Turn
from longstride.rl import EntropyLatch, TaskBalancedSampler


def state_of(samples: int = 6, **tables: Any) -> RunState:
    recipe = Recipe.model_validate({"model": {"path": "m"}, "data": {"folders": ["d"]}, **tables})
    return RunState(recipe, TaskBalancedSampler(["multi_hop"] * samples, 2, 0))


def batch_of_entropy(entropy: float) -> Batch:
    turn = Turn((1,), (2,), logprobs=(-1.0,), entropies=(entropy,))
    return lay_out([TrajectoryGroup("a", "a", "multi_hop", (Trajectory((turn,), 1.0, "multi_hop", "a", 0),))])


LATCH: dict[str, Any] = {"aepo": {"controller": "latch", "low": 0.5, "high": 1.5, "unit": "start"}}


def test_the_first_batch_says_what_thresholds_are_shares_of():
    clipping: dict[str, Any] = {"negative_clipping": {"tokens": "high_token", "threshold": 0.5, "unit": "start"}}
    state = state_of(**LATCH, **clipping)
    assert state.clipping_threshold is None
    controller = state.see(batch_of_entropy(2.0))
    assert isinstance(controller, EntropyLatch)
    assert (controller.low, controller.high, state.clipping_threshold) == (1.0, 3.0, 1.0)
    assert state.see(batch_of_entropy(7.0)) is controller


def test_it_goes_through_json_whole():
    state = state_of(**LATCH)
    controller = state.see(batch_of_entropy(2.0))
    assert isinstance(controller, EntropyLatch)
    controller.keep_negatives = False
    state.sampler.next_batch()
    state.step, state.bad_steps, state.response_tokens = 3, 1, 99
    back = state_of(**LATCH)
    back.load_json(json.loads(json.dumps(state.to_json())))
    assert back.to_json() == state.to_json()
    assert isinstance(back.controller, EntropyLatch)
    assert (back.controller.high, back.controller.keep_negatives) == (3.0, False)
    assert back.sampler.next_batch() == state.sampler.next_batch()


def test_a_state_of_other_data_is_refused():
    saved = state_of().to_json()
    with pytest.raises(InputError, match=r"does not fit this run: .*other samples"):
        state_of(samples=7).load_json(saved)
    with pytest.raises(InputError, match="does not fit this run"):
        state_of().load_json({"step": 1})
