"""Answers that another question of the same kind would have: the material of multiple choice over code."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.code.answer_forms import is_writable, kind_of, written
from longstride.synthesis.code.evaluation import parsed_expression
from longstride.synthesis.code.facts import Binding, CodeFacts, Function
from longstride.synthesis.code.worlds import Unknown

MOST = 200
WHOLE_CORPUS = 60  # documents beside the candidate's own that are looked through


def other_answers(candidate: Candidate, sources: Sequence[Source]) -> tuple[str, ...]:
    """Up to MOST of them, different from each other, those of the candidate's own documents first."""
    own = [each for each in sources if each.document_id in candidate.document_ids]
    folders = {each.facts.path.rpartition("/")[0] for each in own if isinstance(each.facts, CodeFacts)}
    near = [
        each
        for each in sources
        if isinstance(each.facts, CodeFacts)
        and each.document_id not in candidate.document_ids
        and each.facts.path.rpartition("/")[0] in folders
    ]
    what, kind = candidate.derivation["what"], candidate.derivation["kind"]
    found: dict[str, None] = {}
    for source in [*own, *near[:WHOLE_CORPUS]]:
        if isinstance(source.facts, CodeFacts):
            for answer in _of_one(source.facts, what, kind):
                if answer not in found and is_writable(kind, _value(answer, kind)):
                    found[answer] = None
        if len(found) > MOST:
            break
    return tuple(name for name in found if name not in candidate.ground_truth)[:MOST]


def _of_one(facts: CodeFacts, what: str, kind: str) -> Iterator[str]:
    if kind == "file":
        yield facts.path
        return
    for binding in _bindings(facts):
        function = binding.function
        if kind in ("number", "text"):
            yield from _values(binding, what, kind)
        elif what in ("class", "base"):
            if binding.klass is not None:
                yield binding.name
                yield from (base.rpartition(".")[2] for base in binding.klass.bases if base != "?")
        elif function is not None:
            yield from _of_function(binding.name, function, what)


def _of_function(name: str, function: Function, what: str) -> Iterator[str]:
    if what == "name":
        yield name
    elif what == "parameter":
        yield from (each.name for each in function.parameters if each.name not in ("self", "cls"))
    elif what == "annotation":
        yield from (each.annotation for each in function.parameters if each.annotation)
    elif what == "raises":
        yield from (raised.rpartition(".")[2] for raised, _ in function.raises if raised != "?")
    elif what == "decorator":
        yield from (each.rpartition(".")[2] for each in function.decorators if each != "?")


def _values(binding: Binding, what: str, kind: str) -> Iterator[str]:
    """The literals of one kind that a constant, a default or a `return` has."""
    sources: list[str] = []
    if what == "parameters" and binding.function is not None:
        yield str(len(binding.function.parameters))
    elif isinstance(binding.thing, str):
        sources.append(binding.thing)
    elif binding.function is not None:
        sources += [each.default for each in binding.function.parameters if each.default]
        sources += [binding.function.returns[0]] if binding.function.returns else []
    for source in sources:
        try:
            node = parsed_expression(source)
        except Unknown:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
            value = node.value
            if kind_of("value", value) == kind:
                yield written(value)


def _bindings(facts: CodeFacts) -> Iterator[Binding]:
    """Every binding of a document, those of classes among them."""
    waiting = [each for bindings in facts.names.values() for each in bindings]
    waiting += [each for level in facts.levels for bindings in level.members.values() for each in bindings]
    while waiting:
        binding = waiting.pop(0)
        yield binding
        if binding.klass is not None:
            waiting += [each for bindings in binding.klass.members.values() for each in bindings]


def _value(answer: str, kind: str) -> int | float | str:
    if kind != "number":
        return answer
    return float(answer) if any(letter in answer for letter in ".en") else int(answer)
