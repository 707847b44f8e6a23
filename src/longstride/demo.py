"""What can be shown so far: synthesis, graders, the recipe's reinforcement learning on a table of logits, SCE merging.

The policy here is no language model: for each question it holds one logit for each candidate answer. Everything else
is the real thing: the same files, graders, advantages, loss, entropy switch and merge that a model is trained with.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from longstride.corpus.world import write_world
from longstride.grading import cover_exact_match, grade, mrcr_score
from longstride.merging import merge_tensors
from longstride.pipeline.settings import SynthesisSettings
from longstride.pipeline.synthesize import synthesize
from longstride.records import Sample
from longstride.records.parquet import read_samples
from longstride.rl import (
    EntropyLatch,
    batch_entropy,
    policy_loss,
    task_advantages,
    token_entropy,
)
from longstride.workspace import write_json

GROUP_SIZE = 8  # paper 5.1
WORLD_DOCUMENTS, QUESTIONS = 124, 20
PLACES = ("Port Orvale", "Lindmoor", "Sarnath Quay", "Ebbing", "Tarn Hollow", "Greywater")
COMPANIES = ("Kestrel", "Talon", "Merrow", "Aldous", "Pinnace", "Harrow")
QUESTION, PLACE, RULE = "Where is Kestrel based?", "Port Orvale", "cover_exact_match"
RESPONSES = (
    ("an honest answer", PLACE, RULE, "It says so. Therefore, the answer is Port Orvale."),
    ("a wrong one", PLACE, RULE, "Therefore, the answer is Lindmoor."),
    ("every candidate at once", PLACE, RULE, f"Therefore, the answer is one of {', '.join(PLACES)}."),
    ("the question echoed", PLACE, RULE, "Where is Kestrel based, in Port Orvale?"),
    ("an answer while still thinking", PLACE, RULE, "<think>Therefore, the answer is Port Orvale."),
    ("another way to write -1,500,000", "-1,500,000", "numeric", "Therefore, the answer is $(1.5) million."),
    ("the sign forgotten", "-1,500,000", "numeric", "Therefore, the answer is $1.5 million."),
)


def run_demo(output: Path, seed: int, steps: int) -> None:
    """Show each room at work, and leave documents, a data set and `demo.json` in `output`."""
    console = Console(highlight=False)
    console.print("[bold]1. Synthesis.[/] A fictional world writes documents; programs ask about them and prove it")
    _show_synthesis(output, seed, console)
    console.print(f"[bold]2. Graders.[/] Question: {QUESTION} Gold: {PLACE}")
    console.print(_graded())
    console.print(
        f"[bold]3. Reinforcement learning.[/] {steps} steps on one task, the other, both; {GROUP_SIZE} rollouts"
    )
    samples = _questions(seed)
    policies = {name: _train(samples, tasks, steps, seed) for name, tasks in _arms(samples).items()}
    base = torch.zeros(len(samples), len(PLACES))
    merged = merge_tensors(base, [policies["places only"], policies["needles only"]], topk=1.0)
    console.print("[bold]4. Merging.[/] SCE over the two that learned one task each")
    logits = {"untrained": base, **policies, "merged": merged}
    results = {name: _mean_rewards(values, samples) for name, values in logits.items()}
    table = Table("policy", *sorted({sample.data_source for sample in samples}))
    for name, rewards in results.items():
        table.add_row(name, *(f"{rewards[source]:.2f}" for source in sorted(rewards)))
    console.print("   Expected reward by task, exact over all answers:")
    console.print(table)
    write_json(output / "demo.json", {"seed": seed, "steps": steps, "expected_reward": results})
    console.print(
        "Not built yet: a language model's training, the memory agent, evaluation and the report.\n"
        "The policy above is a table of logits, no language model."
    )


def _show_synthesis(output: Path, seed: int, console: Console) -> None:
    world, made = output / "world", output / "questions"
    write_world(world, seed=seed, count=WORLD_DOCUMENTS)
    settings = SynthesisSettings(samples=QUESTIONS, target_tokens=(1500, 4000), seed=seed)
    manifest = synthesize(world, made, settings)
    console.print(f"   {manifest['samples']} samples over {manifest['documents']} documents: {made / 'README.md'}")
    shown: set[str] = set()
    for sample in read_samples(made / "samples"):
        if sample.question_type not in shown:
            shown.add(sample.question_type)
            text = f"   {sample.question_type}, {sample.input_tokens:,} tokens: {sample.core_question}"
            console.print(text, "->", sample.ground_truth[0], markup=False)


def _arms(samples: Sequence[Sample]) -> dict[str, set[str]]:
    return {"places only": {"places"}, "needles only": {"needles"}, "both": {sample.data_source for sample in samples}}


def _questions(seed: int) -> list[Sample]:
    """For each company a look-up with a sparse reward and a needle with a dense one."""
    return [
        Sample(
            id=f"{source}-{company}",
            data_source=source,
            prompt=({"role": "user", "content": f"{company} is based in {place}.\n\n{question.format(company)}"},),
            task=task,
            question_type=question_type,
            core_question=question.format(company),
            format_instructions="",
            ground_truth=(place,),
            reward_style=style,
            generator="demo",
            seed=seed,
        )
        for company, place in zip(COMPANIES, PLACES, strict=True)
        for source, task, question_type, style, question in (
            ("places", "reading_comprehension", "look_up", "cover_exact_match", "Where is {} based?"),
            ("needles", "dialogue_memory", "needle", "mrcr", "Repeat the place of {} after `>`."),
        )
    ]


def _graded() -> Table:
    table = Table("response", "extracted", "score", "why refused")
    for name, gold, style, response in RESPONSES:
        result = grade(response, gold, style, question=QUESTION)
        table.add_row(name, str(result.answer), f"{result.score:.0f}", result.refused)
    return table


def _rewards(samples: Sequence[Sample]) -> Tensor:
    """[samples, answers] the reward of every answer to every question."""
    return torch.tensor(
        [
            [
                mrcr_score(f">{place}", f">{sample.ground_truth[0]}", ">")
                if sample.reward_style == "mrcr"
                else float(cover_exact_match(place, list(sample.ground_truth)))
                for place in PLACES
            ]
            for sample in samples
        ]
    )


def _mean_rewards(logits: Tensor, samples: Sequence[Sample]) -> dict[str, float]:
    expected = (logits.softmax(-1) * _rewards(samples)).sum(-1).tolist()
    sources = {sample.data_source for sample in samples}
    return {
        source: sum(value for value, sample in zip(expected, samples, strict=True) if sample.data_source == source)
        / sum(sample.data_source == source for sample in samples)
        for source in sources
    }


def _train(samples: Sequence[Sample], sources: set[str], steps: int, seed: int) -> Tensor:
    """The recipe's step: rollout, reward, advantages (Eq. 7), entropy (Eq. 11), AEPO, loss (Eq. 4), one update."""
    rows = torch.tensor([index for index, sample in enumerate(samples) if sample.data_source in sources])
    logits = torch.zeros(len(samples), len(PLACES), requires_grad=True)
    optimizer = torch.optim.SGD([logits], lr=4.0)
    generator = torch.Generator().manual_seed(seed)
    latch = EntropyLatch(low=0.2, high=1.2)  # nats; ours, for six answers
    reward_of = _rewards(samples)
    question_B = rows.repeat_interleave(GROUP_SIZE)
    tasks = [samples[index].task for index in question_B.tolist()]
    mask_BT = torch.ones(len(question_B), 1, dtype=torch.bool)
    for _ in range(steps):
        logits_BV = logits[question_B]
        answer_B = torch.multinomial(logits_BV.detach().softmax(-1), 1, generator=generator).squeeze(1)
        reward_B = reward_of[question_B, answer_B]
        advantage_B = task_advantages(reward_B, question_B, tasks)
        entropy = batch_entropy(token_entropy(logits_BV.detach()).unsqueeze(-1), mask_BT).item()
        keep_BT = latch.keep_mask(entropy, advantage_B, reward_B).unsqueeze(-1)
        logprob_BT = logits_BV.log_softmax(-1).gather(1, answer_B.unsqueeze(-1))
        loss = policy_loss(logprob_BT, advantage_B, mask_BT, question_B, keep_RT=keep_BT)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return logits.detach()
