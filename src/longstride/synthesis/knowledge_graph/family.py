"""The knowledge graph family (paper 3.2, "In-depth Multi-hop Reasoning QA"): extract, propose, answer again."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from longstride.grading import grade, strict_form
from longstride.records import Document, Evidence
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.knowledge_graph.asking import Asking
from longstride.synthesis.knowledge_graph.catalog import Catalog
from longstride.synthesis.knowledge_graph.extraction import extract_facts
from longstride.synthesis.knowledge_graph.graph import Edge, Graph
from longstride.synthesis.knowledge_graph.names import normal_name, spoken_forms
from longstride.synthesis.knowledge_graph.query import query_from_json, query_json
from longstride.synthesis.knowledge_graph.questions import PARADIGMS, Question
from longstride.synthesis.knowledge_graph.relations import Clusters
from longstride.synthesis.knowledge_graph.triples import Facts
from longstride.synthesis.knowledge_graph.uniqueness import all_answers, settled_answer

NAME = "knowledge_graph"
FRAME_TOKENS = 600  # kept free for the question and the prompt around the documents
LEAST_PARENTS = 3  # of a question of three and more hops, and one fewer of a shorter one; not in the paper
LEAST_HOPS, MOST_HOPS = 2, 6  # not in the paper
ATTEMPTS = 40  # for each candidate asked for, at most
MOST_FAILURES = 2000  # in a row
MOST_OF_ONE_ANSWER = 0.04  # of the candidates; not in the paper


class KnowledgeGraphFamily:
    """Multi-hop questions over the graph of what the documents say."""

    name = NAME

    def extract(self, document: Document) -> Facts | None:
        """The entities and triples of one document, with offsets; None where it states nothing that can be read."""
        return extract_facts(document)

    def propose(self, sources: Sequence[Source], max_context_tokens: int, seed: int, limit: int) -> Iterator[Candidate]:
        """Up to `limit` questions whose documents take at most `max_context_tokens` less the room for the prompt.

        Each has one answer over ALL bindings of its query in the whole region, has it from its own documents alone,
        and loses it without any one of them.
        """
        proposer = _Proposer(sources, max_context_tokens - FRAME_TOKENS, limit)
        found = 0
        for attempt in range(limit * ATTEMPTS):
            if found >= limit or proposer.exhausted:
                return
            candidate = proposer.attempt(random.Random(f"{seed}/{NAME}/{attempt}"))
            if candidate:
                found += 1
                yield candidate

    def answers(self, derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
        """The query run again over the graph of these documents: every answer that they allow, cautiously read."""
        query = query_from_json(derivation["query"])
        graph = Graph.of(sources, Clusters.of(query.relations()))
        expected = derivation["answer"]
        known = {normal_name(form) for form in expected["forms"]}
        found = [
            expected["forms"][0]
            if answer == expected["node"] or not known.isdisjoint(_names(answer, graph))
            else _shown(answer, graph)
            for answer in all_answers(query, graph)
        ]
        return tuple(dict.fromkeys(found))


class _Proposer:
    """The region, what was asked so far, and the checks that a question must pass."""

    def __init__(self, sources: Sequence[Source], room: int, limit: int) -> None:
        self.sources = {source.document_id: source for source in sources if source.facts}
        self.graph = Graph.of(list(self.sources.values()))
        self.catalog = Catalog.of(self.graph)
        tokens = {name: source.tokens for name, source in self.sources.items()}
        self.asking = Asking(self.catalog, tokens, room)
        self.most_of_one = max(2, int(limit * MOST_OF_ONE_ANSWER))
        self.answers: Counter[str] = Counter()
        self.keys: set[str] = set()
        self.reasons: Counter[str] = Counter()
        self.drawn = self.last_found = 0
        self.family = KnowledgeGraphFamily()

    @property
    def exhausted(self) -> bool:
        """True after very many attempts in a row without a new question: the region has no more."""
        return not self.catalog.steps or self.drawn - self.last_found > MOST_FAILURES

    def attempt(self, generator: random.Random) -> Candidate | None:
        """One draw of a paradigm, its length and its path; None, with a counted reason, where it came to nothing."""
        self.drawn += 1
        _, paradigm, _, lengths = generator.choices(PARADIGMS, [weight for *_, weight, _ in PARADIGMS])[0]
        question = paradigm(self.asking, generator.choice(lengths), generator)
        made = self._checked(question) if question else "no path"
        if isinstance(made, str):
            self.reasons[made] += 1
            return None
        self.last_found = self.drawn
        return made

    def _checked(self, question: Question) -> Candidate | str:
        """The candidate, or why there is none."""
        draft = question.draft
        least = LEAST_PARENTS if draft.hops >= 3 else LEAST_PARENTS - 1
        if len(draft.parents) < least:
            return "too few sources"
        if not LEAST_HOPS <= draft.hops <= MOST_HOPS:
            return "too few or too many hops"
        if not draft.fits():
            return "too long"
        node = settled_answer(question.query, self.graph)
        if node is None or node == "tie" or node.startswith("u:"):
            return "not unique"
        forms, style = self._forms(question, node)
        if self.answers[forms[0]] >= self.most_of_one:
            return "answer too frequent"
        if _gives_away(question, forms):
            return "answer in the question"
        if not _gradable(forms, style, question.text):
            return "answer not gradable"
        edges = self._with_aliases(draft.edges)
        derivation = self._derivation(question, node, forms)
        key = f"{NAME}-{hashlib.sha256(json.dumps(derivation['query'], sort_keys=True).encode()).hexdigest()[:20]}"
        if key in self.keys:
            return "asked before"
        documents = self._needed(derivation, forms[0], tuple(dict.fromkeys(each.document_id for each in edges)))
        if documents is None:
            return "not derivable from its documents"
        self.keys.add(key)
        self.answers[forms[0]] += 1
        self.asking.used.update(question.asked)
        evidence = tuple(dict.fromkeys(each for each in edges if each.document_id in documents))
        return Candidate(
            key=key,
            family=NAME,
            task="multi_hop",
            question_type=question.question_type,
            core_question=question.text,
            format_instructions=question.form,
            ground_truth=forms,
            reward_style=style,
            document_ids=documents,
            evidence=evidence,
            derivation=derivation,
            entities=self._entities(question),
        )

    def _forms(self, question: Question, answer: str) -> tuple[tuple[str, ...], str]:
        """Every accepted form of the answer, and the rule that grades it."""
        kind = question.query.answer.kind
        if kind in ("year", "years_between"):
            return (answer,), "numeric"
        node = self.graph.nodes[answer]
        if node.kind == "number":
            return (node.text,), "numeric"
        names = list(self.catalog.names_of(answer))
        for atom, edge in zip(question.query.atoms, question.draft.edges, strict=True):
            if kind == "value" and atom.object == question.query.answer.variables[0]:
                written = edge.triple.object
                names = [written.text, *written.second_names, *names]
                break
        forms = [form for name in names for form in spoken_forms(name) if strict_form(form)]
        return tuple(dict.fromkeys(forms)), "cover_exact_match"

    def _with_aliases(self, edges: Sequence[Edge]) -> list[Evidence]:
        """The statements, and those that say that two names are one where a step needs it."""
        linker = self.graph.linker
        found: list[Evidence] = []
        for edge in edges:
            triple = edge.triple
            found.append(Evidence(triple.document_id, triple.start, triple.end, triple.quote))
            for name in (triple.subject, triple.object.text if triple.object.kind == "name" else ""):
                place = linker.stated.get(normal_name(name)) if name else None
                if place:
                    alias = place.alias
                    found.append(Evidence(place.document_id, alias.start, alias.end, alias.quote))
        return found

    def _needed(self, derivation: Mapping[str, Any], answer: str, documents: tuple[str, ...]) -> tuple[str, ...] | None:
        """The documents without which the answer is gone; None where they do not give it, or take too much room."""
        kept = list(documents)
        for name in reversed(documents):
            rest = [each for each in kept if each != name]
            if self._answers(derivation, rest) == (answer,):
                kept = rest
        parents = {self.sources[name].parent_id for name in kept}
        least = LEAST_PARENTS if derivation["hops"] >= 3 else LEAST_PARENTS - 1
        if self._answers(derivation, kept) != (answer,) or len(parents) < least:
            return None
        room = self.asking.room
        return tuple(kept) if sum(self.sources[name].tokens for name in kept) <= room else None

    def _answers(self, derivation: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
        return self.family.answers(derivation, [self.sources[name] for name in names])

    def _derivation(self, question: Question, answer: str, forms: tuple[str, ...]) -> dict[str, Any]:
        draft = question.draft
        return {
            "paradigm": question.paradigm,
            "hops": draft.hops,
            "path": [
                {
                    "subject": edge.triple.subject,
                    "relation": f"{edge.triple.section}: {edge.triple.label}".removeprefix(": "),
                    "object": edge.triple.object.text,
                    "document_id": edge.triple.document_id,
                    "start": edge.triple.start,
                    "end": edge.triple.end,
                }
                for edge in draft.edges
            ],
            "obfuscation": [
                {"variable": variable, "entity": draft.nodes[variable][2:], "kind": clue.kind, "clue": clue.clause}
                for variable, clues in draft.clues.items()
                for clue in clues
            ],
            "query": query_json(question.query),
            "answer": {"node": answer, "forms": list(forms)},
        }

    def _entities(self, question: Question) -> tuple[str, ...]:
        nodes = [node for name, node in question.draft.nodes.items() if name.startswith("e")]
        return tuple(dict.fromkeys(self.catalog.names_of(node)[0] for node in nodes))


def _shown(answer: str, graph: Graph) -> str:
    """An answer of the search as text: a node by its name, a year or a tie as it is."""
    return graph.name(answer) if answer in graph.nodes else answer


def _names(answer: str, graph: Graph) -> set[str]:
    """The normal names of the entity or name that an answer is; none for figures and years."""
    if not answer.startswith("n:"):
        return set()
    names = (graph.name(answer), *graph.linker.names.get(answer[2:], ()))
    return {answer[2:], *map(normal_name, names)}


def _gradable(forms: tuple[str, ...], style: str, question: str) -> bool:
    """True where the rule takes the preferred form for right; "19.6 births/1,000" holds two numbers and is none."""
    try:
        return grade(f"The answer is {forms[0]}", forms, style, question=question).score == 1
    except ValueError:
        return False


def _gives_away(question: Question, forms: Sequence[str]) -> bool:
    """True where the question holds an answer, or the name of an entity that it only describes."""
    text = f" {normal_name(question.text)} "
    described = {node for name, node in question.draft.nodes.items() if name.startswith("e")}
    names = [name for node in described for name in question.draft.catalog.names_of(node)]
    return any(f" {normal_name(form)} " in text for form in (*forms, *names) if normal_name(form))
