"""Four options for a question, the wrong ones of what its own and the neighbouring documents name."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from longstride.synthesis.candidates import Source
from longstride.synthesis.choices import LETTERS
from longstride.synthesis.small_world.statements import bare, kind_of

WRONG = len(LETTERS) - 1
MOST_FAR = 1  # of the wrong options

Names = Mapping[str, tuple[str, ...]]  # kind -> names


def names_by_kind(sources: Sequence[Source]) -> Names:
    """What the sources name, by kind, each in the form in which it stands there first; in the order of the text."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for source in sources:
        for each in source.facts:
            for name in (each.subject, each.relation, each.value):
                if kind := kind_of(name):
                    found[kind].setdefault(bare(name), name)
    return {kind: tuple(names.values()) for kind, names in found.items()}


def options_for(
    answer: str, asked: Sequence[str], near: Sequence[Names], far: Names, letter: str, draw: random.Random
) -> list[str] | None:
    """The answer under its letter among three wrong ones of its kind; None where there are no three.

    asked: names that the question holds: none of them is an option. near: where wrong ones come from, the nearest
    first; of `far` there is one at most, so that the right option is not told by being the only one in the context.
    """
    kind = kind_of(answer) or ""
    taken = {bare(answer), *map(bare, asked)}
    wrong: list[str] = []
    for names in (*near, far):
        free = [name for name in names.get(kind, ()) if bare(name) not in taken]
        most = WRONG - len(wrong) if names is not far else min(MOST_FAR, WRONG - len(wrong))
        wrong += draw.sample(free, min(len(free), most))
        taken.update(map(bare, wrong))
    if len(wrong) < WRONG:
        return None
    draw.shuffle(wrong)
    place = LETTERS.index(letter)
    return [*wrong[:place], answer, *wrong[place:]]


def letters(seed: str) -> Iterator[str]:
    """The letters of the right options: each once in every four, in a drawn order."""
    draw = random.Random(f"{seed}/small_world/letters")
    while True:
        yield from draw.sample(LETTERS, len(LETTERS))
