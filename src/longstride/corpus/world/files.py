"""The world as a folder of real files: Markdown, HTML, CSV, Python, chat records, plain text."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from pathlib import Path

from longstride.errors import InputError
from longstride.records import Document

TURN = re.compile(r"(System|User|Assistant): (.*)")


def file_bytes(document: Document) -> bytes:
    """What stands in the document's file, by the ending of its source."""
    match document.source.rpartition(".")[2]:
        case "html":
            return _page(document).encode()
        case "jsonl":
            return _chat(document).encode()
        case _:
            return document.text.encode()


def write_files(folder: str | Path, documents: Iterable[Document]) -> int:
    """Write each document to `folder` under the path in its `source`; gives how many were written. Streams.

    Files are written in place: what a kill leaves half written, the same call writes again with the same bytes. Raises
    InputError where `folder` is a file.
    """
    root = Path(folder)
    if root.exists() and not root.is_dir():
        raise InputError("is a file, expected a folder", path=root, cure="name another folder")
    count = 0
    for document in documents:
        path = root / document.source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file_bytes(document))
        count += 1
    return count


def _page(document: Document) -> str:
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark").enable("table").render(document.text)
    title = html.escape(document.title)
    head = f'<head><meta charset="utf-8"><title>{title}</title></head>'
    return f'<!DOCTYPE html>\n<html lang="en">\n{head}\n<body>\n{body}</body>\n</html>\n'


def _chat(document: Document) -> str:
    turns = [TURN.fullmatch(turn) for turn in document.text.rstrip("\n").split("\n\n")]
    messages = [{"role": turn[1].lower(), "content": turn[2]} for turn in turns if turn]
    return json.dumps({"title": document.title, "messages": messages}, ensure_ascii=False) + "\n"
