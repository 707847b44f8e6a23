"""JSON and JSON lines: records to texts. A record is a chat, or has a field that bears text, or is a list of facts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.readers.chat import messages_of, read_chat
from longstride.corpus.readers.source_text import SourceText, shortened, title_of
from longstride.corpus.sources import opened

TEXT_KEYS = ("text", "content", "body", "article", "markdown", "raw_content", "document", "context", "passage", "story")
TITLE_KEYS = ("title", "name", "headline", "subject", "heading", "id", "url")
RECORD_KEYS = ("data", "records", "items", "documents", "docs", "rows", "results", "articles", "entries", "pages")
LONG_TEXT = 200  # characters of a field that bears text whatever it is called


def read_json(text: str, path: str, limits: Limits) -> Iterator[SourceText | Unreadable | Counter[str]]:
    """Each record's text, or why it has none, and counts of what was mended. Raises Unreadable for the whole file."""
    value = loaded(text)
    title = title_of(path)
    records = _records(value)
    if records is None:
        yield from read_record(value, title, "", limits)
        return
    for number, record in enumerate(records):
        yield from read_record(record, f"{title}, record {number + 1}", f"r{number}", limits)


def read_json_lines(
    data: bytes, title: str, limits: Limits, start: int
) -> Iterator[SourceText | Unreadable | Counter[str]]:
    """As `read_json` for lines of JSON; `start` is the place of `data` in the file, and names the records."""
    offset = 0
    while offset < len(data):
        end = data.find(b"\n", offset)
        end = len(data) if end < 0 else end
        line, place = data[offset:end], start + offset
        offset = end + 1
        if not line.strip():
            continue
        try:
            if len(line) > limits.max_record_bytes:
                raise Unreadable("record_too_large")
            try:
                record = loaded(line.decode("utf-8-sig"))
            except UnicodeDecodeError:
                raise Unreadable("mis_encoded") from None
        except Unreadable as error:
            yield error
            continue
        yield from read_record(record, f"{title}, record at {place}", f"r{place}", limits)


def lines_between(location: str, start: int, end: int, limits: Limits) -> tuple[bytes, int]:
    """The lines of a file that begin in the bytes `start:end`, and where the first of them begins. Raises Unreadable.

    A line too long to be read is cut, one byte over what is allowed, so that it is told as such.
    """
    try:
        with opened(location) as file:
            first = start
            if start:
                file.seek(start - 1)
                first = start - 1
                while first < end:  # the rest of a line that began before
                    skipped = file.readline(min(limits.max_record_bytes, end - first))
                    first += len(skipped)
                    if not skipped or skipped.endswith(b"\n"):
                        break
                else:
                    return b"", end
            data = file.read(end - first) if first < end else b""
            if data and not data.endswith(b"\n"):
                data += file.readline(limits.max_record_bytes + 1)
    except OSError:
        raise Unreadable("unreadable") from None
    return data, first


def loaded(text: str) -> Any:
    """The value of a JSON text. Raises Unreadable: malformed, too_deep."""
    try:
        return json.loads(text)
    except RecursionError:
        raise Unreadable("too_deep") from None
    except ValueError:
        raise Unreadable("malformed") from None


def read_record(record: Any, title: str, name: str, limits: Limits) -> Iterator[SourceText | Unreadable | Counter[str]]:
    """The text of one record, or why it has none."""
    try:
        source, mended = _record(record, title, name, limits)
    except Unreadable as error:
        yield error
        return
    if mended:
        yield mended
    yield source


def _record(record: Any, title: str, name: str, limits: Limits) -> tuple[SourceText, Counter[str]]:
    nothing: Counter[str] = Counter()
    if isinstance(record, Mapping):
        title = next((_line(record[key]) for key in TITLE_KEYS if _line(record.get(key))), title)
    if (messages := messages_of(record)) is not None:
        return read_chat(messages, shortened(title), name)
    if isinstance(record, str):
        return SourceText(shortened(title), record, "text", record=name), nothing
    if not isinstance(record, Mapping):
        raise Unreadable("record_without_text")
    text = next((record[key] for key in TEXT_KEYS if isinstance(record.get(key), str) and record[key].strip()), None)
    if text is None:
        text = _facts(record, limits)
    return SourceText(shortened(title), text, "markdown" if _is_markdown(text) else "text", record=name), nothing


def _records(value: Any) -> list[Any] | None:
    """The records of a file that holds many; None where the whole file is one."""
    if isinstance(value, list):
        return None if messages_of(value) is not None else value
    if isinstance(value, Mapping) and messages_of(value) is None:
        for key in RECORD_KEYS:
            found = value.get(key)
            if isinstance(found, list) and found and all(isinstance(each, Mapping | str) for each in found[:20]):
                return found
    return None


def _facts(record: Mapping[str, Any], limits: Limits) -> str:
    """A record with no field for text, as headings and labelled lists. Raises Unreadable where it says too little."""
    lines: list[str] = []
    spoken = 0
    waiting: list[tuple[int, str, Any]] = [(2, str(key), value) for key, value in reversed(list(record.items()))]
    while waiting:
        level, key, value = waiting.pop()
        if level > limits.max_nesting:
            raise Unreadable("too_deep")
        if isinstance(value, Mapping):
            lines += ["", f"{'#' * min(level, 6)} {_label(key)}", ""]
            waiting.extend((level + 1, str(inner), each) for inner, each in reversed(list(value.items())))
        elif isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value):
            waiting.extend((level, f"{key} {number}", each) for number, each in reversed(list(enumerate(value, 1))))
        elif isinstance(value, list):
            lines.append(f"- {_label(key)}: {'; '.join(_line(each) for each in value if _line(each))}")
            spoken += 1
        elif isinstance(value, str) and len(value) >= LONG_TEXT:
            lines += ["", f"{'#' * min(level, 6)} {_label(key)}", "", value.strip(), ""]
            spoken += 2
        elif _line(value):
            lines.append(f"- {_label(key)}: {_line(value)}")
            spoken += 1
    if spoken < 2:
        raise Unreadable("record_without_text")
    return "\n".join(lines).strip("\n") + "\n"


def _label(key: str) -> str:
    return " ".join(key.replace("_", " ").split())[:100]


def _line(value: Any) -> str:
    """A scalar in one line; "" for what is none."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float):
        return " ".join(str(value).split())
    return ""


def _is_markdown(text: str) -> bool:
    return text.startswith(("#", "- ", "|")) or "\n#" in text or "\n|" in text or "\n- " in text
