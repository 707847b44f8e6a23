"""Many labels that mean nothing: what they stand for, only the examples tell (paper Appendix B, "in-context learning").

Two kinds of groups, each with a rule that reads nothing but the list. By name: all passages under a label name one
thing that no other passage names. By form: all values under a label are written alike, and no other value so.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from longstride.synthesis.in_context.drafts import Draft
from longstride.synthesis.in_context.material import Material, capitalised, form_of
from longstride.synthesis.in_context.nonsense import nonsense_words
from longstride.synthesis.in_context.sheets import Pair

EXAMPLES = 3  # of each label; not in the paper
FEWEST_LABELS, MOST_LABELS = 6, 60  # not in the paper
CHARACTERS_A_TOKEN = 2.5  # of a list, at least
SYLLABLES = 2
LABEL_ROOM = 14  # characters of a line beside its item

ABOUT = {
    "names": (
        "The list of register {register} puts passages under labels. All passages under one label name the same "
        "person, place or other thing by a word with a capital letter, which no passage under another label holds."
    ),
    "forms": (
        "The list of register {register} puts values under labels. All values under one label are written in the same "
        "form: they are equal once every number in them is taken out; values under different labels are not."
    ),
}
ASK = (
    " Afterwards all labels of register {register} got new names, which another document gives. A new {what}, which is "
    "not on the list, reads: {query!r}. Which label does it get, by its new name?"
)
FORM = "Answer with the new name of the label alone."
Cues = Callable[[str], frozenset[str]]


def label_cues(kind: str) -> Cues:
    """What an item of this kind may be told by: its words with a capital letter, or its form."""
    return capitalised if kind == "names" else lambda text: frozenset((form_of(text),))


def labels_told(kind: str, pairs: Iterable[Pair], query: str) -> tuple[str, ...]:
    """Every label, in order, whose items all share a cue with the query that no item of another label has."""
    cues = label_cues(kind)
    items: defaultdict[str, list[frozenset[str]]] = defaultdict(list)
    for text, label in pairs:
        items[label].append(cues(text))
    asked = cues(query)
    found: list[str] = []
    for label, own in items.items():
        shared = asked.intersection(*own)
        others = [each for name, group in items.items() if name != label for each in group]
        if shared.difference(*others):
            found.append(label)
    return tuple(sorted(found))


def renamed(labels: Sequence[str], renaming: Iterable[Pair]) -> tuple[str, ...]:
    """The new names of labels; one for which there is none, or another each time, gives all there are."""
    new: defaultdict[str, set[str]] = defaultdict(set)
    for old, name in renaming:
        new[old].add(name)
    return tuple(sorted({name for label in labels for name in new[label]}))


class LabelMaker:
    """The groups of a region, ready to be listed."""

    def __init__(self, materials: Sequence[Material]) -> None:
        groups: dict[str, defaultdict[str, dict[str, frozenset[str]]]] = {
            "names": defaultdict(dict),
            "forms": defaultdict(dict),
        }
        for material in materials:
            for passage in material.passages:
                for name in passage.names:
                    groups["names"][name][passage.text] = passage.names
            for value in material.values:
                groups["forms"][value.form][value.text] = frozenset((value.form,))
        self.groups: Mapping[str, Mapping[str, Mapping[str, frozenset[str]]]] = {
            kind: {cue: texts for cue, texts in sorted(found.items()) if len(texts) > EXAMPLES}
            for kind, found in groups.items()
        }

    def draft(self, kind: str, register: str, most_tokens: int, draw: random.Random) -> Draft | None:
        """A list of at most `most_tokens` tokens, and a new item; None where the region has too few groups."""
        groups = self._chosen(kind, int(most_tokens * CHARACTERS_A_TOKEN), draw)
        if len(groups) < FEWEST_LABELS:
            return None
        asked = draw.choice(sorted(groups))
        query = groups[asked].pop()
        names = nonsense_words(draw, 2 * len(groups), SYLLABLES)
        old, new = names[: len(groups)], names[len(groups) :]
        labels = dict(zip(groups, old, strict=True))
        pairs = [(text, labels[cue]) for cue, texts in groups.items() for text in texts[:EXAMPLES]]
        draw.shuffle(pairs)
        renaming = list(zip(old, new, strict=True))
        draw.shuffle(renaming)
        if labels_told(kind, pairs, query) != (labels[asked],):
            return None
        return Draft(
            kind=kind,
            text=(ABOUT[kind] + ASK).format(
                register=register, query=query, what="passage" if kind == "names" else "value"
            ),
            form=FORM,
            style="exact",
            answer=dict(renaming)[labels[asked]],
            sheets=(tuple(pairs),),
            query=query,
            renaming=tuple(renaming),
            entities=(asked,) if kind == "names" else (),
            details={"label": labels[asked], "stands_for": asked, "labels": len(groups)},
        )

    def _chosen(self, kind: str, room: int, draw: random.Random) -> dict[str, list[str]]:
        """Cues with EXAMPLES texts and one more each; no text of one cue has another's."""
        found: dict[str, list[str]] = {}
        used: set[str] = set()  # cues of the texts taken
        groups = self.groups[kind]
        for cue in draw.sample(list(groups), len(groups)):
            if len(found) == MOST_LABELS or cue in used:
                continue
            texts = [text for text, cues in groups[cue].items() if cues.isdisjoint(found)]
            if len(texts) <= EXAMPLES:
                continue
            taken = draw.sample(texts, EXAMPLES + 1)
            size = sum(len(text) for text in taken[1:]) + EXAMPLES * LABEL_ROOM
            if size > room:
                continue
            room -= size
            found[cue] = taken
            used.update(*(groups[cue][text] for text in taken))
        return found
