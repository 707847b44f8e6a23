from collections.abc import Callable

import pytest
import torch

from longstride.rl.negative_clipping import negative_clipping

MASK = torch.tensor([[1, 1, 1], [1, 1, 1], [1, 1, 0]], dtype=torch.bool)
ENTROPY = torch.tensor([[0.1, 0.9, 0.5], [0.1, 0.9, 0.5], [0.2, 0.3, 9.0]])  # means 0.5, 0.5, 0.25
ADVANTAGES = torch.tensor([1.0, -1.0, -1.0])


@pytest.mark.parametrize(
    ("level", "side", "threshold", "dropped"),
    [  # the four arms of Table 4
        ("token", "high", 0.4, [[0, 0, 0], [0, 1, 1], [0, 0, 0]]),
        ("token", "low", 0.25, [[0, 0, 0], [1, 0, 0], [1, 0, 0]]),
        ("sequence", "high", 0.4, [[0, 0, 0], [1, 1, 1], [0, 0, 0]]),
        ("sequence", "low", 0.4, [[0, 0, 0], [0, 0, 0], [1, 1, 0]]),
        ("sequence", "high", 9.0, [[0, 0, 0], [0, 0, 0], [0, 0, 0]]),
    ],
)
def test_only_what_is_wrong_and_beyond_the_threshold_is_dropped(
    level: str, side: str, threshold: float, dropped: list[list[int]]
):
    keep = negative_clipping(ADVANTAGES, ENTROPY, MASK, threshold=threshold, level=level, side=side)
    assert keep.dtype == torch.bool
    assert (~keep).int().tolist() == dropped


def test_the_threshold_itself_is_kept():
    entropy = torch.tensor([[0.5]])
    mask = torch.ones(1, 1, dtype=torch.bool)
    for level in ("token", "sequence"):
        for side in ("high", "low"):
            keep = negative_clipping(torch.tensor([-1.0]), entropy, mask, threshold=0.5, level=level, side=side)
            assert keep.tolist() == [[True]]


def test_an_advantage_of_zero_is_not_negative():
    keep = negative_clipping(torch.zeros(3), ENTROPY, MASK, threshold=0.0, level="token")
    assert bool(keep.all())


def test_a_trajectory_is_measured_over_all_its_turns():
    # rows 1 and 2 are turns of one trajectory: (0.1 + 0.9 + 0.5 + 0.2 + 0.3) / 5 = 0.4
    keep = negative_clipping(ADVANTAGES, ENTROPY, MASK, threshold=0.45, trajectories=["a", "b", "b"])
    assert bool(keep.all())
    keep = negative_clipping(ADVANTAGES, ENTROPY, MASK, threshold=0.35, trajectories=["a", "b", "b"])
    assert (~keep).int().tolist() == [[0, 0, 0], [1, 1, 1], [1, 1, 0]]


def test_what_stands_outside_the_mask_does_not_matter():
    dirty = torch.where(MASK, ENTROPY, float("nan"))
    keep = negative_clipping(ADVANTAGES, dirty, MASK, threshold=0.4)
    assert torch.equal(keep, negative_clipping(ADVANTAGES, ENTROPY, MASK, threshold=0.4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: negative_clipping(ADVANTAGES, ENTROPY, MASK, threshold=1, level="word"), "unknown level 'word'"),
        (lambda: negative_clipping(ADVANTAGES, ENTROPY, MASK, threshold=1, side="top"), "unknown side 'top'; known: h"),
        (lambda: negative_clipping(ADVANTAGES, ENTROPY, MASK, threshold=-1), "threshold is -1"),
        (lambda: negative_clipping(ADVANTAGES, ENTROPY, MASK, threshold=float("nan")), "threshold is nan"),
        (lambda: negative_clipping(ADVANTAGES[:2], ENTROPY, MASK, threshold=1), "advantages_R has shape"),
        (lambda: negative_clipping(ADVANTAGES, ENTROPY[:2], MASK, threshold=1), "entropy_RT has shape"),
        (lambda: negative_clipping(ADVANTAGES, ENTROPY / 0, MASK, threshold=1), r"entropy_RT\[0, 0\] is inf"),
    ],
)
def test_bad_input_is_named(call: Callable[[], torch.Tensor], message: str):
    with pytest.raises(ValueError, match=message):
        call()
