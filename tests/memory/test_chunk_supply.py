"""Chunks are cut when a server finds them too long, and nothing is lost by it."""

from longstride.memory.chunk_supply import SMALLEST_CUT, ChunkSupply
from longstride.tokens import Chunk, load_tokenizer

TOKENIZER = load_tokenizer()


def chunk_of(words: int, name: str) -> Chunk:
    text = " ".join(f"{name}{number}." for number in range(words))
    return Chunk(text, TOKENIZER.count(text), ())


def test_chunks_come_as_they_are():
    chunks = [chunk_of(100, "a"), chunk_of(50, "b")]
    supply = ChunkSupply(chunks, TOKENIZER)
    assert list(supply) == [each.text for each in chunks]
    assert supply.drawn == chunks


def test_a_cut_halves_this_chunk_and_bounds_those_after_it():
    chunks = [chunk_of(200, "a"), chunk_of(200, "b"), chunk_of(10, "c")]
    supply = ChunkSupply(chunks, TOKENIZER)
    first = next(supply)
    shorter = supply.cut_current()
    assert shorter is not None
    assert first.startswith(shorter)
    assert supply.tokens <= chunks[0].tokens // 2
    rest = list(supply)
    assert all(TOKENIZER.count(part) <= chunks[0].tokens // 2 for part in rest)
    assert "".join([shorter, *rest]).replace(" ", "") == "".join(each.text for each in chunks).replace(" ", "")


def test_cut_again_until_it_makes_no_sense():
    supply = ChunkSupply([chunk_of(400, "a")], TOKENIZER)
    parts = [next(supply)]
    while (part := supply.cut_current()) is not None:
        parts.append(part)
    assert len(parts) > 2
    assert supply.limit is not None
    assert supply.limit >= SMALLEST_CUT
    assert "".join([parts[-1], *supply]).replace(" ", "") == parts[0].replace(" ", "")
