"""Which model plays which role, where it is served, and how it is asked: from a TOML file and the environment."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsError

from longstride.errors import InputError
from longstride.llm.chat import Sampling
from longstride.llm.ledger import Prices

ENVIRONMENT_PREFIX = "LONGSTRIDE_"
_STRICT = ConfigDict(extra="forbid", hide_input_in_errors=True)  # an input may be a key put in the wrong place


def _or_server(choice: object) -> object:
    return None if choice == "server" else choice


def _checked_url(url: str) -> str:
    try:
        port = urlsplit(url).port
    except ValueError:
        port = -1
    if port == -1 or not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", url):
        raise ValueError("expected http://HOST or https://HOST with a path, without user, query or fragment")
    return url.rstrip("/")


def _checked_variable(name: str) -> str:
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", name):
        raise ValueError(
            "expected the NAME of an environment variable in capitals, as OPENAI_API_KEY, never the key itself"
        )
    return name


ServerUrl = Annotated[str, AfterValidator(_checked_url)]
VariableName = Annotated[str, AfterValidator(_checked_variable)]
ModelName = Annotated[str, Field(min_length=1)]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class SamplingSettings(BaseModel, frozen=True):
    """How to draw answers. `"server"` for temperature or top_p sends none, for models that refuse the setting."""

    model_config = _STRICT

    temperature: Annotated[Annotated[float, Field(ge=0)] | None, BeforeValidator(_or_server)] = 0.7  # paper 5.1
    top_p: Annotated[Annotated[float, Field(gt=0, le=1)] | None, BeforeValidator(_or_server)] = 0.95  # paper 5.1
    max_tokens: Annotated[int | None, Field(ge=1)] = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    logprobs: bool = False
    extra: dict[str, Any] = {}  # sent in the request's body as it is

    def sampling(self) -> Sampling:
        """The same as the `Sampling` that models take."""
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
            seed=self.seed,
            stop=self.stop,
            logprobs=self.logprobs,
            extra=dict(self.extra),
        )


class _AnyTable(BaseModel, frozen=True):
    model_config = _STRICT

    api_key_env: VariableName | None = None  # the NAME of the environment variable that holds the key
    timeout_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 600.0  # of one try; not in the paper
    max_retries: Annotated[int, Field(ge=0)] = 6  # after the first try; not in the paper
    max_concurrency: Annotated[int, Field(ge=1)] = 32  # requests at once to one server; not in the paper
    price_per_million_input_tokens: Price | None = None
    price_per_million_output_tokens: Price | None = None
    structured_output: Literal["json_schema", "prompt"] = "json_schema"  # "prompt": the server takes no response_format
    sampling: SamplingSettings = SamplingSettings()


class ModelTable(_AnyTable, frozen=True):
    """The settings of one model. base_url and model may be missing where another table gives them."""

    base_url: ServerUrl | None = None  # of an OpenAI-compatible server, as http://localhost:8000/v1
    model: ModelName | None = None


class RoleSettings(_AnyTable, frozen=True):
    """The settings of a role with nothing missing."""

    base_url: ServerUrl
    model: ModelName

    @property
    def prices(self) -> Prices | None:
        """The prices, where both are set."""
        if self.price_per_million_input_tokens is None or self.price_per_million_output_tokens is None:
            return None
        return Prices(self.price_per_million_input_tokens, self.price_per_million_output_tokens)

    def api_key(self, environment: Mapping[str, str] | None = None) -> str | None:
        """The key out of the environment; None if no variable is named. It is read only here, and never kept.

        Raises `InputError` where the variable is not set or holds no key.
        """
        if self.api_key_env is None:
            return None
        key = (os.environ if environment is None else environment).get(self.api_key_env, "").strip()
        if not key:
            raise InputError(
                f"the environment variable {self.api_key_env} (api_key_env of {self.model}) is not set",
                cure="set it to the key",
            )
        if not re.fullmatch(r"[!-~]+", key):
            raise InputError(f"the key in {self.api_key_env} holds a space or a character that no header can carry")
        return key


class ModelsSettings(ModelTable, frozen=True):
    """The settings of all roles: the top-level fields are every role's, and `roles` has what differs.

        base_url = "http://localhost:8000/v1"
        model = "Qwen/Qwen3-4B"
        [roles.judge]
        model = "gpt-oss-120b"
        sampling = {temperature = 0.0}

    A role that `roles` does not name is played by the model at the top.
    """

    roles: dict[str, ModelTable] = {}

    def role(self, name: str) -> RoleSettings:
        """The settings of a role: its own fields over the top-level ones, `sampling` and `extra` field by field.

        What belongs to a server or a model is not inherited by another: a role with its own base_url has no
        api_key_env, structured_output or prices but its own, and one with its own model has no prices but its own.
        Raises `InputError` where base_url or model is missing.
        """
        general = self.model_dump(exclude_unset=True, exclude={"roles"})
        own = self.roles[name].model_dump(exclude_unset=True) if name in self.roles else {}
        of_model = ["price_per_million_input_tokens", "price_per_million_output_tokens"]
        if own.get("base_url", self.base_url) != self.base_url:
            general = {key: value for key, value in general.items() if key not in ["api_key_env", "structured_output"]}
            general = {key: value for key, value in general.items() if key not in of_model}
        if own.get("model", self.model) != self.model:
            general = {key: value for key, value in general.items() if key not in of_model}
        merged = _merged(general, own)
        for field in ("base_url", "model"):
            if merged.get(field) is None:
                raise InputError(
                    f"no {field} for the role {name!r}",
                    cure=f"set {field} in the settings file, or {ENVIRONMENT_PREFIX}{field.upper()} in the environment",
                )
        return RoleSettings.model_validate(merged)


def load_settings(
    path: str | Path | None = None,
    *,
    table: str | None = None,
    **overrides: Any,
) -> ModelsSettings:
    """Settings out of a TOML file (or a `table` of it), under the environment, under `overrides`.

    Environment: LONGSTRIDE_BASE_URL, LONGSTRIDE_MODEL, LONGSTRIDE_SAMPLING__TEMPERATURE,
    LONGSTRIDE_ROLES__JUDGE__MODEL and so on; lists and tables as JSON. A table that the file lacks counts as empty.
    Raises `InputError`, in one line, for a file or a value that cannot be used.
    """
    from_file = _read_toml(Path(path), table) if path is not None else {}
    from_environment = _read_environment()
    try:
        return ModelsSettings.model_validate(_merged(_merged(from_file, from_environment), overrides))
    except ValidationError as error:
        raise _input_error(error, path, table, from_environment) from None


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(base[key], over[key])
        for key in base
        if key in over and isinstance(base[key], Mapping) and isinstance(over[key], Mapping)
    }
    return {**base, **over, **both}


def _read_toml(path: Path, table: str | None) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        raise InputError(f"no TOML: {error}", path=path) from None
    found = document if table is None else document.get(table, {})
    if not isinstance(found, dict):
        raise InputError("expected a table", path=path, field=table)
    return found


def _read_environment() -> dict[str, Any]:
    fields: dict[str, Any] = {name: (field.annotation, None) for name, field in ModelsSettings.model_fields.items()}
    source = EnvSettingsSource(
        create_model("Environment", __base__=BaseSettings, **fields),  # tells pydantic-settings which variables to read
        case_sensitive=False,
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
    )
    try:
        return source()
    except SettingsError as error:
        raise InputError(f"the environment: {error}", cure="write lists and tables as JSON") from None


def _input_error(
    error: ValidationError, path: str | Path | None, table: str | None, from_environment: Mapping[str, Any]
) -> InputError:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    first = problems[0]
    location = [str(part) for part in first["loc"]]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    problem = first["msg"].removeprefix("Value error, ") + more
    if first["type"] == "extra_forbidden":
        at_top = len(location) == 1
        known = SamplingSettings if "sampling" in location[:-1] else ModelsSettings if at_top else ModelTable
        problem = f"unknown setting{more}; known: {', '.join(known.model_fields)}"
    value: Any = from_environment
    for part in location:
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is not None:
        return InputError(problem, field=ENVIRONMENT_PREFIX + "__".join(location).upper())
    return InputError(problem, path=path, field=".".join([table, *location] if table else location))
