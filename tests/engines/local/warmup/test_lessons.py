"""From samples and conversations to rows behind shared beginnings."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.engines.local.warmup.lessons import (
    Counts,
    Lesson,
    answer_lessons,
    group_lessons,
    lessons_digest,
    turn_lessons,
)
from longstride.engines.local.warmup.word_tokenizer import word_tokenizer
from longstride.errors import InputError
from longstride.records import Sample, Trajectory, TrajectoryGroup, Turn
from longstride.records.parquet import write_groups, write_samples

TOKENIZER = word_tokenizer()


def lesson(prompt: tuple[int, ...], response: tuple[int, ...] = (9,), context: str = "c") -> Lesson:
    return Lesson(Turn(prompt, response), "multi_hop", context)


def test_questions_over_one_context_share_it():
    one, two = lesson((1, 2, 3, 4, 5), (8, 9)), lesson((1, 2, 3, 6), (7, 9))
    (group,) = group_lessons([one, two], max_tokens=100)
    assert group.shared.prefix_ids == (1, 2, 3)
    assert [(row.ids, row.loss_from) for row in group.shared.rows] == [((4, 5, 8, 9), 2), ((6, 7, 9), 1)]
    assert (group.tokens, group.target_tokens, group.prompt_tokens) == (10, 4, 5)


def test_a_lesson_alone_has_its_whole_prompt_as_the_prefix():
    (group,) = group_lessons([lesson((1, 2), (8, 9))], max_tokens=1)
    assert group.shared.prefix_ids == (1, 2)
    assert [(row.ids, row.loss_from) for row in group.shared.rows] == [((8, 9), 0)]


def test_prompts_that_begin_alike_for_less_than_half_and_other_contexts_stand_apart():
    alike = [lesson((1, 2, 3, 4)), lesson((1, 5, 6, 7))]
    assert len(group_lessons(alike, max_tokens=100)) == 2
    apart = [lesson((1, 2, 3, 4)), lesson((1, 2, 3, 4), context="d")]
    assert len(group_lessons(apart, max_tokens=100)) == 2


def test_a_group_keeps_to_its_tokens():
    lessons = [lesson((1, 2, 3, 4, 10 + number), (8, 9)) for number in range(5)]
    groups = group_lessons(lessons, max_tokens=4 + 2 * 3)
    assert [len(group.shared.rows) for group in groups] == [2, 2, 1]
    assert all(group.tokens <= 10 for group in groups)


PROMPTS = st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=8).map(tuple), min_size=1, max_size=8)


@given(PROMPTS, st.integers(1, 40))
def test_every_lesson_is_read_back_from_its_group(prompts: list[tuple[int, ...]], max_tokens: int):
    lessons = [lesson(prompt, (8, 9)) for prompt in prompts]
    groups = group_lessons(lessons, max_tokens)
    read = [
        ((*group.shared.prefix_ids, *row.ids[: row.loss_from]), row.targets)
        for group in groups
        for row in group.shared.rows
    ]
    assert read == [(each.turn.prompt_ids, each.turn.response_ids) for each in lessons]
    for group in groups:
        assert group.tokens <= max_tokens or len(group.shared.rows) == 1
        assert group.tokens == len(group.shared.prefix_ids) + sum(len(row.ids) for row in group.shared.rows)


def test_a_data_set_becomes_lessons_that_end_in_the_end_of_text(dataset: Path, look_ups: Callable[..., list[Sample]]):
    counts = Counts()
    lessons = list(answer_lessons(dataset, TOKENIZER, 4096, counts))
    sample = look_ups(1)[0]
    assert counts == Counts(lessons=len(lessons))
    reply = f"{sample.evidence[0].text} The answer is {sample.ground_truth[0]} <eos>"
    assert TOKENIZER.decode(list(lessons[0].turn.response_ids)) == reply
    assert lessons[0].turn.prompt_ids[0] == TOKENIZER.bos_token_id
    assert TOKENIZER.decode(list(lessons[0].turn.prompt_ids[1:])) == " ".join(sample.prompt[0]["content"].split())
    groups = group_lessons(lessons, 4096)
    assert len(groups) == 12
    assert all(len(group.shared.prefix_ids) > 0.8 * group.prompt_tokens for group in groups)


def test_what_does_not_fit_or_cannot_earn_its_reward_is_counted(look_ups: Callable[..., list[Sample]], tmp_path: Path):
    good, *_ = look_ups(1)
    long = replace(good, id="long", prompt=({"role": "user", "content": "tea " * 200},))
    torn = replace(good, id="torn", ground_truth=("one\n\ntwo",))  # an answer ends at a blank line
    write_samples(tmp_path / "samples.parquet", [good, long, torn])
    counts = Counts()
    (kept,) = answer_lessons(tmp_path / "samples.parquet", TOKENIZER, 150, counts)
    assert kept.task == good.task
    assert counts == Counts(lessons=1, too_long=1, without_reward=1)


def test_conversations_in_json_lines_are_read_turn_by_turn(tmp_path: Path):
    path = tmp_path / "turns.jsonl"
    turns = [
        {"prompt": "tea wine Memory", "response": "tea"},
        {"prompt": [{"role": "system", "content": "tea"}, {"role": "user", "content": "wine"}], "response": "The"},
    ]
    path.write_text(json.dumps({"task": "multi_hop", "turns": turns}) + "\n\n", encoding="utf-8")
    counts = Counts()
    one, two = turn_lessons(path, TOKENIZER, 100, counts)
    assert TOKENIZER.decode(list(one.turn.response_ids)) == "tea <eos>"
    assert TOKENIZER.decode(list(two.turn.prompt_ids)) == "<bos> tea wine"
    assert one.context == two.context and one.task == "multi_hop"
    assert counts.lessons == 2
    assert list(turn_lessons(path, TOKENIZER, 5)) == [two]  # the first is longer than that


def test_trajectory_groups_in_parquet_are_taken_as_they_are(tmp_path: Path):
    turns = (Turn((1, 2, 3), (4, 5)), Turn((1, 2, 6), (7,)))
    trajectory = Trajectory(turns, 1.0, "multi_hop", "g", 0)
    write_groups(tmp_path / "turns.parquet", [TrajectoryGroup("g", "s", "multi_hop", (trajectory,))])
    lessons = list(turn_lessons(tmp_path / "turns.parquet", TOKENIZER, 100))
    assert [(each.turn.prompt_ids, each.turn.response_ids) for each in lessons] == [
        ((1, 2, 3), (4, 5)),
        ((1, 2, 6), (7,)),
    ]
    beyond = Trajectory((Turn((1, 9999), (2,)),), 1.0, "multi_hop", "g", 0)
    write_groups(tmp_path / "beyond.parquet", [TrajectoryGroup("g", "s", "multi_hop", (beyond,))])
    with pytest.raises(InputError, match="9999"):
        list(turn_lessons(tmp_path / "beyond.parquet", TOKENIZER, 100))


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[]",
        '{"task": "multi_hop"}',
        '{"task": "multi_hop", "turns": [{"prompt": "tea"}]}',
        '{"task": "multi_hop", "turns": [{"prompt": "tea", "response": 5}]}',
        '{"task": "multi_hop", "turns": [{"prompt": [1], "response": "tea"}]}',
    ],
)
def test_a_line_that_is_no_conversation_is_named(tmp_path: Path, line: str):
    path = tmp_path / "turns.jsonl"
    path.write_text('{"task": "t", "turns": []}\n' + line, encoding="utf-8")
    with pytest.raises(InputError, match="row 1"):
        list(turn_lessons(path, TOKENIZER, 100))


def test_the_digest_names_the_lessons():
    groups = group_lessons([lesson((1, 2, 3)), lesson((1, 2, 4))], 100)
    other = group_lessons([lesson((1, 2, 3)), lesson((1, 2, 5))], 100)
    assert lessons_digest(groups) == lessons_digest(list(groups)) != lessons_digest(other)
