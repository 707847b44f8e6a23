"""What a reader may use up before it gives the file back: sizes, counts, seconds and memory. None is in the paper."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 2**20


class Unreadable(Exception):
    """A file, or one record of it, that is left out; `reason` is a short name to count it under."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Limits:
    """What is over a limit is left out whole and counted, never cut short without a word."""

    max_file_bytes: int = 32 * MIB  # of a file that is read whole; JSON lines are read in parts, so may be any size
    max_record_bytes: int = 8 * MIB  # of one line of JSON lines
    part_bytes: int = 8 * MIB  # of JSON lines, read at once
    max_text_characters: int = 32_000_000  # that a parser may make of a file
    max_pages: int = 2_000  # of a PDF
    max_tables: int = 5_000  # in one file
    max_table_cells: int = 200_000  # in one table of HTML or PDF
    max_csv_cells: int = 10_000_000  # in one file
    max_nesting: int = 64  # of JSON
    parser_seconds: float = 120.0  # one file, by the clock and by the processor
    parser_memory_bytes: int = 1536 * MIB  # address space of the process that parses HTML and PDF
