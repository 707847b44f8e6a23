"""What is shown on standard error, without a terminal."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from longstride.memory.display import Display
from longstride.memory.events import Answered, ChunkCut, ChunkRead, ChunksSkipped, Estimate, Event
from longstride.memory.progress import told_seconds

READ = ChunkRead(0, 0, 0, 4, 900, 12, "[bold]Talon[/]", "read on", "", False, False, 2.0)


def shown(*events: Event, show_memory: bool = False) -> list[str]:
    file = StringIO()
    with Display(show_memory=show_memory, console=Console(file=file, soft_wrap=True)) as display:
        for event in events:
            display(event)
    return file.getvalue().splitlines()


def test_an_estimate_then_a_line_for_each_chunk_with_the_time_left():
    lines = shown(Estimate("memory", 4, 5, 3_600, exact=False), READ, replace(READ, number=1, seconds=4.0))
    assert lines == [
        "about 3,600 tokens in about 4 chunks: about 5 calls; the first tells the time",
        "reading: chunk 1 of about 4, memory 12 tokens, about 8 s left",  # 3 chunks and an answer, 2 s each
        "reading: chunk 2 of about 4, memory 12 tokens, about 9 s left",
    ]


def test_a_cached_chunk_tells_nothing_of_the_time():
    lines = shown(Estimate("memory", 4, 5, 3_600, exact=True), replace(READ, cached=True))
    assert lines[1] == "reading: chunk 1 of about 4, from the cache, memory 12 tokens"


def test_what_went_wrong_is_said():
    kept = replace(READ, problem="it has no <plan>", kept=True, attempt=1)
    lines = shown(replace(kept, kept=False, attempt=0), kept, ChunkCut(0, 450), Answered(0, "", "cut off"))
    assert lines[0] == "chunk 1: it has no <plan>; asked again"
    assert lines[1] == "chunk 1: it has no <plan>; the memory stays as it was"
    assert lines[-2:] == ["chunk 1 is too long for the server: chunks of 450 tokens now", "answer 1: cut off"]


def test_what_a_memory_holds_is_never_markup():
    assert "[bold]Talon[/]" in shown(READ, show_memory=True)


def test_skipped_chunks_are_named_up_to_a_bound():
    (line,) = shown(ChunksSkipped(tuple(range(30)), 40))
    assert line.startswith("the lexical screen skips 30 of 40 chunks: chunks 1, 2, 3,")
    assert line.endswith("20 and 10 more")
    assert shown(ChunksSkipped((), 40)) == ["the lexical screen skips 0 of 40 chunks"]


def test_seconds_in_words():
    assert [told_seconds(each) for each in (4.4, 150, 7_300)] == ["4 s", "2 min", "2.0 h"]
