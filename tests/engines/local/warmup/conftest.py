"""Samples over the small world: a few documents of a seed, and a look-up for each of their facts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from longstride.corpus.world import World
from longstride.records import Evidence, Sample
from longstride.records.parquet import write_samples

MakeSamples = Callable[..., list[Sample]]

torch.set_num_threads(1)  # two pytest workers that share two cores wait for each other's threads otherwise


@pytest.fixture(scope="session")
def look_ups() -> MakeSamples:
    """`look_ups(contexts, documents=3, first_seed=0)`: every look-up over so many contexts, each of its own world."""

    def make(contexts: int, documents: int = 3, first_seed: int = 0) -> list[Sample]:
        samples: list[Sample] = []
        for seed in range(first_seed, first_seed + contexts):
            pages = list(World(seed, "small").pages(count=documents))
            text = "\n".join(document.text for document, _ in pages)
            for document, facts in pages:
                for number, fact in enumerate(facts):
                    line = next(each for each in document.text.splitlines() if f" {fact.relation} " in each)
                    start = document.text.index(line)
                    question = f"{fact.subject} {fact.relation} what ?"
                    samples.append(
                        Sample(
                            id=f"{seed}-{document.id}-{number}",
                            data_source="test",
                            prompt=({"role": "user", "content": f"{text}\nQuestion : {question}\nReply :"},),
                            task="reading_comprehension",
                            question_type="look_up",
                            core_question=question,
                            format_instructions="",
                            ground_truth=(fact.object,),
                            reward_style="exact",
                            generator="test",
                            seed=seed,
                            document_ids=(document.id,),
                            evidence=(Evidence(document.id, start, start + len(line), line),),
                            context_id=str(seed),
                        )
                    )
        return samples

    return make


@pytest.fixture(scope="session")
def dataset(look_ups: MakeSamples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set folder of 12 contexts."""
    folder = tmp_path_factory.mktemp("dataset")
    write_samples(folder / "samples" / "00000.parquet", look_ups(12))
    return folder
