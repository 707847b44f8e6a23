"""Tiny models with random weights, one an architecture, and a tokenizer of a few words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

MODELS = {
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "llama": (LlamaConfig, LlamaForCausalLM),
}
VOCABULARY = 61
TinyModel = Callable[..., PreTrainedModel]

torch.set_num_threads(1)  # two pytest workers that share two cores wait for each other's threads otherwise


@pytest.fixture
def tiny_model() -> TinyModel:
    """`tiny_model("qwen3", seed=0, dtype=torch.float32, num_key_value_heads=1, ...)`: weights are wide, so that
    attention is far from even and a wrong mask shows."""

    def make(
        architecture: str = "qwen3", *, seed: int = 0, dtype: torch.dtype = torch.float32, **settings: object
    ) -> PreTrainedModel:
        options = {
            "vocab_size": VOCABULARY,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 8,
            "max_position_embeddings": 512,
            "initializer_range": 0.2,
            "tie_word_embeddings": False,
            "pad_token_id": None,
            "bos_token_id": None,
            "eos_token_id": 2,
        }
        config_class, model_class = MODELS[architecture]
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = model_class(config_class(**{**options, **settings}))
        return model.to(dtype)

    return make


@pytest.fixture(scope="session")
def tiny_tokenizer() -> PreTrainedTokenizerBase:
    """Words w0 .. w60, one token each."""
    words = {f"w{index}": index for index in range(VOCABULARY)}
    tokenizer = Tokenizer(WordLevel(words, unk_token="w0"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="w2", pad_token="w1", unk_token="w0")
