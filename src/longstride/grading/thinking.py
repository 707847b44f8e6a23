"""Taking the thinking out of a response: what counts is what was said after it."""

from __future__ import annotations

OPEN, CLOSE = "<think>", "</think>"


def strip_thinking(response: str, *, thinking_opened: bool = False) -> str | None:
    """What stands after the last `</think>`, or the whole response where there is no thinking.

    None where thinking was opened and never closed: such a response was cut off before it answered. Where the chat
    template has opened the thinking, the response itself holds `</think>` alone; with `thinking_opened=True` a
    response without `</think>` never closed it either.
    """
    if not isinstance(response, str):
        raise ValueError(f"response is {response!r:.80}, expected str")
    _, close, said = response.rpartition(CLOSE)
    if OPEN in said or (thinking_opened and not close):
        return None
    return said.lstrip() if close else said
