"""A language model of under half a million parameters in an ordinary model folder, ready to learn to look things up."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from longstride.engines.local.warmup.induction import initialise_induction
from longstride.engines.local.warmup.word_tokenizer import BOS, EOS, PAD, word_tokenizer
from longstride.errors import InputError

WHOLE_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class TinyShape:
    """The shape of a tiny Qwen3. All numbers are ours: the smallest seen to learn the small world in minutes."""

    hidden_size: int = 128
    layers: int = 2  # a third made training slower and answers no better
    heads: int = 4  # so many tokens back the first layer looks
    head_size: int = 32
    mlp_size: int = 256
    rope_theta: float = 1e6  # as Qwen3's
    max_tokens: int = 4096


def tiny_model(tokenizer: PreTrainedTokenizerFast, seed: int, shape: TinyShape | None = None) -> Qwen3ForCausalLM:
    """A Qwen3 in float32 with the weights of `initialise_induction`: it copies, and knows nothing.

    The same seed and shape give the same weights. Raises ValueError for a shape that cannot hold the circuit.
    """
    shape = shape or TinyShape()
    numbers = tokenizer.get_vocab()
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        head_dim=shape.head_size,
        intermediate_size=shape.mlp_size,
        max_position_embeddings=shape.max_tokens,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_theta},
        tie_word_embeddings=True,
        bos_token_id=numbers[BOS],
        eos_token_id=numbers[EOS],
        pad_token_id=numbers[PAD],
        dtype=torch.float32,
    )
    with torch.random.fork_rng(devices=[]):  # transformers draws weights that are overwritten
        model = Qwen3ForCausalLM(config)
    initialise_induction(model, seed, quantities(numbers))
    return model.eval()


def quantities(numbers: Mapping[str, int]) -> Tensor:
    """[V] where each whole number stands among those of as many digits: -1 for the least, 1 for the most, evenly.

    numbers: the vocabulary, word -> id. Words that are no whole numbers give 0, and so does a number alone.
    """
    quantity_V = torch.zeros(len(numbers))
    by_digits: dict[int, list[str]] = {}
    for word in sorted(filter(WHOLE_NUMBER.fullmatch, numbers)):
        by_digits.setdefault(len(word), []).append(word)
    for words in by_digits.values():
        for rank, word in enumerate(words):
            quantity_V[numbers[word]] = 2 * rank / (len(words) - 1) - 1 if len(words) > 1 else 0.0
    return quantity_V


def make_tiny_model(
    folder: str | Path, seed: int, *, words: Sequence[str] | None = None, shape: TinyShape | None = None
) -> Path:
    """Write a tiny model and its word-level tokenizer to a new `folder` that transformers loads; gives its path.

    words: of the tokenizer; None takes those of the small world. The same arguments give the same bytes.
    Raises InputError where the folder is there already and not empty.
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise InputError("is there already", path=folder, cure="choose another folder for the tiny model")
    tokenizer = word_tokenizer(words)
    tiny_model(tokenizer, seed, shape).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
