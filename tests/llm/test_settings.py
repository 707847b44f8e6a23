"""Settings from a file and the environment, and roles that inherit what is theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from longstride.errors import InputError
from longstride.llm.chat import Sampling
from longstride.llm.ledger import Prices
from longstride.llm.settings import ModelsSettings, load_settings

FILE = """
[models]
base_url = "http://localhost:8000/v1/"
model = "small"
price_per_million_input_tokens = 1.0
price_per_million_output_tokens = 2.0
api_key_env = "LOCAL_KEY"
sampling = {max_tokens = 100, extra = {top_k = 20}}

[models.roles.judge]
base_url = "https://judges.example/v1"
model = "large"
timeout_seconds = 60
sampling = {temperature = 0.0, extra = {reasoning_effort = "high"}}

[models.roles.proposer]
model = "other"

[models.roles.solver]
sampling = {temperature = "server", top_p = "server"}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_a_role_that_is_not_named_is_the_general_model(path: Path):
    role = load_settings(path, table="models").role("verifier")
    assert (role.base_url, role.model, role.timeout_seconds) == ("http://localhost:8000/v1", "small", 600)
    assert role.sampling.sampling() == Sampling(max_tokens=100, extra={"top_k": 20})  # 0.7 and 0.95 of paper 5.1
    assert role.prices == Prices(1, 2)


def test_a_role_inherits_field_by_field(path: Path):
    role = load_settings(path, table="models").role("judge")
    assert (role.model, role.timeout_seconds, role.max_retries) == ("large", 60, 6)
    assert role.sampling.sampling() == Sampling(0.0, 0.95, 100, extra={"top_k": 20, "reasoning_effort": "high"})


def test_keys_and_prices_are_not_inherited_by_another_server_or_model(path: Path):
    settings = load_settings(path, table="models")
    assert settings.role("judge").api_key_env is None and settings.role("judge").prices is None
    assert settings.role("proposer").api_key_env == "LOCAL_KEY" and settings.role("proposer").prices is None
    assert settings.role("solver").prices == Prices(1, 2)


def test_a_choice_can_be_left_to_the_server(path: Path):
    sampling = load_settings(path, table="models").role("solver").sampling.sampling()
    assert (sampling.temperature, sampling.top_p) == (None, None)


def test_the_environment_beats_the_file_and_a_caller_beats_both(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LONGSTRIDE_MODEL", "from-environment")
    monkeypatch.setenv("LONGSTRIDE_SAMPLING__TEMPERATURE", "0.1")
    monkeypatch.setenv("LONGSTRIDE_ROLES__JUDGE__MODEL", "judge-from-environment")
    monkeypatch.setenv("LONGSTRIDE_ROLES__JUDGE__SAMPLING__STOP", '["END"]')
    monkeypatch.setenv("LONGSTRIDE_HOME", "of another room")
    settings = load_settings(path, table="models", timeout_seconds=5)
    assert settings.role("anyone").model == "from-environment" and settings.role("anyone").timeout_seconds == 5
    judge = settings.role("judge")
    assert (judge.model, judge.sampling.stop, judge.sampling.temperature) == ("judge-from-environment", ("END",), 0.0)
    assert settings.role("anyone").sampling.temperature == 0.1


def test_the_environment_alone_is_enough(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LONGSTRIDE_BASE_URL", "http://localhost:8000/v1")
    monkeypatch.setenv("LONGSTRIDE_MODEL", "m")
    assert load_settings().role("judge").model == "m"


def test_what_is_missing_is_named_with_its_cure():
    with pytest.raises(InputError, match=r"no base_url for the role 'judge'; .* LONGSTRIDE_BASE_URL"):
        load_settings().role("judge")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modle = 1", r"modle: unknown setting; known: .*\bmodel\b"),
        ("[roles.judge]\nroles = 1", r"roles\.judge\.roles: unknown setting"),
        ("[sampling]\ntemp = 1", r"sampling\.temp: unknown setting; known: temperature, top_p"),
        ("[sampling]\ntop_p = 2.0", r"sampling\.top_p: .*less than or equal to 1"),
        ("[roles.judge]\ntimeout_seconds = 0", r"roles\.judge\.timeout_seconds: .*greater than 0"),
        ("timeout_seconds = nan\nmax_retries = -1", r"timeout_seconds: .* \(and 1 more\)"),
        ('base_url = "localhost:8000"', r"base_url: expected http://HOST"),
        ('base_url = "http://ann:secret@host/v1"', r"base_url: expected http://HOST .* without user"),
        ('base_url = "http://host:99999/v1"', r"base_url: expected http://HOST"),
        ('base_url = "http://[host/v1"', r"base_url: expected http://HOST"),
        ('structured_output = "xml"', r"structured_output: .*'json_schema' or 'prompt'"),
        ('model = ""', r"model: .*at least 1 character"),
        ("model = ", r"no TOML"),
        ("model = '\xff'", r"no TOML"),
    ],
)
def test_bad_settings_are_one_line_that_names_file_and_field(tmp_path: Path, text: str, message: str):
    path = tmp_path / "models.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=message) as error:
        load_settings(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)
    assert "secret" not in str(error.value)


def test_a_bad_variable_is_named_as_it_is_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LONGSTRIDE_ROLES__JUDGE__TIMEOUT_SECONDS", "soon")
    with pytest.raises(InputError, match=r"^field LONGSTRIDE_ROLES__JUDGE__TIMEOUT_SECONDS: "):
        load_settings()
    monkeypatch.delenv("LONGSTRIDE_ROLES__JUDGE__TIMEOUT_SECONDS")
    monkeypatch.setenv("LONGSTRIDE_ROLES", "{")
    with pytest.raises(InputError, match="as JSON"):
        load_settings()


def test_a_file_that_is_not_there_and_a_table_that_is_none(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        load_settings(tmp_path / "none.toml")
    path = tmp_path / "models.toml"
    path.write_text("models = 3")
    with pytest.raises(InputError, match="field models: expected a table"):
        load_settings(path, table="models")
    assert load_settings(path, table="other") == ModelsSettings()


def test_the_key_is_read_from_the_variable_that_is_named():
    role = ModelsSettings(base_url="http://x", model="m", api_key_env="A_KEY").role("judge")
    assert role.api_key({"A_KEY": " sk-1\n"}) == "sk-1"
    for empty in ({}, {"A_KEY": ""}, {"A_KEY": "  "}):
        with pytest.raises(InputError, match=r"environment variable A_KEY .* is not set; set it to the key"):
            role.api_key(empty)
    with pytest.raises(InputError, match="no header can carry") as error:
        role.api_key({"A_KEY": "sk-sécret"})
    assert "sécret" not in str(error.value)
