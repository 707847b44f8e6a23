"""Live totals by role, beside the bars of the work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from longstride.llm import Ledger
from longstride.llm.ledger import Account

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

REFRESH_SECONDS = 0.5
DESCRIPTION_WIDTH = 22  # with it a line fits 80 columns


class RoleTotals:
    """A line for each role and model: how many answers, tokens and money so far, in this run."""

    def __init__(self, progress: Progress, ledger: Ledger) -> None:
        self._progress, self._ledger = progress, ledger
        self._lines: dict[tuple[str, str], TaskID] = {}

    def update(self) -> None:
        """Show how things stand."""
        for key, account in self._ledger.accounts.items():
            if key not in self._lines:
                self._lines[key] = self._progress.add_task(
                    f"{account.role}: {account.model}"[:DESCRIPTION_WIDTH], total=None, unit=""
                )
            self._progress.update(self._lines[key], completed=account.answers, unit=told(account))

    @asynccontextmanager
    async def shown(self) -> AsyncIterator[None]:
        """Keep the lines up to date inside the block."""

        async def keep() -> None:
            while True:
                self.update()
                await asyncio.sleep(REFRESH_SECONDS)

        keeper = asyncio.create_task(keep())
        try:
            yield
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
            self.update()


def told(account: Account) -> str:
    """What an account holds, in a few words."""
    parts = [f"{in_short(account.tokens)} tokens"]
    counts = {"cached": account.cached_answers, "retried": account.retries, "failed": account.failures}
    parts += [f"{count:,} {name}" for name, count in counts.items() if count]
    if account.money is not None:
        parts.append(f"{account.money:,.2f} money")
    return ", ".join(parts)


def in_short(count: int) -> str:
    """A large number with one decimal: 999, 12.3K, 1.5M."""
    for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
        if count >= size:
            return f"{count / size:.1f}{letter}"
    return str(count)
