"""Samples of a run: what fits, what is held out, what is evaluated."""

from collections.abc import Callable
from pathlib import Path

import pytest

from longstride.engines.local.recipe import DataRecipe
from longstride.engines.local.training_data import choose_for_evaluation, hold_out, load_data
from longstride.errors import InputError
from longstride.records import Sample
from longstride.records.parquet import write_samples

SampleMaker = Callable[..., Sample]


def words(sample: Sample) -> int:
    return len(sample.prompt[0]["content"].split())


def test_long_prompts_are_left_out_and_counted(tmp_path: Path, make_word_sample: SampleMaker):
    write_samples(tmp_path / "d" / "samples" / "a.parquet", [make_word_sample(number) for number in range(4)])
    recipe = DataRecipe(folders=(str(tmp_path / "d"),), held_out_share=0.0, max_input_tokens=6)
    data = load_data(recipe, lambda sample: 7 if sample.id == "s2" else 6, seed=0)
    assert [sample.id for sample in data.training] == ["s0", "s1", "s3"]
    assert (data.too_long, data.held_out) == (1, ())


def test_whole_contexts_are_held_out_and_the_seed_decides_which(make_word_sample: SampleMaker):
    samples = [make_word_sample(number) for number in range(40)]
    training, held_out = hold_out(samples, 0.2, seed=1)
    assert len(held_out) == 8
    assert not {each.context_id for each in training} & {each.context_id for each in held_out}
    assert sorted(each.id for each in (*training, *held_out)) == sorted(each.id for each in samples)
    assert hold_out(samples, 0.2, seed=1) == (training, held_out)
    assert hold_out(samples, 0.2, seed=2) != (training, held_out)
    assert hold_out(samples, 0.0, seed=1)[1] == []


def test_a_folder_to_hold_out_never_trains(tmp_path: Path, make_word_sample: SampleMaker):
    write_samples(tmp_path / "all.parquet", [make_word_sample(number) for number in range(4)])
    write_samples(tmp_path / "held.parquet", [make_word_sample(number) for number in range(2)])
    recipe = DataRecipe(folders=(str(tmp_path / "all.parquet"),), held_out_folder=str(tmp_path / "held.parquet"))
    data = load_data(recipe, words, seed=0)
    assert ([s.id for s in data.training], [s.id for s in data.held_out]) == (["s2", "s3"], ["s0", "s1"])


def test_evaluation_takes_the_same_even_share_of_each_task_every_time(make_word_sample: SampleMaker):
    samples = [make_word_sample(number, task="numerical" if number < 2 else "multi_hop") for number in range(20)]
    chosen = choose_for_evaluation(samples, 6, seed=3)
    tasks = [each.task for each in chosen]
    assert (tasks.count("numerical"), tasks.count("multi_hop")) == (2, 4)
    assert choose_for_evaluation(samples, 6, seed=3) == chosen
    assert len(choose_for_evaluation(samples, 100, seed=3)) == 20


def test_the_digest_tells_data_apart(tmp_path: Path, make_word_sample: SampleMaker):
    digests = set()
    for answers in (range(4), range(1, 5), range(4)):
        write_samples(tmp_path / "d.parquet", [make_word_sample(number) for number in answers])
        recipe = DataRecipe(folders=(str(tmp_path / "d.parquet"),), held_out_share=0.0)
        digests.add(load_data(recipe, words, seed=0).digest)
    assert len(digests) == 2


def test_what_leaves_nothing_to_train_on_is_refused(tmp_path: Path, make_word_sample: SampleMaker):
    path = tmp_path / "d.parquet"
    write_samples(path, [make_word_sample(0)])
    with pytest.raises(InputError, match="no sample is left to train on: 1 have prompts of more than 3 tokens"):
        load_data(DataRecipe(folders=(str(path),), max_input_tokens=3), words, seed=0)
    with pytest.raises(InputError, match="unknown task 'riddles'"):
        load_data(DataRecipe(folders=(str(path),), tasks=("riddles",)), words, seed=0)
    with pytest.raises(InputError, match="stands twice"):
        load_data(DataRecipe(folders=(str(path), str(path))), words, seed=0)
    with pytest.raises(InputError, match="does not exist"):
        load_data(DataRecipe(folders=(str(tmp_path / "none"),)), words, seed=0)
