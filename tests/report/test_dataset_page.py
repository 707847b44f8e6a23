"""The files of a page, without a browser: what stands in its shards, and how it is replaced."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from longstride.errors import InputError
from longstride.file_lock import FileLock
from longstride.records import Document, Sample
from longstride.records.parquet import read_documents, read_samples, write_documents, write_samples
from longstride.report.dataset_page import write_dataset_page
from longstride.report.dataset_page.documents import MAX_PIECE_CHARACTERS
from longstride.report.dataset_page.shards import MAX_SHARD_BYTES, Shards, exact_number, literal

CALL = re.compile(r'longstride\.shard\("([a-z]+)",(\d+),\n?(\[.*\])\);\n', re.DOTALL)
any_text = st.text(st.characters(exclude_categories=()))  # lone surrogates too


def shard(path: Path) -> Any:
    found = CALL.fullmatch(path.read_text("utf-8"))
    assert found is not None
    assert path.name == f"{found[1]}-{int(found[2]):03d}.js"
    return json.loads(found[3])


def shards(index: Path, kind: str) -> list[Any]:
    return [row for path in sorted(content(index).glob(f"{kind}-*.js")) for row in shard(path)]


def content(index: Path) -> Path:
    (folder,) = index.parent.glob("page-*")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def text_of(index: Path, document_id: str) -> str:
    """A document's text as the page puts it together."""
    (pieces,) = [row[-1] for row in shards(index, "catalog") if row[0] == document_id]
    held = {number: shard(content(index) / f"documents-{number:03d}.js") for number, _ in pieces}
    return "".join(held[number][place] for number, place in pieces)


@given(any_text)
def test_any_text_comes_back_from_a_literal(text: str):
    written = literal([text])
    assert json.loads(written) == [text]
    written.encode()
    assert not set(written) & set("<\u2028\u2029\u202e\u2066\ufeff\x00\n\r\x85")


@given(st.integers())
def test_a_number_is_never_rounded(number: int):
    held = exact_number(number)
    assert int(held or 0) == number
    assert isinstance(held, str) or int(float(number)) == number


@given(st.lists(any_text), st.integers(1, 60), st.integers(1, 4))
def test_rows_come_back_in_order_from_bounded_shards(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], max_bytes: int, max_rows: int
):
    written = Shards(tmp_path_factory.mktemp("shards"), "rows", max_bytes=max_bytes, max_rows=max_rows)
    places = [written.append(literal(row).encode()) for row in rows]
    written.close()
    held = [shard(path) for path in sorted(written.folder.iterdir())]
    assert [held[number][place] for number, place in places] == rows
    assert [sum(map(len, held[:number])) for number in range(len(held))] == written.firsts
    assert all(1 <= len(each) <= max_rows for each in held)


def test_every_text_is_written_once_and_whole(dataset_page: Path, data_set: Path):
    named = {name for each in read_samples(data_set / "samples") for name in each.document_ids}
    ids = [row[0] for row in shards(dataset_page, "catalog")]
    assert sorted(name for name in ids if name) == sorted(named)
    for document in read_documents(data_set / "documents"):
        assert text_of(dataset_page, document.id) == document.text
    assert shards(dataset_page, "catalog")[ids.index("nowhere")][-1] == []  # a document that is missing


def test_a_long_text_stands_in_bounded_pieces(dataset_page: Path):
    (pieces,) = [row[-1] for row in shards(dataset_page, "catalog") if row[0] == "hostile/line"]
    assert len(pieces) == -(-1_005_006 // MAX_PIECE_CHARACTERS)
    assert max(path.stat().st_size for path in content(dataset_page).glob("*.js")) < MAX_SHARD_BYTES + 100


def test_documents_lie_in_the_order_in_which_samples_name_them(dataset_page: Path, data_set: Path):
    named = dict.fromkeys(name for each in read_samples(data_set / "samples") for name in each.document_ids)
    assert [row[0] for row in shards(dataset_page, "catalog") if row[0]] == list(named)


def test_samples_keep_everything(dataset_page: Path, data_set: Path):
    rows, listed = shards(dataset_page, "samples"), shards(dataset_page, "list")
    catalog = shards(dataset_page, "catalog")
    for row, short, sample in zip(rows, listed, read_samples(data_set / "samples"), strict=True):
        assert short[0] == sample.id
        assert row[:4] == [
            sample.core_question,
            sample.format_instructions,
            list(sample.ground_truth),
            sample.reward_style,
        ]
        assert tuple(catalog[number][0] for number in row[8] if catalog[number][0]) == sample.document_ids
        quotes = [(sample.document_ids[place], *rest) for place, *rest in row[9]]
        assert quotes == [(each.document_id, each.start, each.end, each.text) for each in sample.evidence]
        for text, mapping in (
            (row[4], sample.reward_arguments),
            (row[10], sample.derivation),
            (row[11], sample.checks),
        ):
            assert json.loads(text or "{}") == mapping


def test_the_page_names_no_data_and_runs_nothing_inline(dataset_page: Path):
    page = dataset_page.read_text("utf-8")
    assert "towns" not in page
    assert re.findall(r"<script(?![^>]* src=\"page-[0-9a-f]{16}/[a-z]+\.js\")", page) == []
    assert "<style" not in page and not re.search(r"\s(?:on[a-z]+|style)=", page)
    assert "default-src 'none'" in page and "require-trusted-types-for 'script'" in page
    named = re.findall(r'(?:src|href)="(page-[^"]+)"', page)
    assert all((dataset_page.parent / name).is_file() for name in named)
    assert {Path(name).name for name in named} == {
        path.name for path in content(dataset_page).iterdir() if not re.search(r"-\d+\.js$", path.name)
    }
    for script in content(dataset_page).glob("[a-z]*[a-z].js"):
        code = script.read_text("utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|fetch\(", code
        )


def test_the_same_data_set_gives_the_same_bytes(data_set: Path, dataset_page: Path, tmp_path: Path):
    again = write_dataset_page(data_set, tmp_path / "again")
    assert files(again.parent) == files(dataset_page.parent)


def small_set(folder: Path, text: str = "one", count: int = 1) -> Path:
    documents = [Document(f"d{number}", "A title", "code", "a.py", text) for number in range(count)]
    write_documents(folder / "documents" / "0.parquet", documents)
    fields: dict[str, Any] = dict.fromkeys(("data_source", "core_question", "generator"), "any")
    fields |= {"prompt": ({"role": "user", "content": "?"},), "format_instructions": "", "ground_truth": ("a",)}
    fields |= {"task": "multi_hop", "question_type": "code", "reward_style": "numeric", "seed": 2**62}
    sample = Sample(id="s", document_ids=("d0",), **fields)
    write_samples(folder / "samples" / "0.parquet", [sample, replace(sample, id="t")])
    return folder


def test_a_page_is_replaced_where_it_stands(tmp_path: Path):
    index = write_dataset_page(small_set(tmp_path / "set"))
    assert index == tmp_path / "set" / "view" / "index.html"
    before = files(index.parent)
    assert shards(index, "samples")[0][6] == str(2**62)
    small_set(tmp_path / "set", text="two")
    write_dataset_page(tmp_path / "set")
    assert text_of(index, "d0") == "two"
    assert [path.name for path in sorted(index.parent.iterdir())] == [".lock", "index.html", content(index).name]
    small_set(tmp_path / "set")
    write_dataset_page(tmp_path / "set")
    write_dataset_page(tmp_path / "set")
    assert files(index.parent) == before


def test_documents_that_no_sample_names_are_left_out(tmp_path: Path):
    index = write_dataset_page(small_set(tmp_path / "set", count=3))
    assert [row[0] for row in shards(index, "catalog")] == ["d0"]
    assert shards(index, "documents") == ["one"]


def test_what_a_killed_run_left_is_removed(tmp_path: Path):
    folder = small_set(tmp_path / "set")
    left = folder / "view" / ".partial"
    left.mkdir(parents=True)
    (left / "half.js").write_text("half")
    index = write_dataset_page(folder)
    assert not left.exists()
    assert not (content(index) / "half.js").exists()


def test_one_run_at_a_time_writes_a_page(tmp_path: Path):
    folder = small_set(tmp_path / "set")
    index = write_dataset_page(folder)
    other = FileLock(index.parent / ".lock")
    assert other.exclusive(timeout_seconds=0)
    with pytest.raises(InputError, match="is being written by another process"):
        write_dataset_page(folder)
    other.release()
    assert write_dataset_page(folder) == index


def test_a_run_that_fails_leaves_the_page_of_before(tmp_path: Path):
    folder = small_set(tmp_path / "set")
    index = write_dataset_page(folder)
    before = files(index.parent)
    (folder / "samples" / "1.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match=r"1\.parquet: is not a readable parquet file"):
        write_dataset_page(folder)
    assert files(index.parent) == before
    assert not (index.parent / ".partial").exists()


def test_what_is_no_data_set_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"is no data set: no \.parquet file in documents/"):
        write_dataset_page(tmp_path / "nowhere")
    folder = small_set(tmp_path / "set")
    shutil.rmtree(folder / "samples")
    with pytest.raises(InputError, match=r"no \.parquet file in samples/"):
        write_dataset_page(folder)
    assert not (folder / "view").exists()


def test_the_same_id_twice_is_refused(tmp_path: Path):
    folder = small_set(tmp_path / "set")
    shutil.copy(folder / "documents" / "0.parquet", folder / "documents" / "1.parquet")
    with pytest.raises(InputError, match="documents: field id: 'd0' is the id of two documents; give each"):
        write_dataset_page(folder)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path):
    folder = small_set(tmp_path / "set")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<p>my page")
    for output in (tmp_path / "site", folder / "documents", folder):
        with pytest.raises(InputError, match="holds something else than a page"):
            write_dataset_page(folder, output)
    with pytest.raises(InputError, match="is not a folder"):
        write_dataset_page(folder, tmp_path / "site" / "index.html")
    assert (tmp_path / "site" / "index.html").read_text() == "<p>my page"


def test_progress_is_shown(tmp_path: Path):
    console = Console(file=(tmp_path / "log").open("w+"), force_terminal=True, width=80)
    write_dataset_page(small_set(tmp_path / "set"), console=console)
    console.file.seek(0)
    log = console.file.read()
    console.file.close()
    assert "Documents" in log and "2/2" in log


def test_a_derivation_nested_beyond_reason_is_told(tmp_path: Path):
    from longstride.report.dataset_page.rows import TOO_DEEP, sample_row

    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"in": deep}
    (sample,) = list(read_samples(small_set(tmp_path / "set") / "samples"))[:1]
    assert sample_row(replace(sample, derivation=deep), [0])[10] == TOO_DEEP
