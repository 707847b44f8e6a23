"""What is typed about models: a server for all roles, others for some, and what may be spent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longstride.errors import InputError
from longstride.llm import Budget
from longstride.llm.settings import ModelsSettings, load_settings

BUDGET = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<scale>[kKmM]?)\s*(?P<unit>calls?|tok|tokens?)?")


@dataclass(frozen=True)
class ModelOptions:
    """Options about models, as they were typed; None leaves a choice to the settings file and the environment."""

    base_url: str | None = None
    model: str | None = None
    models: Path | None = None  # a TOML file of `ModelsSettings`
    roles: Sequence[str] = ()  # ROLE=URL#MODEL, ROLE=MODEL or ROLE=URL
    api_key_env: str | None = None
    max_concurrency: int | None = None
    timeout_seconds: float | None = None

    @property
    def given(self) -> bool:
        """True where any model was named."""
        return bool(self.base_url or self.model or self.models or self.roles)

    def settings(self, seed: int) -> ModelsSettings:
        """All of it together. With a seed every answer is asked for alone, so that its index alone decides it.

        Raises InputError for a role that cannot be read, and as `load_settings` does.
        """
        typed = {
            "base_url": self.base_url,
            "model": self.model,
            "api_key_env": self.api_key_env,
            "max_concurrency": self.max_concurrency,
            "timeout_seconds": self.timeout_seconds,
        }
        overrides: dict[str, Any] = {name: value for name, value in typed.items() if value is not None}
        if self.roles:
            overrides["roles"] = dict(map(parse_role, self.roles))
        return load_settings(self.models, **overrides, sampling={"seed": seed})


def parse_role(text: str) -> tuple[str, dict[str, str]]:
    """`judge=http://localhost:8001/v1#gpt-oss-120b` -> ("judge", {"base_url": ..., "model": ...}).

    Either part may be missing: what stands alone is an address where it begins with http, else a model.
    """
    role, equals, place = text.partition("=")
    if not equals or not role.strip() or not place.strip():
        raise InputError(f"{text!r} names no role", field="--role", cure="write ROLE=URL#MODEL, as judge=http://...#M")
    if not re.match(r"https?://", place):
        return role.strip(), {"model": place.strip()}
    address, _, model = place.strip().partition("#")
    return role.strip(), {"base_url": address} | ({"model": model} if model else {})


def parse_budget(text: str) -> Budget:
    """`20000calls`, `5Mtokens` or `10.0` (money, in the currency of the prices); "" bounds nothing.

    k is a thousand and m a million. Raises InputError for anything else.
    """
    if not text.strip():
        return Budget()
    match = BUDGET.fullmatch(text.strip())
    if match is None:
        raise InputError(
            f"{text!r} is no budget", field="--budget", cure="write 20000calls, 5Mtokens, or 10.0 of money"
        )
    amount = float(match["number"]) * {"": 1, "k": 1_000, "m": 1_000_000}[match["scale"].lower()]
    unit = match["unit"] or ""
    if not unit:
        return Budget(money=amount)
    return Budget(calls=round(amount)) if unit.startswith("call") else Budget(tokens=round(amount))
