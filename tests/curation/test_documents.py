"""Documents by id from parquet: all can be had, few are held."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from longstride.curation.bounded_cache import BoundedCache
from longstride.curation.documents import DocumentFolder
from longstride.errors import InputError
from longstride.records import Document
from longstride.records.parquet import write_documents


@pytest.fixture
def many(make_document: Callable[..., Document]) -> list[Document]:
    return [make_document(f"m{index}", f"size of Foo{index}: {index}" * (index % 7 + 1)) for index in range(300)]


def test_every_document_is_read_again_from_disk(tmp_path: Path, many: list[Document]):
    write_documents(tmp_path / "a.parquet", many[:170])
    write_documents(tmp_path / "b.parquet", many[170:])
    seen: list[Document] = []
    folder = DocumentFolder(tmp_path, seen.append, max_cached_characters=5000)
    assert seen == many and list(folder) == [document.id for document in many] and len(folder) == 300
    for document in random.Random(0).sample(many, 100):
        assert folder[document.id] == document
        assert folder._cache.cost <= 5000  # pyright: ignore[reportPrivateUsage]
    assert "m299" in folder and "m300" not in folder and folder.get("m300") is None
    assert folder.file_of("m170").name == "b.parquet"


def test_two_documents_of_one_id_are_refused_with_both_places(tmp_path: Path, many: list[Document]):
    write_documents(tmp_path / "a.parquet", many[:3])
    write_documents(tmp_path / "b.parquet", [many[5], many[1]])
    with pytest.raises(InputError, match=r"b\.parquet: row 1: field id: 'm1' stands in a\.parquet row 1 too"):
        DocumentFolder(tmp_path)


def test_a_folder_without_documents_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"holds no \.parquet file"):
        DocumentFolder(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        DocumentFolder(tmp_path / "none")


def test_what_was_used_longest_ago_leaves_first():
    cache: BoundedCache[str, str] = BoundedCache(10)
    for key in ("a", "b"):
        cache.put(key, key, 4)
    assert cache.get("a", lambda: ("again", 4)) == "a"
    cache.put("c", "c", 4)
    assert ("a" in cache, "b" in cache, "c" in cache, cache.cost) == (True, False, True, 8)
    cache.put("c", "larger", 40)
    assert (len(cache), cache.cost, cache.get("c", lambda: ("again", 1))) == (1, 40, "larger")
