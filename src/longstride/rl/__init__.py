"""The recipe's reinforcement learning as plain functions and small state (paper 2.2, 4.2-4.4); no trainer.

Both engines call these; nothing here knows of a model, a file or a device of its own.
"""

from longstride.rl.advantage import (
    batch_advantages,
    broadcast_to_turns,
    group_advantages,
    task_advantages,
    tmn_advantages,
)
from longstride.rl.aepo import (
    Entrocraft,
    EntropyController,
    EntropyLatch,
    KeepAll,
    PositivesOnly,
    ReadmeBand,
)
from longstride.rl.chunked_head import chunked_logprobs, head_gradients, policy_gradient_head
from longstride.rl.entropy import batch_entropy, sequence_entropy, token_entropy, token_mean_entropy
from longstride.rl.loss import kl_divergence, policy_loss, token_objective, token_weights
from longstride.rl.negative_clipping import negative_clipping
from longstride.rl.retrospective import retrospective_weights, weighted_draw
from longstride.rl.sampler import TaskBalancedSampler

__all__ = [
    "Entrocraft",
    "EntropyController",
    "EntropyLatch",
    "KeepAll",
    "PositivesOnly",
    "ReadmeBand",
    "TaskBalancedSampler",
    "batch_advantages",
    "batch_entropy",
    "broadcast_to_turns",
    "chunked_logprobs",
    "group_advantages",
    "head_gradients",
    "kl_divergence",
    "negative_clipping",
    "policy_gradient_head",
    "policy_loss",
    "retrospective_weights",
    "sequence_entropy",
    "task_advantages",
    "tmn_advantages",
    "token_entropy",
    "token_mean_entropy",
    "token_objective",
    "token_weights",
    "weighted_draw",
]
