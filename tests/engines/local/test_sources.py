"""Which source a recipe trains: the whole input in one prompt, or the memory agent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from longstride.engines.full_context import FullContextSource
from longstride.engines.graders import RuleGrader
from longstride.engines.local.generators import longest_turn
from longstride.engines.local.metrics import read_metrics
from longstride.engines.local.policy import Policy, load_policy
from longstride.engines.local.recipe import Recipe
from longstride.engines.local.recipe_files import load_recipe
from longstride.engines.local.sources import recipe_source
from longstride.engines.local.trainer import train
from longstride.engines.local.warmup.tiny_model import make_tiny_model
from longstride.engines.memory_agent import MemorySource
from longstride.errors import InputError
from longstride.memory.settings import MemorySettings
from longstride.records import Document, Message, Sample
from longstride.records.parquet import write_documents, write_samples

RECIPES = Path(__file__).parents[3] / "recipes"
READING = {"chunk_tokens": 16, "memory_tokens": 24, "update_tokens": 12, "prompts": "tiny_chunk_first"}


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("model") / "tiny", 0)


@pytest.fixture(scope="module")
def read_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight riddles to repeat, rewarded by how much of them is; two chunks each, or three."""
    folder = tmp_path_factory.mktemp("data") / "riddles"
    words = ["sings door quiet sleeps deep", "cold stone water light wind"]
    documents = [
        Document(f"d{number}", "", "dialogue", "", f"about {subject} : {words[number % 2]} .\nabout owls : road .\n")
        for number, subject in enumerate(("keys", "snow", "foxes"))
    ]
    samples = [
        Sample(
            id=f"s{number}",
            data_source="test",
            prompt=(Message(role="user", content=f"Repeat the riddle about keys : {number}"),),
            task="dialogue_memory",
            question_type="needle",
            core_question="Repeat the riddle about keys after the .",
            format_instructions="",
            ground_truth=(f"the about keys : {words[0]}",),
            reward_style="mrcr",
            reward_arguments={"prefix": ""},
            generator="test",
            seed=0,
            document_ids=tuple(f"d{place}" for place in range(2 + number % 2)),
            context_id=f"c{number}",
        )
        for number in range(8)
    ]
    write_documents(folder / "documents" / "0.parquet", documents)
    write_samples(folder / "samples" / "0.parquet", samples)
    return folder


def recipe_of(model: Path, data: Path, **tables: Any) -> Recipe:
    return Recipe.model_validate(
        {
            "steps": 2,
            "model": {"path": str(model), "gradient_checkpointing": False},
            "data": {"folders": [str(data)], "max_input_tokens": 200, "held_out_share": 0.25},
            "rollout": {"max_output_tokens": 8, "group_size": 4, "temperature": 1.0, "top_p": 1.0},
            "batch": {"prompts": 4},
            "eval": {"every": 2, "samples": 2},
            "optimizer": {"lr": 1e-3},
            "logging": {"report_to": []},
            **tables,
        }
    )


def test_a_recipe_with_a_memory_trains_the_agent(model_folder: Path, read_dataset: Path, tmp_path: Path):
    policy: Policy = load_policy(model_folder)
    plain = recipe_source(recipe_of(model_folder, read_dataset), policy, RuleGrader())
    agent = recipe_source(recipe_of(model_folder, read_dataset, memory=READING), policy, RuleGrader())
    assert isinstance(plain, FullContextSource)
    assert isinstance(agent, MemorySource)
    assert agent.settings == MemorySettings(16, 24, 12, answer_tokens=8, prompts="tiny_chunk_first")


def test_memory_rl_runs_through_the_same_command_and_takes_one_step_a_batch(
    model_folder: Path, read_dataset: Path, tmp_path: Path
):
    recipe = recipe_of(model_folder, read_dataset, memory=READING)
    result = train(recipe, tmp_path / "run")
    lines = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert [line["step"] for line in lines] == [0, 1, 2]
    assert [line["optimizer_steps"] for line in lines[1:]] == [1.0, 1.0]  # readings of two and of three chunks
    assert all(float(line["mismatch_max"] or 0) < 1e-3 for line in lines[1:])  # the trainer meets the rollout's prompts
    assert "eval/reward" in lines[2]
    assert float(lines[1]["memory/kept"] or 0) <= 3 and float(lines[1]["memory/tokens"] or 0) >= 1
    again = train(recipe, tmp_path / "again")
    weights = [(each.model_folder / "model.safetensors").read_bytes() for each in (result, again)]
    assert weights[0] == weights[1]
    assert weights[0] != (model_folder / "model.safetensors").read_bytes()


def test_the_agent_needs_its_documents(model_folder: Path, word_dataset: Path, tmp_path: Path):
    with pytest.raises(InputError, match="no documents/"):
        train(recipe_of(model_folder, word_dataset, memory=READING), tmp_path / "run")


def test_the_recipes_are_figure_6s_and_the_tiny_one():
    paper = load_recipe(RECIPES / "qwen3_4b_memory.toml")
    assert paper.memory is not None
    assert (paper.memory.chunk_tokens, paper.memory.memory_tokens, paper.data.max_input_tokens) == (
        32_000,
        15_000,
        128_000,
    )
    assert (paper.batch.prompts, paper.rollout.group_size, paper.optimizer.lr) == (128, 8, 2e-6)
    tiny = load_recipe(RECIPES / "tiny_memory.toml")
    assert tiny.memory is not None
    assert tiny.memory.prompts == "tiny_chunk_first"
    assert longest_turn(paper) == (49_000, 16_000)
    plain = load_recipe(RECIPES / "tiny.toml")
    assert longest_turn(plain) == (plain.data.max_input_tokens, plain.rollout.max_output_tokens)


def test_an_unknown_prompt_set_is_refused_in_one_line(tmp_path: Path):
    path = tmp_path / "wrong.toml"
    path.write_text('[model]\npath = "m"\n[data]\nfolders = ["d"]\n[memory]\nprompts = "huge"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"field memory.prompts: .*unknown prompt set"):
        load_recipe(path)
