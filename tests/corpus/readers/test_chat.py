from __future__ import annotations

from typing import Any

import pytest

from longstride.corpus.limits import Unreadable
from longstride.corpus.readers.chat import messages_of, plain_chat, read_chat

ASKED = [{"role": "user", "content": "Where is Oran?"}, {"role": "assistant", "content": "In Algeria."}]
SAID = "User: Where is Oran?\n\nAssistant: In Algeria.\n"


def text_of(record: Any):
    messages = messages_of(record)
    return None if messages is None else read_chat(messages, "chat", "")[0].text


def test_the_shapes_that_tools_export():
    assert text_of({"messages": ASKED}) == SAID
    assert text_of(ASKED) == SAID
    shared = [{"from": "human", "value": "Where is Oran?"}, {"from": "gpt", "value": "In Algeria."}]
    assert text_of({"conversations": shared}) == SAID
    parts = [{"role": each["role"], "content": [{"type": "text", "text": each["content"]}]} for each in ASKED]
    assert text_of({"messages": parts}) == SAID


def test_a_tree_of_messages_is_followed_to_the_node_that_was_open():
    def node(parent: str, role: str, *texts: str):
        return {"parent": parent, "message": {"author": {"role": role}, "content": {"parts": list(texts)}}}

    mapping = {
        "root": {"parent": None, "message": None},
        "a": node("root", "user", "Where is Oran?"),
        "b": node("a", "assistant", "In Spain."),
        "c": node("a", "assistant", "In Algeria."),
    }
    assert text_of({"title": "Ports", "mapping": mapping, "current_node": "c"}) == SAID


def test_a_tree_that_turns_in_a_circle_ends():
    mapping = {"a": {"parent": "b", "message": ASKED[0]}, "b": {"parent": "a", "message": ASKED[1]}}
    assert text_of({"mapping": mapping, "current_node": "b"}) == SAID


def test_missing_roles_and_empty_turns_are_counted():
    source, mended = read_chat([{"content": "Hello"}, {"role": "user", "content": ""}, "plain"], "chat", "r1")
    assert source.text == "Speaker: Hello\n\nSpeaker: plain\n"
    assert mended == {"messages_without_role": 2, "messages_without_text": 1}
    with pytest.raises(Unreadable):
        read_chat([{"role": "user"}], "chat", "")


def test_every_turn_is_a_place_to_split():
    source, _ = read_chat(ASKED, "chat", "")
    assert [source.text[each.offset :].split(":")[0] for each in source.breaks or ()] == ["User", "Assistant"]


def test_plain_text_with_speakers_is_a_dialogue():
    text = "Mara: Where is it?\n\nTom: In the shed.\n\nMara: Which one?\n\nTom: The old one.\n\nMara: Thank you.\n"
    breaks = plain_chat(text)
    assert breaks is not None and [text[each.offset] for each in breaks] == list("MTMTM")


def test_labelled_facts_and_stories_are_none():
    assert plain_chat("Population: 5\nArea: 6\nCapital: Oran\nCurrency: dinar\nLanguage: Arabic\n") is None
    assert plain_chat("He came home.\n\nNote: it was late.\n\nShe slept.\n\nThe end came soon.\n") is None
    assert plain_chat("Title: A\n\nTitle: B\n\nTitle: C\n\nTitle: D\n") is None


def test_records_that_are_no_chat():
    for value in ({}, {"messages": "none"}, {"messages": []}, {"messages": [1, 2]}, [], [1], "text", None):
        assert messages_of(value) is None
