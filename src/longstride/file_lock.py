"""A lock beside a file: many processes share the file, one may move it when nobody else has it open."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be moved anyway
    fcntl = None


class FileLock:
    """An advisory lock on a file of its own; the operating system drops it when the process ends, however it ends.

    Where the system has no such locks (Windows, some network file systems), every lock is granted.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def share(self) -> None:
        """Hold the lock with others; waits while one holds it alone."""
        self._take(exclusive=False, timeout_seconds=None)

    def exclusive(self, timeout_seconds: float) -> bool:
        """Hold the lock alone; False if others still hold it after so long. A lock already held is given up first."""
        return self._take(exclusive=True, timeout_seconds=timeout_seconds)

    def release(self) -> None:
        """Give the lock up; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, *, exclusive: bool, timeout_seconds: float | None) -> bool:
        self.release()
        if fcntl is None:
            return True
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        mode = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        try:
            if timeout_seconds is None:
                with contextlib.suppress(OSError):  # ENOLCK, ENOTSUP
                    fcntl.flock(descriptor, mode)
            elif not self._wait(descriptor, mode, time.monotonic() + timeout_seconds):
                os.close(descriptor)
                return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def _wait(self, descriptor: int, mode: int, deadline: float) -> bool:
        assert fcntl is not None
        while True:
            try:
                fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.02)
            except OSError:
                return True
