"""What the parts of a run take from its recipe."""

from __future__ import annotations

from collections import Counter

from longstride.engines.local.building import build_sampler
from longstride.engines.local.recipe import Recipe
from longstride.records import Sample


def samples(task: str, count: int) -> list[Sample]:
    return [
        Sample(
            id=f"{task}-{number}",
            data_source="longstride/test",
            prompt=({"role": "user", "content": "Read, and answer."},),
            task=task,
            question_type="needle",
            core_question="Which?",
            format_instructions="",
            ground_truth=("this",),
            reward_style="cover_exact_match",
            generator="reading",
            seed=0,
        )
        for number in range(count)
    ]


def drawn(balanced: bool) -> Counter[str]:
    data = [*samples("multi_hop", 90), *samples("numerical", 10)]
    recipe = Recipe.model_validate(
        {"model": {"path": "m"}, "data": {"folders": ["d"]}, "batch": {"prompts": 10, "balanced": balanced}}
    )
    sampler, notes = build_sampler(recipe, data)
    assert notes == []
    return Counter(data[index].task for _ in range(10) for index in sampler.next_batch())


def test_each_task_is_drawn_alike_or_any_sample_is():
    assert drawn(balanced=True) == {"multi_hop": 50, "numerical": 50}
    assert drawn(balanced=False) == {"multi_hop": 90, "numerical": 10}  # an epoch: each sample once
