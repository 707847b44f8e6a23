"""What the engine's benchmarks measure: a Qwen3 of 3.7 million random weights."""

from __future__ import annotations

from transformers import Qwen3Config

VOCABULARY = 2048


def model_settings(eos_token_id: int | None = None, pad_token_id: int | None = None) -> Qwen3Config:
    """Four layers of width 256, two key and value heads, tied embeddings."""
    return Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=768,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=64,
        max_position_embeddings=32_768,
        tie_word_embeddings=True,
        eos_token_id=eos_token_id,
        pad_token_id=pad_token_id,
        bos_token_id=None,
    )
