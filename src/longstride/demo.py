"""What can be shown so far: records, graders, the recipe's reinforcement learning on a table of logits, SCE merging.

The policy here is no language model: for each question it holds one logit for each candidate answer. Everything else
is the real thing: the same files, graders, advantages, loss, entropy switch and merge that a model is trained with.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from longstride.files import replacing
from longstride.grading import cover_exact_match, grade, mrcr_score
from longstride.merging import merge_tensors
from longstride.records import Document, Evidence, Sample
from longstride.records.parquet import read_samples, write_documents, write_samples
from longstride.rl import (
    EntropyLatch,
    batch_entropy,
    policy_loss,
    task_advantages,
    token_entropy,
)

GROUP_SIZE = 8  # paper 5.1
PLACES = ("Port Orvale", "Lindmoor", "Sarnath Quay", "Ebbing", "Tarn Hollow", "Greywater")
COMPANIES = ("Kestrel", "Talon", "Merrow", "Aldous", "Pinnace", "Harrow")
PLACE, RULE = "Port Orvale", "cover_exact_match"
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
    """Show each room at work, and leave a data set and `demo.json` in `output`."""
    console = Console(highlight=False)
    samples = _data_set(output, seed)
    console.print(f"[bold]1. Records.[/] {len(samples)} samples over {len(COMPANIES)} documents, written and read back")
    console.print(f"   {output / 'samples'}: the columns that verl, TRL and datasets read")
    console.print("[bold]2. Graders.[/] Question: Where is Kestrel based? Gold: Port Orvale")
    console.print(_graded())
    console.print(
        f"[bold]3. Reinforcement learning.[/] {steps} steps on each task alone and on both, {GROUP_SIZE} rollouts"
    )
    policies = {name: _train(samples, tasks, steps, seed) for name, tasks in _arms(samples).items()}
    base = torch.zeros(len(samples), len(PLACES))
    merged = merge_tensors(base, [policies["places only"], policies["needles only"]], topk=1.0)
    console.print("[bold]4. Merging.[/] SCE over the two that learned one task each")
    results = {
        name: _mean_rewards(logits, samples)
        for name, logits in {"untrained": base, **policies, "merged": merged}.items()
    }
    table = Table("policy", *sorted({sample.data_source for sample in samples}))
    for name, rewards in results.items():
        table.add_row(name, *(f"{rewards[source]:.2f}" for source in sorted(rewards)))
    console.print("   Expected reward by task, exact over all answers:")
    console.print(table)
    with replacing(output / "demo.json") as path:
        path.write_text(
            json.dumps({"seed": seed, "steps": steps, "expected_reward": results}, indent=1, sort_keys=True)
        )
    console.print(
        "Not built yet: synthesis from your documents, a language model's training, the memory agent, evaluation and "
        "the report.\nSee README.md for what can be called from Python today."
    )


def _arms(samples: Sequence[Sample]) -> dict[str, set[str]]:
    return {"places only": {"places"}, "needles only": {"needles"}, "both": {sample.data_source for sample in samples}}


def _data_set(output: Path, seed: int) -> list[Sample]:
    """Write a look-up with a sparse reward and a needle with a dense one for each company; read them back."""
    documents, samples = [], []
    for index, (company, place) in enumerate(zip(COMPANIES, PLACES, strict=True)):
        text = f"{company} is based in {place}. Nobody there remembers why."
        documents.append(Document(f"d{index}", company, "literature", "demo", text))
        evidence = Evidence(f"d{index}", text.index(place), text.index(place) + len(place), place)
        for source, task, question_type, style, question in (
            ("places", "reading_comprehension", "look_up", "cover_exact_match", f"Where is {company} based?"),
            ("needles", "dialogue_memory", "needle", "mrcr", f"Repeat the place of {company} after `>`."),
        ):
            samples.append(
                Sample(
                    id=f"{source}-{index}",
                    data_source=source,
                    prompt=({"role": "user", "content": f"{text}\n\n{question}"},),
                    task=task,
                    question_type=question_type,
                    core_question=question,
                    format_instructions="",
                    ground_truth=(place,),
                    reward_style=style,
                    generator="demo",
                    seed=seed,
                    document_ids=(f"d{index}",),
                    evidence=(evidence,),
                )
            )
    write_documents(output / "documents" / "documents.parquet", documents)
    write_samples(output / "samples" / "samples.parquet", samples)
    return list(read_samples(output / "samples"))


def _graded() -> Table:
    table = Table("response", "extracted", "score", "why refused")
    for name, gold, style, response in RESPONSES:
        result = grade(response, gold, style, question="Where is Kestrel based?")
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
