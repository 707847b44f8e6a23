"""Files and folders as documents: all of them, each once, and their places kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from longstride.errors import InputError
from longstride.memory.texts import PART_CHARACTERS, Texts
from longstride.tokens import load_tokenizer

TOKENIZER = load_tokenizer()


def test_files_and_folders_in_the_order_given(tmp_path: Path):
    (tmp_path / "folder" / "sub").mkdir(parents=True)
    (tmp_path / "folder" / "sub" / "b.md").write_text("# B\n\nbody")
    (tmp_path / "folder" / "a.txt").write_text("first")
    (tmp_path / "z.txt").write_text("last")
    texts = Texts([tmp_path / "z.txt", tmp_path / "folder", tmp_path / "z.txt"], TOKENIZER)
    documents = list(texts.documents())
    assert [document.text for document in documents] == ["last", "first", "# B\n\nbody"]
    assert documents[0].source == str(tmp_path / "z.txt")
    assert documents[2].source == str(tmp_path / "folder" / "sub" / "b.md")
    assert texts.taken_bytes == texts.total_bytes == 18
    assert texts.left_out() == ""


def test_nothing_is_filtered_and_a_copy_is_read_too(tmp_path: Path):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("x x x x")
    assert len(list(Texts([tmp_path], TOKENIZER).documents())) == 2


def test_a_long_text_comes_in_parts_that_are_the_text_again(tmp_path: Path):
    paragraphs = [f"Paragraph {number} of the book. " * 40 for number in range(300)]
    whole = "\n\n".join(paragraphs)
    (tmp_path / "book.txt").write_text(whole)
    documents = list(Texts([tmp_path / "book.txt"], TOKENIZER).documents())
    assert len(documents) > 2
    assert "".join(document.text for document in documents) == whole
    assert max(len(document.text) for document in documents) <= PART_CHARACTERS
    for document in documents:
        assert document.parent_offset is not None
        assert whole[document.parent_offset :].startswith(document.text)
        assert document.parent_id == str(tmp_path / "book.txt")
    assert all(document.text.startswith("Paragraph") for document in documents)


def test_the_parts_of_a_table_say_its_heading_line_again(tmp_path: Path):
    rows = [f"ship {number},{number * 7}" for number in range(400)]
    (tmp_path / "ships.csv").write_text("name,tons\n" + "\n".join(rows) + "\n")
    documents = list(Texts([tmp_path / "ships.csv"], TOKENIZER, table_tokens=500).documents())
    assert len(documents) > 3
    heads = {document.text.splitlines()[0] for document in documents}
    assert len(heads) == 1
    assert all(f"{number * 7}" in "".join(document.text for document in documents) for number in (0, 200, 399))


def test_an_unknown_ending_that_is_named_is_read_as_text(tmp_path: Path):
    (tmp_path / "notes.weird").write_text("all of it")
    assert [document.text for document in Texts([tmp_path / "notes.weird"], TOKENIZER).documents()] == ["all of it"]


def test_what_is_not_read_is_told(tmp_path: Path):
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "b.txt").write_text("")
    (tmp_path / "c.zip").write_bytes(b"PK\x03\x04....")
    texts = Texts([tmp_path], TOKENIZER)
    assert len(list(texts.documents())) == 1
    assert texts.left_out() == "not read: 1 compressed, 1 empty"


@pytest.mark.parametrize(
    ("content", "problem"), [(b"", "is empty"), (b"\x7fELF\x00", "is no text"), (b"PK\x03\x04", "is no text")]
)
def test_a_named_file_that_is_no_text_is_an_error(content: bytes, problem: str, tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(InputError, match=problem):
        Texts([tmp_path / "a.txt"], TOKENIZER)


def test_what_is_not_there_is_an_error(tmp_path: Path):
    with pytest.raises(InputError, match="does not exist"):
        Texts([tmp_path / "none.txt"], TOKENIZER)
    with pytest.raises(InputError, match="no file is named"):
        Texts([], TOKENIZER)
    os.mkdir(tmp_path / "empty")
    with pytest.raises(InputError, match="no text is found"):
        Texts([tmp_path / "empty"], TOKENIZER)
