"""Talking to language models: the `ChatModel` protocol, a client for OpenAI-compatible servers, a script for tests.

All but the protocol is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from longstride.llm.chat import ChatModel, Completion, Message, ModelError, Sampling, TokenLogprob

if TYPE_CHECKING:
    from longstride.llm.cache import CacheError, ResponseCache
    from longstride.llm.failures import ContextLengthError, RequestRefused, ServerUnreachable
    from longstride.llm.ledger import Budget, BudgetExceeded, Ledger
    from longstride.llm.roles import Models, open_models
    from longstride.llm.scripted import ScriptedModel
    from longstride.llm.settings import ModelsSettings, load_settings
    from longstride.llm.structured import complete_structured

__all__ = [
    "Budget",
    "BudgetExceeded",
    "CacheError",
    "ChatModel",
    "Completion",
    "ContextLengthError",
    "Ledger",
    "Message",
    "ModelError",
    "Models",
    "ModelsSettings",
    "RequestRefused",
    "ResponseCache",
    "Sampling",
    "ScriptedModel",
    "ServerUnreachable",
    "TokenLogprob",
    "complete_structured",
    "load_settings",
    "open_models",
]

_HOMES = {
    "Budget": "ledger",
    "BudgetExceeded": "ledger",
    "CacheError": "cache",
    "ContextLengthError": "failures",
    "Ledger": "ledger",
    "Models": "roles",
    "ModelsSettings": "settings",
    "RequestRefused": "failures",
    "ResponseCache": "cache",
    "ScriptedModel": "scripted",
    "ServerUnreachable": "failures",
    "complete_structured": "structured",
    "load_settings": "settings",
    "open_models": "roles",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
