from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from longstride.errors import InputError
from longstride.evaluation.questions import (
    EvaluationSet,
    choose_samples,
    distinct_names,
    length_label,
    length_order,
    load_sets,
)
from longstride.records import Sample
from longstride.records.parquet import write_samples

MakeSample = Callable[..., Sample]


@pytest.mark.parametrize(
    ("tokens", "label"),
    [
        (0, "up to 64"),
        (64, "up to 64"),
        (65, "up to 128"),
        (512, "up to 512"),
        (1024, "up to 1K"),
        (8_000, "up to 8K"),
        (59_563, "up to 64K"),  # the longest inputs of the paper's Table 1
        (119_932, "up to 128K"),
        (2_000_000, "up to 2048K"),
        (None, "unknown"),
    ],
)
def test_a_length_belongs_to_the_first_power_of_two_that_holds_it(tokens: int | None, label: str):
    assert length_label(tokens) == label


def test_labels_sort_by_length_and_not_by_letters():
    labels = ["up to 128K", "unknown", "up to 64", "up to 2K", "up to 512"]
    assert sorted(labels, key=length_order) == ["up to 64", "up to 512", "up to 2K", "up to 128K", "unknown"]
    assert sorted(labels) != sorted(labels, key=length_order)


def test_a_choice_is_even_over_tasks_and_lengths_and_keeps_the_order(make_town_sample: MakeSample):
    rare = [make_town_sample(number, task="numerical") for number in range(3)]
    many = [make_town_sample(number, task="multi_hop") for number in range(3, 50)]
    long = [make_town_sample(number, task="multi_hop", input_tokens=900) for number in range(50, 99)]
    samples = [*many, *rare, *long]
    chosen = choose_samples(samples, 9, seed=1)
    assert Counter((each.task, each.input_tokens) for each in chosen) == {
        ("numerical", 100): 3,
        ("multi_hop", 100): 3,
        ("multi_hop", 900): 3,
    }
    places = [samples.index(each) for each in chosen]
    assert places == sorted(places)
    assert choose_samples(samples, 9, seed=1) == chosen
    assert choose_samples(samples, 9, seed=2) != chosen
    assert choose_samples(samples, 1000, seed=1) == tuple(samples)


def test_names_are_as_long_as_tells_them_apart(tmp_path: Path):
    assert distinct_names([tmp_path / "a" / "held-0.7"]) == ["held-0.7"]
    assert distinct_names([tmp_path / "a" / "data", tmp_path / "b" / "data"]) == ["a-data", "b-data"]
    assert distinct_names([tmp_path / "a" / "x.parquet", tmp_path / "b" / "y"]) == ["x", "y"]
    with pytest.raises(InputError, match="stands twice"):
        distinct_names([tmp_path / "a", tmp_path / "b" / ".." / "a"])


def test_the_digest_follows_questions_and_grading_and_nothing_else(make_town_sample: MakeSample):
    def digest(**fields: object) -> str:
        return EvaluationSet("towns", (make_town_sample(1, **fields), make_town_sample(2))).digest

    assert digest() == digest(cost={"calls": 3})
    assert len({digest(), digest(ground_truth=("x",)), digest(reward_style="qa_f1"), digest(core_question="?")}) == 4


def test_a_set_without_samples_or_with_one_twice_is_refused(tmp_path: Path, make_town_sample: MakeSample):
    write_samples(tmp_path / "none" / "samples" / "0.parquet", [])
    with pytest.raises(InputError, match="holds no sample"):
        load_sets([tmp_path / "none"], None, 0)
    write_samples(tmp_path / "twice" / "samples" / "0.parquet", [make_town_sample(1), make_town_sample(1)])
    with pytest.raises(InputError, match="'s1' stands twice"):
        load_sets([tmp_path / "twice"], None, 0)
