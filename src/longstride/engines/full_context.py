"""Full-context answering: the whole input in one prompt, one turn, one grade (paper 2.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from longstride.engines.chat_prompts import ChatPrompt, chat_prompt
from longstride.engines.graders import Grader, naming
from longstride.errors import InputError
from longstride.grading import Grade
from longstride.records import GenerationRequest, Generator, Sample, Trajectory, TrajectoryGroup, Turn


@dataclass
class FullContextSource:
    """A `records.TrajectorySource`: one turn a trajectory, over the sample's prompt in the tokenizer's chat template.

    Where `groups_at_once` is above 0, groups are decoded in slices of so many, and what the grader asks a judge about
    one slice is on its way while the next is decoded.
    """

    tokenizer: PreTrainedTokenizerBase
    grader: Grader
    max_input_tokens: int
    max_output_tokens: int
    groups_at_once: int = 0  # 0: all

    def prompt(self, sample: Sample) -> ChatPrompt:
        """The prompt of a sample. Raises InputError where it is longer than `max_input_tokens`: nothing is cut."""
        prompt = chat_prompt(self.tokenizer, sample.prompt)
        if len(prompt.ids) > self.max_input_tokens:
            raise InputError(
                f"sample {sample.id!r:.80} has a prompt of {len(prompt.ids)} tokens, over the {self.max_input_tokens} "
                "of max_input_tokens",
                cure="raise data.max_input_tokens, or leave the sample out",
            )
        return prompt

    def sample_groups(
        self, generator: Generator, samples: Sequence[Sample], group_size: int
    ) -> Iterable[TrajectoryGroup]:
        """A group for each sample, in order. A sample that stands twice draws anew: its second group has another id.

        Raises InputError for a prompt over the limit, before anything is decoded, and for a sample whose rule cannot
        grade it.
        """
        names = list(distinct_names(samples))
        prompts = [self.prompt(sample) for sample in samples]
        width = self.groups_at_once or max(1, len(samples))
        waiting: list[tuple[int, tuple[Turn, ...], list[str], list[Future[Grade]]]] = []
        for start in range(0, len(samples), width):
            places = range(start, min(start + width, len(samples)))
            requests = [
                GenerationRequest(prompts[place].ids, self.max_output_tokens, names[place], count=group_size)
                for place in places
            ]
            for place, turns in zip(places, generator.generate(requests), strict=True):
                answers = [response_text(self.tokenizer, turn) for turn in turns]
                grades = [self._submit(samples[place], prompts[place], answer) for answer in answers]
                waiting.append((place, turns, answers, grades))
        for place, turns, answers, waited in waiting:
            with naming(samples[place]):
                grades = [grade.result() for grade in waited]
            yield _group(names[place], samples[place], turns, answers, grades)

    def _submit(self, sample: Sample, prompt: ChatPrompt, answer: str) -> Future[Grade]:
        with naming(sample):
            return self.grader.submit(sample, answer, thinking_opened=prompt.thinking_opened)


def response_text(tokenizer: PreTrainedTokenizerBase, turn: Turn) -> str:
    """A response as it is graded: without the special tokens that end it."""
    return str(tokenizer.decode(list(turn.response_ids), skip_special_tokens=True))


def distinct_names(samples: Sequence[Sample]) -> Iterator[str]:
    """A name for each sample's group: its id, with a number where the sample stands again."""
    seen: dict[str, int] = {}
    for sample in samples:
        seen[sample.id] = seen.get(sample.id, 0) + 1
        yield sample.id if seen[sample.id] == 1 else f"{sample.id}#{seen[sample.id]}"


def _group(
    name: str, sample: Sample, turns: Sequence[Turn], answers: Sequence[str], grades: Sequence[Grade]
) -> TrajectoryGroup:
    trajectories = tuple(
        Trajectory(
            turns=(turn,),
            reward=grade.score,
            task=sample.task,
            group_id=name,
            rollout_index=index,
            answer=answer,
            details={"decided_by": grade.decided_by, "judge_asked": grade.judgement is not None},
        )
        for index, (turn, answer, grade) in enumerate(zip(turns, answers, grades, strict=True))
    )
    return TrajectoryGroup(name, sample.id, sample.task, trajectories)
