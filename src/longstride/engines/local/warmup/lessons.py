"""Prompts with the responses to learn, from a data set or a file of turns, packed behind what they have in common."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase

from longstride.engines.chat_prompts import chat_prompt
from longstride.engines.local.shared_prefix import Row, SharedPrefix, common_length
from longstride.engines.local.warmup.targets import earns_its_reward, written_reply
from longstride.errors import InputError
from longstride.records import Message, Turn
from longstride.records.parquet import read_groups, read_samples


@dataclass(frozen=True)
class Lesson:
    """One prompt and the response to learn, which ends in the model's own end-of-text token."""

    turn: Turn
    task: str
    context: str  # lessons of one context begin alike and are learnt together


@dataclass(frozen=True)
class LessonGroup:
    """Lessons behind one shared beginning, which is processed once."""

    shared: SharedPrefix
    tasks: tuple[str, ...]  # of each row
    prompt_tokens: int  # of the longest

    @property
    def tokens(self) -> int:
        """All that is processed."""
        return len(self.shared.prefix_ids) + sum(len(row.ids) for row in self.shared.rows)

    @property
    def target_tokens(self) -> int:
        """All that is learnt."""
        return sum(len(row.targets) for row in self.shared.rows)


@dataclass
class Counts:
    """What became of a source's rows."""

    lessons: int = 0
    too_long: int = 0
    without_reward: int = 0  # samples whose answer their own rule does not accept in any form that we write


def answer_lessons(
    dataset: str | Path, tokenizer: PreTrainedTokenizerBase, max_tokens: int, counts: Counts | None = None
) -> Iterator[Lesson]:
    """A lesson for each sample of a data set folder (or a file of samples), its reply by `written_reply`; streams.

    max_tokens: of prompt and reply together; longer samples are left out, and counted in `counts`, as are those whose
    written reply would not earn its reward. Raises InputError as `read_samples`.
    """
    counts = Counts() if counts is None else counts
    folder = Path(dataset)
    for sample in read_samples(folder / "samples" if (folder / "samples").is_dir() else folder):
        prompt = chat_prompt(tokenizer, sample.prompt)
        reply = written_reply(sample, thinking_opened=prompt.thinking_opened)
        if not earns_its_reward(sample, reply, thinking_opened=prompt.thinking_opened):
            counts.without_reward += 1
            continue
        target_ids = response_ids(tokenizer, reply)
        if len(prompt.ids) + len(target_ids) > max_tokens:
            counts.too_long += 1
            continue
        counts.lessons += 1
        yield Lesson(Turn(prompt.ids, target_ids), sample.task, sample.context_id or sample.id)


def turn_lessons(
    path: str | Path, tokenizer: PreTrainedTokenizerBase, max_tokens: int, counts: Counts | None = None
) -> Iterator[Lesson]:
    """A lesson for each turn of a file or folder of conversations, such as the memory agent's; streams.

    Either parquet of trajectory groups (`records.parquet.write_groups`), whose token ids are the model's own; or JSON
    Lines, where a line is one conversation:

        {"task": "multi_hop", "turns": [{"prompt": "..." or [{"role": "user", "content": "..."}], "response": "..."}]}

    Each turn stands for itself: its prompt holds all that the model sees. Prompts are put in the chat template, and
    responses end in the end-of-text token. Turns over `max_tokens` are left out and counted.
    Raises InputError naming the file and row of what cannot be read, and for ids beyond the model's.
    """
    counts = Counts() if counts is None else counts
    path = Path(path)
    source = _json_turns(path, tokenizer) if path.suffix == ".jsonl" else _parquet_turns(path, len(tokenizer))
    for lesson in source:
        if len(lesson.turn.prompt_ids) + len(lesson.turn.response_ids) > max_tokens:
            counts.too_long += 1
        else:
            counts.lessons += 1
            yield lesson


def response_ids(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    """The ids of a response's text and the end-of-text token. InputError for a tokenizer that has none."""
    untyped: Any = tokenizer
    if untyped.eos_token_id is None:
        raise InputError("the tokenizer has no end-of-text token", cure="set eos_token in tokenizer_config.json")
    ids = untyped(text, add_special_tokens=False, split_special_tokens=False, verbose=False)["input_ids"]
    return (*ids, int(untyped.eos_token_id))


def group_lessons(lessons: Iterable[Lesson], max_tokens: int) -> list[LessonGroup]:
    """Lessons of one context, where they follow each other, behind their common beginning.

    A lesson joins the one before where at least half of its prompt is the same. A group takes at most `max_tokens`,
    unless one lesson alone is longer.
    """
    groups: list[LessonGroup] = []
    for _, members in groupby(lessons, key=lambda lesson: lesson.context):
        held: list[Lesson] = []
        prefix = tokens = 0
        for lesson in members:
            common = common_length(held[0].turn.prompt_ids[:prefix], lesson.turn.prompt_ids) if held else 0
            longer = prefix - common  # what each row held so far would grow by
            joined = tokens + longer * (len(held) - 1) + _length(lesson) - common
            if held and (2 * common < len(lesson.turn.prompt_ids) or joined > max_tokens):
                groups.append(_group(held, prefix))
                held = []
            if held:
                prefix, tokens = common, joined
            else:
                prefix, tokens = len(lesson.turn.prompt_ids), _length(lesson)
            held.append(lesson)
        groups.append(_group(held, prefix))
    return groups


def lessons_digest(groups: Sequence[LessonGroup]) -> str:
    """Names the lessons and their order: sha256 in hexadecimal."""
    total = hashlib.sha256()
    for group in groups:
        rows = [(row.ids, row.loss_from) for row in group.shared.rows]
        total.update(json.dumps([group.shared.prefix_ids, rows, group.tasks]).encode())
    return total.hexdigest()


def _group(members: Sequence[Lesson], prefix: int) -> LessonGroup:
    rows = tuple(
        Row((*lesson.turn.prompt_ids[prefix:], *lesson.turn.response_ids), len(lesson.turn.prompt_ids) - prefix)
        for lesson in members
    )
    return LessonGroup(
        SharedPrefix(members[0].turn.prompt_ids[:prefix], rows),
        tuple(lesson.task for lesson in members),
        max(len(lesson.turn.prompt_ids) for lesson in members),
    )


def _length(lesson: Lesson) -> int:
    return len(lesson.turn.prompt_ids) + len(lesson.turn.response_ids)


def _parquet_turns(path: Path, vocabulary: int) -> Iterator[Lesson]:
    for number, group in enumerate(read_groups(path)):
        for trajectory in group.trajectories:
            for turn in trajectory.turns:
                highest = max((*turn.prompt_ids, *turn.response_ids))
                if highest >= vocabulary:
                    problem = f"holds token {highest}, but the model knows 0 .. {vocabulary - 1}"
                    raise InputError(problem, path=path, row=number, cure="write the turns with the model's tokenizer")
                yield Lesson(turn, group.task, f"{group.id}/{trajectory.rollout_index}")


def _json_turns(path: Path, tokenizer: PreTrainedTokenizerBase) -> Iterator[Lesson]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", path=path) from None
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            conversation = json.loads(line)
            task, turns = str(conversation["task"]), conversation["turns"]
            pairs = [(_messages(each), _text(each, "response")) for each in turns]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            cure = 'expected {"task": "...", "turns": [{"prompt": "...", "response": "..."}]}'
            raise InputError(
                f"is no conversation ({type(error).__name__}: {error})", path=path, row=number, cure=cure
            ) from None
        for messages, response in pairs:
            turn = Turn(chat_prompt(tokenizer, messages).ids, response_ids(tokenizer, response))
            yield Lesson(turn, task, str(number))


def _messages(turn: Mapping[str, Any]) -> list[Message]:
    prompt = turn["prompt"]
    if isinstance(prompt, str):
        return [Message(role="user", content=prompt)]
    return [Message(role=_text(each, "role"), content=_text(each, "content")) for each in prompt]  # pyright: ignore[reportArgumentType]


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r:.40}, expected a text")
    return value
