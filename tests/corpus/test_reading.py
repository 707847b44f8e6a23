from __future__ import annotations

import gzip
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longstride.corpus import Deduplicator, Funnel, Limits, Reading, batches, find_files, read_corpus, read_files
from longstride.corpus.reading import without_duplicates
from longstride.errors import InputError
from longstride.records import FAMILIES
from longstride.tokens import Tokenizer

SYLLABLES = ("ba", "ran", "tel", "os", "mi", "kor", "du", "ven", "sha", "lit", "po", "gar", "ne", "ful", "ix", "hom")


def prose(seed: str, sentences: int = 12) -> str:
    """English enough for the filters, with words of its own so that nothing repeats."""
    rng = random.Random(f"reading/{seed}")

    def word() -> str:
        return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 3)))

    return " ".join(
        f"The {word()} of {word()} {word()} that the {word()} {word()} and {word()} to the {word()} with a {word()}."
        for _ in range(sentences)
    )


@pytest.fixture
def folder(tmp_path: Path, make_pdf: Callable[..., bytes], pdf_lines: Callable[..., str]):
    """A small corpus with a file of every format, good and bad."""
    root = tmp_path / "corpus"

    def put(name: str, content: Any):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    put("books/a.txt", "A LATE HOUR\n\n" + "\n\n".join(f"CHAPTER {n}\n\n{prose(n)}" for n in ("I", "II", "III", "IV")))
    put(
        "books/copy of a.txt",
        "A LATE HOUR\n\n" + "\n\n".join(f"CHAPTER {n}\n\n{prose(n)}" for n in ("I", "II", "III", "IV")),
    )
    put("books/latin.txt", (prose("latin") + " Café, naïve, façade, déjà vu, à la carte, élève. " * 4).encode("cp1252"))
    put("data/ports.csv", "port,ships,depth\n" + "".join(f"Port {n},{n * 7},{n % 9}.5 m\n" for n in range(200)))
    put("data/facts.json", json.dumps([{"name": f"Port {n}", "ships": n, "note": prose(f"f{n}", 3)} for n in range(3)]))
    put("data/log.jsonl", "".join(json.dumps({"title": f"T{n}", "text": prose(f"l{n}", 5)}) + "\n" for n in range(40)))
    put("data/surrogate.json", '{"title": "a\\ud800b", "text": "\\udfff\\u0000 ' + prose("s") + '"}')
    put("chats/chat.json", json.dumps({"messages": [{"role": "user", "content": prose("q")}, {"content": prose("r")}]}))
    put(
        "src/area.py",
        'import math\n\n\ndef area(radius: Any):\n    """The area of a circle."""\n    return math.pi * radius**2\n',
    )
    put(
        "web/page.html",
        f"<h1>Ports of the coast</h1><p>{prose('html')}</p><table><tr><th>Port</th><th>Ships</th></tr>"
        "<tr><td>Oran</td><td>$ 12</td></tr><tr><td>Arzew</td><td>$ 7</td></tr></table>",
    )
    put("web/report.pdf", make_pdf([pdf_lines([line + "." for line in prose("pdf").split(". ")])]))
    put("bad/deep.html", "<div>" * 100_000 + "deep")
    put("bad/pages.pdf", make_pdf([pdf_lines(["x"])], repeat=10_000))
    put(
        "bad/locked.pdf",
        make_pdf(
            [""],
            trailer=f"/Encrypt << /Filter /Standard /V 1 /R 2 /O ({'a' * 32}) /U ({'b' * 32}) /P -4 >> /ID [<00> <00>]",
        ),
    )
    put("bad/broken.pdf", b"%PDF-1.4\n" + b"\xff\x00" * 500)
    put("bad/bomb.gz", gzip.compress(b"0" * 10_000_000))
    put("bad/bomb.txt", gzip.compress(b"0" * 10_000_000))
    put("bad/empty.md", "")
    put("bad/noise.txt", random.Random("reading/noise").randbytes(4000).replace(b"\0", b"\1"))
    put("bad/deep.json", "[" * 100_000)
    put("bad/huge.md", "x" * 70_000)
    (root / "bad/out.md").symlink_to("/etc/passwd")
    (root / "bad/loop").symlink_to(root, target_is_directory=True)
    os.mkfifo(root / "bad/pipe.txt")
    return root  # fmt: skip


LIMITS = Limits(max_file_bytes=60_000, part_bytes=5_000)


def read(folder: Path, tokens: int = 300, **options: Any):
    funnel = Funnel()
    options.setdefault("limits", LIMITS)
    return list(read_corpus(folder, max_document_tokens=tokens, funnel=funnel, **options)), funnel


def test_good_files_are_read_and_bad_ones_counted(folder: Path):
    documents, funnel = read(folder, limits=Limits(max_file_bytes=600_000, part_bytes=5_000))
    assert dict(funnel.files) == {
        "kept": 12, "html_too_deep": 1, "too_many_pages": 1, "encrypted": 1, "malformed": 1, "compressed": 2,
        "empty": 1,         "mis_encoded": 1, "too_deep": 1, "link_outside": 1, "link_inside": 1, "special_file": 1,
    }  # fmt: skip
    assert {document.source.split("/")[0] for document in documents} == {"books", "data", "chats", "src", "web"}
    assert {document.family for document in documents} == set(FAMILIES) - {"academic"}
    assert funnel.documents["kept"] == len(documents)
    assert funnel.mended["messages_without_role"] == 1 and funnel.mended["no_characters_replaced"] == 1


def test_no_document_is_over_the_limit_and_each_quotes_its_parent(folder: Path, tokenizer: Tokenizer):
    documents, _ = read(folder)
    assert all(tokenizer.count(document.text) <= 300 for document in documents)
    book = (folder / "books/a.txt").read_text()
    parts = [document for document in documents if document.source == "books/a.txt"]
    assert len(parts) > 2
    for part in parts:
        assert part.parent_id == "books/a.txt" and part.parent_offset is not None
        assert book[part.parent_offset :].startswith(part.text)
    table = [document for document in documents if document.source == "data/ports.csv"]
    assert len(table) > 3 and all(document.text.startswith("port,ships,depth\nPort ") for document in table)


def test_a_copy_is_dropped_whole(folder: Path):
    documents, funnel = read(folder)
    assert not any("copy" in document.source for document in documents)
    assert funnel.documents["duplicate_source"] > 2


def test_ids_are_different_and_hold_no_absolute_path(folder: Path, tmp_path: Path):
    documents, _ = read(folder)
    assert len({document.id for document in documents}) == len(documents)
    assert not any(str(tmp_path) in value for document in documents for value in map(str, vars(document).values()))
    log = [document.id for document in documents if document.source == "data/log.jsonl"]
    assert len(log) == 40 and log[0] == "data/log.jsonl#r0"


def test_another_place_and_another_number_of_workers_give_the_same(folder: Path, tmp_path: Path):
    documents, funnel = read(folder)
    shutil.copytree(folder / "..", tmp_path / "elsewhere", symlinks=True, ignore=shutil.ignore_patterns("pipe.txt"))
    os.mkfifo(tmp_path / "elsewhere/corpus/bad/pipe.txt")
    there, counts = read(tmp_path / "elsewhere/corpus", workers=2)
    assert there == documents
    assert (counts.sources, counts.documents, counts.mended) == (funnel.sources, funnel.documents, funnel.mended)


def test_batches_of_any_size_give_the_same(folder: Path):
    documents, funnel = read(folder)
    apart = Funnel()
    files = list(find_files(folder, LIMITS, apart))
    deduplicator, again = Deduplicator(), []
    for file in files:
        sources, counts = read_files([file], Reading(300, limits=LIMITS))
        apart.add(counts)
        again += without_duplicates(sources, deduplicator, apart)
    assert (again, apart) == (documents, funnel)
    assert [file for batch in batches(files) for file in batch] == files


def test_families_may_be_declared_and_filters_left_out(folder: Path):
    documents, _ = read(folder, families={"books": "academic", "": "professional"})
    assert {document.family for document in documents if document.source.startswith("books/")} == {"academic"}
    assert len(read(folder, filtered=False)[0]) >= len(documents)


def test_it_streams(folder: Path):
    funnel = Funnel()
    stream = read_corpus(folder, max_document_tokens=300, funnel=funnel, limits=LIMITS)
    next(stream)
    assert funnel.documents["kept"] == 1
    assert next(stream).source == "books/a.txt"


def test_bad_arguments_are_refused_at_once(folder: Path):
    with pytest.raises(InputError, match="does not exist"):
        read_corpus(folder / "none", max_document_tokens=300)
    with pytest.raises(InputError, match="unknown family"):
        read_corpus(folder, max_document_tokens=300, families="poetry")
    with pytest.raises(ValueError, match="workers is 0"):
        read_corpus(folder, max_document_tokens=300, workers=0)
    with pytest.raises(ValueError, match="max_document_tokens is 3"):
        read_corpus(folder, max_document_tokens=3)


def test_a_real_filing(real_corpus: Path, tokenizer: Tokenizer):
    documents, funnel = read(real_corpus / "professional", 2000, limits=Limits())
    assert funnel.files == {"kept": 2} and 60 < len(documents) < 90
    filing = next(document for document in documents if document.title.endswith("> Note 2 – Revenue"))
    assert "| Total net sales | $391,035 | $383,285 | $394,328 |" in filing.text
    assert not any("us-gaap" in document.text or "Form 10-K | 7" in document.text for document in documents)


@pytest.mark.slow
def test_the_real_corpus(real_corpus: Path, tokenizer: Tokenizer):
    documents, funnel = read(real_corpus, 2000, limits=Limits())
    assert funnel.files == {"kept": 129} and funnel.sources == {"kept": 129}
    assert 1000 < len(documents) < 1300
    assert sum(funnel.documents.values()) - len(documents) < 10
    assert max(tokenizer.count_each([document.text for document in documents])) <= 2000
    assert "Algeria > Environment" in {document.title for document in documents}
