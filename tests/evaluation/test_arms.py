import pytest

from longstride.errors import InputError
from longstride.evaluation.arms import GREEDY, Arm, Decoding


def test_an_arm_is_called_by_how_it_reads_and_draws():
    assert Arm("memory", GREEDY).label == "memory-greedy"
    assert Arm("full_context", Decoding()).label == "full_context-t0.7"
    assert Arm("full_context", Decoding(temperature=1.0)).label == "full_context-t1"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"top_p": 0.0}, "top_p"),
        ({"answers": 0}, "answers"),
        ({"temperature": 0.0, "answers": 2}, "answers"),
    ],
)
def test_decoding_without_a_meaning_is_refused(values: dict[str, float], field: str):
    with pytest.raises(InputError) as refused:
        Decoding(**values)  # pyright: ignore[reportArgumentType]
    assert refused.value.field == field


def test_an_unknown_mode_names_the_known():
    with pytest.raises(ValueError, match="full_context, memory"):
        Arm("telepathy", GREEDY)
