import json
import warnings
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.rl.sampler import TaskBalancedSampler

TASKS = ["qa"] * 50 + ["needle"] * 20 + ["table"] * 30


def batches(sampler: TaskBalancedSampler, count: int) -> list[list[int]]:
    return [sampler.next_batch() for _ in range(count)]


def test_every_batch_has_the_same_of_each_task():
    for batch in batches(TaskBalancedSampler(TASKS, 12, seed=0), 50):
        assert Counter(TASKS[index] for index in batch) == {"qa": 4, "needle": 4, "table": 4}


def test_a_random_sampler_would_not():
    import random

    draw = random.Random(0).sample(range(100), 12)
    assert Counter(TASKS[index] for index in draw) != {"qa": 4, "needle": 4, "table": 4}


def test_places_left_over_go_round():
    sampler = TaskBalancedSampler(TASKS, 8, seed=0)  # 2 each, and 2 left over
    counted = [Counter(TASKS[index] for index in batch) for batch in batches(sampler, 3)]
    assert all(sorted(each.values()) == [2, 3, 3] for each in counted)
    assert sum(counted, Counter()) == {"qa": 8, "needle": 8, "table": 8}


def test_every_sample_comes_once_an_epoch_of_its_task():
    sampler = TaskBalancedSampler(TASKS, 9, seed=1)
    drawn = [index for batch in batches(sampler, 200) for index in batch]
    for task, size in Counter(TASKS).items():
        mine = [index for index in drawn if TASKS[index] == task]
        for start in range(0, len(mine) - size, size):
            assert len(set(mine[start : start + size])) <= size
        counts = Counter(mine)
        assert max(counts.values()) - min(counts.values()) <= 1
        assert len(counts) == size


def test_an_epoch_of_one_task_is_each_of_its_samples_once_and_the_next_in_another_order():
    sampler = TaskBalancedSampler(["a"] * 30, 5, seed=0)
    first = [index for batch in batches(sampler, 6) for index in batch]
    second = [index for batch in batches(sampler, 6) for index in batch]
    assert sorted(first) == sorted(second) == list(range(30))
    assert first != second


@settings(deadline=None)
@given(
    st.lists(st.sampled_from("abc"), min_size=6, max_size=40),
    st.integers(3, 6),
    st.integers(0, 99),
)
def test_no_sample_meets_itself_in_a_batch_even_where_epochs_meet(tasks: list[str], size: int, seed: int):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = TaskBalancedSampler(tasks, size, seed)
    for batch in batches(sampler, 30):
        assert len(batch) == len(set(batch)) == size


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 99))
def test_it_goes_on_the_same_from_any_point(steps: int, seed: int):
    whole = TaskBalancedSampler(TASKS, 8, seed)
    batches(whole, steps)
    resumed = TaskBalancedSampler(TASKS, 8, seed)
    resumed.load_state_dict(json.loads(json.dumps(whole.state_dict())))
    assert batches(resumed, 30) == batches(whole, 30)


def test_a_seed_gives_one_stream():
    assert batches(TaskBalancedSampler(TASKS, 8, 3), 20) == batches(TaskBalancedSampler(TASKS, 8, 3), 20)
    assert batches(TaskBalancedSampler(TASKS, 8, 3), 20) != batches(TaskBalancedSampler(TASKS, 8, 4), 20)
    assert TaskBalancedSampler(TASKS, 8, 3).next_batch() == next(iter(TaskBalancedSampler(TASKS, 8, 3)))


def test_a_tiny_tasks_places_go_to_the_others_with_a_warning():
    tasks = ["big"] * 40 + ["large"] * 40 + ["tiny"]
    with pytest.warns(UserWarning, match=r"fewer samples than the 4 .* asks of each task: tiny \(1\)"):
        sampler = TaskBalancedSampler(tasks, 12, seed=0)
    counted = [Counter(tasks[index] for index in batch) for batch in batches(sampler, 2)]
    assert all(each["tiny"] == 1 and sum(each.values()) == 12 for each in counted)
    assert sum(counted, Counter()) == {"big": 11, "large": 11, "tiny": 2}  # the odd place goes round too


def test_a_tiny_task_may_repeat_or_be_refused():
    tasks = ["big"] * 40 + ["tiny"] * 2
    batch = TaskBalancedSampler(tasks, 10, seed=0, when_tiny="repeat").next_batch()
    assert Counter(tasks[index] for index in batch) == {"big": 5, "tiny": 5}
    assert set(Counter(index for index in batch if tasks[index] == "tiny").values()) == {2, 3}
    with pytest.raises(ValueError, match=r"tiny \(2\); add samples, or take when_tiny='redistribute'"):
        TaskBalancedSampler(tasks, 10, seed=0, when_tiny="refuse")


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="there are no samples"):
        TaskBalancedSampler([], 4, seed=0)
    with pytest.raises(ValueError, match="batch_size is 2, less than one for each of 3 tasks"):
        TaskBalancedSampler(TASKS, 2, seed=0)
    with pytest.raises(ValueError, match="there are 3 samples for a batch of 8"):
        TaskBalancedSampler(["a", "b", "b"], 8, seed=0)
    with pytest.raises(ValueError, match="unknown when_tiny 'x'; known: redistribute, repeat, refuse"):
        TaskBalancedSampler(TASKS, 8, seed=0, when_tiny="x")
    with pytest.raises(ValueError, match="a sampler with other samples"):
        TaskBalancedSampler(TASKS, 8, seed=0).load_state_dict(TaskBalancedSampler(TASKS, 8, seed=1).state_dict())
