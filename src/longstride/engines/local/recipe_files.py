"""Recipes as TOML files: read with overrides from the command line, shown with the source of every value."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from longstride.engines.local.recipe import OURS, Recipe
from longstride.errors import InputError


def load_recipe(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe of a TOML file, with `overrides` such as `optimizer.lr=1e-5` laid over it, the last one on top.

    An override's value is read as TOML; what is no TOML is a text: `model.path=models/tiny`.
    Raises InputError, in one line, for a file or a value that cannot be used.
    """
    values = _read_toml(Path(path))
    given: set[tuple[str, ...]] = set()
    for override in overrides:
        place, value = parse_override(override)
        _lay(values, place, value, override)
        given.add(place)
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise _input_error(error, path, given) from None


def parse_override(text: str) -> tuple[tuple[str, ...], Any]:
    """`"optimizer.lr=1e-5"` -> `(("optimizer", "lr"), 1e-5)`. Raises InputError for what is no assignment."""
    name, equals, value = text.partition("=")
    place = tuple(part.strip() for part in name.split("."))
    if not equals or not all(place):
        raise InputError(f"{text!r:.80} is no setting", cure="write it as optimizer.lr=1e-5")
    return place, _parsed(value.strip())


def show_recipe(recipe: Recipe) -> str:
    """Every value with what it does and where its default comes from, as TOML that `load_recipe` reads."""
    return "\n".join(_shown(recipe, ())) + "\n"


def _parsed(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, KeyError, RecursionError):
        return text


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path, cure="name a recipe file") from None
    except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError
        raise InputError(f"is no TOML: {' '.join(str(error).split())}", path=path) from None


def _lay(values: dict[str, Any], place: Sequence[str], value: Any, override: str) -> None:
    table = values
    for part in place[:-1]:
        inner = table.setdefault(part, {})
        if not isinstance(inner, dict):
            raise InputError(
                f"{part} in {override!r:.80} is a value, not a table", cure="see `longstride train --show`"
            )
        table = inner
    table[place[-1]] = value


def _input_error(error: ValidationError, path: str | Path, given: set[tuple[str, ...]]) -> InputError:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    section, place = _section_of(first["loc"])
    problem = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        problem = f"unknown setting; known: {', '.join(section.model_fields)}"
    from_command_line = any(place[: len(each)] == each or each[: len(place)] == place for each in given)
    return InputError(
        problem + more,
        path=None if from_command_line and first["type"] != "missing" else path,
        field=".".join(place) or None,
        cure="`longstride train RECIPE --show` prints every setting" if ";" not in problem else None,
    )


def _section_of(location: Sequence[str | int]) -> tuple[type[BaseModel], tuple[str, ...]]:
    """The table that a problem stands in, and the setting's place without pydantic's own words (of a union's arms)."""
    section: type[BaseModel] = Recipe
    place: list[str] = []
    for part in map(str, location):
        field = section.model_fields.get(part)
        inner = _table(field) if field is not None else None
        place.append(part)
        if inner is None:
            break
        section = inner
    return section, tuple(place)


def _table(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field holds, or may hold."""
    for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def _shown(section: BaseModel, name: tuple[str, ...]) -> Iterator[str]:
    if name:
        yield ""
        yield f"[{'.'.join(name)}]"
    fields = type(section).model_fields
    tables = [key for key in fields if isinstance(getattr(section, key), BaseModel)]
    plain = [key for key in fields if key not in tables]
    lines = [_line(key, getattr(section, key), fields[key]) for key in plain]
    width = min(48, max((len(line) for line, _ in lines), default=0))
    for line, note in lines:
        yield f"{line:<{width}}  # {note}"
    for key in tables:
        yield from _shown(getattr(section, key), (*name, key))


def _line(key: str, value: Any, field: FieldInfo) -> tuple[str, str]:
    extra = field.json_schema_extra
    source = str(extra.get("source", OURS)) if isinstance(extra, Mapping) else OURS
    if field.is_required():
        note = f"{field.description} [yours]"
    elif value == field.default:
        note = f"{field.description} [default: {source}]"
    else:
        default = "none" if field.default is None else _toml(field.default)
        note = f"{field.description} [yours; default {default}: {source}]"
    return (f"# {key} = none", note) if value is None else (f"{key} = {_toml(value)}", note)


def _toml(value: Any) -> str:
    """A plain value as TOML, which for texts, numbers, truth values and lists of them is what JSON writes."""
    return json.dumps(value, ensure_ascii=False)
