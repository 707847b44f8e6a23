"""The response cache: what was received stays, whoever shares the file and whatever becomes of it."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from longstride.errors import InputError
from longstride.file_lock import FileLock
from longstride.llm.cache import SCHEMA_VERSION, CacheError, ResponseCache
from longstride.llm.chat import Completion, TokenLogprob

FULL = Completion("text \ud800 \0", "length", "why", (TokenLogprob("a", -0.5),), 10, 3, "served")


def kept(path: Path) -> dict[str, Completion]:
    cache = ResponseCache(path)
    try:
        return cache.get([f"k{number}" for number in range(2000)])
    finally:
        cache.close()


def fill(path: Path, count: int) -> None:
    cache = ResponseCache(path)
    cache.put({f"k{number}": Completion(f"answer {number} " * 50) for number in range(count)})
    cache.close()


def test_an_answer_comes_back_whole_and_marked(tmp_path: Path):
    cache = ResponseCache(tmp_path / "new folder" / "cache.sqlite")
    plain = Completion("b")
    assert cache.put({"a": FULL, "b": plain}) == {"a": FULL, "b": plain}
    found = cache.get(["a", "b", "c"])
    cache.close()
    assert found["a"].cached and found["a"] == Completion(**{**FULL.__dict__, "cached": True})
    assert list(found) == ["a", "b"]


def test_many_keys_at_once(tmp_path: Path):
    fill(tmp_path / "cache.sqlite", 1700)
    assert len(kept(tmp_path / "cache.sqlite")) == 1700


def test_the_first_answer_under_a_key_stands(tmp_path: Path):
    one, two = ResponseCache(tmp_path / "cache.sqlite"), ResponseCache(tmp_path / "cache.sqlite")
    one.put({"k": Completion("first")})
    standing = two.put({"k": Completion("second"), "l": Completion("other")})
    assert (standing["k"].text, standing["l"].text, len(two)) == ("first", "other", 2)
    one.close()
    two.close()


WRITER = """
import sys
from longstride.llm.cache import ResponseCache
from longstride.llm.chat import Completion
path, start, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
cache = ResponseCache(path)
for number in range(start, start + 300):
    standing = cache.put({f"k{number}": Completion(name)})[f"k{number}"].text
    again = cache.get([f"k{number}"])[f"k{number}"].text
    assert standing == again, (number, standing, again)
    print(number, standing)
cache.close()
"""


def test_processes_that_begin_and_fill_a_file_together_agree_on_every_answer(tmp_path: Path):
    path = tmp_path / "cache.sqlite"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, path, str(start), name], stdout=subprocess.PIPE, text=True)
        for start, name in [(0, "a"), (150, "b"), (0, "c")]
    ]
    outputs = [writer.communicate()[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    answers = kept(path)
    assert len(answers) == 450
    for line in "".join(outputs).splitlines():
        number, standing = line.split()
        assert answers[f"k{number}"].text == standing


def corrupt_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"not a database, " * 8)


def corrupt_page(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(8192))


@pytest.mark.parametrize("corrupt", [corrupt_header, corrupt_page])
def test_a_corrupt_file_is_reported_and_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture, corrupt):  # pyright: ignore[reportMissingParameterType]
    path = tmp_path / "cache.sqlite"
    for number in (1, 2):
        fill(path, 40)
        corrupt(path)
        before = path.read_bytes()
        caplog.clear()
        assert kept(path) == {}
        aside = tmp_path / f"cache.sqlite.corrupt-{number}"
        assert aside.read_bytes() == before
        (record,) = caplog.records
        assert record.levelno == logging.WARNING and f"set aside as {aside}" in record.message


def test_processes_that_find_a_corrupt_file_together_set_it_aside_once(tmp_path: Path):
    path = tmp_path / "cache.sqlite"
    fill(path, 40)
    corrupt_header(path)
    command = [sys.executable, "-c", WRITER, path, "0"]
    writers = [subprocess.Popen([*command, name], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for name in "abc"]
    warnings = b"".join(writer.communicate()[1] for writer in writers)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert warnings.count(b"set aside as") == 1 and warnings.count(b"\n") == 1
    assert (
        len(kept(path)) == 300 and len(list(tmp_path.glob("*.corrupt-*"))) <= 3
    )  # the file, and its log if it had one
    assert not list(tmp_path.glob("*.corrupt-2"))


def test_corruption_that_shows_only_later_is_set_aside_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("longstride.llm.cache.FULL_CHECK_BYTES", 0)  # as with a file too large to be checked whole
    path = tmp_path / "cache.sqlite"
    fill(path, 40)
    cache = ResponseCache(path)
    corrupt_page(path)
    assert cache.get([f"k{number}" for number in range(40)]) == {}
    assert cache.put({"k1": Completion("fresh")})["k1"].text == "fresh"
    cache.close()
    assert [answer.text for answer in kept(path).values()] == ["fresh"]
    assert (tmp_path / "cache.sqlite.corrupt-1").exists() and "is corrupt" in caplog.text


def test_a_corrupt_file_is_not_moved_from_under_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("longstride.llm.cache.SET_ASIDE_TIMEOUT_SECONDS", 0.05)
    path = tmp_path / "cache.sqlite"
    fill(path, 1)
    corrupt_header(path)
    other = FileLock(tmp_path / "cache.sqlite.lock")  # flock tells descriptors apart, so one process can play two
    other.share()
    with pytest.raises(CacheError, match=r"corrupt .* and in use: end the other process"):
        ResponseCache(path)
    other.release()
    assert kept(path) == {}


def test_a_process_that_comes_second_finds_the_fresh_file_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("longstride.llm.cache.FULL_CHECK_BYTES", 0)
    path, first = tmp_path / "cache.sqlite", FileLock(tmp_path / "cache.sqlite.lock")
    fill(path, 40)
    second = ResponseCache(path)
    corrupt_page(path)
    path.rename(tmp_path / "cache.sqlite.corrupt-1")
    fill(path, 2)
    first.share()  # the first process has the fresh file open
    assert len(second.get(["k0", "k1", "k2"])) == 2
    second.close()
    first.release()
    assert not list(tmp_path.glob("*.corrupt-2"))


def test_a_newer_schema_is_refused_in_one_line(tmp_path: Path):
    path = tmp_path / "cache.sqlite"
    fill(path, 1)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(InputError, match=r"cache\.sqlite: written by a newer longstride \(schema 2"):
        ResponseCache(path)
    assert path.exists()


def test_a_database_of_another_program_is_left_alone(tmp_path: Path):
    path = tmp_path / "cache.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE photos (id)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="another program; name another file"):
        ResponseCache(path)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot open the cache"):
        ResponseCache(tmp_path / "file" / "cache.sqlite")
    with pytest.raises(InputError, match="cannot open the cache: unable to open database file; check that"):
        ResponseCache(tmp_path)


def test_a_full_disk_is_one_line_and_leaves_the_file_whole(tmp_path: Path):
    path = tmp_path / "cache.sqlite"
    fill(path, 1)
    cache = ResponseCache(path)
    pages = 'PRAGMA max_page_count="8"'
    cache._connection.execute(pages)  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(CacheError, match="free some space on the disk"):
        cache.put({"k2": Completion("x" * 100_000)})
    assert len(cache) == 1
    cache.close()


def test_a_network_file_system_gets_a_rollback_journal_and_a_notice(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    path = tmp_path / "cache.sqlite"
    fill(path, 3)  # as WAL, on what was a local disk
    cache = ResponseCache(path, mountinfo="27 1 0:40 / / rw - nfs4 filer:/ rw")
    assert cache.journal_mode == "delete" and "network file system (nfs4)" in caplog.text
    cache.put({"k9": Completion("x")})
    assert not Path(f"{path}-wal").exists() and len(cache) == 4
    cache.close()
    local = ResponseCache(path, mountinfo="27 1 254:0 / / rw - ext4 /dev/vda rw")
    assert (local.journal_mode, len(local)) == ("wal", 4)
    local.close()
