"""The checks by a model of `longstride curate`: who is asked, what it will take, and what it took."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longstride.curation.by_model.curating import ByModel
from longstride.curation.by_model.estimate import CheckEstimate
from longstride.curation.by_model.settings import CHECKS, JUDGE, REFERENCE, SOLVER, CheckSettings
from longstride.errors import InputError
from longstride.llm.settings import ModelsSettings
from longstride.pipeline.with_models.run import CACHE_FILE, ModelRun
from longstride.pipeline.with_models.settings import prompts_digest
from longstride.synthesis.with_models import Roles

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

ALL = "all"


def parse_checks(text: str) -> tuple[str, ...]:
    """`grounding,robustness` as names; `all` for every one. Raises InputError for a name that is no check."""
    if text.strip() == ALL:
        return CHECKS
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in names:
        if name not in CHECKS:
            known = ", ".join((ALL, *CHECKS))
            raise InputError(f"no such check {name!r:.40}", field="--checks", cure=f"known: {known}")
    return names


def asked_roles(settings: CheckSettings) -> tuple[str, ...]:
    """The roles that may be asked."""
    return (*((SOLVER, JUDGE) if settings.made else (JUDGE,)), *((REFERENCE,) if settings.audit else ()))


def by_model(run: ModelRun, settings: CheckSettings, console: Console) -> ByModel:
    """The checks of `settings` by the models of `run`; the estimate is printed on `console`.

    Raises InputError where a role has no model or its key is missing.
    """
    roles = asked_roles(settings)
    described = {role: _described(run.settings, role) for role in roles}

    @asynccontextmanager
    async def opened(folder: Path) -> AsyncIterator[Roles]:
        async with run.open(folder / CACHE_FILE, roles) as models:
            yield models

    def told(estimates: Sequence[CheckEstimate]) -> None:
        console.print(estimate_table(estimates, run.settings))

    return ByModel(settings, described, prompts_digest(), opened, told, lambda: spent(run))


def spent(run: ModelRun) -> str:
    """What was asked so far: calls sent, answers from the cache, tokens, and money where prices are known."""
    totals = run.ledger.totals()
    parts = [
        f"{totals['requests']:,} calls",
        f"{totals['cached_answers']:,} answers from the cache",
        f"{totals['prompt_tokens']:,} tokens in and {totals['completion_tokens']:,} out",
    ]
    return ", ".join(parts + ([f"{totals['money']:.2f} of money"] if totals["money"] else []))


def estimate_table(estimates: Sequence[CheckEstimate], models: ModelsSettings) -> Table:
    """What each check asks at most; money of the tokens in where the solver's price is known."""
    from rich.table import Table

    title = "What the checks ask at most, before answers that are kept; what falls is asked no more"
    table = Table(title=title, title_justify="left", show_footer=True)
    calls, tokens = (sum(getattr(each, name) for each in estimates) for name in ("answers", "prompt_tokens"))
    table.add_column("check", footer="all")
    table.add_column("prompts", justify="right", footer=f"{sum(each.prompts for each in estimates):,}")
    table.add_column("calls", justify="right", footer=f"{calls:,}")
    table.add_column("tokens in", justify="right", footer=f"{tokens:,}")
    prices = models.role(SOLVER).prices
    if prices is not None:
        table.add_column("money for these", justify="right", footer=f"{tokens * prices.input / 1e6:,.2f}")
    for each in estimates:
        row = (each.check, f"{each.prompts:,}", f"{each.answers:,}", f"{each.prompt_tokens:,}")
        table.add_row(*row, *([f"{each.prompt_tokens * prices.input / 1e6:,.2f}"] if prices is not None else []))
    return table


def _described(models: ModelsSettings, role: str) -> dict[str, Any]:
    """A role's model and how it is drawn from; where it is served stands in no data set."""
    try:
        chosen = models.role(role)
    except InputError as error:
        cure = "name one: --base-url http://localhost:8000/v1 --model NAME"
        raise InputError(f"a model must be asked, and there is {error.problem}", cure=cure) from None
    chosen.api_key()  # a key that is not there is told before anything is read
    return {"model": chosen.model, "sampling": asdict(chosen.sampling.sampling())}
