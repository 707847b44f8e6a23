"""What was asked, what it cost, and where to stop: calls, tokens and money by role."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from longstride.errors import ExpectedError, InputError
from longstride.llm.chat import Completion
from longstride.llm.wire import Usage


class BudgetExceeded(ExpectedError):
    """The budget is spent: nothing more is sent. Answers in the cache still come."""


@dataclass(frozen=True)
class Prices:
    """Money for a million tokens, in any one currency."""

    input: float
    output: float


@dataclass(frozen=True)
class Budget:
    """How much may be spent, over all roles; None sets no bound. Raises `ValueError` for a negative bound.

    `calls` counts requests sent, with those asked again, and is never exceeded. Tokens and money are known only when
    an answer is in: requests under way when the bound is reached finish and count, so they may exceed it.
    """

    money: float | None = None
    tokens: int | None = None
    calls: int | None = None

    def __post_init__(self) -> None:
        for name, bound in asdict(self).items():
            if bound is not None and not bound >= 0:
                raise ValueError(f"budget: {name} is {bound}, expected 0 or more")


@dataclass
class Account:
    """The count of one role with one model."""

    role: str
    model: str
    prices: Prices | None = None
    requests: int = 0  # sent to the server, with those asked again
    retries: int = 0  # of these, asked again after a failure
    failures: int = 0  # answers given up
    answers: int = 0  # received from the server
    unmetered_requests: int = 0  # answered without a count of tokens
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_answers: int = 0  # from the cache, or shared with the same question under way; they cost nothing
    cached_prompt_tokens: int = 0  # what these would have cost
    cached_completion_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Tokens paid for."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def money(self) -> float | None:
        """What the tokens cost; None where the prices are unknown. Discounts are not known here."""
        if self.prices is None:
            return None
        return (self.prompt_tokens * self.prices.input + self.completion_tokens * self.prices.output) / 1e6

    def cached(self, completion: Completion) -> None:
        """Count an answer that cost nothing."""
        self.cached_answers += 1
        self.cached_prompt_tokens += completion.prompt_tokens
        self.cached_completion_tokens += completion.completion_tokens

    def replied(self, answers: int, usage: Usage | None) -> None:
        """Count a server's reply, with as many usable answers in it."""
        self.answers += answers
        if usage is None:
            self.unmetered_requests += answers > 0
        else:
            self.prompt_tokens += usage.prompt_tokens
            self.completion_tokens += usage.completion_tokens

    def row(self) -> dict[str, Any]:
        """One row of a report: the counts, `tokens`, and `money` (None: unknown)."""
        row = asdict(self)
        del row["prices"]
        return row | {"tokens": self.tokens, "money": self.money}


@dataclass
class Ledger:
    """All accounts of a run, and its budget. One event loop at a time; counts start at 0 with each run."""

    budget: Budget = field(default_factory=Budget)
    accounts: dict[tuple[str, str], Account] = field(default_factory=dict[tuple[str, str], Account])

    def account(self, role: str, model: str, prices: Prices | None = None) -> Account:
        """The account of a role with a model, opened where there is none.

        Raises `InputError` for a budget of money where the prices are unknown.
        """
        if self.budget.money is not None and prices is None:
            raise InputError(
                f"a budget of money needs prices, and those of {model} (role {role}) are unknown",
                cure="set price_per_million_input_tokens and price_per_million_output_tokens (0 for your own server), "
                "or a budget of tokens or calls",
            )
        account = self.accounts.setdefault((role, model), Account(role, model))
        account.prices = prices if prices is not None else account.prices
        return account

    def check(self) -> None:
        """Raise `BudgetExceeded` if nothing more may be sent."""
        budget = self.budget
        requests, tokens, money = 0, 0, 0.0
        for account in self.accounts.values():
            requests += account.requests
            tokens += account.tokens
            money += account.money or 0.0
            if account.unmetered_requests and (budget.tokens is not None or budget.money is not None):
                raise BudgetExceeded(
                    f"the server of {account.model} (role {account.role}) does not count tokens, so a budget of tokens "
                    "or money cannot be kept; set a budget of calls"
                )
        if budget.calls is not None and requests >= budget.calls:
            raise BudgetExceeded(f"the budget of {budget.calls} calls is spent; raise it and run again to go on")
        if budget.tokens is not None and tokens >= budget.tokens:
            raise BudgetExceeded(
                f"the budget of {budget.tokens} tokens is spent ({tokens} used); raise it and run again to go on"
            )
        if budget.money is not None and money >= budget.money:
            raise BudgetExceeded(
                f"the budget of {budget.money:g} is spent ({money:.4g} used); raise it and run again to go on"
            )

    def send(self, account: Account, *, retry: bool) -> None:
        """Count a request that is about to be sent; raises `BudgetExceeded` where it must not be."""
        self.check()
        account.requests += 1
        account.retries += retry

    def rows(self) -> list[dict[str, Any]]:
        """One plain row for each role and model, in the order of first use."""
        return [account.row() for account in self.accounts.values()]

    def totals(self) -> dict[str, Any]:
        """The sums over all rows; `money` is None if it is unknown for a role that has been asked anything."""
        rows = self.rows()
        counts = [name for name in Account("", "").row() if name not in ("role", "model", "money")]
        moneys = [row["money"] for row in rows if row["requests"]]
        known = [money for money in moneys if money is not None]
        sums: dict[str, Any] = {name: sum(row[name] for row in rows) for name in counts}
        return sums | {"money": sum(known) if len(known) == len(moneys) else None}
