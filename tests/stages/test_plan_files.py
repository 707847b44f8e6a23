from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.errors import InputError
from longstride.stages.plan import Plan, StageStep
from longstride.stages.plan_files import load_plan, plan_of, show_plan

TEXT = """
about = "two stages"
[training]
optimizer = { lr = 1e-4 }

[[steps]]
name = "worlds"
kind = "world"
worlds = 3
vocabulary = "small"

[[steps]]
name = "stage-1"
kind = "full_context"
model = "./base"
data = ["./questions"]
max_input_tokens = 64
max_output_tokens = 16
steps = 5
recipe = { batch = { prompts = 5 }, optimizer = { lr = 3e-4, betas = [0.9, 0.95] } }
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(TEXT)
    return path


def test_a_plan_is_read_in_order(path: Path):
    plan = load_plan(path)
    assert [step.name for step in plan.steps] == ["worlds", "stage-1"]
    (stage,) = plan.stages()
    assert isinstance(stage, StageStep)
    assert (stage.kind, stage.steps, stage.rollouts, stage.selection) == ("full_context", 5, 8, "all")


def test_settings_are_laid_over_it(path: Path):
    plan = load_plan(
        path, ["seed=3", "stage-1.steps=9", "training.optimizer.lr=2e-6", "stage-1.recipe.batch.prompts=10"]
    )
    (stage,) = plan.stages()
    assert (plan.seed, stage.steps, plan.training["optimizer"]["lr"]) == (3, 9, 2e-6)
    assert stage.recipe["batch"]["prompts"] == 10


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("stage-9.steps=1", "'stage-9.steps=1' names no step; write it as stage-1.steps=9, or seed=1"),
        ("steps=1", "'steps=1' names no step"),
        ("stage-1=1", "'stage-1=1' names no step"),
        ("seed", "'seed' is no setting"),
        ("stage-1.steps.more=1", "steps in 'stage-1.steps.more=1' is a value, not a table"),
    ],
)
def test_an_override_that_means_nothing_is_named(path: Path, override: str, message: str):
    with pytest.raises(InputError, match=message):
        load_plan(path, [override])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "worlds = 3",
            "wolds = 3",
            r"plan\.toml: field worlds\.wolds: unknown setting; known: name, seed, kind, worlds",
        ),
        ("worlds = 3", "worlds = 0", r"field worlds\.worlds: Input should be greater than or equal to 1; .*--show"),
        (
            '"world"',
            '"word"',
            r"field worlds\.kind: is missing or unknown; known: world, synthesize, tiny_model, warmup",
        ),
        ('kind = "world"\n', "", r"field worlds\.kind: is missing or unknown"),
        ("steps = 5", "", r"field stage-1\.steps: Field required"),
        ("vocabulary", "# vocabulary", r"field worlds: vocabulary is full, but documents is not set; such a world"),
        ('"worlds"', '"Worlds"', r"field Worlds\.name: String should match pattern"),
        ('"worlds"', '"logs"', r"a step is named 'logs'"),
        ('"worlds"', '"stage-1"', r"two steps are named 'stage-1'; give each a name of its own"),
        ("about", "abaut", r"field abaut: unknown setting; known: about, seed, size, training, steps"),
        ("about =", "about", r"is no TOML: "),
    ],
)
def test_what_cannot_be_meant_is_one_line(path: Path, old: str, new: str, message: str):
    path.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(InputError, match=message) as caught:
        load_plan(path)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"none\.toml: cannot be read: No such file"):
        load_plan(tmp_path / "none.toml")


def test_what_is_shown_is_the_same_plan(path: Path, tmp_path: Path):
    plan = load_plan(path)
    shown = show_plan(plan)
    (tmp_path / "shown.toml").write_text(shown)
    assert load_plan(tmp_path / "shown.toml") == plan
    assert "# responses to each sample that is measured [default: unpublished; the group size]" in shown
    assert "worlds = 3 " in shown and "[yours; default 1]" in shown


LEAF = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5)
VALUES = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner), max_leaves=8
)
NAMES = st.sampled_from(["name", "kind", "model", "data", "steps", "recipe", "worlds", "documents"])
KINDS = st.sampled_from(["world", "warmup", "full_context", "merge", "evaluate", "other"])


@given(
    st.lists(st.dictionaries(NAMES, VALUES | KINDS, max_size=6) | VALUES, max_size=3),
    st.dictionaries(NAMES, VALUES, max_size=3),
)
def test_any_values_give_a_plan_or_one_line(steps: list[object], rest: dict[str, object]):
    try:
        assert isinstance(plan_of({"steps": steps, **rest}), Plan)
    except InputError as error:
        assert str(error)


@given(st.text(max_size=40))
def test_any_text_in_a_recipe_is_shown_and_read_back(text: str):
    limits = {"max_input_tokens": 1, "max_output_tokens": 1, "steps": 1}
    recipe = {text: {"list": [text, 1.5, True]}}
    step = {"name": "a", "kind": "full_context", "model": "./m", "data": [text], **limits, "recipe": recipe}
    plan = plan_of({"about": text, "steps": [step], "training": {text: [1]}})
    assert plan_of(tomllib.loads(show_plan(plan))) == plan
