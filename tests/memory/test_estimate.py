"""What is ahead, from what was cut so far."""

from longstride.memory.estimate import Gauge
from longstride.memory.events import Estimate
from longstride.tokens import Chunk, Piece

CHUNKS = [Chunk("x", 30, (Piece("a", 0, 60), Piece("b", 40, 80)))] * 4  # 100 characters each


def test_a_quarter_of_the_text_tells_the_rest():
    gauge = Gauge(lambda: 390.0, questions=2, passes=1)
    chunks = gauge.counted(CHUNKS)
    next(chunks)
    assert gauge.estimate() == Estimate("memory", 4, 6, 117, exact=False)  # 390 / 100 chunks, rounded up
    assert len(list(chunks)) == 3
    assert gauge.estimate() == Estimate("memory", 4, 6, 120, exact=True)


def test_nobody_knows_so_what_was_cut_is_told():
    gauge = Gauge(None, questions=1)
    assert gauge.expected_chunks() == 0
    next(gauge.counted(CHUNKS))
    assert gauge.estimate() == Estimate("memory", 1, 2, 30, exact=False)


def test_passes_and_parts_are_calls_too():
    gauge = Gauge(lambda: 400.0, questions=1, passes=2)
    gauge.settle(3, 90, parts=2)
    assert gauge.estimate() == Estimate("memory", 6, 8, 90, exact=True)  # six updates, a merge and an answer
