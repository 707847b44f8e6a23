import io

import pytest
from rich.console import Console

from longstride.curation.by_model.settings import CheckSettings
from longstride.llm.ledger import Prices
from longstride.pipeline.with_models.estimate import Estimate
from longstride.pipeline.with_models.meter import Meter, Usage
from longstride.pipeline.with_models.sampling import most_of_checks

SAMPLED = Meter({"judge": Usage(10, 1000, 50)}, received=10, waited_seconds=5.0)
STAGES = {
    "rating documents": Meter({"judge": Usage(100, 10_000, 500)}),
    "checking": Meter({"solver": Usage(300, 2_000_000, 3_000)}),
}
PRICES = {"judge": Prices(1.0, 2.0), "solver": Prices(0.1, 0.2)}


def shown(estimate: Estimate) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(estimate.table())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_calls_and_tokens_add_up_and_so_does_the_money():
    estimate = Estimate(STAGES, PRICES, SAMPLED, documents=6, in_flight=4)
    assert estimate.total == Usage(400, 2_010_000, 3_500)
    text = shown(estimate)
    assert "6 of the documents" in text
    assert "2,000,000" in text
    assert "0.21" in text  # 0.01 of the judge's, 0.20 of the solver's


def test_the_time_is_that_of_the_sample_s_calls_with_all_servers_busy():
    estimate = Estimate(STAGES, PRICES, SAMPLED, in_flight=4)
    assert estimate.seconds == pytest.approx(400 * 0.5 / 4)
    assert "50 seconds, at 0.5 seconds a call and 4 calls at once" in estimate.time()


def test_a_sample_from_the_cache_tells_no_time():
    estimate = Estimate(STAGES, PRICES, Meter({"judge": Usage(10, 1000, 50)}))
    assert estimate.seconds is None
    assert "not known" in estimate.time()


def test_money_is_unknown_where_a_price_is():
    assert "?" in shown(Estimate(STAGES, {"judge": Prices(1.0, 2.0)}, SAMPLED))
    assert "?" not in shown(Estimate(STAGES, PRICES, SAMPLED))


def test_checks_are_bounded_by_every_candidate_at_full_length():
    checks = CheckSettings(answers=2, max_left_out=3)
    usage = most_of_checks(checks, {1000: 10, 4000: 5}, answer_tokens=7)
    assert usage.answers == 15 * 2 * (1 + 1 + 3 + 1)
    short = 10 * 2 * (1 * 1000 + 3 * 1000 + 1 * 4000)  # robustness adds documents up to the longest
    assert usage.prompt_tokens == short + 5 * 2 * 5 * 4000
    assert usage.completion_tokens == usage.answers * 7
    assert most_of_checks(CheckSettings(checks=("blind",), answers=2), {1000: 10}, 7) == Usage(20, 0, 140)
