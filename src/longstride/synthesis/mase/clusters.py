"""Clusters of documents that speak of the same things (paper 3.2: "a cluster of n documents")."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longstride.records import Document
from longstride.synthesis.with_models import ReadDocument

QUERY_WORDS = 64  # of a document, the rarest first, by which its neighbours are found; not in the paper
WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Cluster:
    """Documents in the order in which the rounds get to see them: one, and its neighbours, the nearest first."""

    number: int
    documents: tuple[Document, ...]


def clusters_of(
    documents: Sequence[ReadDocument], max_tokens: int, most_documents: int, seed: int
) -> Iterator[Cluster]:
    """Every document that fits `max_tokens` in one cluster, in a seeded order; lazy.

    The neighbours of a document are those left that BM25 finds by its rarest words. Documents that share no word but
    those of more than half of all are no neighbours.
    """
    if not documents:
        return
    vocabulary = _Vocabulary([f"{each.document.title}\n{each.document.text}" for each in documents])
    order = random.Random(f"{seed}/mase/clusters").sample(range(len(documents)), len(documents))
    left = dict.fromkeys(place for place in order if documents[place].tokens <= max_tokens)
    number = 0
    for first in order:
        if first not in left:
            continue
        chosen, room = [first], max_tokens - documents[first].tokens
        for place in vocabulary.neighbours(first):
            if len(chosen) == most_documents:
                break
            if place in left and place != first and documents[place].tokens <= room:
                chosen.append(place)
                room -= documents[place].tokens
        for place in chosen:
            del left[place]
        yield Cluster(number, tuple(documents[place].document for place in chosen))
        number += 1


class _Vocabulary:
    """The words of many texts, indexed."""

    def __init__(self, texts: Sequence[str]) -> None:
        import bm25s

        self._words = [WORD.findall(text.casefold()) for text in texts]
        self._spread = Counter(word for words in self._words for word in set(words))
        self._index = bm25s.BM25()
        if self._spread:
            self._index.index(self._words, show_progress=False)

    def neighbours(self, place: int) -> list[int]:
        """The texts that share telling words with one, the nearest first; equal ones in their order."""
        most = max(2, len(self._words) // 2)
        telling = [word for word in set(self._words[place]) if self._spread[word] <= most]
        asked = sorted(telling, key=lambda word: (self._spread[word], word))
        asked = [word for word in asked if self._spread[word] > 1][:QUERY_WORDS]
        if not asked:
            return []
        scores: list[float] = self._index.get_scores(asked).tolist()
        return sorted((each for each in range(len(scores)) if scores[each] > 0), key=lambda each: -scores[each])
