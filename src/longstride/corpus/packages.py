"""Packages that only some formats and steps need: asked for where they are used, and named where they are missing."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from longstride.errors import InputError


def required(name: str, extra: str = "synthesis") -> ModuleType:
    """The module `name`. Raises InputError where it is not installed, with the extra that brings it."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise missing((error.name or name).partition(".")[0], extra) from None


def missing(name: str, extra: str = "synthesis") -> InputError:
    """The error for a package that is not installed."""
    return InputError(f"the package {name} is not installed", cure=f"pip install 'longstride[{extra}]'")
