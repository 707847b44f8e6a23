import math

import pytest
import torch

from longstride.rl.aepo import Entrocraft, EntropyController, EntropyLatch, KeepAll, PositivesOnly, ReadmeBand

ADVANTAGES = torch.tensor([-1.0, 0.0, 1.0, 2.0])
REWARDS = torch.tensor([0.0, 0.5, 1.0, 0.0])
CONTROLLERS: list[EntropyController] = [
    EntropyLatch(0.2, 0.4),
    ReadmeBand(0.2, 0.4),
    KeepAll(),
    PositivesOnly(),
    Entrocraft(0.6, 0.2, 10, 0.1),
]


def kept(controller: EntropyController, entropy: float) -> list[bool]:
    return controller.keep_mask(entropy, ADVANTAGES, REWARDS).tolist()


def test_the_latch_keeps_its_state_inside_the_band():
    latch = EntropyLatch(low=0.2, high=0.4)
    entropies = [0.3, 0.41, 0.3, 0.21, 0.2, 0.19, 0.3, 0.4, 0.5]
    expected = [True, False, False, False, False, True, True, True, False]
    assert [latch.update(entropy) for entropy in entropies] == expected


def test_the_latch_drops_negatives_and_nothing_else():
    latch = EntropyLatch(0.2, 0.4)
    assert kept(latch, 0.3) == [True, True, True, True]
    assert kept(latch, 0.5) == [False, True, True, True]
    assert kept(latch, 0.3) == [False, True, True, True]
    assert kept(latch, 0.1) == [True, True, True, True]


def test_the_latch_goes_on_from_its_state():
    latch = EntropyLatch(0.2, 0.4)
    latch.update(0.5)
    restored = EntropyLatch(0.2, 0.4)
    restored.load_state_dict(latch.state_dict())
    assert restored.update(0.3) is False
    assert EntropyLatch(0.2, 0.4).update(0.3) is True  # a fresh one would not


def test_the_readmes_rule_masks_inside_the_band_and_wants_a_reward():
    band = ReadmeBand(0.2, 0.4)
    assert kept(band, 0.3) == [False, False, True, False]
    for outside in (0.1, 0.2, 0.4, 0.5):
        assert kept(band, outside) == [True] * 4


def test_the_two_that_never_change():
    for entropy in (0.0, 0.3, 9.0):
        assert kept(KeepAll(), entropy) == [True] * 4
        assert kept(PositivesOnly(), entropy) == [False, True, True, True]


def test_entrocraft_drops_the_side_that_drives_the_entropy_away():
    assert kept(Entrocraft(0.3, 0.3, 1, 0.2), 0.5) == [False, True, True, True]
    assert kept(Entrocraft(0.3, 0.3, 1, 0.2), 0.1) == [True, True, False, False]
    assert kept(Entrocraft(0.3, 0.3, 1, 0.2), 0.3) == [True] * 4


def test_entrocrafts_band_moves_with_every_batch_and_resumes():
    controller = Entrocraft(start=0.6, end=0.2, steps=4, width=0.1)
    middles = []
    for _ in range(6):
        middles.append(sum(controller.band()) / 2)
        kept(controller, 0.4)
    assert middles == pytest.approx([0.6, 0.5, 0.4, 0.3, 0.2, 0.2])
    restored = Entrocraft(start=0.6, end=0.2, steps=4, width=0.1)
    restored.load_state_dict({"step": 2})
    assert restored.band() == pytest.approx((0.35, 0.45))


@pytest.mark.parametrize("controller", CONTROLLERS)
def test_every_controller_gives_its_state_and_refuses_what_it_cannot_read(controller: EntropyController):
    controller.load_state_dict(controller.state_dict())
    with pytest.raises(ValueError, match="batch_entropy is nan"):
        kept(controller, math.nan)
    with pytest.raises(ValueError, match=r"batch_entropy is -0\.1"):
        kept(controller, -0.1)
    with pytest.raises(ValueError, match="rewards_B has shape"):
        controller.keep_mask(0.3, ADVANTAGES, REWARDS[:2])
    with pytest.raises(ValueError, match=r"advantages_B\[0\] is nan"):
        controller.keep_mask(0.3, ADVANTAGES * math.nan, REWARDS)
    with pytest.raises(ValueError, match="advantages_B has shape"):
        controller.keep_mask(0.3, ADVANTAGES[:0], REWARDS[:0])


def test_bad_settings_and_states_are_named():
    with pytest.raises(ValueError, match=r"the band is 0\.4\.\.0\.2"):
        EntropyLatch(0.4, 0.2)
    with pytest.raises(ValueError, match="the band is nan"):
        ReadmeBand(math.nan, 0.2)
    with pytest.raises(ValueError, match="steps is 0"):
        Entrocraft(0.6, 0.2, 0, 0.1)
    with pytest.raises(ValueError, match="width is -1"):
        Entrocraft(0.6, 0.2, 1, -1)
    with pytest.raises(ValueError, match="the state's keep_negatives is 1, expected bool"):
        EntropyLatch(0.2, 0.4).load_state_dict({"keep_negatives": 1})
    with pytest.raises(ValueError, match="KeepAll has no state"):
        KeepAll().load_state_dict({"step": 1})
