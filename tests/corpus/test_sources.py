from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.corpus.funnel import Funnel
from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.sources import escaped, find_files, read_bytes
from longstride.errors import InputError


def names(folder: Path, **limits: int):
    funnel = Funnel()
    return [file.name for file in find_files(folder, Limits(**limits), funnel)], dict(funnel.files)


def test_the_order_is_that_of_the_names(tmp_path: Path):
    for name in ("b.md", "a/z.md", "a.md", "B.md", "a/b/c.md", "é.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert names(tmp_path)[0] == ["B.md", "a.md", "a/b/c.md", "a/z.md", "b.md", "é.md"]


def test_what_is_never_opened_is_counted(tmp_path: Path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (tmp_path / "secret.md").write_text("secret")
    (folder / "good.md").write_text("x")
    (folder / "out.md").symlink_to(tmp_path / "secret.md")
    (folder / "up").symlink_to(tmp_path, target_is_directory=True)
    (folder / "etc.md").symlink_to("/etc/passwd")
    (folder / "gone.md").symlink_to(folder / "nothing.md")
    (folder / "again.md").symlink_to("good.md")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    os.mkfifo(folder / "pipe.md")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(folder / "s.md"))
    server.close()
    (folder / ".hidden.md").write_text("x")
    (folder / ".git").mkdir()
    (folder / ".git" / "config.md").write_text("x")
    found, counts = names(folder)
    assert found == ["good.md"]
    assert counts == {"link_outside": 3, "link_inside": 3, "special_file": 2, "hidden": 2}


def test_what_is_no_text_is_counted_by_what_it_is(tmp_path: Path):
    contents = {
        "empty.md": b"",
        "photo.md": b"\x89PNG\r\n\x1a\n0000",
        "nul.txt": b"text\0text",
        "bomb.txt": b"\x1f\x8b\x08\x00rest",
        "bomb.docx": b"PK\x03\x04rest",
        "data.jsonl.gz": b"\x1f\x8b\x08\x00rest",
        "program.xyz": b"text",
        "LICENSE": b"text",
        "pointer.txt": b"version https://git-lfs.github.com/spec/v1\n",
        "big.txt": b"x" * 2000,
        "wide.txt": "wide".encode("utf-16"),
        "lines.jsonl": b"{}\n" * 700,
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    found, counts = names(tmp_path, max_file_bytes=1000, part_bytes=1000)
    assert found == ["lines.jsonl", "lines.jsonl", "lines.jsonl", "wide.txt"]
    assert counts == {
        "empty": 1, "binary": 2, "compressed": 3, "unknown_format": 2, "large_file_pointer": 1, "too_large": 1
    }  # fmt: skip


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_counted(tmp_path: Path):
    (tmp_path / "a.md").write_text("x")
    (tmp_path / "a.md").chmod(0)
    (tmp_path / "b").mkdir(mode=0)
    assert names(tmp_path) == ([], {"unreadable": 2})


def test_a_file_that_turns_into_something_else_is_not_opened(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    for name, reason in (
        ("pipe", "special_file"),
        ("link", "unreadable"),
        ("none", "unreadable"),
        (".", "special_file"),
    ):
        with pytest.raises(Unreadable) as caught:
            read_bytes(str(tmp_path / name), 100)
        assert caught.value.reason == reason


def test_a_file_that_grew_is_refused(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"x" * 101)
    with pytest.raises(Unreadable):
        read_bytes(str(tmp_path / "a"), 100)


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no UTF-8")
def test_names_that_no_record_can_hold_are_escaped(tmp_path: Path):
    for name in (b"a\xff.md", b"line\nbreak.md", b"hash#0001.md", b"100%.md"):
        with open(os.path.join(os.fsencode(tmp_path), name), "w") as file:
            file.write("x")
    found, _ = names(tmp_path)
    assert found == ["100%25.md", "a%FF.md", "hash%230001.md", "line%0Abreak.md"]
    assert all(name.encode() for name in found)


@given(st.lists(st.binary(min_size=1, max_size=6).map(os.fsdecode), unique=True, max_size=20))
def test_two_paths_never_become_one(paths: list[str]):
    assert len({escaped(path) for path in paths}) == len(paths)


def test_a_folder_that_is_none_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="does not exist, expected a folder"):
        find_files(tmp_path / "none")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file, expected a folder"):
        find_files(tmp_path / "file")
