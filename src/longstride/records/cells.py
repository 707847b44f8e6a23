"""Reading the cells of one untrusted row: each has the type it should, or the error names the field."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from longstride.errors import InputError

T = TypeVar("T")
REQUIRED: Any = object()


class Cells:
    """A row, or a struct inside one. Every reader raises InputError naming the whole path of the field."""

    def __init__(self, values: Mapping[str, Any], prefix: str = "") -> None:
        self.values, self.prefix = values, prefix

    def text(self, name: str, default: Any = REQUIRED) -> Any:
        return self._read(name, str, "text", default)

    def integer(self, name: str, default: Any = REQUIRED) -> Any:
        return self._read(name, int, "an integer", default)

    def number(self, name: str, default: Any = REQUIRED) -> Any:
        value = self._read(name, (int, float), "a number", default)
        return float(value) if isinstance(value, int) else value

    def struct(self, name: str) -> Cells:
        return Cells(self._read(name, Mapping, "a struct", REQUIRED), f"{self.prefix}{name}.")

    def json(self, name: str) -> dict[str, Any]:
        """A mapping, kept as JSON text because its keys differ from row to row; absent reads as empty."""
        value = self._read(name, (str, Mapping), "JSON text or a struct", None)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (json.JSONDecodeError, RecursionError) as error:
                raise InputError(f"is not JSON: {error}", field=self.prefix + name) from None
        if value is not None and not isinstance(value, Mapping):
            raise InputError(f"holds a JSON {type(value).__name__}, expected an object", field=self.prefix + name)
        return dict(value or {})

    def texts(self, name: str, default: Any = REQUIRED) -> tuple[str, ...]:
        return self._list(name, str, "text", default)

    def integers(self, name: str, default: Any = REQUIRED) -> Any:
        return self._list(name, int, "an integer", default)

    def numbers(self, name: str, default: Any = REQUIRED) -> Any:
        values = self._list(name, (int, float), "a number", default)
        return None if values is None else tuple(map(float, values))

    def structs(self, name: str, build: Callable[[Cells], T], default: Any = REQUIRED) -> tuple[T, ...]:
        """One `build(cells)` for each struct of a list; its own errors gain the element's place."""
        built = []
        for index, value in enumerate(self._list(name, Mapping, "a struct", default)):
            place = f"{self.prefix}{name}[{index}]"
            built.append(located(lambda value=value, place=place: build(Cells(value, f"{place}.")), f"{place}."))
        return tuple(built)

    def _list(self, name: str, kind: type | tuple[type, ...], called: str, default: Any) -> Any:
        values = self._read(name, list, "a list", default)
        if values is default:
            return values
        for index, value in enumerate(values):
            if not isinstance(value, kind) or isinstance(value, bool):
                raise InputError(f"is {value!r:.80}, expected {called}", field=f"{self.prefix}{name}[{index}]")
        return tuple(values)

    def _read(self, name: str, kind: type | tuple[type, ...], called: str, default: Any) -> Any:
        value = self.values.get(name)
        if value is None:
            if default is REQUIRED:
                raise InputError(f"is missing, expected {called}", field=self.prefix + name)
            return default
        if not isinstance(value, kind) or isinstance(value, bool):
            raise InputError(f"is {value!r:.80}, expected {called}", field=self.prefix + name)
        return value


def located(build: Callable[[], T], prefix: str) -> T:
    """Run `build`; put `prefix` before the field that its InputError names, unless it is there already."""
    try:
        return build()
    except InputError as error:
        if error.field is None or error.field.startswith(prefix):
            raise
        raise InputError(error.problem, field=prefix + error.field, cure=error.cure) from None
