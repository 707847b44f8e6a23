"""Context extension: the evidence among irrelevant documents, up to a target length (paper 3, "QA Synthesis").

Hard distractors are the BM25-nearest to the questions and their entities; random ones fill the rest. None may hold an
answer, and with all of them in place each question must still have its one answer: the family that made it is asked.
"""

from __future__ import annotations

import random
import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from longstride.records import Document
from longstride.synthesis.candidates import Candidate, QuestionFamily, Source
from longstride.synthesis.choices import LETTERS
from longstride.synthesis.contexts import STYLES, Context, PromptStyle
from longstride.tokens import Tokenizer

if TYPE_CHECKING:
    import bm25s

NEAR_SHARE = 0.5  # of the distractors' tokens; not in the paper
NEAR_CANDIDATES = 64  # documents looked at for each question; not in the paper
SHORTEST_TELLING_NUMBER = 3  # digits: a shorter number stands in a text by chance
RANDOM_CANDIDATES = 400  # documents offered to a context; not in the paper


class DistractorPool:
    """The documents of a region, ready to be asked for near and for random ones."""

    def __init__(
        self,
        documents: Sequence[Document],
        sources: Mapping[str, Mapping[str, Source]],
        families: Mapping[str, QuestionFamily],
        tokenizer: Tokenizer,
        style: PromptStyle = STYLES["paper"],
    ) -> None:
        """`sources[family][document_id]` holds the facts that the family took out of each document."""
        self.documents = {document.id: document for document in documents}
        self.sources, self.families, self.tokenizer, self.style = sources, families, tokenizer, style
        self._ids = list(self.documents)
        self._index: bm25s.BM25 | None = None
        self._gap = tokenizer.count(style.between_documents)
        self.tokens = self._counted(documents)

    def extend(self, candidates: Sequence[Candidate], target_tokens: int, seed: int) -> Context | None:
        """One context for all of `candidates`, of at most `target_tokens` tokens with the longest question.

        None where their own documents are over the target, or where a question has another answer, or several, once
        all of the documents stand together.
        """
        generator = random.Random(f"{seed}/context/{'/'.join(each.key for each in candidates)}")
        required = list(dict.fromkeys(name for each in candidates for name in each.required_ids))
        shelf = self._shelf(candidates)
        frame = max(self.tokenizer.count(self.style.text((), each)) for each in candidates)
        room = target_tokens - frame - sum(shelf.tokens[name] for name in required)
        if room < 0 or not shelf.answers_all(candidates, required):
            return None
        chosen = list(required)
        near = self._fill(shelf, candidates, chosen, self._near(candidates), int(room * NEAR_SHARE))
        room -= sum(self.tokens[name] for name in near)
        drawn = self._fill(shelf, candidates, chosen, self._random(generator), room)
        order = _spread(required, near + drawn, generator)
        context = Context(tuple(shelf.documents[name] for name in order), tuple(near), tuple(drawn))
        return self._cut_to(context, candidates, required, target_tokens)

    def _shelf(self, candidates: Sequence[Candidate]) -> _Shelf:
        """The pool's documents, and those that the candidates bring."""
        made = {document.id: document for each in candidates for document in each.made_documents}
        families = {name: self.families[name] for name in sorted({each.family for each in candidates})}
        if not made:
            return _Shelf(self.documents, self.tokens, self.sources, families)
        tokens = self._counted(list(made.values()))
        sources = {
            name: {
                document.id: Source(document.id, document.parent_id or document.id, document.title, count, facts)
                for document, count in zip(made.values(), tokens.values(), strict=True)
                if (facts := family.extract(document))
            }
            for name, family in families.items()
        }
        return _Shelf(
            ChainMap(made, self.documents),
            ChainMap(tokens, self.tokens),
            {name: ChainMap(found, dict(self.sources[name])) for name, found in sources.items()},
            families,
        )

    def _counted(self, documents: Sequence[Document]) -> dict[str, int]:
        """What each takes in a prompt, with what stands before the next."""
        counts = self.tokenizer.count_each([self.style.rendered(document) for document in documents])
        return {document.id: count + self._gap for document, count in zip(documents, counts, strict=True)}

    def _fill(
        self, shelf: _Shelf, candidates: Sequence[Candidate], chosen: list[str], offered: Sequence[str], room: int
    ) -> list[str]:
        """Take of `offered`, in order, what fits and changes no answer; add it to `chosen` and give it.

        All that fits is taken first and the questions are asked once; only where one has another answer then, each
        document is judged alone.
        """
        telling = [form for each in candidates for form in _answers(each) if _tells(form)]
        innocent = [name for name in offered if name not in chosen and not _holds(self.documents[name], telling)]
        taken: list[str] = []
        left = room
        for name in innocent:
            if self.tokens[name] <= left:
                taken.append(name)
                left -= self.tokens[name]
        if not shelf.answers_all(candidates, [*chosen, *taken]):
            taken = []
            for name in innocent:
                if self.tokens[name] <= room and shelf.answers_all(candidates, [*chosen, *taken, name]):
                    taken.append(name)
                    room -= self.tokens[name]
        chosen += taken
        return taken

    def _near(self, candidates: Sequence[Candidate]) -> list[str]:
        """The documents nearest to the questions, those of the first rank first; each once."""
        import bm25s

        if self._index is None:
            self._index = bm25s.BM25()
            corpus = [f"{document.title}\n{document.text}" for document in self.documents.values()]
            self._index.index(bm25s.tokenize(corpus, stopwords="en", show_progress=False), show_progress=False)
        queries = [f"{each.core_question} {' '.join(each.entities)}" for each in candidates]
        tokens = bm25s.tokenize(queries, stopwords="en", show_progress=False)
        count = min(NEAR_CANDIDATES, len(self._ids))
        found, _ = self._index.retrieve(tokens, k=count, show_progress=False)
        ranked = [place for rank in range(count) for place in found[:, rank].tolist()]
        return [self._ids[place] for place in dict.fromkeys(ranked)]

    def _random(self, generator: random.Random) -> list[str]:
        """Documents in a random order: as many as the longest context may need, however many there are."""
        return generator.sample(self._ids, min(RANDOM_CANDIDATES, len(self._ids)))

    def _cut_to(
        self, context: Context, candidates: Sequence[Candidate], required: Sequence[str], target_tokens: int
    ) -> Context:
        """Drop distractors from the end until the prompt, counted whole, keeps the target: joined parts may grow."""
        documents = list(context.documents)
        while True:
            longest = max(self.tokenizer.count(self.style.text(documents, each)) for each in candidates)
            spare = [document for document in documents if document.id not in required]
            if longest <= target_tokens or not spare:
                break
            documents.remove(spare[-1])
        left = {document.id for document in documents}
        return Context(
            tuple(documents),
            tuple(name for name in context.near if name in left),
            tuple(name for name in context.random if name in left),
        )


@dataclass(frozen=True)
class _Shelf:
    """What one context may draw from."""

    documents: Mapping[str, Document]
    tokens: Mapping[str, int]
    sources: Mapping[str, Mapping[str, Source]]
    families: Mapping[str, QuestionFamily]

    def answers_all(self, candidates: Sequence[Candidate], names: Sequence[str]) -> bool:
        """True where each question has its answer, and no other, in these documents."""
        return all(
            self.families[each.family].answers(
                each.derivation,
                [self.sources[each.family][name] for name in names if name in self.sources[each.family]],
            )
            == each.ground_truth[:1]
            for each in candidates
        )


def _spread(required: Sequence[str], others: Sequence[str], generator: random.Random) -> list[str]:
    """All names in a random order in which the required ones lie one in each of as many equal parts."""
    required, others = list(required), list(others)
    generator.shuffle(required)
    generator.shuffle(others)
    total = len(required) + len(others)
    bounds = [total * part // len(required) for part in range(len(required) + 1)] if required else [0]
    places = [generator.randrange(low, high) for low, high in pairwise(bounds)]
    order: list[str] = []
    for place in range(total):
        order.append(required.pop() if place in places else others.pop())
    return order


def _answers(candidate: Candidate) -> tuple[str, ...]:
    """The answer as a document would write it: of a multiple choice the text of the option, not its letter.

    None behind a prefix of MRCR's, which no document writes.
    """
    if candidate.reward_style == "mrcr":
        return ()
    if candidate.reward_style != "choice":
        return candidate.ground_truth
    return (candidate.derivation["options"][LETTERS.index(candidate.ground_truth[0])],)


def _tells(form: str) -> bool:
    """True for an answer that gives itself away where it stands: a name, or a number of three digits or more."""
    digits = sum(character.isdigit() for character in form)
    return digits >= SHORTEST_TELLING_NUMBER or any(character.isalpha() for character in form)


def _holds(document: Document, forms: Sequence[str]) -> bool:
    text = f"{document.title}\n{document.text}"
    return any(re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text, re.IGNORECASE) for form in forms)
