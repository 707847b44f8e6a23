"""The question family of code: facts by parsing, questions that follow names through files (paper 3.1, 3.2)."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from longstride.records import Document, Evidence
from longstride.synthesis.answer_shares import AnswerShares
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.code.answer_forms import RULES, is_askable, kind_of, written
from longstride.synthesis.code.asks import Ask
from longstride.synthesis.code.evaluation import Value
from longstride.synthesis.code.extraction import code_facts
from longstride.synthesis.code.facts import CodeFacts
from longstride.synthesis.code.leads import Lead, asks, find_leads
from longstride.synthesis.code.other_answers import other_answers
from longstride.synthesis.code.program import Program, Step, Trail
from longstride.synthesis.code.queries import Query, answer_in, joined, single
from longstride.synthesis.code.subjects import Subject
from longstride.synthesis.code.wording import FORMS, JOINED, MEASURED, joined_question, question
from longstride.synthesis.code.worlds import Unknown, World, in_every_world

FEWEST_FILES = 2
MOST_DOCUMENTS = 6  # that one question reads; not in the paper
FILES_FOR_FILE = 3  # where the answer is a file, the import that names it must not be the one that is asked about
MOST_OF_ONE = 2  # questions that end at the same definition; not in the paper
DOUBT = "?"  # stands among the answers where some reading of the documents gives none


class CodeFamily:
    """Questions over Python files; see `candidates.QuestionFamily`. No code is ever run or imported."""

    name = "code"

    def extract(self, document: Document) -> CodeFacts | None:
        """What a document defines, imports and calls; None for what is no Python."""
        return code_facts(document)

    def propose(self, sources: Sequence[Source], max_context_tokens: int, seed: int, limit: int) -> Iterator[Candidate]:
        """Questions of every kind in turn, those over most files first, each with its proof in two or more of them."""
        region = _Region(Program(sources), {source.document_id: source for source in sources}, max_context_tokens)
        shares = AnswerShares()
        ends: Counter[tuple[str, ...]] = Counter()
        keys: set[str] = set()
        for draft in _in_turn(region.program, seed):
            if len(keys) >= limit:
                return
            if any(ends[each] >= MOST_OF_ONE for each in draft.ends):
                continue
            candidate = region.candidate(draft)
            if candidate is None or candidate.key in keys:
                continue
            kinds = ("", draft.deck, candidate.derivation["kind"])
            if not shares.allows(kinds, candidate.ground_truth[0]):
                continue
            own = [region.by_id[name] for name in candidate.document_ids]
            if self.answers(candidate.derivation, own) != candidate.ground_truth:
                continue
            shares.count(kinds, candidate.ground_truth[0])
            ends.update(draft.ends)
            keys.add(candidate.key)
            yield candidate

    def answers(self, derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
        """Every answer that some reading of the documents gives, in order; with "?" where another gives none.

        A reading is a choice among the definitions that a name has, and among the files that an import may mean.
        """
        program, query = Program(sources), derivation["query"]
        found, failed = in_every_world(lambda world: written(answer_in(query, program, world, Trail())))
        if not found:
            return ()
        return (*sorted(found), *((DOUBT,) if failed else ()))

    def distractors(self, candidate: Candidate, sources: Sequence[Source]) -> tuple[str, ...]:
        """Other answers of the same kind, those that stand in the candidate's own documents first."""
        return other_answers(candidate, sources)


@dataclass(frozen=True)
class _Draft:
    """A question before it is known whether it has an answer worth asking for."""

    deck: str  # the kind of question
    query: Query
    text: str
    what: str  # is asked for
    fewest_files: int
    ends: tuple[tuple[str, ...], ...]  # the definitions that it is about
    reach: tuple[int, int]  # how many files and documents lead there


def _in_turn(program: Program, seed: int) -> Iterator[_Draft]:
    """Every draft: one of each kind in turn, within a kind those over most files first, else in a random order."""
    decks: dict[str, list[_Draft]] = {}
    numeric: list[tuple[Lead, Ask]] = []
    draw = random.Random(f"{seed}/code/arguments")
    for lead in find_leads(program):
        for ask in asks(lead, draw):
            draft = _single(lead, ask, draw)
            decks.setdefault(draft.deck, []).append(draft)
            if ask["what"] in MEASURED and _is_number(draft.query, program):
                numeric.append((lead, ask))
    draw.shuffle(numeric)
    pairs = zip(numeric[::2], numeric[1::2], strict=False)
    decks["joined"] = [_joined(how, list(pair)) for pair in pairs if (how := draw.choice(sorted(JOINED)))]
    for name in sorted(decks):
        random.Random(f"{seed}/code/{name}").shuffle(decks[name])
        decks[name].sort(key=lambda each: each.reach, reverse=True)
    for place in range(max(map(len, decks.values()), default=0)):
        for name in sorted(decks):
            if place < len(decks[name]):
                yield decks[name][place]


def _single(lead: Lead, ask: Ask, draw: random.Random) -> _Draft:
    what = ask["what"]
    return _Draft(
        deck=f"{_way(lead.subject)} {what}",
        query=single(lead.subject, ask),
        text=question(lead.subject, ask, lead.kind, draw),
        what=what,
        fewest_files=FILES_FOR_FILE if what == "file" else FEWEST_FILES,
        ends=(lead.found.key,),
        reach=(len(lead.files), len({*lead.documents, lead.found.document_id})),
    )


def _joined(how: str, pair: list[tuple[Lead, Ask]]) -> _Draft:
    return _Draft(
        deck="joined",
        query=joined(how, [single(lead.subject, ask) for lead, ask in pair]),
        text=joined_question(how, [(lead.subject, ask, lead.kind) for lead, ask in pair]),
        what="value",
        fewest_files=FEWEST_FILES,
        ends=tuple(("joined", *lead.found.key) for lead, _ in pair),
        reach=(len({path for lead, _ in pair for path in lead.files}), 0),
    )


def _way(subject: Subject) -> str:
    """The kinds of steps to a subject: "member called" """
    return f"{_way(subject['from'])} {subject['by']}" if "from" in subject else subject["by"]


def _is_number(query: Query, program: Program) -> bool:
    try:
        answer = answer_in(query, program, World(strict=True), Trail())
    except Unknown:
        return False
    return isinstance(answer, int | float) and not isinstance(answer, bool) and abs(answer) > 1


@dataclass(frozen=True)
class _Region:
    program: Program
    by_id: Mapping[str, Source]
    max_context_tokens: int

    def candidate(self, draft: _Draft) -> Candidate | None:
        """The question with its proof; None where it has no answer worth asking for, or one file alone tells it."""
        trail = Trail()
        try:
            answer = answer_in(draft.query, self.program, World(strict=True), trail)
        except Unknown:
            return None
        kind = kind_of(draft.what, answer)
        documents = tuple(dict.fromkeys(step.document_id for step in trail.steps))
        if not self._fits(documents, draft.fewest_files) or not is_askable(kind, answer, draft.text):
            return None
        return _candidate(draft, answer, kind, trail, documents)

    def _fits(self, documents: Sequence[str], fewest_files: int) -> bool:
        files = {self.by_id[name].parent_id for name in documents}
        tokens = sum(self.by_id[name].tokens for name in documents)
        return len(files) >= fewest_files and len(documents) <= MOST_DOCUMENTS and tokens <= self.max_context_tokens


def _candidate(draft: _Draft, answer: Value, kind: str, trail: Trail, documents: tuple[str, ...]) -> Candidate:
    name = json.dumps(draft.query, sort_keys=True)
    return Candidate(
        key=f"code-{hashlib.sha256(name.encode()).hexdigest()[:16]}",
        family=CodeFamily.name,
        task="multi_hop",
        question_type="code",
        core_question=draft.text,
        format_instructions=FORMS[kind],
        ground_truth=(written(answer),),
        reward_style=RULES[kind],
        document_ids=documents,
        evidence=tuple(_evidence(trail.steps)),
        derivation={
            "query": draft.query,
            "what": draft.what,
            "kind": kind,
            "steps": list(dict.fromkeys(step.said for step in trail.steps)),
        },
        entities=tuple(dict.fromkeys(_names(draft.query))),
    )


def _evidence(steps: Sequence[Step]) -> Iterator[Evidence]:
    for document_id, quote in dict.fromkeys((step.document_id, step.quote) for step in steps):
        yield Evidence(document_id, *quote)


def _names(query: Any) -> Iterator[str]:
    """The names in a query, for the search for near documents."""
    if isinstance(query, Mapping):
        for key, value in query.items():
            if key in ("path", "class", "name", "function", "in", "parameter"):
                yield value
            else:
                yield from _names(value)
    elif isinstance(query, list):
        for each in query:
            yield from _names(each)
