"""What is asked of a definition, and reading the answer off it.

| what | asks for | of |
|---|---|---|
| value | the value of the constant | a value |
| default | the value of the default of `parameter` | a function |
| parameter | the name of the parameter at `place` (from 0, `self` not counted) | a function |
| parameters | how many there are, `self` not counted | a function |
| annotation | the annotation of `parameter` | a function |
| raises | the one exception that its body raises by name | a function |
| decorator | its one decorator | a function |
| returns | the value that it returns, whatever it is given | a function |
| run | what it returns for `arguments` | a function |
| name | its name | a function |
| class | the class that defines it | a member |
| base | the only base class that it names | a class |
| file | the file that defines it | anything |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from longstride.synthesis.code.evaluation import Evaluation, Value
from longstride.synthesis.code.facts import Binding, Class, Function, Parameter
from longstride.synthesis.code.program import Found, Program, Trail
from longstride.synthesis.code.subjects import Target
from longstride.synthesis.code.worlds import Unknown, World

Ask = Mapping[str, Any]  # plain JSON

LONGEST_ANSWER = 60  # characters
VALUES = ("value", "default", "returns", "run")
PATHS = ("file",)


def read(ask: Ask, target: Target, program: Program, world: World, trail: Trail) -> Value:
    """The answer in one world: a value, or a name as a text. Raises Unknown; KeyError for what is no ask."""
    found, what = target.found, ask["what"]
    if what in VALUES:
        return _value(ask, target, Evaluation(program, world, trail))
    trail.add(found.document_id, found.binding.quotes, f"`{found.name}` is defined in `{found.path}`")
    if what == "file":
        return found.path
    if what == "class":
        if not found.owner:
            raise Unknown
        return found.owner
    if what == "base":
        return _base(found.binding)
    function = found.binding.function
    if function is None:
        raise Unknown
    if what == "name":
        return found.binding.name
    if what == "raises":
        return _raised(function, found, trail)
    if what == "decorator":
        return _only([each.rpartition(".")[2] for each in function.decorators])
    own = own_parameters(found)
    if what == "parameters":
        return len(own)
    if what == "parameter":
        if not 0 <= ask["place"] < len(own):
            raise Unknown
        return own[ask["place"]].name
    if what == "annotation":
        return _only([each.annotation for each in own if each.name == ask["parameter"]])
    raise KeyError(what)


def own_parameters(found: Found) -> list[Parameter]:
    """The parameters of a function, without `self` or `cls` in a method."""
    function = found.binding.function
    if function is None:
        return []
    implied = found.owner and "staticmethod" not in function.decorators
    return list(function.parameters[1:] if implied else function.parameters)


def _value(ask: Ask, target: Target, evaluation: Evaluation) -> Value:
    found, what = target.found, ask["what"]
    if what == "value":
        return evaluation.constant(found)
    if found.binding.function is None:
        raise Unknown
    if what == "default":
        evaluation.trail.add(
            found.document_id, found.binding.quotes, f"`{found.name}` in `{found.path}` has `{ask['parameter']}`"
        )
        return evaluation.default(found, ask["parameter"])
    if what == "returns":
        if not {"staticmethod", "classmethod"}.issuperset(found.binding.function.decorators):
            raise Unknown
        evaluation.trail.add(found.document_id, found.binding.quotes, f"`{found.name}` is defined in `{found.path}`")
        return evaluation.returned(found)
    return evaluation.call(found, ask["arguments"], target.instance)


def _base(binding: Binding) -> str:
    if not isinstance(binding.thing, Class):
        raise Unknown
    return _only([each.rpartition(".")[2] for each in binding.thing.bases])


def _raised(function: Function, found: Found, trail: Trail) -> str:
    name = _only(list(dict.fromkeys(name.rpartition(".")[2] for name, _ in function.raises)))
    trail.add(found.document_id, (function.raises[0][1],), f"`{found.name}` raises `{name}`")
    return name


def _only(names: list[str]) -> str:
    if len(names) != 1 or names[0] in ("", "?"):
        raise Unknown
    return names[0]
