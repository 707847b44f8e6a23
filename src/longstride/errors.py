"""Errors that a user can cure: the command line prints them as one line, without a traceback, and exits with 2."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class ExpectedError(Exception):
    """Something that a user can mend; its message names the cause and the cure in one line."""

    exit_code = 2


class InputError(ExpectedError, ValueError):
    """Bad input. `str(error)` reads `FILE: row N: field F: what is wrong; what to do`, as far as each is known."""

    def __init__(
        self,
        problem: str,
        *,
        path: str | Path | None = None,
        row: int | None = None,  # counted from 0
        field: str | None = None,
        cure: str | None = None,
    ) -> None:
        self.problem, self.path, self.row, self.field, self.cure = problem, path, row, field, cure
        place = [
            str(path) if path is not None else None,
            f"row {row}" if row is not None else None,
            f"field {field}" if field is not None else None,
        ]
        message = ": ".join([part for part in place if part is not None] + [problem])
        super().__init__(f"{message}; {cure}" if cure else message)


class NotFiniteError(ValueError):
    """A model or a policy gave NaN or infinite numbers: no fault of the caller, and the next batch may be well."""


def unknown_name(kind: str, name: object, known: Iterable[object]) -> ValueError:
    """The error for a name that is not one of `known`, listing them: `unknown variant 'x'; known: a, b`."""
    return ValueError(f"unknown {kind} {name!r}; known: {', '.join(map(str, known))}")
