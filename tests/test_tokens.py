import gzip
import itertools
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken
from tokenizers import Tokenizer as Inner
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from longstride.errors import InputError
from longstride.records import Document
from longstride.tokens import Chunk, Tokenizer, chunk, load_tokenizer, middle_truncate

SENTENCE = "Mira works at Kestrel . It is based in Port Orvale ; nobody knows why !"
WORDS = [*SENTENCE.split(), "\n\n"]
documents = st.lists(
    st.one_of(
        st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join),
        st.text(st.characters(codec="utf-8"), max_size=60),
    ),
    max_size=5,
).map(lambda texts: [document(text, f"d{index}") for index, text in enumerate(texts)])


def document(text: str, name: str = "d0") -> Document:
    return Document(name, "title", "literature", "source", text)


def bundled() -> Inner:
    packed = resources.files("longstride").joinpath("data/bundled_tokenizer.json.gz").read_bytes()
    return Inner.from_str(gzip.decompress(packed).decode())


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer()


@pytest.mark.parametrize(
    ("length", "limit", "variant", "kept"),
    [
        (10, 4, "longbench_v2", [0, 1, 8, 9]),
        (10, 5, "longbench_v2", [0, 1, 7, 8, 9]),  # the odd one at the tail
        (10, 1, "longbench_v2", [9]),
        (10, 4, "longbench_v1", [0, 1, 8, 9]),
        (10, 5, "longbench_v1", [0, 1, 8, 9]),  # one less
        (10, 1, "longbench_v1", list(range(10))),  # ids[-0:] is everything
        (10, 0, "longbench_v2", list(range(10))),
        (10, 0, "longbench_v1", list(range(10))),
        (10, 10, "longbench_v1", list(range(10))),
        (3, 5, "longbench_v2", [0, 1, 2]),
        (0, 5, "longbench_v1", []),
    ],
)
def test_middle_truncation_is_that_of_the_benchmarks(length: int, limit: int, variant: str, kept: list[int]):
    assert middle_truncate(range(length), limit, variant) == kept


@given(st.lists(st.integers()), st.integers(0, 40))
def test_middle_truncation_is_the_published_expression(ids: list[int], limit: int):
    published_v2 = ids[: limit // 2] + ids[(-limit) // 2 :] if len(ids) > limit else ids
    half = int(limit / 2)
    published_v1 = ids[:half] + ids[-half:] if len(ids) > limit else ids
    assert middle_truncate(ids, limit) == (ids if limit == 0 else published_v2)
    assert middle_truncate(ids, limit, "longbench_v1") == (ids if half == 0 else published_v1)


def test_middle_truncation_refuses_what_it_cannot_mean():
    with pytest.raises(ValueError, match="max_tokens is -1"):
        middle_truncate([1], -1)
    with pytest.raises(ValueError, match="unknown variant 'x'; known: longbench_v2, longbench_v1"):
        middle_truncate([1], 1, "x")


@given(st.text(st.characters(codec="utf-8")))
def test_the_bundled_tokenizer_gives_every_normalised_text_back(text: str):
    import unicodedata

    tokenizer = load_tokenizer()
    assert tokenizer.decode(tokenizer.encode(text)) == unicodedata.normalize("NFC", text)
    assert tokenizer.count(text) == len(tokenizer.spans(text)) == tokenizer.count_each([text])[0]


def saved_tokenizer(folder: Path) -> Path:
    """A word-level tokenizer with a special token, a truncation and a padding of its own."""
    inner = Inner(WordLevel({"[UNK]": 0, "a": 1, "b": 2, "<|im_end|>": 3}, unk_token="[UNK]"))
    inner.pre_tokenizer = WhitespaceSplit()
    inner.add_special_tokens([AddedToken("<|im_end|>", special=True)])
    inner.enable_truncation(2)
    inner.enable_padding(length=4)
    inner.save(str(folder / "tokenizer.json"))
    return folder


def test_a_tokenizer_is_read_from_a_folder_or_a_file_and_neither_cuts_nor_pads(tmp_path: Path):
    folder = saved_tokenizer(tmp_path)
    for place in (folder, str(folder), folder / "tokenizer.json"):
        assert load_tokenizer(place).encode("a b a b a") == [1, 2, 1, 2, 1]
    assert load_tokenizer(folder).encode("a") == [1]


def test_a_special_token_in_a_text_is_plain_text(tmp_path: Path):
    assert load_tokenizer(saved_tokenizer(tmp_path)).count("a<|im_end|>b") == 1  # one unknown word, not three tokens


def test_what_is_no_tokenizer_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "broken.json").write_text("{}")
    for name, problem in [
        (tmp_path, "there is no tokenizer.json"),
        (tmp_path / "broken.json", "is not a tokenizer"),
        ("./nowhere", "there is no tokenizer.json"),
    ]:
        with pytest.raises(InputError) as caught:
            load_tokenizer(name)
        assert problem in str(caught.value)
        assert "\n" not in str(caught.value)


def check(documents: list[Document], chunks: list[Chunk], limit: int, tokenizer: Tokenizer) -> None:
    texts = {each.id: each.text for each in documents}
    held = dict.fromkeys(texts, "")
    for each in chunks:
        assert each.tokens == tokenizer.count(each.text) <= limit
        assert each.text == "\n\n".join(texts[piece.document_id][piece.start : piece.end] for piece in each.pieces)
        for piece in each.pieces:
            assert piece.start == len(held[piece.document_id])
            held[piece.document_id] += texts[piece.document_id][piece.start : piece.end]
    assert held == texts
    order = [piece.document_id for each in chunks for piece in each.pieces]
    assert [name for name, _ in itertools.groupby(order)] == [each.id for each in documents if each.text]


@settings(deadline=None)
@given(documents, st.integers(8, 60))
def test_chunks_hold_everything_in_order_and_keep_the_limit(documents: list[Document], limit: int):
    tokenizer = load_tokenizer()
    check(documents, list(chunk(documents, limit, tokenizer)), limit, tokenizer)


def test_chunks_end_with_paragraphs(tokenizer: Tokenizer):
    paragraphs = [f"Paragraph {number} says that the river rose again.\n\n" for number in range(20)]
    text = "".join(paragraphs)
    chunks = list(chunk([document(text)], 40, tokenizer))
    assert len(chunks) > 3
    assert all(each.text.endswith("again.\n\n") for each in chunks)
    assert all(each.text.startswith("Paragraph") for each in chunks)


def test_a_small_document_is_not_split(tokenizer: Tokenizer):
    small = [document("One line.\n\nAnother line.\n\nA third line.", f"d{number}") for number in range(10)]
    size = tokenizer.count(small[0].text)
    chunks = list(chunk(small, 4 * size + 10, tokenizer))
    assert all(piece.end - piece.start == len(small[0].text) for each in chunks for piece in each.pieces)
    split = list(chunk(small, 4 * size + 10, tokenizer, keep_whole=0))
    assert any(piece.end - piece.start < len(small[0].text) for each in split for piece in each.pieces)
    assert len(split) <= len(chunks)


def test_the_first_chunk_of_a_long_document_does_not_wait_for_its_last():
    class Noting(Tokenizer):
        counted = 0

        def count_each(self, texts: Sequence[str]) -> list[int]:
            self.counted += len(texts)
            return super().count_each(texts)

    noting = Noting(bundled(), "noting")
    long = document("The river rose again.\n\n" * 2_000)
    chunks = chunk([long], 40, noting)
    next(chunks)
    assert noting.counted < 200
    check([long], [*chunk([long], 40, noting)], 40, noting)


def test_a_long_paragraph_is_cut_at_a_sentence_else_at_a_space(tokenizer: Tokenizer):
    sentences = "The river rose. " * 50
    assert all(each.text.endswith(". ") for each in chunk([document(sentences)], 30, tokenizer))
    words = "river " * 200
    assert all(each.text.endswith("r ") for each in chunk([document(words)], 30, tokenizer))


def test_a_long_line_without_any_boundary_is_cut_all_the_same(tokenizer: Tokenizer):
    documents = [document("x" * 5000 + "漢字" * 500 + "🦜" * 50)]
    check(documents, list(chunk(documents, 16, tokenizer)), 16, tokenizer)


def test_a_limit_that_no_character_keeps_is_refused(tokenizer: Tokenizer):
    with pytest.raises(ValueError, match="'🦜' alone takes"):
        list(chunk([document("a 🦜")], 1, tokenizer))
    with pytest.raises(ValueError, match="max_tokens is 0"):
        list(chunk([document("a")], 0, tokenizer))


def test_no_documents_give_no_chunks(tokenizer: Tokenizer):
    assert list(chunk([], 10, tokenizer)) == []
    assert list(chunk([document("")], 10, tokenizer)) == []
