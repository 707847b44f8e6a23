from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.errors import InputError
from longstride.evaluation.truncation import fitted, without_middle
from longstride.records import Message, Sample
from longstride.tokens import load_tokenizer, middle_truncate

TOKENIZER = load_tokenizer()
TEXT = " ".join(f"word{number}" for number in range(300))


def prompt_tokens(sample: Sample) -> int:
    return 10 + sum(TOKENIZER.count(each["content"]) for each in sample.prompt)


@pytest.mark.parametrize("limit", [2, 3, 50, 51, 100])
def test_the_middle_goes_as_the_benchmarks_cut_it(limit: int):
    reference = TOKENIZER.decode(middle_truncate(TOKENIZER.encode(TEXT), limit))  # LongBench v2's own way
    assert without_middle(TEXT, limit, TOKENIZER) == reference
    assert reference != TEXT


def test_what_fits_stays_as_it_is():
    assert without_middle(TEXT, TOKENIZER.count(TEXT), TOKENIZER) is TEXT


@given(text=st.text(max_size=300), limit=st.integers(2, 60))
def test_front_and_tail_of_any_text_stand_there_word_for_word(text: str, limit: int):
    cut = without_middle(text, limit, TOKENIZER)
    assert any(cut == text[:place] + text[len(text) - len(cut) + place :] for place in range(len(cut) + 1))
    assert cut == text or len(cut) < len(text) or TOKENIZER.count(text) <= limit + 3


def test_a_prompt_is_made_to_fit_and_its_question_stays(make_town_sample: Callable[..., Sample]):
    content = f"{TEXT}\n\nWhat is the word?"
    sample = make_town_sample(
        0, prompt=(Message(role="system", content="Be brief."), Message(role="user", content=content))
    )
    shorter, left_out = fitted(sample, 120, prompt_tokens, TOKENIZER)
    assert prompt_tokens(shorter) <= 120
    assert left_out == prompt_tokens(sample) - prompt_tokens(shorter)
    assert shorter.prompt[0] == sample.prompt[0]
    assert shorter.prompt[1]["content"].startswith("word0 word1")
    assert shorter.prompt[1]["content"].endswith("What is the word?")
    assert fitted(sample, 5000, prompt_tokens, TOKENIZER) == (sample, 0)


def test_a_prompt_whose_frame_alone_is_too_long_is_refused(make_town_sample: Callable[..., Sample]):
    with pytest.raises(InputError, match=r"'s0' has a prompt of .* of which 11 fit"):
        fitted(make_town_sample(0), 11, prompt_tokens, TOKENIZER)
