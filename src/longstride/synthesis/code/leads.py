"""Finding what can be asked: every definition that one file leads to in another, and every question about it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from longstride.synthesis.code.asks import Ask, own_parameters
from longstride.synthesis.code.classes import body, lineage
from longstride.synthesis.code.evaluation import Value
from longstride.synthesis.code.facts import Class, Function, Import
from longstride.synthesis.code.program import Found, Module, Program, Trail
from longstride.synthesis.code.subjects import Subject, called_functions, find
from longstride.synthesis.code.wording import ORDINALS
from longstride.synthesis.code.worlds import Unknown, World

MOST_CALLS = 2  # that lead from file to file
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord")  # texts that a function is called with


@dataclass(frozen=True)
class Lead:
    """A subject, and what its definition is."""

    subject: Subject
    found: Found
    documents: tuple[str, ...]  # that lead to it, its own not counted unless they pass it
    files: tuple[str, ...]  # on the way, its own last

    @property
    def kind(self) -> str:
        """ "function", "class" or "value"."""
        return self.found.binding.kind


def find_leads(program: Program) -> Iterator[Lead]:
    """Every subject that leads from one file to another without a doubt."""
    for path in sorted(program.modules):
        module = program.modules[path]
        for lead in _from_one(program, module):
            if lead.found.path != path or _is_workable(lead.found):
                yield lead
            if lead.kind == "function":
                yield from _further(program, lead)


def _from_one(program: Program, module: Module) -> Iterator[Lead]:
    """What a file imports, the members of its classes, and its own functions, from which calls may lead on."""
    for name in _defined(module, Import):
        lead = _lead({"by": "import", "path": module.path, "name": name}, program)
        if lead is not None:
            yield lead
            if lead.kind == "class":
                yield from _members(program, lead, {"path": module.path, "class": name, "imported": True})
    for name in _defined(module, Class):
        lead = _lead({"by": "import", "path": module.path, "name": name}, program)
        if lead is not None and lead.kind == "class":
            yield from _members(program, lead, {"path": module.path, "class": name})
    for name in _functions(module):
        lead = _lead({"by": "function", "path": module.path, "function": name}, program)
        if lead is not None:
            yield lead


def _members(program: Program, of: Lead, named: dict[str, Any]) -> Iterator[Lead]:
    """The attributes that a class has from the classes of other files; of its own those that can be worked through."""
    try:
        order = lineage(program, of.found, World(strict=True)).order
    except Unknown:
        return
    names = dict.fromkeys(
        member
        for each in order
        if isinstance(each, Found)
        for _, held, _ in body(program, each)
        for member, bindings in held.items()
        if not member.startswith("__")
        and (each.path != named["path"] or any(one.function and one.function.body for one in bindings))
    )
    for name in names:
        lead = _lead({"by": "member", **named, "name": name}, program)
        if lead is not None and lead.kind != "class":
            yield lead


def _further(program: Program, start: Lead) -> Iterator[Lead]:
    """The functions that calls lead to, each step the only one into its file; and the classes that they raise."""
    waiting = [(start, 0)]
    while waiting:
        lead, calls = waiting.pop(0)
        raised = _lead({"by": "raised", "from": lead.subject}, program) if lead.found.binding.function else None
        if raised is not None and raised.found.path not in lead.files:
            yield raised
        if calls == MOST_CALLS:
            continue
        targets = called_functions(lead.found, program, World(strict=True))
        for path in dict.fromkeys(path for path, _ in targets):
            longer = (
                _lead({"by": "called", "from": lead.subject, "in": path}, program) if path not in lead.files else None
            )
            if longer is not None:
                yield longer
                waiting.append((longer, calls + 1))


def _lead(subject: Subject, program: Program) -> Lead | None:
    """The lead of a subject; None where there is a doubt."""
    trail = Trail()
    try:
        found = find(subject, program, World(strict=True), trail).found
    except Unknown:
        return None
    if found.binding.kind not in ("function", "class", "value"):
        return None
    documents = tuple(dict.fromkeys(step.document_id for step in trail.steps))
    files = dict.fromkeys([*(program.path_of(each) for each in documents), found.path])
    return Lead(subject, found, documents, tuple(files))


def _defined(module: Module, kind: type[Import] | type[Class]) -> list[str]:
    return [
        name
        for source in module.sources
        for name, bindings in source.facts.names.items()
        if any(isinstance(each.thing, kind) for each in bindings)
    ]


def _functions(module: Module) -> Iterator[str]:
    """The functions and methods of a file, as `f` and `C.f`."""
    for source in module.sources:
        for name, bindings in source.facts.names.items():
            for each in bindings:
                if isinstance(each.thing, Function):
                    yield name
                elif isinstance(each.thing, Class):
                    yield from (f"{name}.{member}" for member in each.thing.members if not member.startswith("__"))


def _is_workable(found: Found) -> bool:
    """True for a function that may be worked through by hand, over other files perhaps."""
    return found.binding.function is not None and bool(found.binding.function.body)


def asks(lead: Lead, draw: random.Random) -> Iterator[Ask]:
    """The questions that a lead's definition may have an answer to."""
    by = lead.subject["by"]
    if lead.found.path == lead.subject.get("path"):
        yield from _asks_to_work_out(lead.found, draw)
        return
    if lead.kind == "value":
        yield {"what": "value"}
        return
    if by in ("import", "raised"):
        yield {"what": "file"}
    if lead.kind == "class":
        yield {"what": "base"}
        return
    if by == "member":
        yield {"what": "class"}
    elif by == "called":
        yield {"what": "name"}
    yield from _asks_of_function(lead.found, draw)


def _asks_of_function(found: Found, draw: random.Random) -> Iterator[Ask]:
    function = found.binding.function
    if function is None:
        return
    own = own_parameters(found)
    method = {"method": True} if len(own) < len(function.parameters) else {}
    for each in own:
        if each.default:
            yield {"what": "default", "parameter": each.name}
        if each.annotation:
            yield {"what": "annotation", "parameter": each.name}
    for place in range(min(len(own), len(ORDINALS))):
        if len(own) > 1 and own[place].kind in ("positional", "keyword"):
            yield {"what": "parameter", "place": place, **method}
    if len(own) > 2:
        yield {"what": "parameters", **method}
    if function.raises:
        yield {"what": "raises"}
    if len(function.decorators) == 1:
        yield {"what": "decorator"}
    yield from _asks_to_work_out(found, draw)


def _asks_to_work_out(found: Found, draw: random.Random) -> Iterator[Ask]:
    function = found.binding.function
    if function is None:
        return
    if function.returns:
        yield {"what": "returns"}
    if function.body and function.plain and (arguments := _arguments(found, draw)):
        yield {"what": "run", "arguments": arguments}


def _arguments(found: Found, draw: random.Random) -> list[Value]:
    """Values for the parameters that need one; none where their types are not plain."""
    values: list[Value] = []
    for each in own_parameters(found):
        if each.kind != "positional":
            return []
        if each.default:
            break
        drawn: dict[str, Value] = {
            "": draw.randrange(7, 90),
            "int": draw.randrange(7, 90),
            "float": draw.randrange(5, 90) / 4,
            "str": draw.choice(WORDS),
        }
        if each.annotation not in drawn:
            return []
        values.append(drawn[each.annotation])
    return values
