"""What a question is about: a definition, told by the way that leads to it through the files.

| by | keys | the definition that |
|---|---|---|
| import | path, name | a file imports under this name |
| member | path, class, name | `X().name` is: the first in the method resolution order |
| function | path, function | a file has under this name, `f` or `C.f`: where a chain of calls begins |
| called | from, in | is the one function of the file `in` that the function `from` calls |
| raised | from | is the one class that the `raise` statements of the function `from` name |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from longstride.synthesis.code.classes import attribute, members
from longstride.synthesis.code.facts import Class, Function
from longstride.synthesis.code.program import Found, Program, Trail
from longstride.synthesis.code.worlds import Unknown, World

Subject = Mapping[str, Any]  # plain JSON

LONGEST_CHAIN = 4
KNOWN_DECORATORS = frozenset(  # those under which a call still comes to what is written below them
    prefix + name
    for prefixes, names in (
        (("",), ("staticmethod", "classmethod")),
        (("", "abc."), ("abstractmethod",)),
        (("", "contextlib."), ("contextmanager", "asynccontextmanager")),
        (("", "functools."), ("lru_cache", "cache", "wraps")),
        (("", "typing."), ("override", "final", "no_type_check")),
        (("", "types."), ("coroutine",)),
    )
    for prefix in prefixes
    for name in names
)


@dataclass(frozen=True)
class Target:
    """A subject's definition; for a member also the class that it was asked of."""

    found: Found
    instance: Found | None = None


def find(subject: Subject, program: Program, world: World, trail: Trail, below: int = 0) -> Target:
    """The definition that a subject leads to in one world. Raises Unknown, and KeyError for what is no subject."""
    by = subject["by"]
    if below > LONGEST_CHAIN:
        raise Unknown
    if by in ("called", "raised"):
        start = find(subject["from"], program, world, trail, below + 1).found
        target = Target(
            called_in(start, subject["in"], program, world, trail)
            if by == "called"
            else raised_by(start, program, world, trail)
        )
    elif by == "function":
        target = Target(defined_function(subject["path"], subject["function"], program, world))
    elif by == "member":
        thing = _named(subject["path"], subject["class"], program, world, trail)
        target = Target(attribute(program, thing, subject["name"], world, trail), thing)
    elif by == "import":
        target = Target(_named(subject["path"], subject["name"], program, world, trail))
    else:
        raise KeyError(by)
    function = target.found.binding.function
    if function is not None and not KNOWN_DECORATORS.issuperset(function.decorators):
        raise Unknown
    return target


def defined_function(path: str, name: str, program: Program, world: World) -> Found:
    """The function `f`, or the method `C.f`, that a file defines. Raises Unknown."""
    owner, _, method = name.rpartition(".")
    thing = program.name(path, owner or name, world, Trail())
    if not isinstance(thing, Found) or thing.path != path:
        raise Unknown
    if owner:
        held = members(program, thing, method) if isinstance(thing.binding.thing, Class) else []
        if not held:
            raise Unknown
        thing = world.choose(held)
        if thing.binding.doubtful:
            world.doubt()
    if thing.binding.function is None:
        raise Unknown
    return thing


def called_functions(function: Found, program: Program, world: World) -> dict[tuple[str, str], tuple[Found, Trail]]:
    """The functions that a function calls by a name of its module, each with the way there, as far as they are told."""
    targets: dict[tuple[str, str], tuple[Found, Trail]] = {}
    definition = function.binding.thing
    if not isinstance(definition, Function):
        return targets
    for call in definition.calls:
        trail = Trail()
        trail.add(function.document_id, (call.quote,), f"`{function.name}` in `{function.path}` calls `{call.dotted}`")
        try:
            found = program.dotted(function.path, call.dotted, world, trail)
        except Unknown:
            continue
        if isinstance(found, Found) and found.binding.function is not None:
            targets.setdefault(found.key, (found, trail))
    return targets


def called_in(function: Found, path: str, program: Program, world: World, trail: Trail) -> Found:
    """The one function of the file `path` that a function calls. Raises Unknown."""
    if not program.is_whole(function):
        world.doubt()
    inside = [each for (target, _), each in called_functions(function, program, world).items() if target == path]
    if not inside:
        raise Unknown
    trail.add(function.document_id, function.binding.quotes, f"`{function.name}` is defined in `{function.path}`")
    found, way = world.choose(inside)
    for step in way.steps:
        trail.add(step.document_id, (step.quote,), step.said)
    return found


def raised_by(function: Found, program: Program, world: World, trail: Trail) -> Found:
    """The class that the `raise` statements of a function name. Raises Unknown."""
    definition = function.binding.thing
    if not isinstance(definition, Function):
        raise Unknown
    if not program.is_whole(function):
        world.doubt()
    names = list(dict.fromkeys(name for name, _ in definition.raises))
    if len(names) != 1 or names[0] == "?":
        raise Unknown
    trail.add(function.document_id, function.binding.quotes, f"`{function.name}` is defined in `{function.path}`")
    said = f"`{function.name}` raises `{names[0]}`"
    trail.add(function.document_id, (definition.raises[0][1],), said)
    found = program.dotted(function.path, names[0], world, trail)
    if not isinstance(found, Found) or found.binding.klass is None:
        raise Unknown
    return found


def _named(path: str, name: str, program: Program, world: World, trail: Trail) -> Found:
    thing = program.name(path, name, world, trail)
    if not isinstance(thing, Found):
        raise Unknown
    return thing
