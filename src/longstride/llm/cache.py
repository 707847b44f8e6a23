"""Answers that were received, kept in one sqlite file, so that none is ever asked (and paid) for again."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from longstride.errors import ExpectedError, InputError
from longstride.file_lock import FileLock
from longstride.llm.chat import Completion, TokenLogprob
from longstride.llm.mounts import file_system_of, is_network, read_mountinfo

SCHEMA_VERSION = 1
APPLICATION_ID = 0x4C535452  # "LSTR": a database of another program is never touched
BUSY_TIMEOUT_SECONDS = 60.0
SET_ASIDE_TIMEOUT_SECONDS = 10.0
FULL_CHECK_BYTES = 64 * 2**20  # a file up to this size is checked whole when it is opened
LOOK_UP = 500  # keys a query

_logger = logging.getLogger(__name__)
_T = TypeVar("_T")


class CacheError(ExpectedError):
    """The cache cannot be read or written: the disk is full, or another process holds it."""


class ResponseCache:
    """A sqlite file of answers by key. Blocking, for one thread at a time: the client gives it a thread of its own.

    An answer is committed when `put` returns, and survives the death of the process at any moment; a power failure may
    lose the last few, never the file. Two processes may share a file: the first answer under a key stands, and `put`
    returns the one that stands.

    The journal is a write-ahead log (WAL); on a network file system, where that is unsafe, it is a rollback journal
    (DELETE), and a warning says so. Sharing such a file between machines depends on that file system's locks.

    A corrupt file is reported by a warning and set aside as `NAME.corrupt-1` (2, 3, ...), and a fresh one is begun;
    so it is when corruption shows up only later. `NAME.lock` tells that a process has the file open, so that it is not
    moved under another's feet. Raises `InputError` for a file of a newer schema, of another
    program, or one that cannot be opened, and `CacheError` where reading or writing fails.

    `mountinfo` replaces the text of /proc/self/mountinfo.
    """

    def __init__(self, path: str | Path, *, mountinfo: str | None = None) -> None:
        self.path = Path(os.path.realpath(path))
        mounts = mountinfo if mountinfo is not None else read_mountinfo()
        file_system = file_system_of(self.path, mounts) if mounts is not None else None
        self.journal_mode = "delete" if is_network(file_system) else "wal"
        if self.journal_mode != "wal":
            _logger.warning(
                "cache %s lies on a network file system (%s): using a rollback journal, which is slower; "
                "a local disk is better, and let one machine at a time use it",
                self.path,
                file_system,
            )
        self._lock = FileLock(Path(f"{self.path}.lock"))
        self._connection = self._open()

    def get(self, keys: Sequence[str]) -> dict[str, Completion]:
        """The answers that are there, by key; each marked `cached`."""
        return self._guarded(lambda: self._get(keys))

    def put(self, answers: Mapping[str, Completion]) -> dict[str, Completion]:
        """Keep answers by key, in one transaction; returns those that stand under the keys."""
        return self._guarded(lambda: self._put(answers))

    def __len__(self) -> int:
        """How many answers are there."""
        return self._guarded(lambda: int(self._connection.execute("SELECT count(*) FROM answers").fetchone()[0]))

    def close(self) -> None:
        """Close the file; what was put is there already."""
        self._connection.close()
        self._lock.release()

    def _get(self, keys: Sequence[str]) -> dict[str, Completion]:
        found: dict[str, Completion] = {}
        for start in range(0, len(keys), LOOK_UP):
            part = keys[start : start + LOOK_UP]
            marks = ",".join("?" * len(part))
            rows = self._connection.execute(f"SELECT key, answer FROM answers WHERE key IN ({marks})", part)
            found.update((key, _decode(answer)) for key, answer in rows)
        return found

    def _put(self, answers: Mapping[str, Completion]) -> dict[str, Completion]:
        now = time.time()
        rows = [(key, answer.model, _encode(answer), now) for key, answer in answers.items()]
        with _transaction(self._connection):
            added = [
                self._connection.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)", row).rowcount
                for row in rows
            ]
        if all(added):
            return dict(answers)
        return {**answers, **self._get([row[0] for row, new in zip(rows, added, strict=True) if not new])}

    def _guarded(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        except sqlite3.DatabaseError as error:
            if not _is_corrupt(error):
                raise CacheError(f"cache {self.path}: {error}; {_cure(error)}") from error
            self._connection.close()
            self._set_aside(str(error))
            self._connection = self._open()
            return work()

    def _open(self) -> sqlite3.Connection:
        deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
        while True:
            try:
                return self._connect()
            except sqlite3.DatabaseError as error:
                if _is_corrupt(error):
                    self._set_aside(str(error))
                elif _is_busy(error) and time.monotonic() < deadline:
                    time.sleep(0.02)  # two processes begin a file together: sqlite does not wait to change the journal
                else:
                    raise InputError(f"cannot open the cache: {error}", path=self.path, cure=_cure(error)) from None
            except OSError as error:
                raise InputError(f"cannot open the cache: {error.strerror}", path=self.path) from None

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock.share()
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(
                self.path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._identity = _identity(self.path)
            self._prepare(connection)
            return connection
        except BaseException:
            if connection is not None:
                connection.close()
            self._lock.release()
            raise

    def _prepare(self, connection: sqlite3.Connection) -> None:
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        version, application = _pragma(connection, "user_version"), _pragma(connection, "application_id")
        if tables and application != APPLICATION_ID:
            raise InputError("a database of another program", path=self.path, cure="name another file for the cache")
        if version > SCHEMA_VERSION:
            raise InputError(
                f"written by a newer longstride (schema {version}, this one knows {SCHEMA_VERSION})",
                path=self.path,
                cure="upgrade longstride or name another file",
            )
        if self.path.stat().st_size <= FULL_CHECK_BYTES:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise _corruption(str(verdict))
        mode = connection.execute(f"PRAGMA journal_mode={self.journal_mode}").fetchone()[0]
        if mode != self.journal_mode:
            _logger.warning("cache %s: journal mode %s instead of %s", self.path, mode, self.journal_mode)
            self.journal_mode = str(mode)
        connection.execute(f"PRAGMA synchronous={'NORMAL' if mode == 'wal' else 'FULL'}")
        with _transaction(connection):
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                connection.execute(
                    "CREATE TABLE answers (key TEXT PRIMARY KEY, model TEXT, answer TEXT NOT NULL, created_at REAL)"
                )
                connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def _set_aside(self, problem: str) -> None:
        corrupt = self._identity
        deadline = time.monotonic() + SET_ASIDE_TIMEOUT_SECONDS
        while _identity(self.path) == corrupt:  # else another process did so already
            if self._lock.exclusive(timeout_seconds=0.1):
                try:
                    if _identity(self.path) == corrupt:
                        self._move(problem)
                finally:
                    self._lock.release()
            elif time.monotonic() > deadline:
                raise CacheError(
                    f"cache {self.path} is corrupt ({problem}) and in use: end the other process, then run again"
                )

    def _move(self, problem: str) -> None:
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.corrupt-{number}")).exists():
            number += 1
        for suffix in ("-wal", "-shm", "-journal", ""):  # the file itself last: killed between, we begin again here
            with contextlib.suppress(FileNotFoundError):
                os.rename(f"{self.path}{suffix}", f"{aside}{suffix}")
        _logger.warning("cache %s is corrupt (%s): set aside as %s, a fresh one is begun", self.path, problem, aside)


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")  # waits for the write lock here, never in the middle
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _primary_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _is_corrupt(error: sqlite3.Error) -> bool:
    return _primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _is_busy(error: sqlite3.Error) -> bool:
    return _primary_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _cure(error: sqlite3.Error) -> str:
    if _is_busy(error):
        return "another process holds it: wait for that, or name another file"
    if _primary_code(error) == sqlite3.SQLITE_FULL:
        return "free some space on the disk"
    return "check that the folder can be written to, or name another file"


def _corruption(problem: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(problem)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _encode(completion: Completion) -> str:
    fields = {name: getattr(completion, name) for name in _KEPT}
    if completion.logprobs is not None:
        fields["logprobs"] = [[entry.token, entry.logprob] for entry in completion.logprobs]
    return json.dumps(fields)  # ASCII, so that a lone surrogate in an answer survives too


def _decode(text: str) -> Completion:
    fields = json.loads(text)
    logprobs = fields["logprobs"]
    fields["logprobs"] = None if logprobs is None else tuple(TokenLogprob(*entry) for entry in logprobs)
    return Completion(**fields, cached=True)


_KEPT = ("text", "finish_reason", "reasoning", "logprobs", "prompt_tokens", "completion_tokens", "model")
