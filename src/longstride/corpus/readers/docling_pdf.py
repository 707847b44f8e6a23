"""PDF to Markdown by docling, for those who ask for it: layout and unruled tables by models, slow, and fetched once.

docling is an extra (`pip install 'longstride[docling]'`). Everything else about PDF is in `pdf.py`.
"""

from __future__ import annotations

import io
from functools import cache
from typing import Any

from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.packages import required
from longstride.corpus.readers.parsed import Parsed


def parse_pdf_by_docling(data: bytes, limits: Limits) -> Parsed:
    """The Markdown of all pages. Raises Unreadable as docling's failure has it: malformed, too_much_text, no_text."""
    converter = _converter()
    stream = required("docling.datamodel.base_models", "docling").DocumentStream(
        name="file.pdf", stream=io.BytesIO(data)
    )
    text: str = converter.convert(stream, max_num_pages=limits.max_pages).document.export_to_markdown()
    if len(text) > limits.max_text_characters:
        raise Unreadable("too_much_text")
    if not text.strip():
        raise Unreadable("no_text")
    return Parsed(None, text)


@cache
def _converter() -> Any:
    return required("docling.document_converter", "docling").DocumentConverter()
