import math

import pytest
import torch

from longstride.merging.rivals import linear_average, task_arithmetic
from longstride.merging.tensors import NotFinite

BASE = torch.tensor([1.0, 1.0, 1.0])
TWO = [BASE + torch.tensor([1.0, 3.0, 0.0]), BASE + torch.tensor([1.0, -1.0, 0.0])]


def test_the_average_is_of_the_models_and_the_base_has_no_part_in_it():
    merged, report = linear_average(BASE, TWO, (3.0, 1.0))
    assert merged.tolist() == [2, 1 + (3 * 3 - 1) / 4, 1]
    assert linear_average(BASE * 100, TWO, (3.0, 1.0))[0].tolist() == pytest.approx(merged.tolist())
    assert report.coefficients == (0.75, 0.25)
    assert (report.sign_conflicts, report.changed, report.squares) == (1, 2, (10.0, 2.0))


def test_task_vectors_are_added_as_they_are_weighted():
    assert task_arithmetic(BASE, TWO, (1.0, 1.0))[0].tolist() == [3, 3, 1]
    assert task_arithmetic(BASE, TWO, (0.5, -1.0))[0].tolist() == [0.5, 3.5, 1]


def test_the_result_is_rounded_once_to_its_dtype_and_changes_are_counted_there():
    models = [BASE + 2e-6, BASE + 4e-6]
    merged, report = linear_average(BASE.bfloat16(), models, (1.0, 1.0), torch.float32)
    assert merged.tolist() == pytest.approx([1 + 3e-6] * 3, abs=1e-7) and report.changed == 3
    merged, report = linear_average(BASE.bfloat16(), models, (1.0, 1.0), torch.bfloat16)
    assert merged.dtype == torch.bfloat16 and report.changed == 0


def test_refuses():
    with pytest.raises(ValueError, match="1 weights for 2 models"):
        task_arithmetic(BASE, TWO, (1.0,))
    with pytest.raises(ValueError, match="sum to 0"):
        linear_average(BASE, TWO, (1.0, -1.0))
    with pytest.raises(ValueError, match="cast one first"):
        linear_average(BASE.bfloat16(), TWO, (1.0, 1.0))
    with pytest.raises(NotFinite, match="model 1 holds nan at element 2") as refused:
        linear_average(BASE, [TWO[0], torch.tensor([0.0, 0.0, math.nan])], (1.0, 1.0))
    assert refused.value.model == 1


def test_large_finite_values_whose_sum_overflows_are_no_infinities():
    large = torch.full((4,), 3e38)
    assert task_arithmetic(large, [large], (1.0,))[0].tolist() == large.tolist()
