"""Rollouts worth reading: the most uncertain wrong ones, a reading of the memory agent, tokens as texts."""

from __future__ import annotations

import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.analysis.rollouts import (
    Rollout,
    longest_reading,
    most_uncertain_wrong,
    token_texts,
    uncertain_tokens,
)
from longstride.records import Trajectory, Turn
from longstride.tokens import Tokenizer, load_tokenizer


def rollout(sample: str, reward: float, *turns: list[float], index: int = 0) -> Rollout:
    made = tuple(Turn((1,), tuple(range(len(each))), entropies=tuple(each)) for each in turns)
    return Rollout("s/rollouts/step-00000001.parquet", "s", 1, sample, Trajectory(made, reward, "t", sample, index))


def test_the_most_uncertain_wrong_response_of_each_question_is_taken():
    rollouts = [
        rollout("a", 0.0, [1.0, 1.0]),
        rollout("a", 0.0, [3.0, 1.0], index=1),
        rollout("a", 1.0, [9.0]),  # right
        rollout("b", 0.0, [1.5]),
        rollout("c", 0.0, [0.5]),
    ]
    found = most_uncertain_wrong(rollouts, 2)
    assert [(each.sample_id, each.entropy) for each in found] == [("a", 2.0), ("b", 1.5)]


def test_entropies_are_averaged_over_all_turns():
    assert rollout("a", 0.0, [1.0, 2.0], [6.0]).entropy == 3.0


def test_the_reading_with_most_reward_then_most_chunks_is_shown():
    long_wrong = rollout("a", 0.0, [1.0], [1.0], [1.0], [1.0])
    right = rollout("b", 1.0, [1.0], [1.0], [1.0])
    assert longest_reading([rollout("c", 1.0, [1.0]), long_wrong, right, rollout("d", 1.0, [1.0], [1.0])]) is right
    assert longest_reading([rollout("c", 1.0, [1.0])]) is None  # a single pass reads no chunks


def words_tokenizer() -> Tokenizer:
    vocabulary = {f"w{place}": place for place in range(100)}
    return Tokenizer(tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, "w0")), "words")


def test_of_a_long_response_the_most_uncertain_part_is_shown():
    whole = uncertain_tokens(rollout("a", 0.0, [0.1, 0.2, 5.0, 4.0, 0.1]), words_tokenizer(), shown=2)
    assert whole.tokens == (("w2", 5.0), (" w3", 4.0))
    assert (whole.first, whole.total) == (2, 5)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=30))
def test_the_texts_of_tokens_make_the_text(text: str):
    tokenizer = load_tokenizer("bundled")
    ids = tokenizer.encode(text)
    texts = token_texts(tokenizer, ids)
    assert len(texts) == len(ids) and "".join(texts) == tokenizer.decode(ids)


def test_a_character_of_several_tokens_stands_at_its_last():
    tokenizer = load_tokenizer("bundled")
    texts = token_texts(tokenizer, tokenizer.encode("a 𝔏 b"))
    assert "".join(texts) == "a 𝔏 b" and "\ufffd" not in "".join(texts)
    assert "" in texts  # the first bytes of it
