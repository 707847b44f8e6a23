"""One pass over a text that fits the window, with the prompt of the paper's README (5.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from longstride.memory.query import Query
from longstride.prompts import fill_prompt
from longstride.records import Document
from longstride.tokens import BETWEEN_DOCUMENTS, Chunk, Piece, Tokenizer

ANSWER_FORM = 'Format your response as follows: "Therefore, the answer is (insert answer here)".'  # the paper's README
TEXT_MARK = re.compile(r"<(?=\s*/?\s*text\s*>)", re.IGNORECASE)


def full_prompt(name: str, documents: Sequence[Document], query: Query) -> str:
    """The prompt `name` over all documents; a text cannot end its own part of it.

    The form of the answer is the user's; where the user gives none, that of the paper's README.
    """
    opening = [documents[0], *(each for before, each in pairwise(documents) if _whole(before) != _whole(each))]
    titled = set(map(id, opening)) if not name.startswith("tiny") else set[int]()
    texts = [_rendered(each, titled=id(each) in titled) for each in documents]
    return fill_prompt(
        name,
        documents=TEXT_MARK.sub("&lt;", BETWEEN_DOCUMENTS.join(texts)),
        question=query.core_question,
        instructions=query.instructions or ("" if name.startswith("tiny") else ANSWER_FORM),
    )


def documents_up_to(documents: Iterator[Document], limit: int, tokenizer: Tokenizer) -> tuple[list[Document], int]:
    """Documents until their tokens in a prompt exceed `limit` or they end; an iterator's rest is left in it."""
    taken: list[Document] = []
    tokens, gap = 0, tokenizer.count(BETWEEN_DOCUMENTS)
    for document in documents:
        taken.append(document)
        tokens += tokenizer.count(_rendered(document, titled=True)) + gap
        if tokens > limit:
            break
    return taken, tokens


def as_chunks(documents: Iterable[Document]) -> list[Chunk]:
    """Each document as a chunk of its own, for quotations to be looked up in; not counted."""
    return [Chunk(each.text, 0, (Piece(each.id, 0, len(each.text)),)) for each in documents]


def _whole(document: Document) -> str:
    return document.parent_id or document.id


def _rendered(document: Document, *, titled: bool) -> str:
    return f"# {document.title}\n\n{document.text}" if titled else document.text
