"""Loading, saving and adapting the model that learns."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from longstride.engines.local.layouts import Packed
from longstride.engines.local.policy import LoraSettings, Policy, load_policy, policy_of
from longstride.engines.local.shared_prefix import Row, SharedPrefix
from longstride.engines.local.update import accumulate_gradients, logprobs
from longstride.errors import InputError

TinyModel = Callable[..., PreTrainedModel]
ARCHITECTURES = ("qwen3", "qwen2", "llama")
SHARED = SharedPrefix((5, 9, 20, 33), (Row((7, 8, 2)), Row((40, 2))))


def saved(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Path:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def plain_logits(model: PreTrainedModel, ids: list[int]) -> Tensor:
    with torch.no_grad():
        return model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("tied", [False, True])
def test_a_saved_policy_is_a_model_that_transformers_loads(
    tmp_path: Path, tiny_model: TinyModel, tiny_tokenizer: PreTrainedTokenizerBase, architecture: str, tied: bool
):
    model = tiny_model(architecture, tie_word_embeddings=tied)
    policy = load_policy(saved(tmp_path / "start", model, tiny_tokenizer))
    assert (policy.device.type, policy.dtype, policy.layers) == ("cpu", torch.float32, 3)
    accumulate_gradients(policy, SHARED, [torch.ones(3), torch.ones(2)], 1.0)
    with torch.no_grad():
        for parameter in policy.trainable.values():
            assert parameter.grad is not None
            parameter.add_(parameter.grad, alpha=0.01)
    policy.save(tmp_path / "end")
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "end")
    expected, found = policy.model.state_dict(), again.state_dict()
    assert expected.keys() == found.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert any(not torch.equal(found[name], model.state_dict()[name]) for name in found)
    assert not list((tmp_path / "end").glob("*.bin"))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_hidden_states_are_those_before_the_head(
    tiny_model: TinyModel, tiny_tokenizer: PreTrainedTokenizerBase, architecture: str
):
    ids = [4, 8, 15, 16, 23, 42]
    expected = plain_logits(tiny_model(architecture), ids)
    policy = policy_of(tiny_model(architecture), tiny_tokenizer)
    with torch.no_grad():
        hidden_LH = policy.hidden(torch.tensor([ids]), torch.arange(6)[None], Packed(0, (6,)))
    torch.testing.assert_close(hidden_LH @ policy.head_weight_VH.T, expected, atol=1e-5, rtol=1e-4)


def test_a_forward_call_without_a_layout_is_refused(tiny_model: TinyModel, tiny_tokenizer: PreTrainedTokenizerBase):
    policy = policy_of(tiny_model(), tiny_tokenizer)
    with pytest.raises(TypeError, match="needs the argument layout"):
        policy.model(input_ids=torch.tensor([[4, 8]]), use_cache=False)


def test_dtypes(tmp_path: Path, tiny_model: TinyModel, tiny_tokenizer: PreTrainedTokenizerBase):
    folder = saved(tmp_path, tiny_model(), tiny_tokenizer)
    assert load_policy(folder, dtype="bfloat16", device="cpu").dtype == torch.bfloat16
    with pytest.raises(ValueError, match="unknown dtype 'int8'; known: auto, float32, bfloat16"):
        load_policy(folder, dtype="int8")


def test_a_pickled_checkpoint_is_refused_unread(
    tmp_path: Path, tiny_model: TinyModel, tiny_tokenizer: PreTrainedTokenizerBase
):
    """Negative control: unpickling this file would write another."""
    folder, trap = saved(tmp_path / "model", tiny_model(), tiny_tokenizer), tmp_path / "trap"
    (folder / "model.safetensors").unlink()
    torch.save({"trap": _Trap(trap)}, folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="pickled weights are not read"):
        load_policy(folder)
    assert not trap.exists()
    torch.load(folder / "pytorch_model.bin", weights_only=False)
    assert trap.exists()


class _Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_tokenizer_is_the_one_that_is_described(
    tmp_path: Path, tiny_model: TinyModel, tiny_tokenizer: PreTrainedTokenizerBase, architecture: str
):
    """transformers' own choice for qwen2 reads no word of it."""
    folder = saved(tmp_path / "start", tiny_model(architecture), tiny_tokenizer)
    policy = load_policy(folder)
    policy.save(tmp_path / "end")
    for tokenizer in (policy.tokenizer, load_policy(tmp_path / "end").tokenizer):
        assert tokenizer("w3 w7")["input_ids"] == [3, 7]
        assert (tokenizer.eos_token_id, tokenizer.pad_token_id) == (2, 1)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path, tiny_model: TinyModel):
    tiny_model().save_pretrained(tmp_path)
    with pytest.raises(InputError, match="holds no tokenizer that can be read"):
        load_policy(tmp_path)


def test_a_model_of_another_kind_is_refused(tmp_path: Path, tiny_model: TinyModel):
    model = tiny_model(layer_types=["full_attention", "sliding_attention", "full_attention"], use_sliding_window=True)
    model.save_pretrained(tmp_path)
    with pytest.raises(InputError, match=r"config\.json: field layer_types: holds 'sliding_attention'"):
        load_policy(tmp_path)


@pytest.fixture
def adapted(tiny_model: TinyModel, tiny_tokenizer: PreTrainedTokenizerBase) -> Policy:
    pytest.importorskip("peft")
    return policy_of(tiny_model(), tiny_tokenizer, lora=LoraSettings(rank=4, alpha=8))


@pytest.mark.parametrize("form", ["packed", "streamed"])
def test_adapters_learn_and_the_weights_below_stay(adapted: Policy, form: str):
    assert adapted.trainable and all(".lora_" in name for name in adapted.trainable)
    before = {name: tensor.clone() for name, tensor in adapted.model.state_dict().items()}
    accumulate_gradients(adapted, SHARED, [torch.ones(3), torch.ones(2)], 1.0, form=form)
    assert all(parameter.grad is not None for parameter in adapted.trainable.values())
    assert not any(p.grad is not None for p in adapted.model.parameters() if not p.requires_grad)
    assert all(torch.equal(before[name], tensor) for name, tensor in adapted.model.state_dict().items())


def test_adapters_are_added_into_what_is_saved(tmp_path: Path, adapted: Policy, tiny_model: TinyModel):
    untouched = plain_logits(tiny_model(), [5, 9, 20, 33, 7, 8])
    with torch.no_grad():
        for parameter in adapted.trainable.values():
            parameter.normal_(std=0.1, generator=torch.Generator().manual_seed(0))
    adapted.save(tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert again.state_dict().keys() == tiny_model().state_dict().keys()
    logits_LV = plain_logits(again, [5, 9, 20, 33, 7, 8])
    found = logprobs(adapted, SHARED, 1.0)[0].logprobs_T
    expected_T = logits_LV[3:].log_softmax(-1).gather(1, torch.tensor([[7], [8], [2]]))[:, 0]
    torch.testing.assert_close(found, expected_T, atol=1e-5, rtol=1e-4)
    assert (logits_LV - untouched).abs().max() > 0.1


def test_unknown_adapter_targets_are_refused(tiny_model: TinyModel, tiny_tokenizer: PreTrainedTokenizerBase):
    pytest.importorskip("peft")
    with pytest.raises(InputError, match=r"field lora\.targets: .*known: q_proj"):
        policy_of(tiny_model(), tiny_tokenizer, lora=LoraSettings(targets=("nowhere",)))


def test_a_process_may_begin_with_a_recomputed_layer():
    """The kernels' trial makes tensors of its own: inside a layer that is recomputed these would be counted as its."""
    program = """
import torch
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from longstride.engines.local.policy import policy_of
from longstride.engines.local.shared_prefix import Row, SharedPrefix
from longstride.engines.local.update import accumulate_gradients
config = Qwen3Config(vocab_size=64, hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
                     num_key_value_heads=1, head_dim=16, pad_token_id=None, bos_token_id=None, eos_token_id=None)
tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"w0": 0}, unk_token="w0")))
policy = policy_of(Qwen3ForCausalLM(config).float(), tokenizer, gradient_checkpointing=True)
shared = SharedPrefix((1, 2, 3), (Row((4, 5), 0),))
accumulate_gradients(policy, shared, [torch.ones(2)], 1.0, form="packed")
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
