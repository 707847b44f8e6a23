"""Work ahead: in order, bounded, with its errors, and ended when nobody wants more."""

import threading
from collections.abc import Iterator

import pytest

from longstride.memory.look_ahead import LookAhead


def test_everything_comes_in_order():
    ahead = LookAhead(range(100), depth=3)
    assert list(ahead) == list(range(100))
    assert list(ahead) == []
    ahead.close()


def test_it_runs_ahead_but_not_far():
    drawn: list[int] = []
    enough = threading.Event()

    def numbers() -> Iterator[int]:
        for number in range(100):
            drawn.append(number)
            if number == 3:
                enough.set()
            yield number

    ahead = LookAhead(numbers(), depth=3)
    assert enough.wait(20)  # nobody has asked for anything
    assert next(ahead) == 0
    assert next(ahead) == 1
    ahead.close()
    assert len(drawn) <= 7  # two handed out, three waiting, one in hand, and one as it was closed


def test_an_error_comes_where_its_item_would_have():
    def numbers() -> Iterator[int]:
        yield 1
        raise ValueError("spoilt")

    ahead = LookAhead(numbers())
    assert next(ahead) == 1
    for _ in range(2):
        with pytest.raises(ValueError, match="spoilt"):
            next(ahead)
    ahead.close()


def test_closing_ends_the_thread_and_the_source():
    closed = threading.Event()

    def numbers() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    ahead = LookAhead(numbers())
    next(ahead)
    ahead.close()
    assert closed.is_set()
    assert list(ahead) == []
    assert not any(thread.name == "longstride-look-ahead" for thread in threading.enumerate())
