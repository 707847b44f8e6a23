import asyncio
import io

from rich.console import Console
from rich.progress import Progress, TextColumn

from longstride.llm import Completion, Ledger
from longstride.llm.ledger import Prices
from longstride.llm.wire import Usage
from longstride.pipeline.with_models.display import RoleTotals, in_short, told


def test_each_role_has_a_line_that_tells_how_things_stand():
    console = Console(file=io.StringIO(), width=120)
    ledger = Ledger()
    columns = TextColumn("{task.description}"), TextColumn("{task.completed} {task.fields[unit]}")

    async def go(totals: RoleTotals) -> None:
        async with totals.shown():
            account = ledger.account("solver", "m", Prices(1.0, 1.0))
            account.replied(2, Usage(1_000_000, 500_000))
            account.cached(Completion("yes"))
            ledger.account("judge", "j").retries += 3

    with Progress(*columns, console=console) as progress:
        asyncio.run(go(RoleTotals(progress, ledger)))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "solver: m" in shown
    assert "2 1.5M tokens, 1 cached, 1.50 money" in shown
    assert "3 retried" in shown


def test_large_numbers_are_short():
    counts = (0, 999, 12_345, 999_999, 1_500_000, 2_000_000_000)
    assert [in_short(each) for each in counts] == ["0", "999", "12.3K", "1000.0K", "1.5M", "2.0B"]


def test_money_is_told_where_it_is_known():
    assert "money" not in told(Ledger().account("judge", "j"))
    assert "0.00 money" in told(Ledger().account("judge", "j", Prices(0.0, 0.0)))
