"""Lessons that share nothing, learnt together: many short sequences in one forward pass cost little more than one."""

from __future__ import annotations

import random
from collections.abc import Sequence

from longstride.engines.local.shared_prefix import Row, SharedPrefix
from longstride.engines.local.warmup.curriculum import length_class
from longstride.engines.local.warmup.lessons import LessonGroup


def join_single_lessons(groups: Sequence[LessonGroup], seed: int, max_tokens: int) -> list[LessonGroup]:
    """The same lessons, those that stand alone in their group together with others of their length class.

    They become rows behind an empty prefix, which attend to themselves alone, so that log-probs and gradients are
    those of the lessons one by one. Which meet follows from `seed`. Groups of several lessons stay as they are, first.
    """
    several = [group for group in groups if len(group.shared.rows) > 1]
    single: dict[int, list[LessonGroup]] = {}
    for group in groups:
        if len(group.shared.rows) == 1:
            single.setdefault(length_class(group.prompt_tokens), []).append(group)
    joined: list[LessonGroup] = []
    for length, members in sorted(single.items()):
        random.Random(f"{seed}/join/{length}").shuffle(members)
        held: list[LessonGroup] = []
        for group in members:
            if held and sum(each.tokens for each in held) + group.tokens > max_tokens:
                joined.append(_joined(held))
                held = []
            held.append(group)
        joined.append(_joined(held))
    return [*several, *joined]


def _joined(groups: Sequence[LessonGroup]) -> LessonGroup:
    rows: list[Row] = []
    for group in groups:
        prefix = group.shared.prefix_ids
        rows += [Row((*prefix, *row.ids), len(prefix) + row.loss_from) for row in group.shared.rows]
    tasks = tuple(task for group in groups for task in group.tasks)
    return LessonGroup(SharedPrefix((), tuple(rows)), tasks, max(group.prompt_tokens for group in groups))
