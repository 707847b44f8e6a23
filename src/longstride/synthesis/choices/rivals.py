"""Wrong options for a family that offers none: what its other questions of the same kind have for an answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from longstride.synthesis.candidates import Candidate


class Rivals:
    """The answers of many candidates, by the kind of question."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._answers: defaultdict[tuple[str, ...], dict[str, Candidate]] = defaultdict(dict)
        for candidate in candidates:
            self._answers[kind_of_question(candidate)].setdefault(candidate.ground_truth[0], candidate)

    def of(self, candidate: Candidate) -> list[str]:
        """Answers to other questions of this kind; the names that the question is over, and shared entities, first."""
        own = list(named_in_scope(candidate.derivation))
        others = self._answers[kind_of_question(candidate)]
        entities = set(candidate.entities)
        near = [answer for answer, other in others.items() if not entities.isdisjoint(other.entities)]
        return list(dict.fromkeys([*own, *near, *others]))


def kind_of_question(candidate: Candidate) -> tuple[str, ...]:
    """Candidates of the same kind have answers of the same type."""
    derivation = candidate.derivation
    asked = str(derivation.get("template", "")), *answer_relations(derivation)
    return candidate.family, candidate.reward_style, *asked


def answer_relations(derivation: Mapping[str, Any]) -> tuple[str, ...]:
    """Of a query over a graph: how the thing that is asked for is related to the others."""
    query = derivation.get("query")
    if not isinstance(query, Mapping) or "atoms" not in query:
        return ()
    answer = query["answer"]
    asked = answer["variables"][0] if answer["variables"] else ""
    related = [
        f"{end} {atom['relation'].get('label', '')}"
        for atom in query["atoms"]
        for end in ("object", "subject")
        if atom[end] == asked
    ]
    return (str(answer["kind"]), *sorted(related)[:1])


def named_in_scope(derivation: Mapping[str, Any]) -> Iterator[str]:
    """Of a query over a table: the names of the rows that it is over."""
    scope = derivation.get("scope")
    if isinstance(scope, Sequence) and (derivation.get("form") or {}).get("kind") == "name":
        yield from (str(row["name"]) for row in scope)
