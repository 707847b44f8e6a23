"""The agent's trajectories: rounds over many readings, one reward each, and what they weigh in a step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import PreTrainedTokenizerBase

from longstride.engines.chat_prompts import chat_prompt
from longstride.engines.graders import RuleGrader
from longstride.engines.local.policy import Policy, load_policy
from longstride.engines.local.recipe import Recipe
from longstride.engines.local.rollout import LocalGenerator
from longstride.engines.local.sampling import SamplingSettings
from longstride.engines.local.step import lay_out, plan_step
from longstride.engines.local.warmup.tiny_model import make_tiny_model
from longstride.engines.local.warmup.word_tokenizer import word_tokenizer
from longstride.engines.memory_agent import MemorySource, plain_tokenizer
from longstride.errors import InputError
from longstride.memory.samples import Documents
from longstride.memory.settings import MemorySettings
from longstride.records import Document, GenerationRequest, Message, Sample, TrajectoryGroup, Turn
from longstride.rl import KeepAll, token_weights

SETTINGS = MemorySettings(
    chunk_tokens=12, memory_tokens=24, update_tokens=20, answer_tokens=8, prompts="tiny_chunk_first"
)
PAGES = ("Milis works at Kestrel .", "Kestrel makes hats .", "Zera likes wool .", "Zera lives in Ebbholt .")
Respond = Callable[[str, str, int], str]

torch.set_num_threads(1)


def document(number: int) -> Document:
    return Document(f"d{number}", "", "literature", "", f"{PAGES[number]}\n{PAGES[number]}\n")


LIBRARY = Documents(map(document, range(len(PAGES))))


def sample(name: str, pages: int, answer: str = "Kestrel", task: str = "multi_hop", **fields: Any) -> Sample:
    question = "Where does Milis work ?"
    return Sample(
        id=name,
        data_source="test",
        prompt=(Message(role="user", content=question),),
        task=task,
        question_type="multi_fact",
        core_question=question,
        format_instructions="",
        ground_truth=(answer,),
        reward_style=fields.pop("reward_style", "exact"),
        generator="test",
        seed=0,
        document_ids=tuple(f"d{number}" for number in range(pages)),
        **fields,
    )


class Scripted:
    """A generator whose responses are a function of prompt, stream and index; it keeps what it was asked."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, respond: Respond) -> None:
        self.tokenizer, self.respond = tokenizer, respond
        self.rounds: list[list[GenerationRequest]] = []

    def generate(self, requests: Sequence[GenerationRequest]) -> list[tuple[Turn, ...]]:
        self.rounds.append(list(requests))
        return [tuple(self.turn(request, number) for number in range(request.count)) for request in requests]

    def turn(self, request: GenerationRequest, number: int) -> Turn:
        prompt = str(self.tokenizer.decode(list(request.prompt_ids)))
        said = self.respond(prompt, request.stream, request.first_index + number)
        untyped: Any = self.tokenizer
        ids = [*untyped(said, add_special_tokens=False)["input_ids"], untyped.eos_token_id]
        cut = ids[: request.max_output_tokens]
        zeros = (0.0,) * len(cut)
        return Turn(request.prompt_ids, tuple(cut), zeros, zeros, finish_reason="stop" if cut == ids else "length")


def update(memory: str) -> str:
    return f"<memory> {memory} </memory> <plan> . </plan>"


def noting(prompt: str, stream: str, index: int) -> str:
    """Notes the page that tells, keeps it, and answers with it; odd rollouts look away."""
    if "update" not in stream:
        return "The answer is Kestrel" if "Kestrel" in prompt else "The answer is wool"
    return update(PAGES[0] if index % 2 == 0 and PAGES[0] in prompt else ".")


def sampled(
    samples: Sequence[Sample], respond: Respond = noting, group_size: int = 2, settings: MemorySettings = SETTINGS
) -> tuple[list[TrajectoryGroup], Scripted]:
    tokenizer = word_tokenizer()
    generator = Scripted(tokenizer, respond)
    source = MemorySource(tokenizer, RuleGrader(), LIBRARY, settings)
    return list(source.sample_groups(generator, samples, group_size)), generator


def test_each_trajectory_has_a_turn_for_each_chunk_and_the_answer_and_one_reward():
    (group,), _ = sampled([sample("q", 3)], group_size=4)
    assert (group.id, group.sample_id, group.task) == ("q", "q", "multi_hop")
    assert [len(each.turns) for each in group.trajectories] == [4] * 4
    assert [each.reward for each in group.trajectories] == [1.0, 0.0, 1.0, 0.0]
    assert [each.rollout_index for each in group.trajectories] == [0, 1, 2, 3]
    assert group.trajectories[0].answer == "The answer is Kestrel"
    assert group.trajectories[0].details["memory_tokens"] == [5, 5, 5]


def test_readings_of_different_lengths_advance_together_and_equal_prompts_are_asked_once():
    groups, generator = sampled([sample("long", 3), sample("short", 1)], group_size=2)
    assert [group.id for group in groups] == ["long", "short"]
    told = [[(each.stream, each.first_index, each.count) for each in asked] for asked in generator.rounds]
    assert told == [
        [("long/update-0-0", 0, 2), ("short/update-0-0", 0, 2)],
        [("long/update-1-0", 0, 1), ("long/update-1-0", 1, 1), ("short/answer-0-0", 0, 1), ("short/answer-0-0", 1, 1)],
        [("long/update-2-0", 0, 1), ("long/update-2-0", 1, 1)],
        [("long/answer-0-0", 0, 1), ("long/answer-0-0", 1, 1)],
    ]


def test_of_a_chunk_asked_again_the_accepted_turn_stays():
    def stumbling(prompt: str, stream: str, index: int) -> str:
        return "what ?" if stream.endswith("update-0-0") and index == 1 else noting(prompt, stream, 0)

    (group,), generator = sampled([sample("q", 2)], stumbling)
    smooth, stumbled = group.trajectories
    assert [turn.response_ids for turn in stumbled.turns] == [turn.response_ids for turn in smooth.turns]
    assert (stumbled.details["asked_again"], stumbled.details["kept"]) == (1, 0)
    assert (smooth.details["asked_again"], smooth.details["kept"]) == (0, 0)
    assert [each.stream for each in generator.rounds[1]] == ["q/update-1-0", "q/update-0-1"]


def test_where_no_attempt_is_accepted_the_last_one_stays_and_the_memory_is_kept():
    def silent(prompt: str, stream: str, index: int) -> str:
        if "update-1" in stream:
            return "what ?" if stream.endswith("-0") else "which ?"
        return noting(prompt, stream, index)

    (group,), _ = sampled([sample("q", 2)], silent, group_size=1)
    (trajectory,) = group.trajectories
    assert len(trajectory.turns) == 3
    assert word_tokenizer().decode(list(trajectory.turns[1].response_ids)) == "which ? <eos>"
    assert (trajectory.details["asked_again"], trajectory.details["kept"]) == (1, 1)
    assert trajectory.reward == 1.0  # by the memory of the chunk before


def test_an_update_that_is_cut_off_counts_as_malformed():
    def rambling(prompt: str, stream: str, index: int) -> str:
        return update("wool " * 30) if "update" in stream else noting(prompt, stream, index)

    (group,), _ = sampled([sample("q", 1)], rambling, group_size=1)
    assert group.trajectories[0].turns[0].finish_reason == "length"
    assert group.trajectories[0].details["kept"] == 1


def test_the_answers_form_is_told_at_the_end_alone():
    form = 'Format your response : "Therefore, the answer is (a name)".'
    asked = sample("q", 1)
    prompt = (Message(role="user", content=f"{PAGES[0]}\n{asked.core_question}\n{form}"),)
    source = MemorySource(word_tokenizer(), RuleGrader(), LIBRARY, SETTINGS)
    reading = source.reading(replace(asked, prompt=prompt), source.chunks(asked))
    (request,) = reading.requests()
    assert form not in request.prompt
    reading.accept(request, update("."))
    assert form in reading.requests()[0].prompt


def test_a_sample_that_stands_twice_draws_anew():
    groups, generator = sampled([sample("q", 1), sample("q", 1)], group_size=1)
    assert [group.id for group in groups] == ["q", "q#2"]
    assert {request.stream for asked in generator.rounds for request in asked} == {
        "q/update-0-0",
        "q#2/update-0-0",
        "q/answer-0-0",
        "q#2/answer-0-0",
    }


def test_what_cannot_be_graded_or_read_is_named():
    with pytest.raises(InputError, match="'q' cannot be graded"):
        sampled([sample("q", 1, answer="many", reward_style="numeric")])
    with pytest.raises(InputError, match="names no documents"):
        sampled([sample("q", 0)])


def rated(task: str, pages: int, name: str) -> TrajectoryGroup:
    (group,), _ = sampled([sample(name, pages, task=task)], group_size=2)
    return group


RECIPE = Recipe.model_validate({"model": {"path": "-"}, "data": {"folders": ["-"]}})


def test_a_trajectory_counts_once_and_a_token_weighs_one_over_its_groups_tokens_over_all_turns():
    """Two groups of two trajectories, of three chunks and of one: four turns each, and two.

    Rewards are 1 and 0 in both. By hand: means 1/2, and of the four rewards of the task the sample std is sqrt(1/3), so
    advantages are +-0.5 / 0.577 = +-0.866, whatever the number of turns.
    """
    batch = lay_out([rated("multi_hop", 3, "long"), rated("multi_hop", 1, "short")])
    plan = plan_step(batch, RECIPE, KeepAll())
    assert plan.advantages_B.tolist() == pytest.approx([0.866, -0.866, 0.866, -0.866], abs=1e-3)
    assert Counter(batch.trajectory_R) == {0: 4, 1: 4, 2: 2, 3: 2}
    assert plan.advantages_R.tolist() == pytest.approx(
        [0.866] * 4 + [-0.866] * 4 + [0.866] * 2 + [-0.866] * 2, abs=1e-3
    )
    for place, group in enumerate(batch.groups):
        tokens = sum(each.response_tokens for each in group.trajectories)
        rows = torch.tensor([each == place for each in batch.group_R])
        assert plan.weights_RT[rows][batch.mask_RT[rows]].tolist() == pytest.approx([1 / (2 * tokens)] * tokens)
        assert float(plan.weights_RT[rows].sum()) == pytest.approx(0.5)  # each group equally
    assert set(plan.update_R.tolist()) == {0}  # one optimizer step


def test_rows_counted_as_trajectories_would_weigh_otherwise():
    """The negative control of the test above: sequence weights over rows are not those over trajectories."""
    batch = lay_out([rated("multi_hop", 3, "long"), rated("multi_hop", 1, "short")])
    groups, trajectories = torch.tensor(batch.group_R), torch.tensor(batch.trajectory_R)
    right = token_weights(
        batch.mask_RT, groups, trajectories=trajectories, level="sequence", scope="group", count="all"
    )
    wrong = token_weights(
        batch.mask_RT, groups, trajectories=torch.arange(len(groups)), level="sequence", scope="group", count="all"
    )
    by_trajectory = torch.zeros(4, dtype=right.dtype).index_add_(0, trajectories, right.sum(-1))
    assert by_trajectory.tolist() == pytest.approx([0.25] * 4)
    assert not torch.allclose(right, wrong)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return load_policy(make_tiny_model(tmp_path_factory.mktemp("model") / "tiny", 3))


def local(policy: Policy, temperature: float = 1.0, budget: int = 100_000) -> LocalGenerator:
    return LocalGenerator(policy, SamplingSettings(temperature, 1.0, 0), "seed", budget)


def test_a_trajectory_is_the_reading_that_inference_drives(policy: Policy):
    """Greedily: the same generator, a Reading driven by hand, turn by turn."""
    asked, generator = sample("q", 3), local(policy, 0.0)
    source = MemorySource(policy.tokenizer, RuleGrader(), LIBRARY, SETTINGS)
    (group,) = source.sample_groups(local(policy, 0.0), [asked], 2)
    reading, answers = source.reading(asked, source.chunks(asked)), list[str]()
    while not reading.finished:
        (request,) = reading.requests()
        prompt = chat_prompt(policy.tokenizer, [Message(role="user", content=request.prompt)])
        ((turn,),) = generator.generate([GenerationRequest(prompt.ids, request.max_tokens, request.name)])
        answers.append(str(policy.tokenizer.decode(list(turn.response_ids), skip_special_tokens=True)))
        reading.accept(request, answers[-1], truncated=turn.finish_reason == "length")
    for trajectory in group.trajectories:
        assert trajectory.answer == answers[-1] == reading.answers[0]
        assert trajectory.details["kept"] == sum(each.kept for each in reading.updates)


def test_the_same_seed_gives_the_same_turns_whoever_reads_beside(policy: Policy):
    source = MemorySource(policy.tokenizer, RuleGrader(), LIBRARY, SETTINGS)
    alone = list(source.sample_groups(local(policy), [sample("b", 2)], 2))
    beside = list(source.sample_groups(local(policy, budget=400), [sample("a", 3), sample("b", 2)], 2))
    assert [[turn.response_ids for turn in each.turns] for each in alone[0].trajectories] == [
        [turn.response_ids for turn in each.turns] for each in beside[1].trajectories
    ]


class Spoken:
    """Decodes by a real generator, whose work it counts so, but gives what is scripted."""

    def __init__(self, inner: LocalGenerator, scripted: Scripted) -> None:
        self.inner, self.scripted = inner, scripted

    def generate(self, requests: Sequence[GenerationRequest]) -> list[tuple[Turn, ...]]:
        self.inner.generate(requests)
        return self.scripted.generate(requests)


def test_chunk_first_prompts_share_their_chunks_prefill(policy: Policy):
    """Four readings of four chunks of 20, 16, 16 and 20 tokens, with memories of their own from the second on.

    By hand: each of these three chunks is processed once and not four times, and the question of 7 tokens with its
    marks, which all share where it comes first, four times and not once.
    """
    prefilled: dict[str, int] = {}
    pages = Documents(
        Document(f"d{number}", "", "literature", "", f"{page}\n" * 4) for number, page in enumerate(PAGES)
    )
    for order in ("tiny", "tiny_chunk_first"):
        settings = replace(SETTINGS, prompts=order, chunk_tokens=24)
        source = MemorySource(policy.tokenizer, RuleGrader(), pages, settings)
        scripted = Scripted(policy.tokenizer, lambda _, stream, index: update(["wool", "hats", "bread", "salt"][index]))
        spoken = Spoken(local(policy), scripted)
        (group,) = source.sample_groups(spoken, [sample("q", 4)], 4)
        assert all(len(each.turns) == 5 for each in group.trajectories)
        prefilled[order] = spoken.inner.usage.prefilled_tokens
    assert prefilled["tiny"] - prefilled["tiny_chunk_first"] == 3 * (16 + 16 + 20) - 3 * 3 * 7


def test_a_slow_tokenizer_is_refused():
    class Slow:
        is_fast = False

    with pytest.raises(InputError, match="does not tell where its tokens stand"):
        plain_tokenizer(Slow())  # pyright: ignore[reportArgumentType]
