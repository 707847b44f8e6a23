"""One reader a format (paper 3.1): a file to the texts of its sources."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from longstride.corpus.encoding import decode
from longstride.corpus.formats import FORMATS
from longstride.corpus.funnel import KEPT, Funnel
from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.parsers import Parsers
from longstride.corpus.readers.csv_rows import read_csv
from longstride.corpus.readers.json_records import lines_between, read_json, read_json_lines
from longstride.corpus.readers.prose import read_code, read_markdown, read_text
from longstride.corpus.readers.source_text import SourceText, shortened, title_of
from longstride.corpus.sources import CorpusFile, read_bytes

__all__ = ["SourceText", "read_sources"]

NO_CHARACTER = re.compile(r"[\x00\ud800-\udfff]")  # what JSON may escape and UTF-8 or a C string cannot hold
MARK = "\ufffd"
Read = Iterator[SourceText | Unreadable | Counter[str]]


def read_sources(file: CorpusFile, limits: Limits, parsers: Parsers, funnel: Funnel) -> Iterator[SourceText]:
    """The texts of a file; what cannot be read is counted in `funnel` and left out."""
    try:
        for found in _read(file, limits, parsers):
            if isinstance(found, Unreadable):
                funnel.count("sources", found.reason, file.name)
            elif isinstance(found, Counter):
                for reason, times in sorted(found.items()):
                    funnel.count("mended", reason, file.name, times)
            elif not found.text.strip():
                funnel.count("sources", "empty", file.name)
            elif len(found.text) > limits.max_text_characters:
                funnel.count("sources", "too_much_text", file.name)
            elif NO_CHARACTER.search(found.text) or NO_CHARACTER.search(found.title):
                funnel.count("mended", "no_characters_replaced", file.name)
                yield replace(found, text=NO_CHARACTER.sub(MARK, found.text), title=NO_CHARACTER.sub(MARK, found.title))
            else:
                yield found
    except Unreadable as error:
        funnel.count("files", error.reason, file.name)
        return
    if file.start == 0:  # a file in parts counts once
        funnel.count("files", KEPT)


def _read(file: CorpusFile, limits: Limits, parsers: Parsers) -> Read:
    """Raises Unreadable where the file as a whole cannot be read."""
    if FORMATS[file.format].sandboxed:
        parsed = parsers.parse(file.location, file.format)
        yield Counter(parsed.mended)
        source, _ = (
            read_markdown(parsed.text, file.name) if file.format == "html" else read_text(parsed.text, file.name)
        )
        title = shortened(parsed.title) if parsed.title else source.title
        yield SourceText(title, source.text, source.form, breaks=source.breaks)
        return
    if file.format == "json_lines":
        data, first = lines_between(file.location, file.start, file.size if file.end is None else file.end, limits)
        yield from read_json_lines(data, title_of(file.name), limits, first)
        return
    text = decode(read_bytes(file.location, limits.max_file_bytes))
    if file.format == "json":
        yield from read_json(text, file.name, limits)
        return
    if file.format == "csv":
        source, mended = read_csv(text, file.name, limits)
    elif file.format == "code":
        source, mended = read_code(text, file.name)
    elif file.format == "markdown":
        source, mended = read_markdown(text, file.name)
    else:
        source, mended = read_text(text, file.name)
    yield Counter(mended)
    yield source
