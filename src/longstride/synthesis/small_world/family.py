"""The question family of the small world: read its sentences, ask in its words, answer again (paper 3.2, 4.2)."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from longstride.records import Document, Evidence
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.choices import LETTERS
from longstride.synthesis.small_world.drafts import DRAFTS, Draft, Scene
from longstride.synthesis.small_world.neighbourhoods import Neighbourhoods
from longstride.synthesis.small_world.options import Names, letters, names_by_kind, options_for
from longstride.synthesis.small_world.queries import answers_of
from longstride.synthesis.small_world.statements import Statement, statements_of
from longstride.synthesis.small_world.wording import with_options

QUESTIONS_OF_A_KIND = 3  # over one neighbourhood
FAR_AHEAD = 2 * QUESTIONS_OF_A_KIND  # questions more than of another kind
PATIENCE = 20  # neighbourhoods without a question of a kind, after which the other kinds do not wait for it
MOST_IDLE = 200  # neighbourhoods in a row without a new question, after which there are no more
SHARE_OF_ONE_ANSWER = 0.03  # of the questions of a task and question type
NO_OPTION = "?"  # stands for an answer that is not among the options

Kind = tuple[str, str, bool]


class SmallWorldFamily:
    """Questions over the small world's documents, of all five tasks; see `candidates.QuestionFamily`.

    Questions, answers and options are made of the words of `small_vocabulary` alone. Of every other document it reads
    nothing.
    """

    name = "small_world"

    def extract(self, document: Document) -> tuple[Statement, ...]:
        """The statements of a document of the small world; () for any other."""
        return statements_of(document.text)

    def propose(self, sources: Sequence[Source], max_context_tokens: int, seed: int, limit: int) -> Iterator[Candidate]:
        """A few questions of each kind over one neighbourhood of documents, then over the next.

        Candidates that follow each other share their documents, and so may share a context.
        """
        known = [source for source in sources if source.facts]
        asking = _Asking(seed, names_by_kind(known))
        region = Neighbourhoods(known)
        made = idle = 0
        for turn in count():
            generator = random.Random(f"{seed}/small_world/{turn}")
            idle += 1
            for candidate in asking.about(region.draw(max_context_tokens, generator), generator):
                if made == limit:
                    return
                made += 1
                idle = 0
                yield candidate
            if made == limit or idle == MOST_IDLE:
                return

    def answers(self, derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
        """Every answer that the documents at hand support; of a question with options their letters."""
        found = answers_of(derivation["query"], sources)
        if "options" not in derivation:
            return found
        lettered = dict(zip(derivation["options"], LETTERS, strict=True))
        return tuple(sorted({lettered.get(answer, NO_OPTION) for answer in found}))


class _Asking:
    """What was asked so far: no question twice, no answer too often, the letters of right options in turn."""

    def __init__(self, seed: int, names: Names) -> None:
        self.names = names
        self._letters = {kind: letters(f"{seed}/{kind[1]}") for kind in DRAFTS if kind[2]}
        self._letter = {kind: next(stream) for kind, stream in self._letters.items()}
        self._keys: set[str] = set()
        self._asked: Counter[Kind] = Counter()
        self._given: Counter[tuple[Kind, str]] = Counter()
        self._turn = 0
        self._last = dict.fromkeys(DRAFTS, 0)  # the turn of the last question of each kind

    def about(self, sources: Sequence[Source], generator: random.Random) -> Iterator[Candidate]:
        """New questions over these documents, the kinds in turn, and none far ahead of the others."""
        self._turn += 1
        neighbourhood = {source.document_id: source for source in sources}
        proving: set[str] = set()  # documents of the questions so far
        streams = {
            kind: self._candidates(kind, drafts(Scene(sources), generator), neighbourhood, proving, generator)
            for kind, drafts in DRAFTS.items()
        }
        for _ in range(QUESTIONS_OF_A_KIND):
            for kind, stream in streams.items():
                if not self._is_ahead(kind) and (candidate := next(stream, None)) is not None:
                    self._last[kind] = self._turn
                    proving.update(candidate.document_ids)
                    yield candidate

    def _is_ahead(self, kind: Kind) -> bool:
        """True where another kind, of which there are still questions, has far fewer."""
        alive = [each for each, turn in self._last.items() if self._turn - turn < PATIENCE]
        return bool(alive) and self._asked[kind] >= FAR_AHEAD + min(self._asked[each] for each in alive)

    def _candidates(
        self,
        kind: Kind,
        drafts: Iterator[Draft],
        neighbourhood: Mapping[str, Source],
        proving: Collection[str],
        generator: random.Random,
    ) -> Iterator[Candidate]:
        for draft in drafts:
            if self._given[kind, draft.answer] >= 1 + SHARE_OF_ONE_ANSWER * self._asked[kind]:
                continue
            options: Sequence[str] | None = ()
            if kind in self._letters:
                options = self._options(self._letter[kind], draft, neighbourhood, proving, generator)
            if options is None:
                continue
            candidate = _candidate(kind, draft, options)
            if candidate.key in self._keys:
                continue
            if options:
                self._letter[kind] = next(self._letters[kind])
            self._keys.add(candidate.key)
            self._asked[kind] += 1
            self._given[kind, draft.answer] += 1
            yield candidate

    def _options(
        self,
        letter: str,
        draft: Draft,
        neighbourhood: Mapping[str, Source],
        proving: Collection[str],
        generator: random.Random,
    ) -> list[str] | None:
        """From the documents of the question and of those beside it; one may come from anywhere."""
        own = {document_id for document_id, _ in draft.proof}
        near = [
            names_by_kind([source for name, source in neighbourhood.items() if name in own]),
            names_by_kind([source for name, source in neighbourhood.items() if name in proving]),
        ]
        return options_for(draft.answer, draft.about, near, self.names, letter, generator)


def _candidate(kind: Kind, draft: Draft, options: Sequence[str] = ()) -> Candidate:
    task, question_type, _ = kind
    question = with_options(draft.question, options) if options else draft.question
    documents = tuple(dict.fromkeys(document_id for document_id, _ in draft.proof))
    name = json.dumps([question, draft.query, documents], sort_keys=True)
    arguments = {"choices": LETTERS} if options else {}
    if draft.reward_style == "mrcr":
        arguments = {"prefix": draft.query["prefix"]}
    return Candidate(
        key=f"small-{hashlib.sha256(name.encode()).hexdigest()[:16]}",
        family=SmallWorldFamily.name,
        task=task,
        question_type=question_type,
        core_question=question,
        format_instructions="",
        ground_truth=(LETTERS[options.index(draft.answer)] if options else draft.answer,),
        reward_style="choice" if options else draft.reward_style,
        document_ids=documents,
        evidence=tuple(
            Evidence(document_id, each.start, each.start + len(each.text), each.text)
            for document_id, each in draft.proof
        ),
        derivation={"query": dict(draft.query), **({"options": list(options)} if options else {})},
        entities=draft.about,
        reward_arguments=arguments,
    )
