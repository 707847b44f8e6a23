import pytest

from longstride.merging.report import MergeReport, layer_of, summed
from longstride.merging.sce import TensorMergeReport


def tensor(elements: int, weight: float, kept: float, square: float) -> TensorMergeReport:
    return TensorMergeReport(elements, elements // 2, 1, 2, (weight, 1 - weight), (kept, 1.0), (square, 0.0))


def test_a_layer_weighs_its_tensors_by_elements_and_squares():
    """Weights (0.2 * 6 + 0.8 * 2) / 8; kept (0.5 * 3 + 1.0 * 1) / 4; the root of 4 / 8."""
    layer = summed("layer 0", [tensor(6, 0.2, 0.5, 3.0), tensor(2, 0.8, 1.0, 1.0)])
    assert (layer.tensors, layer.elements, layer.selected, layer.sign_conflicts, layer.changed) == (2, 8, 4, 2, 4)
    assert layer.coefficients == pytest.approx((0.35, 0.65))
    assert layer.retention == pytest.approx((0.625, 1.0))
    assert layer.change_rms == pytest.approx((0.5**0.5, 0.0))


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("model.layers.12.mlp.up_proj.weight", "layer 12"),
        ("transformer.h.3.attn.weight", "layer 3"),
        ("model.embed_tokens.weight", "model.embed_tokens"),
        ("layers", "layers"),
    ],
)
def test_layers_are_found_in_names(name: str, layer: str):
    assert layer_of(name) == layer


def test_layers_stand_in_the_order_of_the_model():
    names = ["model.layers.10.a", "model.layers.9.a", "model.norm.weight", "model.layers.9.b"]
    reports = {name: tensor(4, 0.5, 1.0, 1.0) for name in names}
    report = MergeReport({}, "base", ("one", "two"), (0, 0, 0), (), reports, ())
    assert [layer.layer for layer in report.layers] == ["model.norm", "layer 9", "layer 10"]
    assert report.total.elements == 16
    assert report.table().row_count == 4
