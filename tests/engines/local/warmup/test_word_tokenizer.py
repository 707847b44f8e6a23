"""The word-level tokenizer: a token a word, read alike by transformers and by us."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoTokenizer

from longstride.corpus.world import World
from longstride.engines.local.warmup.word_tokenizer import word_tokenizer, write_word_tokenizer
from longstride.errors import InputError
from longstride.tokens import load_tokenizer

TEXT = "Kestrel is based in Port Yarwick .\nKestrel | 2031 | 47 ; The answer is (B)"


def test_every_word_of_the_small_world_is_one_known_token():
    tokenizer = word_tokenizer()
    for document in World(5, "small").documents():
        ids = tokenizer.encode(document.text)
        assert len(ids) == len(document.text.split())
        assert tokenizer.unk_token_id not in ids


def test_decoding_gives_the_words_joined_by_blanks():
    tokenizer = word_tokenizer()
    assert tokenizer.decode(tokenizer.encode(TEXT)) == " ".join(TEXT.split())


def test_the_saved_folder_is_read_alike_by_transformers_and_by_us(tmp_path: Path):
    write_word_tokenizer(tmp_path)
    theirs, ours = AutoTokenizer.from_pretrained(tmp_path), load_tokenizer(tmp_path)
    assert theirs.encode(TEXT) == ours.encode(TEXT)
    assert ours.decode(ours.encode(TEXT)) == theirs.decode(theirs.encode(TEXT)) == " ".join(TEXT.split())
    words = len(theirs)
    assert (theirs.pad_token_id, theirs.bos_token_id, theirs.eos_token_id) == (words - 3, words - 2, words - 1)
    assert theirs.unk_token_id == 0


def test_the_chat_template_gives_the_content_behind_one_beginning(tmp_path: Path):
    write_word_tokenizer(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": TEXT}], add_generation_prompt=True, return_dict=False
    )
    assert ids == [tokenizer.bos_token_id, *tokenizer.encode(TEXT)]


def test_a_word_that_is_not_listed_is_unknown():
    tokenizer = word_tokenizer(["a", "b"])
    assert tokenizer.encode("a b c") == [1, 2, 0]
    assert len(tokenizer) == 1 + 2 + 3


def test_the_name_of_a_special_token_in_a_document_is_an_unknown_word(tmp_path: Path):
    write_word_tokenizer(tmp_path, ["a", "b"])
    assert load_tokenizer(tmp_path).encode("a <eos>") == [1, 0]


@pytest.mark.parametrize("word", ["two words", "", "<eos>"])
def test_what_cannot_be_a_word_is_refused(word: str):
    with pytest.raises(InputError):
        word_tokenizer(["a", word])
