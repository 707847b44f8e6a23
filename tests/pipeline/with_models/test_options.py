import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.errors import InputError
from longstride.llm import Budget
from longstride.pipeline.with_models.options import ModelOptions, parse_budget, parse_role


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("judge=http://h:1/v1#gpt-oss-120b", ("judge", {"base_url": "http://h:1/v1", "model": "gpt-oss-120b"})),
        ("judge=https://h/v1", ("judge", {"base_url": "https://h/v1"})),
        ("solver=Qwen/Qwen3-4B", ("solver", {"model": "Qwen/Qwen3-4B"})),
        (" solver = m ", ("solver", {"model": "m"})),
        ("solver=a=b", ("solver", {"model": "a=b"})),
    ],
)
def test_a_role_is_a_server_a_model_or_both(text: str, role: tuple[str, dict[str, str]]):
    assert parse_role(text) == role


@pytest.mark.parametrize("text", ["judge", "=http://h/v1", "judge=", ""])
def test_what_is_no_role_is_refused_with_the_form(text: str):
    with pytest.raises(InputError, match="ROLE=URL#MODEL"):
        parse_role(text)


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("20000calls", Budget(calls=20_000)),
        ("1 call", Budget(calls=1)),
        ("20kcalls", Budget(calls=20_000)),
        ("5Mtokens", Budget(tokens=5_000_000)),
        ("1.5M tokens", Budget(tokens=1_500_000)),
        ("10.0", Budget(money=10.0)),
        ("", Budget()),
    ],
)
def test_a_budget_is_of_calls_tokens_or_money(text: str, budget: Budget):
    assert parse_budget(text) == budget


@pytest.mark.parametrize("text", ["many", "10 dollars", "-1calls", "calls", "1e3"])
def test_what_is_no_budget_is_refused_with_the_forms(text: str):
    with pytest.raises(InputError, match="20000calls, 5Mtokens"):
        parse_budget(text)


@given(st.text(max_size=20))
def test_no_text_breaks_the_parsers(text: str):
    for parse in (parse_budget, parse_role):
        try:
            parse(text)
        except InputError as error:
            assert error.cure


def test_a_role_of_its_own_keeps_what_all_roles_share():
    options = ModelOptions("http://one/v1", "m", roles=("judge=http://two/v1#big", "solver=small"))
    models = options.settings(seed=7)
    assert (models.role("proposer").base_url, models.role("proposer").model) == ("http://one/v1", "m")
    assert (models.role("judge").base_url, models.role("judge").model) == ("http://two/v1", "big")
    assert (models.role("solver").base_url, models.role("solver").model) == ("http://one/v1", "small")
    assert {models.role(name).sampling.seed for name in ("proposer", "judge", "solver")} == {7}


def test_nothing_typed_is_no_model():
    assert not ModelOptions().given
    assert not ModelOptions(max_concurrency=4).given
    assert ModelOptions(base_url="http://one/v1").given
    assert ModelOptions(roles=("judge=m",)).given
