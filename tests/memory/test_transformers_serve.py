"""A real peer upstream: `transformers serve` with the tiny model, read by `ask`'s own driver and by training's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch

from longstride.corpus.world import World
from longstride.engines.graders import RuleGrader
from longstride.engines.local.policy import Policy, load_policy
from longstride.engines.local.rollout import LocalGenerator
from longstride.engines.local.sampling import SamplingSettings
from longstride.engines.local.warmup.memory_lessons import memory_lessons
from longstride.engines.local.warmup.tiny_model import make_tiny_model
from longstride.engines.local.warmup.trainer import WarmupSettings, warm_up
from longstride.engines.memory_agent import MemorySource, plain_tokenizer
from longstride.llm import ModelsSettings, open_models
from longstride.llm.chat import Sampling
from longstride.memory.asking import AskOptions, ask
from longstride.memory.samples import Documents, query_of
from longstride.memory.settings import MemorySettings
from longstride.memory.window import fit_window
from longstride.records import Evidence, Message, Sample
from longstride.records.parquet import write_documents, write_samples

pytestmark = pytest.mark.slow
SETTINGS = MemorySettings(
    chunk_tokens=64, memory_tokens=40, update_tokens=40, answer_tokens=24, prompts="tiny_chunk_first"
)

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def read_dataset(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Sample]]:
    """A dozen pages, and a look-up in each of those that state a sentence."""
    folder = tmp_path_factory.mktemp("data")
    pages = list(World(0, "small").pages(count=12))
    samples: list[Sample] = []
    for document, facts in pages:
        line = document.text.splitlines()[0]
        fact = next(fact for fact in facts if fact.object in line)
        question = f"{fact.subject} {fact.relation} what ?"
        if " | " in line or ":" in line:
            continue
        samples.append(
            Sample(
                id=document.id,
                data_source="test",
                prompt=(Message(role="user", content=question),),
                task="reading_comprehension",
                question_type="look_up",
                core_question=question,
                format_instructions="",
                ground_truth=(fact.object,),
                reward_style="exact",
                generator="test",
                seed=0,
                document_ids=tuple(each.id for each, _ in pages),
                evidence=(Evidence(document.id, 0, len(line), line),),
                context_id="c",
            )
        )
    write_documents(folder / "documents" / "0.parquet", [document for document, _ in pages])
    write_samples(folder / "samples" / "0.parquet", samples)
    return folder, samples


@pytest.fixture(scope="module")
def reader(read_dataset: tuple[Path, list[Sample]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that has learnt to read this data set."""
    folder = tmp_path_factory.mktemp("model")
    policy = load_policy(make_tiny_model(folder / "tiny", 0))
    lessons = memory_lessons(read_dataset[0], policy.tokenizer, SETTINGS, 4096)
    settings = WarmupSettings(steps=40, batch_tokens=600)
    return warm_up(policy, lessons, folder / "warm", settings, origin="tiny").model_folder


async def asked_over(url: str, model: Path, policy: Policy, documents: Documents, samples: list[Sample]) -> list[str]:
    """The answers of `longstride ask`'s driver, greedily."""
    tokenizer, answers = plain_tokenizer(policy.tokenizer), list[str]()
    sizes = {name: getattr(SETTINGS, name) for name in ("chunk_tokens", "memory_tokens", "update_tokens")}
    async with open_models(ModelsSettings(base_url=url, model=str(model))) as models:
        for sample in samples:
            fit = fit_window(
                [query_of(sample)],
                tokenizer.count,
                4096,
                prompts=SETTINGS.prompts,
                estimated=False,
                answer_tokens=SETTINGS.answer_tokens,
                **sizes,
            )
            outcome = await ask(
                documents.of(sample),
                [query_of(sample)],
                models.role("agent"),
                fit,
                tokenizer,
                AskOptions(agent="memory"),
                sampling=Sampling(temperature=0.0),
            )
            answers.append(outcome.answers[0].text)
    return answers


def test_ask_before_transformers_serve_says_what_training_s_rollout_says(
    reader: Path,
    read_dataset: tuple[Path, list[Sample]],
    transformers_serve: Callable[[Path], AbstractContextManager[str]],
):
    """Greedily: updates and answer over HTTP, by another engine's decoding, are those of our own generator."""
    folder, samples = read_dataset
    policy, documents = load_policy(reader), Documents.of_folders([folder])
    source = MemorySource(policy.tokenizer, RuleGrader(), documents, SETTINGS)
    generator = LocalGenerator(policy, SamplingSettings(0.0, 1.0, 0), "seed", 100_000)
    trajectories = [group.trajectories[0] for group in source.sample_groups(generator, samples, 1)]
    with transformers_serve(reader) as url:
        answers = asyncio.run(asked_over(url, reader, policy, documents, samples))
    assert answers == [trajectory.answer.strip() for trajectory in trajectories]
    assert sum(trajectory.reward for trajectory in trajectories) >= len(samples) / 2  # it has learnt to read
