"""SCE on examples worked by hand, and against a recomputation with Python loops."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from longstride.merging import merge_tensors, merge_tensors_with_report


def recomputed(
    base: Sequence[float], models: Sequence[Sequence[float]], topk: float, variant: str
) -> tuple[list[float], list[float]]:
    """SCE in Python floats, element by element: (the merged tensor, the coefficients)."""
    deltas = [[m - b for m, b in zip(model, base, strict=True)] for model in models]
    places = range(len(base))
    selected = set(places)
    if topk < 1:
        spread = []
        for place in places:
            column = [delta[place] for delta in deltas]
            mean = sum(column) / len(column)
            spread.append(sum((value - mean) ** 2 for value in column) / len(column))
        varying = [place for place in places if spread[place] != 0]
        selected = set(sorted(varying, key=lambda place: (-spread[place], place))[: int(topk * len(varying))])
    squares = [sum(delta[place] ** 2 for place in selected) for delta in deltas]
    coefficients = [s / sum(squares) if sum(squares) else 1 / len(models) for s in squares]
    merged = []
    for place in places:
        column = [delta[place] if place in selected or variant == "unmasked" else 0.0 for delta in deltas]
        sign = 1 if sum(column) >= 0 else -1
        kept = [(c, value) for c, value in zip(coefficients, column, strict=True) if value * sign > 0]
        weight = sum(c for c, _ in kept)
        merged.append(base[place] + (sum(c * value for c, value in kept) / weight if weight else 0.0))
    return merged, coefficients


# Deltas of the two models over the base (1, 1, 1, 1): variances 0, 4, 1, 1/4.
BASE = torch.tensor([1.0, 1.0, 1.0, 1.0])
TWO = [BASE + torch.tensor([1.0, 3.0, 1.0, 0.0]), BASE + torch.tensor([1.0, -1.0, 3.0, 1.0])]


def test_two_models_topk_1():
    """Squares 11 and 12 of 23. Element 1: the sum 2 is positive, -1 goes. Element 3: the 0 has no part in the mean."""
    merged, report = merge_tensors_with_report(BASE, TWO)
    assert report.coefficients == pytest.approx((11 / 23, 12 / 23))
    assert merged.tolist() == pytest.approx([2, 1 + 3, 1 + (11 * 1 + 12 * 3) / 23, 1 + 1])
    assert (report.elements, report.selected, report.sign_conflicts, report.changed) == (4, 4, 1, 4)
    assert report.retention == pytest.approx((1.0, 11 / 12))


def test_two_models_topk_half_masked():
    """Three elements vary, a half of three is one: element 1. Squares 9 and 1. The rest keeps the base."""
    merged, report = merge_tensors_with_report(BASE, TWO, 0.5, "masked")
    assert report.coefficients == pytest.approx((0.9, 0.1))
    assert merged.tolist() == [1, 4, 1, 1]
    assert (report.selected, report.sign_conflicts, report.changed) == (1, 1, 1)
    assert (report.selected_share, report.conflict_share, report.changed_share) == (0.25, 0.25, 0.25)
    assert report.retention == pytest.approx((9 / 11, 0.0))


def test_two_models_topk_half_unmasked():
    """The same coefficients, 0.9 and 0.1, on all deltas."""
    merged, report = merge_tensors_with_report(BASE, TWO, 0.5, "unmasked")
    assert report.coefficients == pytest.approx((0.9, 0.1))
    assert merged.tolist() == pytest.approx([2, 4, 1 + 0.9 * 1 + 0.1 * 3, 1 + 1])
    assert report.retention == pytest.approx((1.0, 11 / 12))


# Over a base of 0: variances 2, 0, 2, 2/3; sums 0, 6, 3, -2.
THREE = [torch.tensor([1.0, 2.0, 2.0, 0.0]), torch.tensor([-2.0, 2.0, -0.5, -1.0]), torch.tensor([1.0, 2.0, 1.5, -1.0])]


def test_three_models_topk_1():
    """Element 0 sums to exactly 0 and counts as positive: the mean of the two 1s, not -2."""
    merged, report = merge_tensors_with_report(torch.zeros(4), THREE)
    squares = [1 + 4 + 4, 4 + 4 + 0.25 + 1, 1 + 4 + 2.25 + 1]
    a, b, c = (square / sum(squares) for square in squares)
    assert report.coefficients == pytest.approx((a, b, c))
    assert merged.tolist() == pytest.approx([1, 2, (2 * a + 1.5 * c) / (a + c), -1])
    assert report.sign_conflicts == 2


@pytest.mark.parametrize("variant", ["masked", "unmasked"])
def test_three_models_topk_half(variant: str):
    """Variances 2, 0, 7/6, 2/9: a half of three is one: element 0, squares 1, 4, 1 of 6."""
    merged, report = merge_tensors_with_report(torch.zeros(4), THREE, 0.5, variant)  # pyright: ignore[reportArgumentType]
    assert report.selected == 1
    assert report.coefficients == pytest.approx((1 / 6, 4 / 6, 1 / 6))
    expected = {"masked": [1, 0, 0, 0], "unmasked": [1, 2, (2 * 1 + 1.5 * 1) / 2, -1]}
    assert merged.tolist() == pytest.approx(expected[variant])


def test_ties_at_the_edge_of_the_selection_go_to_the_lowest_index():
    models = [torch.tensor([1.0, 1.0, 1.0, 5.0]), torch.tensor([0.0, 0.0, 0.0, 0.0])]
    assert merge_tensors(torch.zeros(4), models, 0.5).tolist() == [1, 0, 0, 5]
    assert merge_tensors(torch.zeros(4), models, 0.75).tolist() == [1, 1, 0, 5]


def test_deltas_of_0_give_the_base():
    merged, report = merge_tensors_with_report(BASE, [BASE.clone(), BASE.clone()], 0.5)
    assert merged.tolist() == BASE.tolist()
    assert report.coefficients == (0.5, 0.5) and report.changed == 0 and report.retention == (1.0, 1.0)
    assert merge_tensors(BASE, [BASE.clone(), BASE.clone()]).tolist() == BASE.tolist()


def test_one_model_is_itself_but_has_no_variance_to_select_by():
    model = torch.tensor([3.0, 1.0, -2.0, 0.5])
    assert merge_tensors(BASE, [model]).tolist() == model.tolist()
    assert merge_tensors(BASE, [model], 0.5, "unmasked").tolist() == model.tolist()
    merged, report = merge_tensors_with_report(BASE, [model], 0.5, "masked")
    assert merged.tolist() == BASE.tolist() and report.selected == 0


def test_small_deltas_of_rl_keep_coefficients_of_their_own():
    """Mean squares of 1e-12 and 9e-12: one to nine; a floor of 1e-6 would make them equal."""
    _, report = merge_tensors_with_report(torch.zeros(8), [torch.full((8,), 1e-6), torch.full((8,), 3e-6)])
    assert report.coefficients == pytest.approx((0.1, 0.9))


def test_deltas_that_vanish_in_bf16_show_in_the_report():
    base = torch.ones(4)
    models = [base + 2e-6, base + 4e-6]
    assert merge_tensors_with_report(base, models)[1].changed == 4
    assert merge_tensors_with_report(base.bfloat16(), [m.bfloat16() for m in models])[1].changed == 0


def case(shape: Sequence[int], models: int, seed: int = 0) -> tuple[Tensor, list[Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    base = torch.randn(tuple(shape), generator=generator)
    return base, [base + 0.1 * torch.randn(tuple(shape), generator=generator) for _ in range(models)]


@pytest.mark.parametrize("topk", [1.0, 0.5, 0.1, 0.001])
@pytest.mark.parametrize("variant", ["masked", "unmasked"])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_equals_a_recomputation_with_loops(topk: float, variant: str, count: int):
    base, models = case((23, 29), count)
    expected, coefficients = recomputed(
        base.double().flatten().tolist(), [model.double().flatten().tolist() for model in models], topk, variant
    )
    merged, report = merge_tensors_with_report(base, models, topk, variant)  # pyright: ignore[reportArgumentType]
    assert merged.shape == base.shape
    assert merged.flatten().tolist() == pytest.approx(expected, abs=1e-6)
    assert report.coefficients == pytest.approx(coefficients, rel=1e-6)


def test_the_comparison_would_notice_another_topk_and_the_other_variant():
    base, models = case((23, 29), 3)
    right = merge_tensors(base, models, 0.5, "masked")
    for topk, variant in ((0.45, "masked"), (1.0, "masked"), (0.5, "unmasked")):
        assert (merge_tensors(base, models, topk, variant) - right).abs().max() > 1e-3  # pyright: ignore[reportArgumentType]
    moved = [models[0] + 0.01, *models[1:]]
    assert (merge_tensors(base, moved, 0.5) - right).abs().max() > 1e-3


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(), (7,), (5, 7), (2, 3, 5), (0,), (4, 0)])
def test_every_shape_and_dtype_returns_as_it_came(dtype: torch.dtype, shape: tuple[int, ...]):
    base, models = case(shape, 2)
    base, models = base.to(dtype), [model.to(dtype) for model in models]
    merged = merge_tensors(base, models)
    assert merged.shape == base.shape and merged.dtype == dtype
    expected, _ = recomputed(
        base.double().flatten().tolist(), [model.double().flatten().tolist() for model in models], 1.0, "masked"
    )
    nearest = torch.tensor(expected, dtype=torch.float64).to(dtype).reshape(shape)
    close = torch.isclose(merged.double(), nearest.double(), rtol=max(torch.finfo(dtype).eps, 1e-7), atol=1e-7)
    assert close.all()  # rounded once, at the end


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_inputs_are_left_alone_and_may_be_strided(dtype: torch.dtype):
    base, models = case((6, 8), 2)
    base, models = base.to(dtype), [model.to(dtype) for model in models]
    before = [tensor.clone() for tensor in (base, *models)]
    expected = merge_tensors(base.T.contiguous(), [model.T.contiguous() for model in models], 0.5)
    merge_tensors(base, models, 0.5)
    assert torch.equal(merge_tensors(base.T, [model.T for model in models], 0.5), expected)
    assert all(torch.equal(tensor, copy) for tensor, copy in zip((base, *models), before, strict=True))


@pytest.mark.parametrize("topk", [1.0, 0.3])
@pytest.mark.parametrize("variant", ["masked", "unmasked"])
def test_the_size_of_the_blocks_does_not_show(topk: float, variant: str, monkeypatch: pytest.MonkeyPatch):
    """Bitwise, with many ties: bf16 models share few distinct variances."""
    base, models = case((40, 50), 3)
    base, models = base.bfloat16(), [model.bfloat16() for model in models]
    whole = merge_tensors_with_report(base, models, topk, variant)  # pyright: ignore[reportArgumentType]
    for elements in (64, 999, 1999, 2000):
        monkeypatch.setattr("longstride.merging.sce.BLOCK_ELEMENTS", elements)
        blocked = merge_tensors_with_report(base, models, topk, variant)  # pyright: ignore[reportArgumentType]
        assert torch.equal(blocked[0], whole[0])
        assert blocked[1].coefficients == whole[1].coefficients
        assert (blocked[1].selected, blocked[1].sign_conflicts) == (whole[1].selected, whole[1].sign_conflicts)


def test_no_float_copy_of_the_whole_tensor_is_made(monkeypatch: pytest.MonkeyPatch):
    class Largest(TorchDispatchMode):
        numel = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # pyright: ignore
            result = func(*args, **(kwargs or {}))
            if isinstance(result, Tensor) and result.dtype in (torch.float32, torch.float64):
                self.numel = max(self.numel, result.numel())
            return result

    monkeypatch.setattr("longstride.merging.sce.BLOCK_ELEMENTS", 1000)
    base, models = case((300, 400), 2)
    base, models = base.bfloat16(), [model.bfloat16() for model in models]
    with Largest() as largest:
        merge_tensors(base, models, 0.5)
    assert largest.numel == 1000


deltas = st.integers(-8, 8).map(lambda value: value / 4)  # few values: ties and zeros abound
columns = st.integers(1, 4).flatmap(
    lambda models: st.lists(st.lists(deltas, min_size=models, max_size=models), min_size=1, max_size=12)
)
shares = st.sampled_from([1.0, 0.99, 0.75, 0.5, 0.34, 0.1])
variants = st.sampled_from(["masked", "unmasked"])


def tensors(rows: list[list[float]]) -> tuple[Tensor, list[Tensor]]:
    base = torch.arange(len(rows), dtype=torch.float32)
    return base, [base + torch.tensor([row[number] for row in rows]) for number in range(len(rows[0]))]


@given(columns, shares, variants)
@settings(deadline=None, max_examples=50)
def test_equals_the_loops_on_any_pattern_of_ties(rows: list[list[float]], topk: float, variant: str):
    base, models = tensors(rows)
    expected, _ = recomputed(base.tolist(), [model.tolist() for model in models], topk, variant)
    merged = merge_tensors(base, models, topk, variant)  # pyright: ignore[reportArgumentType]
    assert merged.tolist() == pytest.approx(expected, abs=1e-5)


@given(columns, shares, variants, st.randoms())
@settings(deadline=None, max_examples=50)
def test_the_order_of_the_models_does_not_matter(rows: list[list[float]], topk: float, variant: str, random):  # pyright: ignore
    base, models = tensors(rows)
    shuffled = random.sample(models, len(models))
    one, other = (merge_tensors(base, given, topk, variant) for given in (models, shuffled))  # pyright: ignore[reportArgumentType]
    assert torch.equal(one, other)


@given(columns, st.integers(1, 4), variants)
@settings(deadline=None, max_examples=50)
def test_a_model_merged_with_itself_is_itself(rows: list[list[float]], copies: int, variant: str):
    base, models = tensors(rows)
    assert torch.allclose(merge_tensors(base, models[:1] * copies, 1.0, variant), models[0])  # pyright: ignore[reportArgumentType]


@given(columns, shares)
@settings(deadline=None, max_examples=50)
def test_masked_keeps_the_base_outside_the_selection_and_between_the_models_inside(
    rows: list[list[float]], topk: float
):
    base, models = tensors(rows)
    merged, report = merge_tensors_with_report(base, models, topk, "masked")
    assert int((merged != base).sum()) == report.changed <= report.selected
    stacked = torch.stack([base, *models])
    assert (merged >= stacked.amin(0) - 1e-6).all() and (merged <= stacked.amax(0) + 1e-6).all()
    assert sum(report.coefficients) == pytest.approx(1) and all(0 <= share <= 1 for share in report.retention)


@pytest.mark.parametrize(
    ("base", "models", "topk", "variant", "message"),
    [
        (BASE, TWO, 0.0, "masked", "topk is 0.0"),
        (BASE, TWO, -0.5, "masked", "topk is -0.5"),
        (BASE, TWO, 1.01, "masked", "topk is 1.01"),
        (BASE, TWO, math.nan, "masked", "topk is nan"),
        (BASE, TWO, 1.0, "median", "unknown variant 'median'; known: masked, unmasked"),
        (BASE, [], 1.0, "masked", "no models"),
        (BASE.long(), [BASE.long()], 1.0, "masked", "base is torch.int64"),
        (BASE, [TWO[0], torch.ones(5)], 1.0, "masked", r"model 1 is \(5,\)"),
        (BASE, [TWO[0].bfloat16()], 1.0, "masked", "model 0 is .* torch.bfloat16"),
        (BASE, [TWO[0], torch.tensor([1, 2, math.nan, 4])], 1.0, "masked", "model 1 holds nan at element 2"),
        (BASE, [torch.tensor([1, math.inf, 1, 4]), TWO[0]], 0.5, "masked", "model 0 holds inf at element 1"),
        (BASE * math.nan, TWO, 0.5, "masked", "base holds nan at element 0"),
    ],
)
def test_refuses(base: Tensor, models: list[Tensor], topk: float, variant: str, message: str):
    with pytest.raises(ValueError, match=message):
        merge_tensors(base, models, topk, variant)  # pyright: ignore[reportArgumentType]


def test_with_a_dtype_for_the_result_inputs_may_be_of_their_own():
    base = BASE.bfloat16()
    merged = merge_tensors(base, [TWO[0].double(), TWO[1].half()], dtype=torch.float32)
    assert merged.dtype == torch.float32 and torch.equal(merged, merge_tensors(BASE, TWO))


def test_changes_are_counted_in_the_dtype_of_the_result():
    base = torch.ones(4)
    models = [base + 2e-6, base + 4e-6]
    assert merge_tensors_with_report(base, models, dtype=torch.bfloat16)[1].changed == 0
    assert merge_tensors_with_report(base.bfloat16(), models, dtype=torch.float32)[1].changed == 4
