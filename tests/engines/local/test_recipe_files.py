"""Recipes: what a file and the command line may say, and how a wrong word is answered."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.engines.local.recipe_files import load_recipe, parse_override, show_recipe
from longstride.errors import InputError

LEAST = '[model]\npath = "m"\n[data]\nfolders = ["d"]\n'


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(LEAST + "[optimizer]\nlr = 1e-4\n", encoding="utf-8")
    return path


def test_the_defaults_are_the_paper_s_where_it_states_them(tmp_path: Path):
    (tmp_path / "least.toml").write_text(LEAST, encoding="utf-8")
    recipe = load_recipe(tmp_path / "least.toml")
    assert (recipe.rollout.group_size, recipe.rollout.temperature, recipe.rollout.top_p) == (8, 0.7, 0.95)
    assert (recipe.batch.prompts, recipe.batch.updates, recipe.optimizer.lr) == (128, 1, 2e-6)
    assert (recipe.optimizer.schedule, recipe.advantage.kind, recipe.loss.kl_beta) == ("constant", "task", 0.0)
    assert (recipe.data.max_input_tokens, recipe.rollout.max_output_tokens) == (32_000, 12_000)


def test_overrides_lie_over_the_file_and_the_last_one_counts(recipe_file: Path):
    overrides = ["optimizer.lr=1e-5", "steps=3", "steps = 4", "model.path=other/model", "loss.clip=[0.2, 0.3]"]
    recipe = load_recipe(recipe_file, [*overrides, "batch.updates=2", "model.lora.rank=4"])
    assert (recipe.optimizer.lr, recipe.steps, recipe.model.path, recipe.loss.clip) == (
        1e-5,
        4,
        "other/model",
        (0.2, 0.3),
    )
    assert recipe.model.lora is not None
    assert recipe.model.lora.rank == 4


WRONG = [
    ("optimzer.lr=3", "field optimzer: unknown setting; known: model, data, rollout"),
    ("optimizer.rate=3", "field optimizer.rate: unknown setting; known: name, lr,"),
    ("optimizer.lr=quick", "field optimizer.lr: Input should be a valid number"),
    ("rollout.group_size=0", "field rollout.group_size: Input should be greater than or equal to 1"),
    ("optimizer.lr=nan", "field optimizer.lr: Input should be a finite number"),
    ("aepo.controller=latch", "low is not set; the recipe must state it"),
    ("aepo.low=0.3", "controller is none, which has no low; take it out"),
    ("negative_clipping.tokens=high_token", "threshold is not set; state one"),
    ("reward.kind=hybrid", "models is not set; name the file"),
    ("loss.clip=0.2", "nothing is ever clipped; take it out"),
    ("steps.more=3", "is a value, not a table"),
    ("steps", "is no setting; write it as optimizer.lr=1e-5"),
    ("=3", "is no setting"),
]


@pytest.mark.parametrize(("override", "message"), WRONG)
def test_a_wrong_word_is_answered_in_one_line_with_the_field_and_a_cure(recipe_file: Path, override: str, message: str):
    with pytest.raises(InputError) as caught:
        load_recipe(recipe_file, ["steps=5", override])
    said = str(caught.value)
    assert message in said
    assert "\n" not in said
    assert ";" in said


def test_a_fault_of_the_file_names_the_file(tmp_path: Path):
    path = tmp_path / "r.toml"
    for text, message in (
        (LEAST + "[rollout]\ntop_p = 2\n", "rollout.top_p"),
        ("steps = \n", "is no TOML"),
        ("", "model"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=message) as caught:
            load_recipe(path)
        assert str(caught.value).startswith(str(path))
    with pytest.raises(InputError, match="cannot be read"):
        load_recipe(tmp_path / "none.toml")


def test_what_is_shown_is_a_recipe_that_reads_the_same(recipe_file: Path, tmp_path: Path):
    recipe = load_recipe(
        recipe_file, ["model.lora.rank=4", "negative_clipping.tokens=high_token", "negative_clipping.threshold=1.5"]
    )
    text = show_recipe(recipe)
    (tmp_path / "shown.toml").write_text(text, encoding="utf-8")
    assert load_recipe(tmp_path / "shown.toml") == recipe
    assert "lr = 0.0001" in text
    assert "default 2e-06: paper 5.1]" in text
    assert "group_size = 8 " in text
    assert tomllib.loads(text)["model"]["lora"]["rank"] == 4


def test_every_setting_is_shown_with_its_source(recipe_file: Path):
    lines = [line for line in show_recipe(load_recipe(recipe_file)).splitlines() if line and not line.startswith("[")]
    assert len(lines) >= 70
    assert all(line.endswith("]") and "  # " in line for line in lines)


@given(st.text(max_size=40))
def test_any_override_is_read_or_refused_in_one_line(text: str):
    try:
        place, _ = parse_override(text)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert all(place)


def test_identity_leaves_out_what_the_weights_do_not_depend_on(recipe_file: Path):
    plain = load_recipe(recipe_file).identity()
    same = ["steps=500", "eval.every=3", "checkpoint.keep=5", "logging.dump_rollouts=1", "model.device=cpu"]
    assert load_recipe(recipe_file, same).identity() == plain
    for other in ("optimizer.lr=1e-3", "rollout.token_budget=100", "logging.gradient_by_sign=0", "seed=1"):
        assert load_recipe(recipe_file, [other]).identity() != plain
    falling = [load_recipe(recipe_file, ["optimizer.schedule=linear", f"steps={n}"]).identity() for n in (5, 6)]
    assert falling[0] != falling[1], "a rate that falls depends on where it ends"
