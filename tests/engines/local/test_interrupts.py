"""Ctrl-C: the first is held back, the second does what it always did."""

import os
import signal
import threading

import pytest

from longstride.engines.local.interrupts import Interrupted, StopSignal

in_main_thread = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals need the main thread"
)


@in_main_thread
def test_the_first_is_noted_and_the_second_goes_through():
    notices: list[str] = []
    with StopSignal(lambda: notices.append("stopping")) as stop:
        assert stop.number == 0
        os.kill(os.getpid(), signal.SIGINT)
        assert (stop.number, notices) == (signal.SIGINT, ["stopping"])
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


@in_main_thread
def test_afterwards_signals_are_as_they_were():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with StopSignal(lambda: None):
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_another_thread_takes_no_signals_and_does_not_fail():
    numbers: list[int] = []

    def work() -> None:
        with StopSignal(lambda: None) as stop:
            numbers.append(stop.number)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert numbers == [0]


def test_the_exit_code_is_the_shell_s():
    assert Interrupted("ended", signal.SIGINT).exit_code == 130
    assert Interrupted("ended", signal.SIGTERM).exit_code == 143
