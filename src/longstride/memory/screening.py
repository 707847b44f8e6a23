"""Which chunks share no telling word with the question: a cheap screen before the model reads (not in the paper)."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

WORD = re.compile(r"\w+")
K1, B = 1.2, 0.75  # of BM25


def screened(chunks: Sequence[str], questions: Sequence[str], share: float) -> list[int]:
    """The numbers of the chunks to read: those whose BM25 score is at least `share` of the best chunk's.

    A word's weight is its rarity among the chunks, so words that stand in all of them tell nothing. Several questions:
    a chunk is read where it serves any of them. Where no word tells anything, all are read. Words are compared as
    written but for case: a chunk that says it in other words is passed over, so a screen can cost an answer.

    Raises ValueError for a share outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}, expected 0 to 1")
    asked = [sorted(set(WORD.findall(question.lower()))) for question in questions]
    wanted = {word for words in asked for word in words}
    counts: list[Counter[str]] = []
    lengths: list[int] = []
    for chunk in chunks:
        words = WORD.findall(chunk.lower())
        lengths.append(len(words))
        counts.append(Counter(word for word in words if word in wanted))
    held = Counter(word for count in counts for word in count)
    rarity = {word: math.log(1 + (len(chunks) - held[word] + 0.5) / (held[word] + 0.5)) for word in wanted}
    telling = {word for word in wanted if 0 < held[word] < len(chunks)}
    mean = sum(lengths) / len(lengths) if lengths else 1.0
    kept = set[int]()
    for words in asked:
        scores = [
            sum(
                rarity[word] * count[word] * (K1 + 1) / (count[word] + K1 * (1 - B + B * length / mean))
                for word in words
                if word in telling and word in count
            )
            for count, length in zip(counts, lengths, strict=True)
        ]
        best = max(scores, default=0.0)
        if best == 0:
            return list(range(len(chunks)))
        kept.update(number for number, score in enumerate(scores) if score >= share * best)
    return sorted(kept)
