"""The settings of the loop."""

import pytest

from longstride.synthesis.mase.settings import MaseSettings


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"max_rounds": 0}, "max_rounds is 0"),
        ({"solver_samples": 0}, "solver_samples is 0"),
        ({"verifier_votes": -1}, "verifier_votes is -1"),
        ({"start_documents": 3, "most_documents": 2}, "most_documents is 2"),
        ({"agreement": 0.0}, "agreement is 0"),
        ({"agreement": 1.1}, "agreement is 1.1"),
        ({"easy_share": -0.1}, "easy_share"),
        ({"similarity": 0.0}, "similarity"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(changed: dict[str, float], told: str):
    with pytest.raises(ValueError, match=told):
        MaseSettings(**changed)  # type: ignore[arg-type]


def test_the_easy_ones_are_a_share_of_the_rounds():
    assert MaseSettings().most_easy == 4
    assert MaseSettings(max_rounds=5, easy_share=0.5).most_easy == 3
    assert MaseSettings(easy_share=0.0).most_easy == 0
