"""Bytes to text: UTF-8, UTF-16 and UTF-32 by their marks, else a guess that must be a confident one."""

from __future__ import annotations

import codecs
import re

from longstride.corpus.limits import Unreadable
from longstride.corpus.packages import required

GUESSED_BYTES = 32_768  # as much as the guess looks at
MAX_CHAOS = 0.1  # share of odd neighbours in the guess
MAX_REPLACED = 0.001  # share of U+FFFD: a text that another program has already lost
MAX_CONTROL = 0.001  # share of control characters in a text
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
LINE_END = re.compile(r"\r\n?")


def decode(data: bytes) -> str:
    """The text of a file, its lines ended by "\\n". Raises Unreadable: `binary` or `mis_encoded`."""
    text = LINE_END.sub("\n", _decoded(data)) if b"\r" in data else _decoded(data)
    if "\0" in text or sum(1 for _ in CONTROL.finditer(text)) > MAX_CONTROL * len(text):
        raise Unreadable("binary")
    if text.count("\ufffd") > MAX_REPLACED * len(text):
        raise Unreadable("mis_encoded")
    return text


def _decoded(data: bytes) -> str:
    for mark, name in MARKS:
        if data.startswith(mark):
            try:
                return data.decode(name)
            except UnicodeDecodeError:
                raise Unreadable("mis_encoded") from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _guessed(data, error.start)


def _guessed(data: bytes, first_odd: int) -> str:
    start = max(0, min(first_odd - GUESSED_BYTES // 2, len(data) - GUESSED_BYTES))
    best = required("charset_normalizer").from_bytes(data[start : start + GUESSED_BYTES], threshold=MAX_CHAOS).best()
    if best is None or best.chaos > MAX_CHAOS:
        raise Unreadable("mis_encoded")
    try:
        return data.decode(best.encoding)
    except (UnicodeDecodeError, LookupError):
        raise Unreadable("mis_encoded") from None
