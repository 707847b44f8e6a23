from __future__ import annotations

import os
from pathlib import Path

import pytest

from longstride.errors import InputError
from longstride.stages.digests import Digests
from longstride.stages.jobs import Input


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "samples").mkdir(parents=True)
    (folder / "samples" / "part.parquet").write_text("rows")
    (folder / "notes.txt").write_text("notes")
    (folder / ".hidden").write_text("no part of it")
    return folder


def test_content_counts_wherever_it_stands(data: Path, tmp_path: Path):
    before = Digests().of(Input(str(data)))
    moved = tmp_path / "moved"
    data.rename(moved)
    assert Digests().of(Input(str(moved))) == before
    (moved / ".hidden").write_text("changed")
    assert Digests().of(Input(str(moved))) == before
    (moved / "notes.txt").write_text("nates")
    assert Digests().of(Input(str(moved))) != before


def test_only_files_that_matter_count(data: Path):
    given = Input(str(data), patterns=("samples/*.parquet",))
    before = Digests().of(given)
    (data / "notes.txt").write_text("changed")
    assert Digests().of(given) == before
    (data / "samples" / "part.parquet").write_text("other rows")
    assert Digests().of(given) != before


def test_a_file_is_read_again_only_when_it_changed(data: Path, tmp_path: Path):
    memory, given = tmp_path / "memory.json", Input(str(data))
    first = Digests(memory)
    before = first.of(given)
    first.keep()
    file = data / "notes.txt"
    status = file.stat()
    file.write_text("NOTES")  # as long as before
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert Digests(memory).of(given) == before, "by size and time, it was not read"
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert Digests(memory).of(given) != before
    memory.write_text("[broken")
    assert Digests(memory).of(given) != before


def test_what_is_not_there_is_named(data: Path):
    with pytest.raises(InputError, match="nowhere: does not exist; check the path"):
        Digests().of(Input("./nowhere"))
    with pytest.raises(InputError, match=r"holds nothing to take \(\*\.safetensors\)"):
        Digests().of(Input(str(data), patterns=("*.safetensors",)))
