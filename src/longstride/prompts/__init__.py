"""The prompts, one text file each, named for the agent that speaks."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from longstride.errors import unknown_name

SUFFIX = ".txt"
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


@cache
def load_prompt(name: str) -> str:
    """The text of `prompts/NAME.txt`, without the newline that ends the file.

    Raises `ValueError` for a name that is no prompt, listing those that are.
    """
    known = prompt_names()
    if name not in known:
        raise unknown_name("prompt", name, known)
    return resources.files(__name__).joinpath(name + SUFFIX).read_text(encoding="utf-8").removesuffix("\n")


def prompt_names() -> tuple[str, ...]:
    """Every prompt that `load_prompt` knows, in alphabetical order."""
    files = (each.name for each in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(SUFFIX) for name in files if name.endswith(SUFFIX)))


def fill_prompt(name: str, **values: str) -> str:
    """The prompt with each `{placeholder}` replaced, in one pass: what a value holds is never a placeholder itself.

    Raises `ValueError` where the placeholders and the values are not the same.
    """
    template = load_prompt(name)
    wanted = set(PLACEHOLDER.findall(template))
    if wanted != set(values):
        raise ValueError(f"prompt {name} takes {', '.join(sorted(wanted))}, but was given {', '.join(sorted(values))}")
    return PLACEHOLDER.sub(lambda match: values[match[1]], template)
