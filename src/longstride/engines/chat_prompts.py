"""Chat messages as a model's prompt ids: its own chat template, with texts that cannot forge its special tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from longstride.records import Message

THINKING = "<think>"
MARK = "\ue000{}\ue001"  # stands for a text while the template is filled; characters of the private use area


@dataclass(frozen=True)
class ChatPrompt:
    """What a model reads before it answers."""

    ids: tuple[int, ...]
    thinking_opened: bool  # the template has written `<think>` already


def chat_prompt(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> ChatPrompt:
    """The ids of `messages` under the tokenizer's chat template, up to where the answer begins.

    A tokenizer without a template gets the contents as they are, a line break between them, after its begin-of-text
    token where it has one. A text that names a special token (`<|im_end|>` in a document) is read as the plain
    characters that stand there. Nothing is cut.
    """
    if not tokenizer.chat_template:
        text = "\n".join(message["content"] for message in messages)
        begin: Any = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
        return ChatPrompt((*begin, *_encoded(tokenizer, text, plain=True)), thinking_opened=False)
    untyped: Any = tokenizer  # its base class declares neither this method nor how it is called
    specials = list(map(str, untyped.get_added_vocab()))
    if not any(special in message["content"] for message in messages for special in specials):
        text = _filled(tokenizer, messages)
        return ChatPrompt(tuple(_encoded(tokenizer, text, plain=False)), _opens_thinking(text))
    marks = [MARK.format(place) for place in range(len(messages))]
    text = rest = _filled(
        tokenizer, [Message(role=each["role"], content=mark) for each, mark in zip(messages, marks, strict=True)]
    )
    ids: list[int] = []
    for message, mark in zip(messages, marks, strict=True):
        if mark in rest:  # else the template leaves this message out
            before, _, rest = rest.partition(mark)
            ids += _encoded(tokenizer, before, plain=False)
            ids += _encoded(tokenizer, message["content"], plain=True)
    return ChatPrompt((*ids, *_encoded(tokenizer, rest, plain=False)), _opens_thinking(text))


def _filled(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> str:
    untyped: Any = tokenizer
    return str(untyped.apply_chat_template(list(messages), add_generation_prompt=True, tokenize=False))


def _encoded(tokenizer: PreTrainedTokenizerBase, text: str, *, plain: bool) -> list[int]:
    untyped: Any = tokenizer
    ids = list(untyped(text, add_special_tokens=False, split_special_tokens=plain, verbose=False)["input_ids"])
    if not plain:
        return ids
    # a word-level vocabulary holds the special tokens as words like any other
    unknown = untyped.unk_token_id
    specials = {*untyped.all_special_ids} - {unknown}
    return [unknown if each in specials else each for each in ids if each not in specials or unknown is not None]


def _opens_thinking(text: str) -> bool:
    return text.rstrip().endswith(THINKING)
