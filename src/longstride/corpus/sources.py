"""The files of a folder, in a fixed order; what cannot or must not be opened is left out with a reason (paper 3.1).

No link is followed: what a link inside the folder points at is met under its own name, and what lies outside is not
ours to read. Compressed files and archives are not read at all, so a small one cannot unpack into a large one.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from longstride.corpus.formats import FORMATS, format_of
from longstride.corpus.funnel import Funnel
from longstride.corpus.limits import Limits, Unreadable
from longstride.errors import InputError

SNIFFED_BYTES = 4096
UNSAFE = re.compile(r"[%#\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
MAGIC = (
    (b"\x1f\x8b", "compressed"),
    (b"PK\x03\x04", "compressed"),
    (b"BZh", "compressed"),
    (b"\xfd7zXZ\x00", "compressed"),
    (b"\x28\xb5\x2f\xfd", "compressed"),
    (b"7z\xbc\xaf\x27\x1c", "compressed"),
    (b"\x7fELF", "binary"),
    (b"\x89PNG", "binary"),
    (b"\xff\xd8\xff", "binary"),
    (b"GIF8", "binary"),
    (b"version https://git-lfs", "large_file_pointer"),
)
WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")  # UTF-16 and UTF-32 hold NUL bytes and are no binaries


@dataclass(frozen=True)
class CorpusFile:
    """A file to read, or the part of a file of JSON lines whose lines begin in `start:end` (bytes)."""

    root: str  # the folder, absolute; stands in no record
    path: str  # relative to it, with "/", as `os` knows it
    name: str  # `path` with its unsafe characters escaped: what records and ids hold
    format: str  # one of FORMATS
    size: int  # bytes
    start: int = 0
    end: int | None = None  # None: to the end of the file

    @property
    def location(self) -> str:
        return os.path.join(self.root, *self.path.split("/"))

    @property
    def bytes(self) -> int:
        """What reading it takes in."""
        return (self.size if self.end is None else self.end) - self.start


def find_files(folder: str | Path, limits: Limits | None = None, funnel: Funnel | None = None) -> Iterator[CorpusFile]:
    """The readable files under `folder`, in the order of their names, folder by folder; streams.

    What is left out is counted in `funnel.files`: hidden, link_inside, link_outside, special_file, empty, too_large,
    unknown_format, compressed, binary, large_file_pointer, unreadable. Raises InputError where there is no folder.
    """
    limits, funnel = limits or Limits(), funnel if funnel is not None else Funnel()
    root = Path(folder)
    if not root.is_dir():
        problem = "is a file" if root.exists() else "does not exist"
        raise InputError(f"{problem}, expected a folder", path=folder, cure="name the folder that holds the documents")
    absolute = os.path.realpath(root)
    return _walk(absolute, limits, funnel)


def escaped(path: str) -> str:
    """`path` without the characters that a record or an id cannot hold; two paths never become one."""
    return UNSAFE.sub(lambda match: "".join(f"%{byte:02X}" for byte in os.fsencode(match[0])), path)


def opened(location: str) -> BinaryIO:
    """A regular file, open for reading; never through a link. Raises OSError, and Unreadable for what is no file."""
    descriptor = os.open(location, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unreadable("special_file")
    return os.fdopen(descriptor, "rb")


def read_bytes(location: str, max_bytes: int, start: int = 0, end: int | None = None) -> bytes:
    """The bytes `start:end` of a regular file, never through a link. Raises Unreadable."""
    wanted = max_bytes + 1 if end is None else min(max_bytes + 1, end - start)
    try:
        with opened(location) as file:
            file.seek(start)
            data = file.read(wanted)
    except OSError:
        raise Unreadable("unreadable") from None
    if len(data) > max_bytes:
        raise Unreadable("too_large")
    return data


def _walk(root: str, limits: Limits, funnel: Funnel) -> Iterator[CorpusFile]:
    waiting = [""]  # paths still to visit, the next one last: folders end in "/"
    while waiting:
        path = waiting.pop()
        if path == "" or path.endswith("/"):
            waiting.extend(reversed(_listed(root, path, funnel)))
            continue
        kind, name = format_of(path), escaped(path)
        reason, size = _refused(os.path.join(root, path), kind, limits)
        if reason or kind is None:
            funnel.count("files", reason or "unknown_format", name)
            continue
        file = CorpusFile(root, path, name, kind, size)
        if not FORMATS[kind].in_parts:
            yield file
            continue
        for start in range(0, size, limits.part_bytes):
            yield CorpusFile(root, path, name, kind, size, start, min(size, start + limits.part_bytes))


def _listed(root: str, folder: str, funnel: Funnel) -> list[str]:
    """The entries of a folder in order, those that are never opened counted and left out."""
    found: list[str] = []
    try:
        with os.scandir(os.path.join(root, folder)) as entries:
            for entry in entries:
                path = folder + entry.name
                if entry.name.startswith("."):
                    funnel.count("files", "hidden", escaped(path))
                elif entry.is_symlink():
                    funnel.count("files", _link(root, entry.path), escaped(path))
                elif entry.is_dir(follow_symlinks=False):
                    found.append(path + "/")
                elif entry.is_file(follow_symlinks=False):
                    found.append(path)
                else:
                    funnel.count("files", "special_file", escaped(path))
    except OSError:
        funnel.count("files", "unreadable", escaped(folder))
        return []
    return sorted(found, key=os.fsencode)


def _link(root: str, location: str) -> str:
    target = os.path.realpath(location)
    return "link_inside" if target == root or target.startswith(root + os.sep) else "link_outside"


def _refused(location: str, kind: str | None, limits: Limits) -> tuple[str | None, int]:
    """Why a file is left out before it is read whole (None: it is not), and its size."""
    try:
        size = os.stat(location, follow_symlinks=False).st_size
        if size == 0:
            return "empty", 0
        head = read_bytes(location, SNIFFED_BYTES, end=SNIFFED_BYTES)
    except Unreadable as error:
        return error.reason, 0
    except OSError:
        return "unreadable", 0
    for magic, reason in MAGIC:
        if head.startswith(magic):
            return reason, size
    if kind is None:
        return "unknown_format", size
    if kind != "pdf" and b"\0" in head and not head.startswith(WIDE_MARKS):
        return "binary", size
    if size > limits.max_file_bytes and not FORMATS[kind].in_parts:
        return "too_large", size
    return None, size
