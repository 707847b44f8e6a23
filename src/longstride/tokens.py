"""Counting, chunking and middle truncation in a model's own tokens (paper 2.3, 5.1).

Texts are untrusted: a special token's name that stands in a document (`<|im_end|>`) is counted and cut as the plain
text that it is there.
"""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from longstride.errors import InputError, unknown_name
from longstride.records import Document

if TYPE_CHECKING:
    import tokenizers

Token = TypeVar("Token")

BUNDLED = "bundled"
PARAGRAPH_END = re.compile(r"\n[ \t\r]*\n\s*")
SENTENCE_END = re.compile(r"[.!?][\"')\]]*\s+|\n")
BETWEEN_DOCUMENTS = "\n\n"
LONG = 10_000  # characters; from there on a count is several times quicker where no places are reckoned
COUNTED_TOGETHER = 64  # paragraphs; the first chunk of a long document need not wait for its last


class Tokenizer:
    """A Hugging Face tokenizer that adds nothing, cuts nothing, and knows where its tokens stand in the text."""

    def __init__(self, inner: tokenizers.Tokenizer, name: str) -> None:
        inner.no_truncation()
        inner.no_padding()
        inner.encode_special_tokens = True
        self._inner, self.name = inner, name

    def encode(self, text: str) -> list[int]:
        return self._inner.encode(text, add_special_tokens=False).ids

    def decode(self, ids: Sequence[int]) -> str:
        return self._inner.decode(list(ids), skip_special_tokens=False)

    def count(self, text: str) -> int:
        if len(text) < LONG:
            return len(self.encode(text))
        return self.count_each([text])[0]

    def count_each(self, texts: Sequence[str]) -> list[int]:
        """The counts of many texts, over all cores, without a reckoning of where their tokens stand."""
        return [len(each) for each in self._inner.encode_batch_fast(list(texts), add_special_tokens=False)]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """For each token its `(start, end)` in the text, in characters; the parts of one character share its span."""
        return self._inner.encode(text, add_special_tokens=False).offsets


@cache
def load_tokenizer(name_or_path: str | Path | None = None) -> Tokenizer:
    """A tokenizer from a folder, a `tokenizer.json`, a name on the Hugging Face hub, or (None) the bundled one.

    The bundled one needs no network: a byte-level BPE of 32,000 entries, which splits as Qwen's does. Its counts are
    an estimate, mostly a little high for a larger vocabulary; name the model's own for a budget that must hold.

    Raises InputError where there is none, or where the hub cannot be reached.
    """
    from tokenizers import Tokenizer as Inner

    if name_or_path is None or str(name_or_path) == BUNDLED:
        packed = resources.files("longstride").joinpath("data/bundled_tokenizer.json.gz").read_bytes()
        return Tokenizer(Inner.from_str(gzip.decompress(packed).decode()), BUNDLED)
    path = Path(name_or_path)
    if path.is_dir():
        path = path / "tokenizer.json"
    if path.exists() or path.suffix == ".json" or str(name_or_path).startswith((".", os.sep, "~")):
        if not path.is_file():
            raise InputError("there is no tokenizer.json", path=path, cure="save one with `save_pretrained`")
        try:
            return Tokenizer(Inner.from_file(str(path)), str(name_or_path))
        except Exception as error:  # the library raises plain Exception
            raise InputError(f"is not a tokenizer ({error})", path=path, cure="save it again") from None
    try:
        return Tokenizer(Inner.from_pretrained(str(name_or_path)), str(name_or_path))
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        cure = f"name a folder that holds one, or {BUNDLED!r} for an estimate without network"
        raise InputError(f"tokenizer {str(name_or_path)!r} cannot be had ({reason:.120})", cure=cure) from None


def middle_truncate(ids: Sequence[Token], max_tokens: int, variant: str = "longbench_v2") -> list[Token]:
    """Keep the front and the tail of `ids` (paper 5.1), exactly as the named benchmark's code does.

    `longbench_v2` (QwenLong-L1, MemAgent and SPELL too) keeps `max_tokens`, the odd one at the tail.
    `longbench_v1` keeps `max_tokens // 2` on either side, so an odd limit keeps one less.
    Both keep everything at a limit of 0, and v1 also at 1, because that is what `ids[-0:]` means there.

    Raises ValueError for a negative limit and for an unknown variant.
    """
    if max_tokens < 0:
        raise ValueError(f"max_tokens is {max_tokens}, expected 0 or more")
    if variant == "longbench_v2":
        tail = -(-max_tokens // 2)
    elif variant == "longbench_v1":
        tail = max_tokens // 2
    else:
        raise unknown_name("variant", variant, ("longbench_v2", "longbench_v1"))
    if len(ids) <= max_tokens or tail == 0:
        return list(ids)
    return [*ids[: max_tokens // 2], *ids[-tail:]]


@dataclass(frozen=True)
class Piece:
    """A part of a document that a chunk holds: `document.text[start:end]`."""

    document_id: str
    start: int
    end: int


@dataclass(frozen=True)
class Chunk:
    """What fits one reading: the text of its pieces, a blank line between documents."""

    text: str
    tokens: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class _Span:
    document: Document
    start: int
    end: int
    tokens: int


def chunk(
    documents: Iterable[Document],
    max_tokens: int,
    tokenizer: Tokenizer,
    keep_whole: float = 0.25,  # not in the paper
) -> Iterator[Chunk]:
    """Fill chunks of at most `max_tokens` tokens with whole paragraphs, in order, nothing left out (paper 2.3).

    A document of up to `keep_whole * max_tokens` tokens is never split: it opens a new chunk where the current one
    has no room. A paragraph longer than a chunk is cut at a sentence's end, else at a space, else anywhere.
    The limit is hard: it holds for the tokens of `Chunk.text` as a whole.

    Raises ValueError for a limit under 1, and for one that a single character exceeds.
    """
    if max_tokens < 1:
        raise ValueError(f"max_tokens is {max_tokens}, expected 1 or more")
    held: list[_Span] = []
    held_tokens, gap = 0, tokenizer.count(BETWEEN_DOCUMENTS)
    for document in documents:
        spans = _paragraphs(document, max_tokens, tokenizer)
        first, whole = list[_Span](), 0
        for span in spans:  # as far as it takes to see whether the document is a small one
            first.append(span)
            whole += span.tokens
            if whole > keep_whole * max_tokens:
                break
        together = whole <= keep_whole * max_tokens
        for index, span in enumerate(chain(first, spans)):
            needed = whole if together and index == 0 else span.tokens
            if held and held[-1].document is not document:
                held_tokens += gap
            if held and held_tokens + needed > max_tokens:
                yield from _emit(held, max_tokens, tokenizer)
                held, held_tokens = [], 0
            held.append(span)
            held_tokens += span.tokens
    if held:
        yield from _emit(held, max_tokens, tokenizer)


def _emit(spans: list[_Span], max_tokens: int, tokenizer: Tokenizer) -> Iterator[Chunk]:
    """One chunk of `spans`; two where the joined text has more tokens than its parts had apart."""
    pieces: list[Piece] = []
    for span in spans:
        if pieces and pieces[-1].document_id == span.document.id and pieces[-1].end == span.start:
            pieces[-1] = Piece(span.document.id, pieces[-1].start, span.end)
        else:
            pieces.append(Piece(span.document.id, span.start, span.end))
    texts = {span.document.id: span.document.text for span in spans}
    text = BETWEEN_DOCUMENTS.join(texts[piece.document_id][piece.start : piece.end] for piece in pieces)
    tokens = tokenizer.count(text)
    if tokens <= max_tokens:
        yield Chunk(text, tokens, tuple(pieces))
    else:
        yield from _emit(spans[:-1], max_tokens, tokenizer)
        yield from _emit(spans[-1:], max_tokens, tokenizer)


def _paragraphs(document: Document, max_tokens: int, tokenizer: Tokenizer) -> Iterator[_Span]:
    """The paragraphs of a document with the blank lines after them, those over the limit cut to size."""
    ends = (match.end() for match in PARAGRAPH_END.finditer(document.text))
    bounds = chain([0], (end for end in ends if end < len(document.text)), [len(document.text)])
    pairs = ((start, end) for start, end in pairwise(bounds) if start < end)
    while portion := list(islice(pairs, COUNTED_TOGETHER)):
        counts = tokenizer.count_each([document.text[start:end] for start, end in portion])
        for (start, end), tokens in zip(portion, counts, strict=True):
            if tokens <= max_tokens:
                yield _Span(document, start, end, tokens)
            else:
                yield from _cut(document, start, end, max_tokens, tokenizer)


def _cut(document: Document, start: int, end: int, max_tokens: int, tokenizer: Tokenizer) -> Iterator[_Span]:
    """Spans of at most `max_tokens` tokens, each ending at the best boundary in the second half of its room."""
    text = document.text
    ends = [start + stop for _, stop in tokenizer.spans(text[start:end])]
    first = 0  # the first token that ends after `start`
    while start < end:
        while ends[first] <= start and first + 1 < len(ends):
            first += 1
        last = first + max_tokens - 1
        stop = end if last >= len(ends) - 1 else _boundary(text, start, max(ends[last], start + 1))
        while (tokens := tokenizer.count(text[start:stop])) > max_tokens:  # a part may have more tokens than it had
            if stop == start + 1:
                raise ValueError(f"max_tokens is {max_tokens}, but {text[start]!r} alone takes {tokens} tokens")
            stop = max(start + 1, min(stop - 1, start + (stop - start) * max_tokens // tokens))
        yield _Span(document, start, stop, tokens)
        start = stop


def _boundary(text: str, start: int, stop: int) -> int:
    """The last sentence's end in the second half of `text[start:stop]`, else the last space's, else `stop`."""
    half = start + (stop - start) // 2
    sentences = [match.end() for match in SENTENCE_END.finditer(text, half, stop)]
    if sentences:
        return sentences[-1]
    space = max(text.rfind(" ", half, stop), text.rfind("\n", half, stop))
    return space + 1 if space >= 0 else stop
