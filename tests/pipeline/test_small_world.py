"""The small world through the whole command: a data set that a model of a few hundred words can learn from."""

from collections import Counter
from pathlib import Path

import pytest
import tokenizers
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from longstride.corpus.world import small_vocabulary, write_world
from longstride.curation.curator import Curator
from longstride.grading import grade
from longstride.pipeline.settings import SynthesisSettings, load_families
from longstride.pipeline.synthesize import synthesize
from longstride.records import TASKS, Document, Sample
from longstride.records.parquet import read_documents, read_samples

UNKNOWN = "<unk>"


@pytest.fixture(scope="module")
def word_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tokenizer that has a token for each word of the small world."""
    folder = tmp_path_factory.mktemp("tokenizer")
    words = {word: number for number, word in enumerate([UNKNOWN, *small_vocabulary()])}
    tokenizer = tokenizers.Tokenizer(WordLevel(words, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="module")
def dataset(word_tokenizer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 samples at 128 and 256 words over one small world."""
    folder = tmp_path_factory.mktemp("small world")
    write_world(folder / "world", 7, "small")
    settings = SynthesisSettings(
        samples=200,
        target_tokens=(128, 256),
        target_shares=(0.5, 0.5),
        tokenizer=str(word_tokenizer),
        prompt="tiny",
        filtered=False,
    )
    manifest = synthesize(folder / "world", folder / "out", settings)
    assert manifest["samples"] == 200 and manifest["documents"] == 272
    return folder / "out"


@pytest.fixture(scope="module")
def samples(dataset: Path) -> list[Sample]:
    return list(read_samples(dataset / "samples"))


@pytest.fixture(scope="module")
def documents(dataset: Path) -> dict[str, Document]:
    return {document.id: document for document in read_documents(dataset / "documents")}


def test_every_task_and_both_lengths_have_their_share(samples: list[Sample]):
    tasks = Counter(sample.task for sample in samples)
    assert set(tasks) == set(TASKS)
    assert min(tasks.values()) >= 25
    assert sum((sample.input_tokens or 0) <= 128 for sample in samples) == 100
    assert max(sample.input_tokens or 0 for sample in samples) <= 256
    assert {sample.generator for sample in samples} == {"small_world"}


def test_prompts_and_answers_hold_no_unknown_word(samples: list[Sample]):
    known = set(small_vocabulary())
    for sample in samples:
        assert set(sample.prompt[0]["content"].split()) <= known
        answer = sample.ground_truth[0]
        assert set((f"({answer})" if sample.reward_style == "choice" else answer).split()) <= known


def test_evidence_and_answer_written_down_are_graded_right(samples: list[Sample]):
    for sample in samples:
        answer = sample.ground_truth[0]
        reply = f"{' '.join(each.text for each in sample.evidence)} The answer is {answer}"
        if sample.reward_style == "mrcr":
            reply = answer
        assert grade(reply, sample.ground_truth, sample.reward_style, sample.reward_arguments).score == 1


def test_every_answer_is_derived_again_and_only_with_its_evidence(
    samples: list[Sample], documents: dict[str, Document]
):
    curator = Curator(load_families(), seed=99)
    assert all(curator.check(sample, documents).passed for sample in samples)


def test_questions_share_their_contexts(samples: list[Sample]):
    assert len({sample.context_id for sample in samples}) <= 0.6 * len(samples)
