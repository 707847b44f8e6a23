"""Irrelevant documents to be added to a sample's own, up to a length (paper 3 "Contextual Robustness Check")."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from longstride.curation.bounded_cache import BoundedCache
from longstride.curation.by_model.chance import choices_of
from longstride.curation.by_model.options import option_texts
from longstride.curation.shortcuts import answer_type
from longstride.grading import strict_form
from longstride.grading.text_match import contains_words
from longstride.records import Document, Sample

MAX_CACHED_CHARACTERS = 32_000_000  # of documents in their strict form


class DocumentTokens:
    """The tokens of documents by id, each counted once."""

    def __init__(self, count_tokens: Callable[[str], int]) -> None:
        self._count, self._counted = count_tokens, dict[str, int]()

    def of(self, document: Document) -> int:
        if document.id not in self._counted:
            self._counted[document.id] = self._count(document.text)
        return self._counted[document.id]


class Distractors:
    """Documents to draw from; holds the strict forms of those that were looked at last."""

    def __init__(self, pool: Sequence[Document], tokens: DocumentTokens) -> None:
        self.pool, self.tokens = pool, tokens
        self._forms: BoundedCache[str, str] = BoundedCache(MAX_CACHED_CHARACTERS)

    def surround(
        self, sample: Sample, documents: Mapping[str, Document], target_tokens: int | None, seed: int
    ) -> tuple[list[Document], int]:
        """The sample's documents in their order with others among them, and how many others there are.

        Others are added in an order that follows from `seed` and the sample's id, as long as they fit into
        `target_tokens` (None: twice what the sample's own take). None of them is, or is a part of, what the sample
        holds a part of, and none holds an accepted answer; yes and no, which any text holds, are not looked for.
        """
        own = [documents[document_id] for document_id in sample.document_ids]
        length = sum(map(self.tokens.of, own))
        target = 2 * length if target_tokens is None else target_tokens
        held = {name for each in own for name in (each.id, each.parent_id) if name is not None}
        answers = _answers(sample)
        generator = random.Random(f"{seed}/robustness by model/{sample.id}")
        added: list[Document] = []
        for place in generator.sample(range(len(self.pool)), len(self.pool)):
            if length >= target:
                break
            other = self.pool[place]
            if other.id in held or other.parent_id in held or length + self.tokens.of(other) > target:
                continue
            if any(contains_words(self._form(other), answer) for answer in answers):
                continue
            added.append(other)
            length += self.tokens.of(other)
        places = set(generator.sample(range(len(own) + len(added)), len(added)))
        of_own, of_others = iter(own), iter(added)
        return [next(of_others if place in places else of_own) for place in range(len(own) + len(added))], len(added)

    def _form(self, document: Document) -> str:
        whole = f"{document.title}\n{document.text}"
        return self._forms.get(document.id, lambda: (strict_form(whole), len(whole)))


def _answers(sample: Sample) -> list[str]:
    """The strict forms that no other document may hold."""
    texts: Sequence[str] = sample.ground_truth
    if sample.reward_style == "choice":
        texts = option_texts(sample.core_question, sample.ground_truth, choices_of(sample))
    forms = [form for form in map(strict_form, texts) if form]
    return [form for form in forms if answer_type(form) != "yes_no"]
