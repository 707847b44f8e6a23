"""Lessons of an oracle: what the agent is taught before its rewards teach it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import PreTrainedTokenizerBase

from longstride.corpus.world import World
from longstride.engines.local.warmup.lessons import Counts, Lesson, group_lessons
from longstride.engines.local.warmup.memory_lessons import memory_lessons
from longstride.engines.local.warmup.word_tokenizer import word_tokenizer
from longstride.errors import InputError
from longstride.memory.settings import MemorySettings
from longstride.records import Sample
from longstride.records.parquet import write_documents, write_samples

SETTINGS = MemorySettings(
    chunk_tokens=30, memory_tokens=30, update_tokens=40, answer_tokens=20, prompts="tiny_chunk_first"
)
MakeSamples = Callable[..., list[Sample]]


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerBase:
    return word_tokenizer()


@pytest.fixture
def read_dataset(look_ups: MakeSamples, tmp_path: Path) -> Path:
    """The look-ups over one context of three documents, of about 20 tokens each, with the documents."""
    pages = [document for document, _ in World(0, "small").pages(count=3)]
    names = tuple(document.id for document in pages)
    write_documents(tmp_path / "set" / "documents" / "0.parquet", pages)
    samples = [Sample(**{**vars(each), "document_ids": names}) for each in look_ups(1)]
    write_samples(tmp_path / "set" / "samples" / "0.parquet", samples)
    return tmp_path / "set"


def said(tokenizer: PreTrainedTokenizerBase, lesson: Lesson) -> tuple[str, str]:
    return str(tokenizer.decode(list(lesson.turn.prompt_ids))), str(tokenizer.decode(list(lesson.turn.response_ids)))


def test_every_chunk_has_an_update_and_every_question_its_answer(
    read_dataset: Path, tokenizer: PreTrainedTokenizerBase, look_ups: MakeSamples
):
    counts = Counts()
    lessons = list(memory_lessons(read_dataset, tokenizer, SETTINGS, 4096, counts))
    questions = look_ups(1)
    pairs = [said(tokenizer, lesson) for lesson in lessons]
    updates = [pair for pair in pairs if pair[0].endswith("Memory :")]
    answers = [pair for pair in pairs if pair[0].endswith("Reply :")]
    assert counts.lessons == len(lessons) == len(updates) + len(answers)
    assert len(answers) == len(questions)
    assert len(updates) % len(questions) == 0 and len(updates) // len(questions) >= 2
    assert all(reply.startswith("<memory> ") and reply.endswith(" </plan> <eos>") for _, reply in updates)
    for question, (prompt, reply) in zip(questions, answers, strict=True):
        assert prompt.startswith(f"<bos> {question.evidence[0].text}")
        assert reply.endswith(f"The answer is {question.ground_truth[0]} <eos>")


def test_the_questions_about_one_chunk_are_learnt_behind_it(read_dataset: Path, tokenizer: PreTrainedTokenizerBase):
    lessons = list(memory_lessons(read_dataset, tokenizer, SETTINGS, 4096))
    first = group_lessons(lessons, 2048)[0]
    assert len(first.shared.rows) == len(
        {lesson.turn.prompt_ids for lesson in lessons if lesson.context == lessons[0].context}
    )
    assert len(first.shared.rows) > 1
    assert len(first.shared.prefix_ids) > 20  # <bos> and the chunk


def test_what_is_too_long_is_left_out_and_counted(read_dataset: Path, tokenizer: PreTrainedTokenizerBase):
    whole, counts = len(list(memory_lessons(read_dataset, tokenizer, SETTINGS, 4096))), Counts()
    kept = list(memory_lessons(read_dataset, tokenizer, SETTINGS, 40, counts))
    assert len(kept) == counts.lessons
    assert counts.lessons + counts.too_long == whole
    assert counts.too_long > 0


def test_a_data_set_without_documents_is_refused(dataset: Path, tokenizer: PreTrainedTokenizerBase):
    with pytest.raises(InputError, match="no documents/"):
        list(memory_lessons(dataset, tokenizer, SETTINGS, 4096))


def test_the_command_teaches_the_agent_from_a_data_set(
    read_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    from longstride.cli import main

    place: Any = [
        str(tmp_path / "tiny"),
        str(read_dataset),
        "-o",
        str(tmp_path / "m"),
        "--make-tiny",
        "--kind",
        "memory",
    ]
    with pytest.raises(SystemExit) as stopped:
        main(["warmup", *place, "--chunk-tokens", "30", "--steps", "2", "--batch-tokens", "200"])
    assert not stopped.value.code
    assert (tmp_path / "m" / "model" / "model.safetensors").exists()
    assert "lessons" in capsys.readouterr().out


def test_both_kinds_are_learnt_together(read_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from longstride.engines.local.warmup.command import run_warmup

    def lessons(kind: str) -> int:
        run_warmup(
            tmp_path / "tiny",
            [read_dataset],
            output=tmp_path / kind,
            kind=kind,
            make_tiny=True,
            steps=1,
            minutes=None,
            optimizer="muon",
            lr=None,
            batch_tokens=200,
            gradient_checkpointing=False,
            seed=0,
            resume="auto",
        )
        return int(re.findall(r"of ([\d,]+) lessons", capsys.readouterr().out)[0].replace(",", ""))

    assert lessons("both") == lessons("answers") + lessons("memory")
