"""The answers against Python itself: the standard library is imported here, and only here, and asked the same."""

import importlib
import inspect
import sysconfig
import types
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.code import CodeFamily

STANDARD = Path(sysconfig.get_path("stdlib")).resolve()
ELSEWHERE = (
    "windows",
    "win32",
    "proactor",
    "msvc",
    "_osx",
    "macos",
    "__main__",
)  # not to be imported, or not everywhere


def module_at(path: str) -> types.ModuleType:
    name = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


def file_of(thing: Any) -> str:
    return Path(inspect.getsourcefile(inspect.unwrap(thing)) or "").resolve().relative_to(STANDARD).as_posix()


def plain(thing: Any) -> Any:
    return inspect.unwrap(getattr(thing, "__func__", thing))


def called_in(function: Any, path: str) -> Iterator[Any]:
    """Every function of a file that a function's compiled code names: more than it calls, never less."""
    codes, names = [function.__code__], set[str]()
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes += [each for each in code.co_consts if inspect.iscode(each)]
    waiting = [function.__globals__[name] for name in sorted(names) if name in function.__globals__]
    seen: list[Any] = []
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, types.ModuleType) and thing not in seen:
            seen.append(thing)
            waiting += [getattr(thing, name) for name in sorted(names) if hasattr(thing, name)]
        elif inspect.isfunction(thing) and file_of(thing) == path:
            yield inspect.unwrap(thing)


def things(subject: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """What a subject may stand for, each with the class that it was found in."""
    by = subject["by"]
    if by == "import":
        return [(getattr(module_at(subject["path"]), subject["name"]), None)]
    if by == "function":
        thing: Any = module_at(subject["path"])
        for part in subject["function"].split("."):
            thing = inspect.getattr_static(thing, part)
        return [(plain(thing), None)]
    if by == "member":
        owner = getattr(module_at(subject["path"]), subject["class"])
        found = next(each for each in owner.__mro__ if subject["name"] in vars(each))
        return [(plain(vars(found)[subject["name"]]), found)]
    if by == "called":
        starts = things(subject["from"])
        return [(each, None) for start, _ in starts for each in called_in(plain(start), subject["in"])]
    start = plain(things(subject["from"])[0][0])
    raised = {name for name in start.__code__.co_names if name in subject.get("names", ())}
    return [(start.__globals__[name], None) for name in raised]


def truth(thing: Any, owner: Any, ask: Mapping[str, Any]) -> str | None:
    """The answer that Python gives; None where it cannot be asked."""
    what = ask["what"]
    if what == "value":
        return str(thing)
    if what == "class":
        return owner.__name__
    if what == "base":
        return thing.__bases__[0].__name__
    if what == "file":
        return file_of(thing)
    function = plain(thing)
    if what == "name":
        return function.__name__
    parameters = list(inspect.signature(function).parameters.values())[1 if ask.get("method") else 0 :]
    if what == "default":
        return next((str(each.default) for each in parameters if each.name == ask["parameter"]), "")
    if what == "parameter":
        return parameters[ask["place"]].name if ask["place"] < len(parameters) else ""
    if what == "parameters":
        return str(len(parameters))
    return None


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_python_gives_the_same_answers(library_sources: list[Source], library_candidates: list[Candidate], seed: int):
    outcome: Counter[str] = Counter()
    fresh = CodeFamily().propose(library_sources, 24_000, seed, limit=500) if seed else library_candidates
    for candidate in fresh:
        query = candidate.derivation["query"]
        if "join" in query or any(mark in name for name in candidate.document_ids for mark in ELSEWHERE):
            outcome["not asked"] += 1
            continue
        try:
            found = {truth(*each, query["ask"]) for each in things(query["subject"])}
        except (AttributeError, ImportError, TypeError, ValueError):  # of another platform, or written in C at run time
            outcome["cannot be asked"] += 1
            continue
        if not found or None in found:
            outcome["not asked"] += 1
        elif len(found) > 1 and query["subject"]["by"] == "called":
            assert candidate.ground_truth[0] in found, candidate.core_question
            outcome["among several"] += 1
        else:
            assert found == {candidate.ground_truth[0]}, candidate.core_question
            outcome["the same"] += 1
    print(dict(outcome))
    assert outcome["the same"] >= 250
    assert outcome["cannot be asked"] <= 0.1 * outcome.total()
