"""A run that was put down and taken up is the run that was not; what is damaged or of another run is refused."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast, Qwen3Config

from longstride.engines.local.checkpoints import (
    checkpoint_to_resume,
    latest_checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from longstride.engines.local.gradients import clip_gradients
from longstride.engines.local.optimizers import Optimizer, OptimizerSettings, make_optimizer
from longstride.engines.local.policy import LoraSettings, Policy, policy_of
from longstride.engines.local.shared_prefix import Row, SharedPrefix
from longstride.engines.local.update import accumulate_gradients
from longstride.errors import InputError

# Saves checkpoints of ~3 MB under a limit on the size of a file that the third cannot meet, and prints the error.
FULL_DISK = """
import resource, sys
from pathlib import Path
import torch
from torch.nn import Parameter
from longstride.engines.local.checkpoints import load_checkpoint, save_checkpoint, latest_checkpoint
from longstride.engines.local.optimizers import OptimizerSettings, make_optimizer
from longstride.engines.local.tensor_files import write_tensors
from longstride.errors import ExpectedError

class Whole:
    trainable = {"layers.0.w": Parameter(torch.ones(300_000))}
    def save(self, folder):
        write_tensors(folder, "model", self.trainable)

torch.set_num_threads(1)
policy, folder = Whole(), Path(sys.argv[1])
optimizer = make_optimizer(policy.trainable, OptimizerSettings())
for step in (1, 2, 3):
    policy.trainable["layers.0.w"].grad = torch.full((300_000,), float(step))
    optimizer.step(0.1)
    if step == 3:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))  # the weights fit, the moments do not
    try:
        save_checkpoint(folder, step, policy, optimizer, {"step": step}, keep_last=1)
    except ExpectedError as error:
        print(error)
last = load_checkpoint(latest_checkpoint(folder))
last.restore(policy, optimizer)
print(last.step, last.state["step"], sorted(path.name for path in folder.iterdir()))
"""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tokenizer() -> PreTrainedTokenizerFast:
    words = {word: number for number, word in enumerate(["<pad>", "<eos>", *"abcdefghij"])}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel(words, unk_token="<pad>")), pad_token="<pad>", eos_token="<eos>"
    )


def policy(
    dtype: torch.dtype = torch.float32, *, tied: bool = True, seed: int = 0, lora: LoraSettings | None = None
) -> Policy:
    config = Qwen3Config(
        vocab_size=12,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        tie_word_embeddings=tied,
    )
    torch.manual_seed(seed)
    return policy_of(AutoModelForCausalLM.from_config(config, dtype=dtype), tokenizer(), lora=lora)


def train(policy: Policy, optimizer: Optimizer, steps: range) -> None:
    """A step's group comes from torch's generator and Python's, whose states a checkpoint holds."""
    for _ in steps:
        prefix, *rows = (torch.randint(0, 12, (length,)).tolist() for length in (6, 3, random.randint(1, 5)))
        shared = SharedPrefix(tuple(prefix), tuple(Row(tuple(row), 0) for row in rows))
        accumulate_gradients(policy, shared, [torch.randn(len(row)) for row in rows], 0.7)
        clip_gradients(optimizer.parameters(), 1.0)
        optimizer.step(1e-2)
        optimizer.zero_grad()


def weights(policy: Policy) -> dict[str, Any]:
    return {name: tensor.tolist() for name, tensor in policy.model.state_dict().items()}


def seeded() -> None:
    torch.manual_seed(1)
    random.seed(1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_a_run_goes_on_as_if_never_interrupted(tmp_path: Path, name: str, dtype: torch.dtype):
    settings = OptimizerSettings(name=name)
    seeded()
    through = policy(dtype)
    seeded()
    train(through, make_optimizer(through.trainable, settings), range(6))

    first = policy(dtype)
    optimizer = make_optimizer(first.trainable, settings)
    seeded()
    train(first, optimizer, range(3))
    save_checkpoint(tmp_path, 3, first, optimizer, {"sampler": {"batch": 3}}, max_shard_bytes=2000)
    train(first, optimizer, range(3, 5))  # lost with a kill, as are these numbers
    random.seed(99)

    second = policy(dtype, seed=5)
    resumed = make_optimizer(second.trainable, settings)
    checkpoint = checkpoint_to_resume(tmp_path, "must")
    assert checkpoint is not None
    assert (checkpoint.step, checkpoint.state) == (3, {"sampler": {"batch": 3}})
    checkpoint.restore(second, resumed)
    train(second, resumed, range(3, 6))
    assert weights(second) == weights(through)


def test_the_check_above_can_fail(tmp_path: Path):
    """Weights alone, without the optimizer's moments, lead elsewhere."""
    first = policy()
    optimizer = make_optimizer(first.trainable, OptimizerSettings())
    seeded()
    train(first, optimizer, range(3))
    checkpoint = load_checkpoint(save_checkpoint(tmp_path, 3, first, optimizer, {}))
    train(first, optimizer, range(3, 6))
    second = policy()
    checkpoint.restore(second, make_optimizer(second.trainable, OptimizerSettings()))
    train(second, make_optimizer(second.trainable, OptimizerSettings()), range(3, 6))
    assert weights(second) != weights(first)


@pytest.mark.parametrize("tied", [True, False])
def test_its_model_folder_is_one_that_transformers_loads(tmp_path: Path, tied: bool):
    held = policy(tied=tied)
    optimizer = make_optimizer(held.trainable, OptimizerSettings())
    train(held, optimizer, range(1))
    folder = load_checkpoint(save_checkpoint(tmp_path, 1, held, optimizer, {})).model_folder
    assert ("lm_head.weight" in load_file(folder / "model.safetensors")) is not tied
    loaded = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    assert {name: tensor.tolist() for name, tensor in loaded.state_dict().items()} == weights(held)
    assert AutoTokenizer.from_pretrained(folder, local_files_only=True).get_vocab() == tokenizer().get_vocab()


def test_float32_masters_stand_beside_a_bfloat16_model_under_its_names(tmp_path: Path):
    held = policy(torch.bfloat16)
    optimizer = make_optimizer(held.trainable, OptimizerSettings())
    train(held, optimizer, range(1))
    path = save_checkpoint(tmp_path, 1, held, optimizer, {})
    model, masters = load_file(path / "model" / "model.safetensors"), load_file(path / "masters" / "model.safetensors")
    assert sorted(model) == sorted(masters)
    assert all(torch.equal(masters[name].bfloat16(), model[name]) for name in model)
    assert {tensor.dtype for tensor in masters.values()} == {torch.float32}


def test_adapters_are_saved_apart_and_added_into_the_model_folder(tmp_path: Path):
    pytest.importorskip("peft")
    lora = LoraSettings(rank=2, targets=("q_proj",))
    first = policy(lora=lora)
    optimizer = make_optimizer(first.trainable, OptimizerSettings())
    train(first, optimizer, range(2))
    checkpoint = load_checkpoint(save_checkpoint(tmp_path, 2, first, optimizer, {}))
    name = "model.layers.0.self_attn.q_proj"
    factors = load_file(checkpoint.folder / "adapters" / "model.safetensors")
    assert sorted(factors) == sorted(first.trainable)
    product = factors[f"{name}.lora_B.default.weight"] @ factors[f"{name}.lora_A.default.weight"]
    merged = load_file(checkpoint.model_folder / "model.safetensors")[f"{name}.weight"]
    base = policy().model.get_parameter(f"{name}.weight")
    assert torch.allclose(merged, base + product * lora.alpha / lora.rank, atol=1e-6)
    assert not torch.allclose(merged, base, atol=1e-6)

    second = policy(lora=lora)
    resumed = make_optimizer(second.trainable, OptimizerSettings())
    checkpoint.restore(second, resumed)
    for held, its_optimizer in ((first, optimizer), (second, resumed)):
        seeded()
        train(held, its_optimizer, range(2, 4))
    assert weights(second) == weights(first)


def test_nothing_is_pickled(tmp_path: Path):
    held = policy(torch.bfloat16)
    path = save_checkpoint(tmp_path, 1, held, make_optimizer(held.trainable, OptimizerSettings()), {})
    suffixes = {each.suffix for each in path.rglob("*") if each.is_file()}
    assert suffixes <= {".json", ".safetensors", ".jinja", ".txt"}


def test_the_same_step_is_saved_once(tmp_path: Path):
    held = policy()
    optimizer = make_optimizer(held.trainable, OptimizerSettings())
    path = save_checkpoint(tmp_path, 1, held, optimizer, {"first": True})
    assert save_checkpoint(tmp_path, 1, held, optimizer, {"first": False}) == path
    assert load_checkpoint(path).state == {"first": True}


def test_whether_to_go_on(tmp_path: Path):
    held = policy()
    optimizer = make_optimizer(held.trainable, OptimizerSettings())
    folder = tmp_path / "checkpoints"
    assert checkpoint_to_resume(folder, "auto") is None
    assert checkpoint_to_resume(folder, "never") is None
    with pytest.raises(InputError, match="holds no checkpoint to go on from"):
        checkpoint_to_resume(folder, "must")
    for step in (1, 2):
        save_checkpoint(folder, step, held, optimizer, {})
    assert latest_checkpoint(folder) == folder / "step-00000002"
    for mode in ("auto", "must"):
        found = checkpoint_to_resume(folder, mode)
        assert found is not None
        assert found.step == 2
    with pytest.raises(InputError, match="holds step-00000002 already; choose another folder, or --resume auto"):
        checkpoint_to_resume(folder, "never")
    with pytest.raises(ValueError, match="unknown resume 'maybe'"):
        checkpoint_to_resume(folder, "maybe")


def test_a_damaged_latest_is_an_error_that_names_the_file_and_the_way_back(tmp_path: Path):
    held = policy()
    optimizer = make_optimizer(held.trainable, OptimizerSettings())
    for step in (1, 2):
        save_checkpoint(tmp_path, step, held, optimizer, {})
    damaged = tmp_path / "step-00000002" / "optimizer" / "optimizer.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"optimizer.safetensors: has .* to go on from step-00000001"):
        checkpoint_to_resume(tmp_path, "auto")


def test_a_full_disk_leaves_the_last_checkpoint_and_is_one_line(tmp_path: Path):
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert not done.returncode, done.stderr
    error, last = done.stdout.splitlines()
    assert error.startswith(f"{tmp_path}: the checkpoint of step 3 cannot be written (")
    assert error.endswith("step-00000002 is untouched; make room, or keep fewer checkpoints")
    assert last == "2 2 ['step-00000002']"


def test_a_state_that_is_no_json_is_refused_before_anything_is_written(tmp_path: Path):
    held = policy()
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_checkpoint(
            tmp_path, 1, held, make_optimizer(held.trainable, OptimizerSettings()), {"reward": float("nan")}
        )
    assert list(tmp_path.iterdir()) == []


def test_another_run_is_refused_in_one_line(tmp_path: Path):
    held = policy()
    optimizer = make_optimizer(held.trainable, OptimizerSettings())
    train(held, optimizer, range(1))
    checkpoint = load_checkpoint(save_checkpoint(tmp_path, 1, held, optimizer, {}))
    other = policy(torch.bfloat16)
    with pytest.raises(InputError, match="take the model, dtype and optimizer that it was made with"):
        checkpoint.restore(other, make_optimizer(other.trainable, OptimizerSettings()))
    with pytest.raises(InputError, match="of adamw, this optimizer is muon"):
        checkpoint.restore(held, make_optimizer(held.trainable, OptimizerSettings(name="muon")))
    untied = policy(tied=False)
    with pytest.raises(InputError, match=r"it holds no lm_head\.weight"):
        checkpoint.restore(untied, make_optimizer(untied.trainable, OptimizerSettings()))


def test_the_same_state_gives_the_same_bytes(tmp_path: Path):
    held = policy(torch.bfloat16)
    optimizer = make_optimizer(held.trainable, OptimizerSettings())
    train(held, optimizer, range(1))
    manifests = [
        json.loads((save_checkpoint(tmp_path / name, 1, held, optimizer, {"a": 1}) / "manifest.json").read_text())
        for name in ("one", "two")
    ]
    assert manifests[0] == manifests[1]
