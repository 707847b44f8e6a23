"""Ctrl-C and SIGTERM end a run at the next step's boundary, with a checkpoint; a second one ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

from longstride.errors import ExpectedError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(ExpectedError):
    """The user, or a scheduler, ended the run. The exit code is the shell's: 128 and the signal's number."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + number


class StopSignal:
    """`with StopSignal(notice) as stop:` holds the first signal back; `stop.number` says which came, 0 for none.

    notice: called when it comes. A second signal does what it always did. Outside of the main thread, where Python
    takes no signals, nothing is held back.
    """

    def __init__(self, notice: Callable[[], None]) -> None:
        self.number = 0
        self._notice = notice
        self._before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> StopSignal:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        self._restore()
        self._notice()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before = {}
