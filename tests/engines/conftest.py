"""A model of a few thousand parameters over a dozen words, and questions whose one right answer is a word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from longstride.records import Message, Sample
from longstride.records.parquet import write_samples

WORDS = ("<pad>", "<bos>", "<eos>", "<unk>", "say", "the", "word", ":", "yes", "no", "red", "blue", "one", "two")


def make_tokenizer() -> PreTrainedTokenizerFast:
    inner = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>", unk_token="<unk>"
    )


def make_sample(number: int, answer: str = "yes", task: str = "multi_hop", style: str = "exact") -> Sample:
    return Sample(
        id=f"s{number}",
        data_source="test",
        prompt=(Message(role="user", content=f"say the word {'red' if number % 2 else 'blue'} one :"),),
        task=task,
        question_type="multi_fact",
        core_question="say the word",
        format_instructions="",
        ground_truth=(answer,),
        reward_style=style,
        generator="test",
        seed=0,
        reward_arguments={"extraction": "whole"},
        context_id=f"c{number // 2}",
    )


@pytest.fixture
def word_tokenizer() -> PreTrainedTokenizerFast:
    return make_tokenizer()


@pytest.fixture
def make_word_sample() -> Callable[..., Sample]:
    """`make_word_sample(3, "yes", "numerical")`: a question whose whole response must be that word."""
    return make_sample


@pytest.fixture(scope="session")
def tiny_model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Qwen3 of 14 words, saved as any model is. Not to be written to."""
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=len(WORDS),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=128,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    folder = tmp_path_factory.mktemp("models") / "tiny"
    Qwen3ForCausalLM(config).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def word_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 questions of two tasks: one task's answer is yes, the other's no. Not to be written to."""
    folder = tmp_path_factory.mktemp("data") / "words"
    samples = [
        make_sample(number, *(("yes", "multi_hop") if number % 2 else ("no", "numerical"))) for number in range(24)
    ]
    write_samples(folder / "samples" / "samples-000.parquet", samples)
    return folder
