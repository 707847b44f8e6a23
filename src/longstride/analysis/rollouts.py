"""What a policy said while it trained, from the rollout dumps: uncertain wrong responses (paper Figures 13-15), and a
memory agent's reading, chunk by chunk (2.3).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from statistics import fmean

from longstride.analysis.runs import TRAINING, Part, Run
from longstride.errors import InputError
from longstride.records import Trajectory
from longstride.records.parquet import read_groups
from longstride.tokens import Tokenizer, load_tokenizer

ROLLOUTS = "rollouts"
SHOWN_TOKENS = 400  # of a response: those around its most uncertain ones
BROKEN = "\ufffd"  # what a decoder gives for half a character


@dataclass(frozen=True)
class Rollout:
    """One trajectory, and where it stands."""

    log: str  # the file, relative to the run's folder
    stage: str
    step: int
    sample_id: str
    trajectory: Trajectory

    @property
    def entropy(self) -> float | None:
        """The mean entropy of its response tokens in nats: H(i) of Eq. 11; None where it was not recorded."""
        values = [value for turn in self.trajectory.turns for value in turn.entropies or ()]
        return fmean(values) if values else None


@dataclass(frozen=True)
class Uncertain:
    """A part of a response, token by token."""

    rollout: Rollout
    tokens: tuple[tuple[str, float], ...]  # text, entropy in nats
    first: int  # the place of its first token in the response
    total: int  # tokens of the response


def last_dumps(run: Run) -> list[tuple[Part, Path]]:
    """The last dump of each stage of training that kept some."""
    found: list[tuple[Part, Path]] = []
    for part in run.of(TRAINING):
        files = sorted(
            each for each in (part.folder / ROLLOUTS).glob("step-*.parquet") if not each.name.startswith(".")
        )
        if files:
            found.append((part, files[-1]))
    return found


def read_rollouts(run: Run, part: Part, file: Path) -> Iterator[Rollout]:
    """The trajectories of a dump. Raises InputError for a damaged one."""
    step = int("".join(filter(str.isdigit, file.stem)) or 0)
    for group in read_groups(file):
        yield from (Rollout(run.log(file), part.name, step, group.sample_id, each) for each in group.trajectories)


def most_uncertain_wrong(rollouts: Iterable[Rollout], count: int) -> list[Rollout]:
    """The responses without any reward whose mean entropy is highest, one for a question, the highest first."""
    wrong = (each for each in rollouts if each.trajectory.reward <= 0 and each.entropy is not None)
    best: dict[str, Rollout] = {}
    for each in wrong:
        held = best.get(each.sample_id)
        if held is None or (each.entropy or 0.0) > (held.entropy or 0.0):
            best[each.sample_id] = each
    return heapq.nsmallest(count, best.values(), key=lambda each: (-(each.entropy or 0.0), each.sample_id))


def longest_reading(rollouts: Iterable[Rollout]) -> Rollout | None:
    """A memory agent's trajectory to look at: of those with the highest reward the one that read most chunks."""
    readings = [each for each in rollouts if len(each.trajectory.turns) > 1]
    return min(
        readings,
        key=lambda each: (
            -each.trajectory.reward,
            -len(each.trajectory.turns),
            each.step,
            each.sample_id,
            each.trajectory.rollout_index,
        ),
        default=None,
    )


def uncertain_tokens(rollout: Rollout, tokenizer: Tokenizer, shown: int = SHOWN_TOKENS) -> Uncertain:
    """The response (of several turns the last) as texts and entropies, at most `shown` tokens of it.

    Of a longer one those consecutive tokens whose mean entropy is highest.
    """
    turn = rollout.trajectory.turns[-1]
    entropies = turn.entropies or ()
    first = _most_uncertain_window(entropies, shown)
    ids = turn.response_ids[first : first + shown]
    texts = token_texts(tokenizer, ids)
    return Uncertain(
        rollout, tuple(zip(texts, entropies[first : first + shown], strict=True)), first, len(turn.response_ids)
    )


def token_texts(tokenizer: Tokenizer, ids: Sequence[int]) -> list[str]:
    """The text of each token, so that together they are the text of all.

    Of a character that several tokens make, the last one has it and the others are empty.
    """
    texts: list[str] = []
    done = ""
    for end in range(1, len(ids) + 1):
        whole = tokenizer.decode(ids[:end])
        if not whole.startswith(done):
            texts.append(tokenizer.decode(ids[end - 1 : end]))
            done = whole
        elif whole.endswith(BROKEN) and end < len(ids):
            texts.append("")
        else:
            texts.append(whole[len(done) :])
            done = whole
    return texts


def find_tokenizer(run: Run, stage: str) -> Tokenizer | None:
    """The tokenizer of a stage's model, or of another model of the run; None where no folder has one."""
    here = next((part for part in run.parts if part.name == stage), None)
    folders = [here.folder / "model"] if here else []
    if here:
        folders += [run.folder / name / "model" for name in here.inputs.get("model", ())]
        model = here.settings.get("model")
        path = model.get("path") if isinstance(model, dict) else None
        folders += [Path(path), run.folder / path] if isinstance(path, str) else []
    folders += [part.folder / "model" for part in run.parts]
    for folder in folders:
        if (folder / "tokenizer.json").is_file():
            try:
                return load_tokenizer(folder)
            except InputError:
                continue
    return None


def _most_uncertain_window(entropies: Sequence[float], size: int) -> int:
    """Where the `size` consecutive values with the highest sum begin."""
    if len(entropies) <= size:
        return 0
    sums = list(accumulate(entropies, initial=0.0))
    return max(range(len(entropies) - size + 1), key=lambda start: (sums[start + size] - sums[start], -start))
