from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from longstride.errors import InputError
from longstride.merging.model_folder import open_model_folder
from longstride.merging.plan import Mismatch, Together, plan_merge

Toy = Callable[..., dict[str, Tensor]]
WriteModel = Callable[..., Path]
HEAD, EMBEDDINGS = "lm_head.weight", "model.embed_tokens.weight"


def planned(base: Path, *models: Path, dtype: torch.dtype | None = None) -> dict[str, Together]:
    plan = plan_merge(open_model_folder(base), [open_model_folder(model) for model in models], dtype)
    return {tensor.name: tensor for tensor in plan}


def without_head(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if name != HEAD}


def with_copied_head(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return tensors | {HEAD: tensors[EMBEDDINGS].clone()}


def test_every_misfit_is_named_and_no_other(write_model: WriteModel, toy: Toy):
    base = write_model("base", toy(0))
    one = toy(1) | {"model.norm.weight": torch.zeros(5), "model.extra": torch.zeros(1)}
    del one["model.layers.1.norm.weight"]
    two = toy(2) | {"model.norm.weight": torch.zeros(4, dtype=torch.int64)}
    with pytest.raises(Mismatch) as refused:
        planned(base, write_model("one", one), write_model("two", two))
    where = base.parent
    assert sorted(refused.value.problems) == sorted(
        [
            f"model.norm.weight is (5,) float32 in {where / 'one'}, (4,) float32 in the base",
            f"model.extra in {where / 'one'} is not in the base",
            f"model.layers.1.norm.weight is missing in {where / 'one'}",
            f"model.norm.weight is (4,) int64 in {where / 'two'}, (4,) float32 in the base",
        ]
    )


def test_the_one_line_stays_short_whatever_the_number_of_misfits(write_model: WriteModel):
    base = write_model("base", {f"t{number}": torch.zeros(1) for number in range(40)})
    with pytest.raises(Mismatch, match="and 35 more") as refused:
        planned(base, write_model("one", {"t0": torch.zeros(1), "u": torch.zeros(1)}))
    assert len(refused.value.problems) == 40


def test_a_model_of_another_architecture_is_refused(write_model: WriteModel, toy: Toy):
    with pytest.raises(InputError, match="is a qwen3 model, the base a toy"):
        planned(write_model("base", toy(0)), write_model("one", toy(1), model_type="qwen3"))


def test_a_tied_head_absent_in_a_model_is_its_embeddings(write_model: WriteModel, toy: Toy):
    plan = planned(write_model("base", toy(0)), write_model("one", without_head(toy(1)), tied=True))
    assert torch.equal(plan[HEAD].models[0].read(), toy(1)[EMBEDDINGS])


@pytest.mark.parametrize("tied", [True, False])
def test_a_copy_of_the_embeddings_fits_a_base_that_ties_them(write_model: WriteModel, toy: Toy, tied: bool):
    base = write_model("base", without_head(toy(0)), tied=True)
    plan = planned(base, write_model("one", with_copied_head(toy(1)), tied=tied))
    assert HEAD not in plan and len(plan) == 6


def test_a_base_that_ties_and_stores_a_copy_gives_a_result_without(write_model: WriteModel, toy: Toy):
    base = write_model("base", with_copied_head(toy(0)), tied=True)
    assert HEAD not in planned(base, write_model("one", without_head(toy(1)), tied=True))


def test_a_head_of_its_own_has_no_place_in_a_base_that_ties_it(write_model: WriteModel, toy: Toy):
    base = write_model("base", without_head(toy(0)), tied=True)
    with pytest.raises(Mismatch, match="differs from its embeddings, to which the base ties it"):
        planned(base, write_model("one", toy(1)))
    with pytest.raises(Mismatch, match="differs from the embeddings, to which its"):
        planned(base, write_model("two", toy(2), tied=True))


@pytest.mark.parametrize(("dtype", "expected"), [(None, torch.bfloat16), (torch.float32, torch.float32)])
def test_floats_of_any_width_fit_and_the_result_is_the_bases_or_as_told(
    write_model: WriteModel, toy: Toy, dtype: torch.dtype | None, expected: torch.dtype
):
    base = write_model("base", toy(0, torch.bfloat16) | {"steps": torch.tensor([3])})
    models = [
        write_model(name, toy(1, of) | {"steps": torch.tensor([3])})
        for name, of in (("one", torch.float16), ("two", torch.float32))
    ]
    plan = planned(base, *models, dtype=dtype)
    assert plan.pop("steps").dtype == torch.int64
    assert {tensor.dtype for tensor in plan.values()} == {expected}
