"""What is written as a response: quotations in order, the option, then the answer as its rule wants it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from longstride.engines.local.warmup.targets import (
    LONGEST_QUOTE,
    MOST_QUOTES,
    earns_its_reward,
    reasoning,
    written_reply,
)
from longstride.records import Evidence, Sample

HOPS = ("Milis works at Kestrel .", "Kestrel is based in Port Yarwick .")


def sample(
    truth: str,
    style: str = "exact",
    quotes: Sequence[str] = HOPS,
    question: str = "Where is the company of Milis based ?",
    arguments: Mapping[str, Any] | None = None,
    derivation: Mapping[str, Any] | None = None,
    prompt: str = "...",
) -> Sample:
    return Sample(
        id="s",
        data_source="test",
        prompt=({"role": "user", "content": prompt},),
        task="multi_hop",
        question_type="multi_fact",
        core_question=question,
        format_instructions="",
        ground_truth=(truth,),
        reward_style=style,
        reward_arguments=arguments or {},
        generator="test",
        seed=0,
        document_ids=("d",),
        evidence=tuple(Evidence("d", 0, len(quote), quote) for quote in quotes),
        derivation=derivation or {},
    )


def test_the_evidence_is_quoted_in_its_order_and_then_the_answer_given():
    asked = sample("Port Yarwick")
    reply = "Milis works at Kestrel .\nKestrel is based in Port Yarwick .\nThe answer is Port Yarwick"
    assert written_reply(asked) == reply
    assert earns_its_reward(asked, reply)


def test_a_text_is_quoted_once_on_one_line():
    assert reasoning(sample("x", quotes=("one  fact\n.", "one fact .", "another ."))) == ["one fact .", "another ."]


def test_long_evidence_and_much_of_it_is_left_out():
    long = "word " * (LONGEST_QUOTE // 5 + 1)
    assert reasoning(sample("x", quotes=(long, "short ."))) == ["short ."]
    assert len(reasoning(sample("x", quotes=[f"fact {n} ." for n in range(20)]))) == MOST_QUOTES


def test_a_response_that_is_graded_whole_is_the_answer_alone():
    asked = sample("quiet moon the old song", "mrcr", arguments={"prefix": "quiet moon"})
    assert written_reply(asked) == "quiet moon the old song"
    assert earns_its_reward(asked, written_reply(asked))
    assert not earns_its_reward(asked, f"{HOPS[0]} {written_reply(asked)}")


@pytest.mark.parametrize(
    ("question", "worded"),
    [
        ("Where is Kestrel based ? Birale (A) Yarwick (B) Pelmere (C) Tarnale (D)", "Yarwick (B)"),
        ("Where is Kestrel based?\n(A) Birale\n(B) Yarwick\n(C) Pelmere\n(D) Tarnale", "(B) Yarwick"),
    ],
)
def test_the_right_option_stands_before_its_letter_is_given(question: str, worded: str):
    options = ["Birale", "Yarwick", "Pelmere", "Tarnale"]
    asked = sample("B", "choice", HOPS[1:], question, arguments={"choices": "ABCD"}, derivation={"options": options})
    assert written_reply(asked).splitlines() == [HOPS[1], worded, "The answer is (B)"]
    assert earns_its_reward(asked, written_reply(asked))


def test_a_choice_without_known_options_is_answered_by_its_letter():
    assert written_reply(sample("B", "choice", ())) == "The answer is (B)"


def test_a_prompt_that_asks_for_the_papers_words_gets_them():
    asked = sample("Port Yarwick", prompt='Format your response as follows: "Therefore, the answer is (...)"')
    assert written_reply(asked).splitlines()[-1] == "Therefore, the answer is Port Yarwick"
    assert earns_its_reward(asked, written_reply(asked))


def test_where_the_template_opened_the_thinking_the_reasoning_ends_it():
    asked = sample("Port Yarwick")
    reply = written_reply(asked, thinking_opened=True)
    assert reply == "\n".join([*HOPS, "</think>", "", "The answer is Port Yarwick"])
    assert earns_its_reward(asked, reply, thinking_opened=True)
    assert not earns_its_reward(asked, written_reply(asked), thinking_opened=True)  # still thinking


def test_a_wrong_reply_does_not_earn_its_reward():
    assert not earns_its_reward(sample("Port Yarwick"), "The answer is Birale")
