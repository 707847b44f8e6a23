from __future__ import annotations

from collections.abc import Callable

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from longstride.engines.local.policy import policy_of
from longstride.engines.local.threads import settle_threads


def test_a_small_model_takes_one_thread(
    tiny_model: Callable[..., PreTrainedModel], tiny_tokenizer: PreTrainedTokenizerBase
):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        settle_threads(policy_of(tiny_model(), tiny_tokenizer))
        assert torch.get_num_threads() == 1
        torch.set_num_threads(2)
        settle_threads(policy_of(tiny_model(vocab_size=40_000), tiny_tokenizer))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
