"""A tokenizer for a closed list of words, split at blanks: the small fictional world costs one token a word."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from longstride.corpus.world import small_vocabulary
from longstride.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

UNKNOWN = "<unk>"
PAD, BOS, EOS = MARKS = ("<pad>", "<bos>", "<eos>")  # no words: their names in a text give <unk>
CHAT_TEMPLATE = "{{ bos_token }}{% for message in messages %} {{ message['content'] }}{% endfor %}"

RESPONSE_TEMPLATE = {  # else `transformers serve` takes the prompts of a Qwen3 for ChatML, and repeats them
    "defaults": {"role": "assistant"},
    "start_anchor_pattern": r"\Z",
    "fields": {"content": {"close": EOS, "content": "text"}},
}


def word_tokenizer(words: Sequence[str] | None = None) -> PreTrainedTokenizerFast:
    """A token a word: <unk> for those unknown, then `words` in their order, then <pad>, <bos> and <eos>.

    words: without blanks; None takes the words of the small world, of questions about it and of replies.

    Encoding adds nothing. The chat template gives <bos> and the messages' contents, nothing else: what a role says is
    not marked. Decoding joins the words by blanks.
    Raises InputError for a word that holds a blank, is empty, or is the name of a special token.
    """
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from transformers import PreTrainedTokenizerFast

    listed = list(dict.fromkeys(small_vocabulary() if words is None else words))
    for word in listed:
        if word.split() != [word] or word in (UNKNOWN, *MARKS):
            raise InputError(f"{word!r} cannot be a word of the tokenizer", cure="give words without blanks")
    numbers = {word: number for number, word in enumerate([UNKNOWN, *listed])}
    inner = Tokenizer(WordLevel(numbers, unk_token=UNKNOWN))
    inner.add_special_tokens(list(MARKS))
    inner.pre_tokenizer = WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOS,
        unk_token=UNKNOWN,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.response_template = RESPONSE_TEMPLATE
    return tokenizer


def write_word_tokenizer(folder: str | Path, words: Sequence[str] | None = None) -> PreTrainedTokenizerFast:
    """`word_tokenizer`, saved so that `AutoTokenizer` and `longstride.tokens.load_tokenizer` read it from `folder`."""
    tokenizer = word_tokenizer(words)
    tokenizer.save_pretrained(str(folder))
    return tokenizer
