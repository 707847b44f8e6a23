"""The question family of dialogues: conversations are made, or found in the corpus, and replayed (paper 3.1, 4.2)."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from longstride.grading import grade
from longstride.records import Document, Evidence
from longstride.synthesis.answer_shares import AnswerShares
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.dialogue.facts import Dialogue, read_document
from longstride.synthesis.dialogue.lives import Circle, Names, make_circle
from longstride.synthesis.dialogue.made import SHARE_OF_CONTEXT, characters_for
from longstride.synthesis.dialogue.memory_questions import (
    KINDS,
    answer_to,
    memory_wording,
    reward_style,
    statements_for,
)
from longstride.synthesis.dialogue.needles import Requests, draw_prefix, needle_conversation, needle_question, replies
from longstride.synthesis.dialogue.other_answers import other_answers
from longstride.synthesis.dialogue.passages import Passages, by_topic
from longstride.synthesis.dialogue.sessions import long_moment
from longstride.synthesis.dialogue.transcripts import answers_in, questions_over, transcript_wording

SMALLEST_SHARE = 0.3  # of the room for made documents that a conversation takes; not in the paper
MOST_IDLE = 12  # conversations in a row that give no question, after which there are no more
FEWEST_SESSIONS = 2  # that an answer needs


class DialogueFamily:
    """Questions over dialogues; see `candidates.QuestionFamily`.

    Three kinds in turn: MRCR's (`needle`), those of LongMemEval over the sessions of made users, and what was said in
    the dialogues of the corpus (both `dialogue_memory`).
    """

    name = "dialogue"

    def extract(self, document: Document) -> Passages | Dialogue | None:
        """The passages of a document of prose; the turns, requests and dated facts of a dialogue."""
        return read_document(document)

    def propose(self, sources: Sequence[Source], max_context_tokens: int, seed: int, limit: int) -> Iterator[Candidate]:
        """Questions of each kind in turn, those over one conversation behind one another."""
        streams = [
            self._needles(sources, max_context_tokens, seed),
            self._memories(sources, max_context_tokens, seed),
            self._transcripts(sources, max_context_tokens, seed),
        ]
        shares = AnswerShares()
        keys: set[str] = set()
        while streams and len(keys) < limit:
            stream = streams.pop(0)
            candidate = next((each for each in stream if each.key not in keys and _allowed(each, shares)), None)
            if candidate is not None:
                streams.append(stream)
                keys.add(candidate.key)
                yield candidate

    def answers(self, derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
        """Every answer that replaying the dialogues at hand gives; () where none does."""
        dialogues = [each.facts for each in sources if isinstance(each.facts, Dialogue)]
        query = derivation["query"]
        if query["kind"] == "needle":
            found = replies([each.requests for each in dialogues], query["form"], query["topic"], query["place"])
            return tuple(f"{query['prefix']}{reply}" for reply in found)
        if query["kind"] in KINDS:
            answer = answer_to(query, [each.session for each in dialogues if each.session])
            return () if answer is None else (answer,)
        return answers_in(query, dialogues)

    def distractors(self, candidate: Candidate, sources: Sequence[Source]) -> tuple[str, ...]:
        """Other answers of the same kind, from the candidate's own documents first; () for the MRCR form."""
        made = [facts for each in candidate.made_documents if isinstance(facts := self.extract(each), Dialogue)]
        return other_answers(candidate, [*made, *(each.facts for each in sources if isinstance(each.facts, Dialogue))])

    def _needles(self, sources: Sequence[Source], max_context_tokens: int, seed: int) -> Iterator[Candidate]:
        draw = random.Random(f"{seed}/dialogue/needles")
        requests = Requests(by_topic(sources), draw)
        idle = 0
        while idle < MOST_IDLE:
            room = max_context_tokens * SHARE_OF_CONTEXT * draw.uniform(SMALLEST_SHARE, 1)
            made = needle_conversation(requests, characters_for(room), draw)
            idle = 0 if made else idle + 1
            if made is not None:
                own = _source(made.document)
                for form, topic, place in made.asked:
                    prefix = draw_prefix(draw, made.document.text)
                    query = {"kind": "needle", "form": form, "topic": topic, "place": place, "prefix": prefix}
                    yield self._needle(query, made.document, own)

    def _needle(self, query: Mapping[str, Any], document: Document, source: Source) -> Candidate:
        same = [each for each in source.facts.requests if (each.form, each.topic) == (query["form"], query["topic"])]
        replied = same[query["place"] - 1].replied
        spans = [*(each.asked for each in same[: query["place"]]), replied]
        return _candidate(
            query,
            question=needle_question(query["form"], query["topic"], query["place"], query["prefix"]),
            instructions="",
            answer=self.answers({"query": query}, [source])[0],
            question_type="needle",
            style="mrcr",
            arguments={"prefix": query["prefix"]},
            evidence=[_evidence(document.id, document.text, *span) for span in spans],
            made=(document,),
            steps=[f"{len(same)} requests to write this; their answers in order, number {query['place']} is asked for"],
            entities=(query["topic"], query["form"]),
        )

    def _memories(self, sources: Sequence[Source], max_context_tokens: int, seed: int) -> Iterator[Candidate]:
        draw = random.Random(f"{seed}/dialogue/memories")
        topics, names = by_topic(sources), Names(draw)
        idle = turn = 0
        while idle < MOST_IDLE:
            room = max_context_tokens * SHARE_OF_CONTEXT * draw.uniform(SMALLEST_SHARE, 1)
            circle = make_circle(names, topics, int(room), turn, draw)
            turn += 1
            found = list(self._of_circle(circle)) if circle else []
            idle = 0 if found else idle + 1
            yield from found

    def _of_circle(self, circle: Circle) -> Iterator[Candidate]:
        """The questions over a circle whose answers need several of its sessions, and no others."""
        sources = {each.id: _source(each) for each in circle.documents}
        texts = {each.id: each.text for each in circle.documents}
        for query in circle.queries:
            answer = self.answers({"query": query}, list(sources.values()))
            own = [name for name, each in sources.items() if each.facts.session.user == query["user"]]
            needed = [name for name in own if self._without(query, sources, name) != answer]
            if len(needed) < FEWEST_SESSIONS or not answer:
                continue
            if self.answers({"query": query}, [sources[name] for name in needed]) != answer:
                continue
            question, instructions = memory_wording(query)
            dated = sorted(needed, key=lambda name: sources[name].facts.session.moment)
            told = [
                (sources[name].facts.session.moment, _evidence(name, texts[name], each.start, each.end))
                for name in dated
                for each in statements_for(query, sources[name].facts.session)
            ]
            yield _candidate(
                query,
                question=question,
                instructions=instructions,
                answer=answer[0],
                question_type="dialogue_memory",
                style=reward_style(query),
                evidence=[each for _, each in told],
                made=circle.documents,
                steps=[f"{long_moment(moment)}: {each.text}" for moment, each in told],
                entities=(query["user"], *(query[name] for name in ("about", "event", "other") if name in query)),
            )

    def _without(self, query: Mapping[str, Any], sources: Mapping[str, Source], name: str) -> tuple[str, ...]:
        return self.answers({"query": query}, [each for key, each in sources.items() if key != name])

    def _transcripts(self, sources: Sequence[Source], max_context_tokens: int, seed: int) -> Iterator[Candidate]:
        dialogues = {each.document_id: each.facts for each in sources if isinstance(each.facts, Dialogue)}
        fitting = {each.document_id for each in sources if each.tokens <= max_context_tokens}
        for asked in questions_over(dialogues, random.Random(f"{seed}/dialogue/transcripts")):
            answer = answers_in(asked.query, list(dialogues.values()))
            if asked.document_id not in fitting or len(answer) != 1 or not answer[0]:
                continue
            question, instructions = transcript_wording(asked.query)
            yield _candidate(
                asked.query,
                question=question,
                instructions=instructions,
                answer=answer[0],
                question_type="dialogue_memory",
                style="numeric" if asked.query["kind"] == "messages" else "cover_exact_match",
                evidence=[
                    Evidence(asked.document_id, each.start, each.end, each.text) for each in asked.proof if each.text
                ],
                steps=[f"{each.speaker}: {each.text}" for each in asked.proof],
                entities=tuple(asked.query[name] for name in ("title", "quote") if name in asked.query),
            )


def _allowed(candidate: Candidate, shares: AnswerShares) -> bool:
    """Whether the answer can be graded and is not worth guessing: few questions of a kind have it."""
    answer, kinds = candidate.ground_truth[0], ("", candidate.question_type)
    said = answer if candidate.reward_style == "mrcr" else f"Therefore, the answer is {answer}"
    graded = grade(
        said, (answer,), candidate.reward_style, candidate.reward_arguments, question=candidate.core_question
    )
    if graded.score != 1 or not shares.allows(kinds, answer):
        return False
    shares.count(kinds, answer)
    return True


def _candidate(
    query: Mapping[str, Any],
    *,
    question: str,
    instructions: str,
    answer: str,
    question_type: str,
    style: str,
    evidence: Sequence[Evidence],
    steps: Sequence[str],
    entities: tuple[str, ...],
    arguments: Mapping[str, Any] | None = None,
    made: tuple[Document, ...] = (),
) -> Candidate:
    documents = tuple(dict.fromkeys(each.document_id for each in evidence))
    named = json.dumps([query, documents], sort_keys=True)
    return Candidate(
        key=f"dialogue-{hashlib.sha256(named.encode()).hexdigest()[:16]}",
        family=DialogueFamily.name,
        task="dialogue_memory",
        question_type=question_type,
        core_question=question,
        format_instructions=instructions,
        ground_truth=(answer,),
        reward_style=style,
        document_ids=documents,
        evidence=tuple(evidence),
        derivation={"query": dict(query), "steps": list(steps)},
        entities=entities,
        reward_arguments=arguments or {},
        made_documents=made,
    )


def _source(document: Document) -> Source:
    """A made document with what is read in it."""
    return Source(document.id, document.id, document.title, 0, read_document(document))


def _evidence(document_id: str, text: str, start: int, end: int) -> Evidence:
    return Evidence(document_id, start, end, text[start:end])
