import dataclasses
from typing import Any

import pytest

from longstride.errors import InputError
from longstride.records import Document, Evidence, Sample, Trajectory, TrajectoryGroup, Turn

DOCUMENT = Document("d1", "Profile", "professional", "profile.md", "Area: 83,871 sq km.")
SAMPLE = Sample(
    "s", "x", ({"role": "user", "content": "?"},), "multi_hop", "temporal", "?", "", ("a",), "exact", "g", 0
)
TURN = Turn((1,), (2, 3))
TRAJECTORY = Trajectory((TURN, TURN), 0.5, "multi_hop", "g1", 0)


def test_evidence_quotes_its_document_and_no_other():
    evidence = Evidence("d1", 6, 12, "83,871")
    assert evidence.quotes(DOCUMENT)
    assert not evidence.quotes(dataclasses.replace(DOCUMENT, id="d2"))
    assert not evidence.quotes(dataclasses.replace(DOCUMENT, text="Area: 83,872 sq km."))


@pytest.mark.parametrize(
    ("record", "changes", "field"),
    [
        (DOCUMENT, {"id": " "}, "id"),
        (DOCUMENT, {"family": "poetry"}, "family"),
        (DOCUMENT, {"text": None}, "text"),
        (DOCUMENT, {"parent_id": "p"}, "parent_offset"),
        (DOCUMENT, {"parent_id": "p", "parent_offset": -1}, "parent_offset"),
        (SAMPLE, {"seed": True}, "seed"),
        (SAMPLE, {"question_type": "poetry"}, "question_type"),
        (SAMPLE, {"ground_truth": ()}, "ground_truth"),
        (TURN, {"logprobs": (-1.0,)}, "logprobs"),
        (TURN, {"finish_reason": "tired"}, "finish_reason"),
        (TURN, {"prompt_ids": ()}, "prompt_ids"),
        (TRAJECTORY, {"reward": float("nan")}, "reward"),
        (TRAJECTORY, {"turns": ()}, "turns"),
        (TRAJECTORY, {"rollout_index": -1}, "rollout_index"),
    ],
)
def test_a_record_refuses_what_it_cannot_mean(record: Any, changes: dict[str, Any], field: str):
    with pytest.raises(InputError) as caught:
        dataclasses.replace(record, **changes)
    assert caught.value.field == field


def test_a_group_holds_only_its_own_trajectories():
    TrajectoryGroup("g1", "s", "multi_hop", (TRAJECTORY,))
    with pytest.raises(InputError, match="stands in group 'g2'"):
        TrajectoryGroup("g2", "s", "multi_hop", (TRAJECTORY,))
    with pytest.raises(InputError, match="is empty"):
        TrajectoryGroup("g1", "s", "multi_hop", ())


def test_response_tokens_run_over_all_turns():
    assert TRAJECTORY.response_tokens == 4
