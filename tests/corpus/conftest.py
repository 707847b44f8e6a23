"""A PDF writer for tests, the bundled tokenizer, and the real corpus where it is at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from longstride.tokens import Tokenizer, load_tokenizer

REAL_CORPUS = Path(__file__).parents[2] / "../shared/corpus"


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return load_tokenizer()


@pytest.fixture
def real_corpus() -> Path:
    if not REAL_CORPUS.is_dir():
        pytest.skip("the shared corpus is not beside this checkout")
    return REAL_CORPUS


@pytest.fixture(scope="session")
def make_pdf() -> Callable[..., bytes]:
    return _make_pdf


def _make_pdf(pages: Sequence[str], title: str = "", trailer: str = "", repeat: int = 1) -> bytes:
    """A PDF with one content stream for each of `pages`; `repeat` lists every page that many times."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids: list[int] = []
    for content in pages:
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        stream = len(objects)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {stream} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        kids.extend([len(objects)] * repeat)
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>"
    objects.append(f"<< /Title ({title}) >>")
    data = b"%PDF-1.4\n"
    offsets: list[int] = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = len(data)
    data += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    data += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    root = f"/Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R {trailer}"
    return data + f"trailer\n<< {root} >>\nstartxref\n{table}\n%%EOF\n".encode()


@pytest.fixture(scope="session")
def pdf_lines() -> Callable[..., str]:
    return _pdf_lines


def _pdf_lines(lines: Sequence[str], top: int = 720, table: Sequence[Sequence[str]] = (), table_top: int = 600) -> str:
    """A content stream: lines of text from `top` down, and a ruled table."""
    parts = [f"BT /F1 11 Tf 72 {top - 16 * index} Td ({line}) Tj ET" for index, line in enumerate(lines)]
    width, height = 120, 20
    if table:
        right, bottom = 72 + width * len(table[0]), table_top - height * len(table)
        for index in range(len(table) + 1):
            parts.append(f"72 {table_top - height * index} m {right} {table_top - height * index} l S")
        for index in range(len(table[0]) + 1):
            parts.append(f"{72 + width * index} {table_top} m {72 + width * index} {bottom} l S")
        for row, cells in enumerate(table):
            for column, cell in enumerate(cells):
                place = f"{76 + width * column} {table_top - height * row - 14}"
                parts.append(f"BT /F1 10 Tf {place} Td ({cell}) Tj ET")
    return "\n".join(parts)
