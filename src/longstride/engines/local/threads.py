"""How many CPU threads a model is worth."""

from __future__ import annotations

import torch

from longstride.engines.local.policy import Policy

SMALL_PARAMETERS = 2_000_000  # not in the paper


def settle_threads(policy: Policy) -> None:
    """Take one thread for a small model on a CPU: its products are too short to share, and a second thread only waits.

    On a machine that others kept busy, a step of the warm start took nearly forty times as long with two threads.
    """
    parameters = sum(parameter.numel() for parameter in policy.model.parameters())
    if policy.device.type == "cpu" and parameters < SMALL_PARAMETERS:
        torch.set_num_threads(1)
