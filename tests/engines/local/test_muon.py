"""Muon: what orthogonal means, on matrices whose answer is known, and beside torch's own."""

from __future__ import annotations

import pytest
import torch

from longstride.engines.local.muon import Muon, orthogonalized, update_scale


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4)])
def test_singular_values_end_near_one(shape: tuple[int, int]):
    """The values of the quintic's fixed band, whatever they were before; here they span a factor of 100."""
    generator = torch.Generator().manual_seed(0)
    u_MM, _ = torch.linalg.qr(torch.randn(shape[0], shape[0], generator=generator))
    v_NN, _ = torch.linalg.qr(torch.randn(shape[1], shape[1], generator=generator))
    rank = min(shape)
    values_K = torch.logspace(0, -2, rank)
    matrix_MN = u_MM[:, :rank] @ torch.diag(values_K) @ v_NN[:, :rank].mT
    result_MN = orthogonalized(matrix_MN)
    after_K = torch.linalg.svdvals(result_MN)
    assert after_K.min() > 0.6
    assert after_K.max() < 1.3
    turned_KK = u_MM[:, :rank].mT @ result_MN @ v_NN[:, :rank]
    assert torch.allclose(turned_KK, torch.diag(turned_KK.diagonal()), atol=1e-4)  # the directions stay


def test_a_zero_gradient_gives_a_zero_update():
    assert torch.equal(orthogonalized(torch.zeros(3, 5)), torch.zeros(3, 5))


def test_the_two_scales_by_hand():
    assert update_scale(100, 25, "match_adamw") == pytest.approx(0.2 * 10)
    assert update_scale(100, 25, "original") == pytest.approx(2.0)
    assert update_scale(25, 100, "original") == 1.0


def test_match_adamw_moves_by_a_fifth_of_the_rate():
    """The root mean square of an orthogonal M x N is 1/sqrt(max(M, N)), so the scale makes it 0.2, as AdamW's is."""
    weight_MN = torch.zeros(64, 16, requires_grad=True)
    weight_MN.grad = torch.randn(64, 16, generator=torch.Generator().manual_seed(1))
    Muon([weight_MN], lr=1.0, momentum=0.95, weight_decay=0.0, scale="match_adamw").step()
    assert weight_MN.detach().square().mean().sqrt().item() == pytest.approx(0.2, rel=0.2)


def test_it_follows_torchs_own_up_to_that_ones_bfloat16():
    generator = torch.Generator().manual_seed(2)
    start_MN = torch.randn(12, 20, generator=generator)
    ours, theirs = start_MN.clone().requires_grad_(), start_MN.clone().requires_grad_()
    our_muon = Muon([ours], lr=0.02, momentum=0.95, weight_decay=0.1, scale="original")
    their_muon = torch.optim.Muon([theirs], lr=0.02, momentum=0.95, weight_decay=0.1)
    for _ in range(5):
        ours.grad = torch.randn(12, 20, generator=generator)
        theirs.grad = ours.grad.clone()
        our_muon.step()
        their_muon.step()
    moved = (ours - start_MN).norm()
    assert (ours - theirs).norm() < 0.03 * moved
    shifted = (ours - (theirs + 0.02 * torch.ones_like(theirs))).norm()
    assert shifted > 0.03 * moved  # the bound above can fail


def test_refusals():
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        Muon([torch.zeros(3, requires_grad=True)], lr=0.1, momentum=0.9, weight_decay=0.0, scale="original")
    with pytest.raises(ValueError, match="unknown scale 'big'"):
        update_scale(2, 2, "big")
