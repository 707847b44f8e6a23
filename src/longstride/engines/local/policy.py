"""The model that learns: a Hugging Face causal LM in safetensors, whose attention is told by each call's layout.

Shapes: B rows, L positions of a call, H hidden width, V vocabulary, k key-value heads, d numbers a head.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import Module, Parameter
from torch.utils.checkpoint import checkpoint
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)

from longstride.engines.local import attention
from longstride.engines.local.architectures import check_architecture, check_folder
from longstride.engines.local.attention import AttentionLayout
from longstride.engines.local.kernels import quick
from longstride.engines.local.layouts import KeysOnly
from longstride.errors import InputError, unknown_name

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
LORA_TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
ADAPTER = "default"


@dataclass(frozen=True)
class LoraSettings:
    """Low-rank adapters beside frozen weights (peft). No dropout: rollout and update see the same policy."""

    rank: int = 32  # not in the paper
    alpha: int = 64  # not in the paper
    targets: tuple[str, ...] = LORA_TARGETS


@dataclass(frozen=True, eq=False)
class Policy:
    """A causal LM, its tokenizer, and the few doors through which rollout and update use it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    gradient_checkpointing: bool = False

    @property
    def device(self) -> torch.device:
        return self.head_weight_VH.device

    @property
    def dtype(self) -> torch.dtype:
        return self.head_weight_VH.dtype

    @property
    def layers(self) -> int:
        """How many decoder layers there are."""
        return len(self._decoder.layers)

    @property
    def head_weight_VH(self) -> Parameter:
        """The output projection; the embedding itself where they are tied."""
        return cast(Parameter, self._head.weight)

    @property
    def head_bias_V(self) -> Parameter | None:
        return cast("Parameter | None", getattr(self._head, "bias", None))

    @property
    def trainable(self) -> dict[str, Parameter]:
        """The parameters that learn, by name; tied ones stand once."""
        return {name: parameter for name, parameter in self.model.named_parameters() if parameter.requires_grad}

    def hidden(
        self, ids_1L: Tensor, positions_1L: Tensor, layout: AttentionLayout, *, checkpointing: bool | None = None
    ) -> Tensor:
        """[L, H] after the final norm, before the head. `checkpointing` overrides the policy's own setting."""
        hidden_1LH = self.run_layers(self.embedded(ids_1L), positions_1L, layout, checkpointing=checkpointing)
        return self.normed(hidden_1LH)

    def embedded(self, ids_1L: Tensor) -> Tensor:
        """[1, L, H]: what the first layer reads."""
        return self._decoder.embed_tokens(ids_1L)

    def run_layers(
        self,
        hidden_1LH: Tensor,
        positions_1L: Tensor,
        layout: AttentionLayout,
        *,
        layers: slice = slice(None),
        checkpointing: bool | None = None,
    ) -> Tensor:
        """[1, L, H] after the decoder layers of `layers`. With checkpointing a layer keeps its input alone."""
        rotations = self._decoder.rotary_emb(hidden_1LH, positions_1L)
        keep_inputs = self.gradient_checkpointing if checkpointing is None else checkpointing
        for layer in self._decoder.layers[layers]:
            run = partial(layer, position_ids=positions_1L, position_embeddings=rotations, layout=layout)
            if keep_inputs and torch.is_grad_enabled():
                hidden_1LH = checkpoint(run, hidden_1LH, use_reentrant=False, preserve_rng_state=False)
            else:
                hidden_1LH = run(hidden_1LH)
        return hidden_1LH

    def keys_and_values(self, layer: int, hidden_1LH: Tensor, positions_1L: Tensor) -> tuple[Tensor, Tensor]:
        """(key, value) [1, k, L, d] that one layer makes of its input, with positions rotated in, and nothing else.

        The last layer of a prompt needs no more: what it would attend to, and all that follows, is read by nobody.
        """
        module, layout = self._decoder.layers[layer], KeysOnly()
        rotations = self._decoder.rotary_emb(hidden_1LH, positions_1L)
        module.self_attn(
            hidden_states=module.input_layernorm(hidden_1LH),
            position_embeddings=rotations,
            attention_mask=None,
            layout=layout,
        )
        return layout.taken()

    def normed(self, hidden_1LH: Tensor) -> Tensor:
        """[L, H]: the final norm."""
        return self._decoder.norm(hidden_1LH)[0]

    def save(self, folder: Path) -> None:
        """A model folder that transformers and vllm load: config, tokenizer, safetensors; adapters are added in."""
        self.model.save_pretrained(folder, state_dict=_without_adapters(self.model), max_shard_size="5GB")
        self.tokenizer.save_pretrained(folder)

    @property
    def _decoder(self) -> Any:
        return self.model.base_model

    @property
    def _head(self) -> Module:
        return cast(Module, self.model.get_output_embeddings())


def load_policy(
    folder: Path | str,
    *,
    dtype: str = "auto",
    device: str = "auto",
    gradient_checkpointing: bool = False,
    lora: LoraSettings | None = None,
) -> Policy:
    """The policy of a model folder (config.json, tokenizer, safetensors). No code of the folder is run.

    dtype: "float32", "bfloat16", or "auto": float32 on a CPU, bfloat16 elsewhere.
    device: as torch names it, or "auto": the GPU where there is one.
    Raises InputError for a folder that is none or holds pickled weights, and for a model this engine cannot train.
    """
    path = Path(folder)
    check_folder(path)
    place = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
    if dtype != "auto" and dtype not in DTYPES:
        raise unknown_name("dtype", dtype, ("auto", *DTYPES))
    number = DTYPES[dtype] if dtype != "auto" else torch.float32 if place.type == "cpu" else torch.bfloat16
    tokenizer = _tokenizer_of(path)
    check_architecture(AutoConfig.from_pretrained(path, local_files_only=True).to_dict(), path / "config.json")
    attention.register()
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        path,
        dtype=number,
        attn_implementation=attention.NAME,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
    )
    cast(Module, model).to(place)
    return policy_of(model, tokenizer, gradient_checkpointing=gradient_checkpointing, lora=lora)


def policy_of(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    *,
    gradient_checkpointing: bool = False,
    lora: LoraSettings | None = None,
) -> Policy:
    """The policy of a model in memory, which from now on needs a layout in every forward call.

    With `lora` its weights are frozen and adapters are put beside them, in place. InputError as `load_policy`.
    """
    check_architecture(model.config.to_dict())
    attention.register()
    model.set_attn_implementation(attention.NAME)
    if lora is not None:
        _add_adapters(model, lora)
    policy = Policy(model, tokenizer, gradient_checkpointing)
    width = int(model.config.to_dict().get("head_dim") or model.config.hidden_size // model.config.num_attention_heads)
    quick(policy.device.type, model.dtype, width)  # its trial must not run inside a layer that is recomputed
    return policy


def _tokenizer_of(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer that tokenizer.json describes, in transformers' class for the model where this reads it as it is.

    For some architectures that class builds a tokenizer of its own kind whatever the file says, or of no words at all
    where there is no file.
    """
    path = folder / "tokenizer.json"
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        chosen = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        read = json.loads(chosen.backend_tokenizer.to_str())
        if all(read.get(part) == described.get(part) for part in ("normalizer", "pre_tokenizer", "decoder")):
            return chosen
        return PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, AttributeError) as error:
        cure = "save the model's fast tokenizer beside its weights"
        raise InputError(f"holds no tokenizer that can be read: {_first_line(error)}", path=path, cure=cure) from None


def _add_adapters(model: PreTrainedModel, lora: LoraSettings) -> None:
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError:
        raise InputError("adapters need the package peft", cure="pip install 'longstride[lora]'") from None
    settings = LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=0.0, bias="none", target_modules=list(lora.targets)
    )
    try:
        inject_adapter_in_model(settings, model, adapter_name=ADAPTER)
    except ValueError as error:
        raise InputError(_first_line(error), field="lora.targets", cure=f"known: {', '.join(LORA_TARGETS)}") from None


def _without_adapters(model: PreTrainedModel) -> dict[str, Tensor]:
    """The weights under the names of the plain model; an adapted layer's are its own plus its adapter's product."""
    weights: dict[str, Tensor] = {}
    for name, tensor in model.state_dict().items():
        if ".lora_" in name:
            continue
        owner, _, kind = name.rpartition(".base_layer.")
        if owner and kind == "weight":
            adapted = cast(Any, model.get_submodule(owner))
            tensor = tensor + adapted.get_delta_weight(ADAPTER).to(tensor.dtype)
        weights[f"{owner}.{kind}" if owner else name] = tensor
    return weights


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
