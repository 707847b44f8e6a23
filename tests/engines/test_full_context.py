"""Full-context answering: one turn a trajectory, graded, nothing cut in silence, the judge's latency overlapped."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

import pytest
from transformers import PreTrainedTokenizerFast

from longstride.engines.full_context import FullContextSource
from longstride.engines.graders import Grader, RuleGrader
from longstride.errors import InputError
from longstride.grading import Grade
from longstride.records import GenerationRequest, Sample, Turn

SampleMaker = Callable[..., Sample]


@dataclass
class WordGenerator:
    """Answers every request with these words, rollout after rollout."""

    tokenizer: PreTrainedTokenizerFast
    words: tuple[str, ...] = ("yes", "no")
    calls: list[list[GenerationRequest]] = field(default_factory=list)

    def generate(self, requests: Sequence[GenerationRequest]) -> list[tuple[Turn, ...]]:
        self.calls.append(list(requests))
        eos = int(self.tokenizer.convert_tokens_to_ids("<eos>"))  # pyright: ignore[reportArgumentType]
        return [
            tuple(
                Turn(request.prompt_ids, (*self.tokenizer(word, add_special_tokens=False)["input_ids"], eos))
                for word in (self.words * request.count)[: request.count]
            )
            for request in requests
        ]


def source_of(tokenizer: PreTrainedTokenizerFast, grader: Grader | None = None, **settings: int) -> FullContextSource:
    return FullContextSource(tokenizer, grader or RuleGrader(), 20, 4, **settings)


def test_a_group_for_each_sample_in_order(word_tokenizer: PreTrainedTokenizerFast, make_word_sample: SampleMaker):
    generator = WordGenerator(word_tokenizer)
    samples = [make_word_sample(0, "yes"), make_word_sample(1, "no", "numerical")]
    first, second = source_of(word_tokenizer).sample_groups(generator, samples, 3)
    assert [each.reward for each in first.trajectories] == [1.0, 0.0, 1.0]
    assert [each.reward for each in second.trajectories] == [0.0, 1.0, 0.0]
    assert (second.id, second.sample_id, second.task) == ("s1", "s1", "numerical")
    assert first.trajectories[0].answer == "yes", "the token that ends it is not graded"
    assert first.trajectories[2].rollout_index == 2
    assert first.trajectories[0].details == {"decided_by": "rule", "judge_asked": False}
    (requests,) = generator.calls
    assert [(each.stream, each.count, each.max_output_tokens) for each in requests] == [("s0", 3, 4), ("s1", 3, 4)]


def test_a_sample_that_stands_twice_draws_anew(word_tokenizer: PreTrainedTokenizerFast, make_word_sample: SampleMaker):
    generator = WordGenerator(word_tokenizer)
    groups = list(source_of(word_tokenizer).sample_groups(generator, [make_word_sample(0)] * 2, 2))
    assert [group.id for group in groups] == ["s0", "s0#2"]
    assert [request.stream for request in generator.calls[0]] == ["s0", "s0#2"]


def test_a_prompt_over_the_limit_is_refused_before_decoding(
    word_tokenizer: PreTrainedTokenizerFast, make_word_sample: SampleMaker
):
    generator = WordGenerator(word_tokenizer)
    source = replace(source_of(word_tokenizer), max_input_tokens=6)
    with pytest.raises(InputError, match="'s0' has a prompt of 7 tokens, over the 6"):
        list(source.sample_groups(generator, [make_word_sample(0)], 2))
    assert not generator.calls


def test_a_sample_that_no_rule_can_grade_is_named(
    word_tokenizer: PreTrainedTokenizerFast, make_word_sample: SampleMaker
):
    sample = replace(make_word_sample(0), reward_style="no_such_rule")
    with pytest.raises(InputError, match="'s0' cannot be graded: unknown grading rule"):
        list(source_of(word_tokenizer).sample_groups(WordGenerator(word_tokenizer), [sample], 1))


def test_grading_of_a_slice_begins_before_the_next_is_decoded(
    word_tokenizer: PreTrainedTokenizerFast, make_word_sample: SampleMaker
):
    order: list[str] = []

    class Slow:
        """Says when it was asked, and answers when all is decoded."""

        done = threading.Event()

        def submit(self, sample: Sample, response: str, *, thinking_opened: bool = False) -> Future[Grade]:
            order.append(f"ask {sample.id}")
            return RuleGrader().submit(sample, response, thinking_opened=thinking_opened)

    class Watched(WordGenerator):
        def generate(self, requests: Sequence[GenerationRequest]) -> list[tuple[Turn, ...]]:
            order.append(f"decode {' '.join(each.stream for each in requests)}")
            return super().generate(requests)

    samples = [make_word_sample(number) for number in range(3)]
    sliced = source_of(word_tokenizer, Slow(), groups_at_once=2)
    assert len(list(sliced.sample_groups(Watched(word_tokenizer), samples, 1))) == 3
    assert order == ["decode s0 s1", "ask s0", "ask s1", "decode s2", "ask s2"]
    order.clear()
    list(source_of(word_tokenizer, Slow()).sample_groups(Watched(word_tokenizer), samples, 1))
    assert order[0] == "decode s0 s1 s2"
