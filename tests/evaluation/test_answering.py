from collections.abc import Callable, Iterator, Sequence

import pytest

from longstride.evaluation.answering import TrajectoryAnswerer
from longstride.records import GenerationRequest, Generator, Message, Sample, Trajectory, TrajectoryGroup, Turn


class TwoTurns:
    """A source whose trajectories have two turns, the last of which is cut where the sample is the second."""

    def __init__(self) -> None:
        self.seen: list[Sample] = []

    def sample_groups(
        self, generator: Generator, samples: Sequence[Sample], group_size: int
    ) -> Iterator[TrajectoryGroup]:
        self.seen += samples
        for place, sample in enumerate(samples):
            reason = "length" if place == 1 else "stop"
            turns = (Turn((1, 2, 3), (4,)), Turn((5, 6), (7, 8), finish_reason=reason))
            answer = f"The answer is {'red' if place == 0 else 'blue'}"
            trajectories = tuple(
                Trajectory(turns, 0.5, sample.task, sample.id, index, answer, {"decided_by": "judge"})
                for index in range(group_size)
            )
            yield TrajectoryGroup(sample.id, sample.id, sample.task, trajectories)


class Nobody:
    def generate(self, requests: Sequence[GenerationRequest]) -> list[tuple[Turn, ...]]:
        raise AssertionError("the source here asks nobody")


def test_trajectories_become_replies_with_all_turns_counted(make_town_sample: Callable[..., Sample]):
    def fit(sample: Sample) -> tuple[Sample, int]:
        return (sample, 0) if sample.id == "s0" else (cut, 17)

    cut = make_town_sample(4, prompt=(Message(role="user", content="short"),))
    source = TwoTurns()
    answerer = TrajectoryAnswerer(source, Nobody(), 3, fit)
    first, second = answerer.answer([make_town_sample(0), make_town_sample(4)])
    assert len(first) == len(second) == 3
    assert (first[0].turns, first[0].prompt_tokens, first[0].response_tokens) == (2, 5, 3)
    assert (first[0].reward, first[0].decided_by) == (0.5, "judge")  # the source's grader has the last word
    assert (first[0].extracted, second[0].extracted) == ("red", "blue")
    assert (first[0].unfinished, second[0].unfinished) == (False, True)
    assert (first[0].left_out_tokens, second[0].left_out_tokens) == (0, 17)
    assert source.seen[1] is cut


def test_a_source_that_drops_a_sample_is_found_out(make_town_sample: Callable[..., Sample]):
    class Drops(TwoTurns):
        def sample_groups(
            self, generator: Generator, samples: Sequence[Sample], group_size: int
        ) -> Iterator[TrajectoryGroup]:
            yield from super().sample_groups(generator, samples[1:], group_size)

    answerer = TrajectoryAnswerer(Drops(), Nobody(), 1, lambda sample: (sample, 0))
    with pytest.raises(ValueError, match="shorter"):
        list(answerer.answer([make_town_sample(0), make_town_sample(1)]))
