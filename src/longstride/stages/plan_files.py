"""Plans as TOML files: read with overrides from the command line, shown with the source of every value."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from longstride.engines.local.recipe import OURS
from longstride.engines.local.recipe_files import parse_override
from longstride.errors import InputError
from longstride.stages.plan import Plan, PlanStep

SHOWS = "`longstride run RECIPE --show` prints every setting"
KINDS: dict[str, type[BaseModel]] = {
    kind: model for model in get_args(get_args(PlanStep)[0]) for kind in get_args(model.model_fields["kind"].annotation)
}


def load_plan(path: str | Path, overrides: Sequence[str] = ()) -> Plan:
    """The plan of a TOML file, with `overrides` laid over it.

    They read `seed=1`, `training.optimizer.lr=1e-5` or `stage-1.steps=9`.

    Raises InputError, in one line, for a file or a value that cannot be used.
    """
    values = _read_toml(Path(path))
    for override in overrides:
        _lay(values, override)
    return plan_of(values, path)


def plan_of(values: Mapping[str, Any], path: str | Path | None = None) -> Plan:
    """The plan that plain values describe; `path` is where they come from, for messages. InputError as `load_plan`."""
    try:
        return Plan.model_validate(values)
    except ValidationError as error:
        raise _input_error(error, values, path) from None


def show_plan(plan: Plan) -> str:
    """Every setting of every step, what it does and where its default comes from, as TOML that `load_plan` reads."""
    return "\n".join(_shown(plan)) + "\n"


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path, cure="name a plan's file") from None
    except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError
        raise InputError(f"is no TOML: {' '.join(str(error).split())}", path=path) from None


def _lay(values: dict[str, Any], override: str) -> None:
    place, value = parse_override(override)
    table: Any = values
    if place[0] not in Plan.model_fields or place[0] == "steps":
        steps = [each for each in values.get("steps", ()) if isinstance(each, dict) and each.get("name") == place[0]]
        if not steps or len(place) < 2:
            raise InputError(f"{override!r:.80} names no step", cure="write it as stage-1.steps=9, or seed=1")
        table, place = steps[0], place[1:]
    for part in place[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise InputError(f"{part} in {override!r:.80} is a value, not a table", cure=SHOWS)
    table[place[-1]] = value


def _input_error(error: ValidationError, values: Mapping[str, Any], path: str | Path | None) -> InputError:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    place, section = _place(first["loc"], values)
    problem = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        problem = f"unknown setting; known: {', '.join(section.model_fields)}"
    elif first["type"].startswith("union_tag"):
        place, problem = f"{place}.kind", f"is missing or unknown; known: {', '.join(KINDS)}"
    return InputError(problem + more, path=path, field=place or None, cure=None if ";" in problem else SHOWS)


def _place(location: Sequence[str | int], values: Mapping[str, Any]) -> tuple[str, type[BaseModel]]:
    """`stage-1.max_input_tokens`, and the section that it stands in."""
    if len(location) < 2 or location[0] != "steps" or not isinstance(location[1], int):
        return ".".join(map(str, location)), Plan
    step = values["steps"][location[1]]
    name = step.get("name") if isinstance(step, dict) else None
    section = KINDS.get(str(location[2]), Plan) if len(location) > 2 else Plan
    return ".".join([str(name or f"step {location[1] + 1}"), *map(str, location[3:])]), section


def _shown(plan: Plan) -> Iterator[str]:
    yield from _lines(plan, leave_out=("training", "steps"))
    if plan.training:
        yield from ("", "[training]  # for every stage; `longstride train RECIPE --show` explains its sections")
        yield from _nested(plan.training)
    for step in plan.steps:
        yield from ("", f"[[steps]]  # {(type(step).__doc__ or '').strip()}")
        yield from _lines(step)


def _lines(section: BaseModel, leave_out: Sequence[str] = ()) -> Iterator[str]:
    fields = type(section).model_fields
    lines = [_line(name, getattr(section, name), fields[name]) for name in fields if name not in leave_out]
    width = min(56, max((len(line) for line, _ in lines), default=0))
    for line, note in lines:
        yield f"{line:<{width}}  # {note}" if note else line


def _line(name: str, value: Any, field: FieldInfo) -> tuple[str, str]:
    if name == "kind":
        return f"kind = {_toml(value)}", ""
    extra = field.json_schema_extra
    source = str(extra.get("source", OURS)) if isinstance(extra, Mapping) else OURS
    told = "" if source == OURS else f": {source}"
    if field.is_required():
        note = f"{field.description} [yours]"
    elif value == field.default:
        note = f"{field.description} [default{told}]"
    else:
        default = "none" if field.default is None else _toml(field.default)
        note = f"{field.description} [yours; default {default}{told}]"
    return (f"# {name} = none", note) if value is None else (f"{name} = {_toml(value)}", note)


def _nested(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        yield f"{_key(name)} = {_toml(value)}"


def _toml(value: Any) -> str:
    """A plain value as TOML: as JSON writes it, but for tables, which stand in braces with `=`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(name)} = {_toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else _toml(name)
