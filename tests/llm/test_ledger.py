"""Counts and money worked by hand, and budgets that stop."""

from __future__ import annotations

from typing import Any

import pytest

from longstride.errors import ExpectedError, InputError
from longstride.llm.chat import Completion
from longstride.llm.ledger import Budget, BudgetExceeded, Ledger, Prices
from longstride.llm.wire import Usage


def test_money_is_tokens_times_the_price_of_a_million():
    ledger = Ledger()
    judge = ledger.account("judge", "big", Prices(input=2.0, output=8.0))
    ledger.send(judge, retry=False)
    judge.replied(1, Usage(1_000_000, 250_000))
    ledger.send(judge, retry=True)
    judge.replied(1, Usage(500_000, 0))
    judge.cached(Completion("a", prompt_tokens=7, completion_tokens=3))
    (row,) = ledger.rows()
    assert row == {
        "role": "judge",
        "model": "big",
        "requests": 2,
        "retries": 1,
        "failures": 0,
        "answers": 2,
        "unmetered_requests": 0,
        "prompt_tokens": 1_500_000,
        "completion_tokens": 250_000,
        "cached_answers": 1,
        "cached_prompt_tokens": 7,
        "cached_completion_tokens": 3,
        "tokens": 1_750_000,
        "money": 5.0,  # 1.5 * 2 + 0.25 * 8
    }


def test_money_is_unknown_where_a_price_is():
    ledger = Ledger()
    free, unknown = ledger.account("solver", "own", Prices(0, 0)), ledger.account("judge", "big")
    ledger.send(free, retry=False)
    assert ledger.totals()["money"] == 0.0  # the judge was asked nothing
    ledger.send(unknown, retry=False)
    assert ledger.totals()["money"] is None
    assert [row["money"] for row in ledger.rows()] == [0.0, None]
    assert ledger.totals()["requests"] == 2


def test_a_budget_of_calls_is_never_exceeded():
    ledger = Ledger(Budget(calls=2))
    accounts = [ledger.account(role, "m") for role in ("a", "b")]
    for account in accounts:
        ledger.send(account, retry=False)
    with pytest.raises(BudgetExceeded, match="budget of 2 calls is spent"):
        ledger.send(accounts[0], retry=False)
    assert ledger.totals()["requests"] == 2 and issubclass(BudgetExceeded, ExpectedError)


def test_budgets_of_tokens_and_money_stop_what_comes_after():
    for budget in (Budget(tokens=100), Budget(money=1e-4)):
        ledger = Ledger(budget)
        account = ledger.account("a", "m", Prices(1, 1))
        ledger.send(account, retry=False)
        account.replied(1, Usage(60, 39))
        ledger.send(account, retry=False)
        account.replied(1, Usage(1, 0))
        with pytest.raises(BudgetExceeded, match="raise it and run again"):
            ledger.check()


def test_nothing_may_be_sent_on_a_budget_of_nothing():
    for budget in (Budget(calls=0), Budget(tokens=0), Budget(money=0)):
        with pytest.raises(BudgetExceeded):
            Ledger(budget).check()


def test_a_budget_of_money_needs_prices():
    with pytest.raises(InputError, match=r"those of m \(role a\) are unknown; set price_per_million_input_tokens"):
        Ledger(Budget(money=1)).account("a", "m")


def test_a_budget_of_tokens_needs_a_server_that_counts():
    ledger = Ledger(Budget(tokens=10))
    account = ledger.account("a", "m")
    account.replied(0, None)  # an empty reply counts nothing, and need not
    ledger.check()
    account.replied(1, None)
    with pytest.raises(BudgetExceeded, match="does not count tokens"):
        ledger.check()


@pytest.mark.parametrize("bound", [{"calls": -1}, {"tokens": -1}, {"money": float("nan")}])
def test_a_budget_that_makes_no_sense_is_refused(bound: dict[str, Any]):
    with pytest.raises(ValueError, match="expected 0 or more"):
        Budget(**bound)
