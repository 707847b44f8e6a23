from __future__ import annotations

from typing import Any

import pytest

from longstride.errors import InputError
from longstride.stages.expansion import jobs_of
from longstride.stages.jobs import Input, Job, fingerprints
from longstride.stages.plan_files import plan_of

STAGE = {"kind": "full_context", "data": ["questions"], "max_input_tokens": 64, "max_output_tokens": 16, "steps": 5}
STEPS: list[dict[str, Any]] = [
    {"name": "worlds", "kind": "world", "vocabulary": "small"},
    {"name": "tiny", "kind": "tiny_model"},
    {"name": "questions", "kind": "synthesize", "documents": "worlds", "tokenizer": "tiny", "prompt": "tiny"},
    {"name": "warm", "kind": "warmup", "model": "tiny", "data": ["questions"]},
    {"name": "stage-1", **STAGE, "model": "warm", "selection": "strata", "samples": 9},
    {"name": "stage-2", **STAGE, "model": "stage-1", "selection": "retrospective", "carry_over": ["stage-1"]},
    {"name": "expert", **STAGE, "model": "stage-2", "kind": "memory"},
    {"name": "merged", "kind": "merge", "base": "warm", "models": ["stage-2", "expert"]},
    {"name": "answers", "kind": "evaluate", "model": "merged", "data": ["questions"], "agent": "both"},
]


def changed(name: str, **settings: Any) -> list[dict[str, Any]]:
    return [{**step, **settings} if step["name"] == name else step for step in STEPS]


def expanded(steps: list[dict[str, Any]], **plan: Any) -> dict[str, Job]:
    return {job.name: job for job in jobs_of(plan_of({"steps": steps, **plan}))}


def digests(jobs: dict[str, Job]) -> dict[str, str]:
    found = fingerprints(list(jobs.values()), lambda given: given.path)
    return {name: each.digest for name, each in found.items()}


def test_a_stage_measures_selects_and_trains():
    jobs = expanded(STEPS)
    assert list(jobs) == [
        "worlds",
        "tiny",
        "questions",
        "warm",
        "stage-1.pass-rates",
        "stage-1.selected",
        "stage-1",
        "stage-2.pass-rates",
        "stage-2.selected",
        "stage-2",
        "expert",
        "merged",
        "answers",
    ]
    assert jobs["stage-1.pass-rates"].inputs == {"model": (Input("model", "warm"),), "data": (Input("", "questions"),)}
    assert jobs["stage-1.selected"].inputs == {"data": (Input("", "stage-1.pass-rates"),)}
    assert jobs["stage-1"].inputs == {"model": (Input("model", "warm"),), "data": (Input("", "stage-1.selected"),)}
    carried = (Input("", "questions"), Input("", "stage-1.selected"))
    assert jobs["stage-2.pass-rates"].inputs == {"model": (Input("model", "stage-1"),), "data": carried}
    assert jobs["expert"].needs == ("stage-2", "questions")


def test_every_job_stands_after_what_it_needs():
    seen: set[str] = set()
    for job in expanded(STEPS).values():
        assert seen.issuperset(job.needs)
        seen.add(job.name)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            changed("warm", model="tinny"),
            r"field warm: takes 'tinny', which is no step; the steps before it that give a ",
        ),
        (
            changed("warm", model="stage-1"),
            r"field warm: takes 'stage-1', which does not stand before it; put it before",
        ),
        (changed("warm", model="warm"), r"field warm: takes 'warm', which does not stand before it"),
        (changed("warm", model="questions"), r"takes 'questions', which gives data, not model; name one of .*: tiny$"),
        (changed("questions", documents="tiny"), r"takes 'tiny', which gives model, not documents; .*: worlds$"),
        (changed("answers", data=["merged"]), r"takes 'merged', which gives model, not data; .*: questions$"),
        (
            changed("stage-2", carry_over=["expert"]),
            r"field stage-2\.carry_over: names 'expert', which is no stage before",
        ),
        (changed("stage-2", selection="all"), r"field stage-2\.carry_over: carries samples over, but selects nothing"),
        (changed("stage-2", recipe={"memory": {}}), r"field stage-2\.recipe\.memory: has no memory agent; set kind"),
        (changed("stage-2", recipe={"optimiser": {}}), r"field stage-2\.recipe\.optimiser: Extra inputs"),
        (
            changed("stage-2", recipe={"optimizer": {"lr": -1}}),
            r"field stage-2\.recipe\.optimizer\.lr: Input should be",
        ),
        (changed("stage-2", recipe={"model": "warm"}), r"field stage-2\.recipe\.model"),
        (changed("stage-2", recipe={"steps": 3}), r"field stage-2\.recipe: steps is set by the stage; take steps out"),
        (changed("stage-2", recipe={"data": {"folders": ["x"]}}), r"data\.folders is set by the stage"),
    ],
)
def test_what_does_not_fit_is_one_line(steps: list[dict[str, Any]], message: str):
    with pytest.raises(InputError, match=message) as caught:
        expanded(steps)
    assert "\n" not in str(caught.value)


def test_two_that_need_each_other_are_refused():
    pair = [{"name": "a", **STAGE, "model": "b"}, {"name": "b", **STAGE, "model": "a"}]
    with pytest.raises(InputError, match="field a: takes 'b', which does not stand before it"):
        expanded([{**step, "data": ["./x"]} for step in pair])


def test_an_outside_folder_is_a_path_with_a_slash():
    job = expanded(changed("warm", model="./models/base"))["warm"]
    assert job.inputs["model"] == (Input("./models/base", patterns=("*.safetensors", "config.json", "tokenizer.json")),)
    assert job.needs == ("questions",)


LATER = {"stage-2.pass-rates", "stage-2.selected", "stage-2", "expert", "merged", "answers"}
FROM_STAGE_1 = {"stage-1", *LATER}


@pytest.mark.parametrize(
    ("steps", "plan", "expected"),
    [
        (changed("answers", answers=2), {}, {"answers"}),
        (changed("merged", topk=0.5), {}, {"merged", "answers"}),
        (changed("stage-1", samples=8), {}, {"stage-1.selected", *FROM_STAGE_1}),
        (changed("stage-1", rollouts=4), {}, {"stage-1.pass-rates", "stage-1.selected", *FROM_STAGE_1}),
        (changed("stage-1", steps=6), {}, FROM_STAGE_1),
        (changed("stage-1", recipe={"optimizer": {"lr": 1e-4}}), {}, FROM_STAGE_1),
        (changed("stage-1", recipe={"eval": {"every": 3}, "checkpoint": {"every": 2}}), {}, set()),
        (changed("stage-2", recipe={"rollout": {"temperature": 1.0}}), {}, LATER),
        (STEPS, {"training": {"memory": {"chunk_tokens": 64}}}, {"expert", "merged", "answers"}),
        (STEPS, {"about": "other words", "size": "Qwen3-4B"}, set()),
        (changed("expert", seed=7), {}, {"expert", "merged", "answers"}),
    ],
)
def test_a_setting_invalidates_what_follows_from_it_and_nothing_else(
    steps: list[dict[str, Any]], plan: dict[str, Any], expected: set[str]
):
    before, after = digests(expanded(STEPS)), digests(expanded(steps, **plan))
    assert {name for name in before if before[name] != after[name]} == expected


def test_the_seed_reaches_whatever_draws():
    before, after = digests(expanded(STEPS)), digests(expanded(STEPS, seed=1))
    assert {name for name in before if before[name] == after[name]} == {"worlds"}


def test_a_stage_lies_over_what_all_share():
    shared = {"optimizer": {"lr": 1e-3, "name": "muon"}, "memory": {"chunk_tokens": 50}, "batch": {"prompts": 5}}
    jobs = expanded(changed("expert", recipe={"optimizer": {"lr": 1e-5}}), training=shared)
    recipe = jobs["expert"].options["recipe"]
    assert recipe["optimizer"]["lr"] == 1e-5
    assert recipe["optimizer"]["name"] == "muon"
    assert (recipe["memory"]["chunk_tokens"], recipe["memory"]["memory_tokens"]) == (50, 15_000)
    assert jobs["stage-2"].options["recipe"]["memory"] is None
    assert jobs["stage-2"].options["recipe"]["optimizer"]["lr"] == 1e-3


def test_what_the_judge_is_counts_and_where_its_settings_stand_does_not():
    reward = {"kind": "hybrid", "models": "./models.toml"}
    jobs = expanded(STEPS, training={"reward": reward})
    assert jobs["stage-1"].inputs["judge"] == (Input("./models.toml"),)
    assert jobs["stage-1.pass-rates"].inputs["judge"] == (Input("./models.toml"),)
    assert "models" not in jobs["stage-1"].settings["reward"]
