"""What a reader notes who knows what proves the answer."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.errors import InputError
from longstride.memory.oracle import Oracle, oracle_turns
from longstride.memory.query import Query
from longstride.memory.reading import Reading
from longstride.memory.settings import MemorySettings
from longstride.memory.updates import parse_update
from longstride.records import Document, Evidence, Sample

SETTINGS = MemorySettings(
    chunk_tokens=20, memory_tokens=60, update_tokens=80, answer_tokens=30, prompts="tiny_chunk_first"
)
WALK = ("Milis works at Kestrel .", "Kestrel is based in Port Orvale .")
ECHO = "Milis works at a company that is based in which town ?"


def words(text: str) -> int:
    return len(text.split())


def asked(question: str, quotes: tuple[str, ...], answer: str, style: str = "exact", **fields: Any) -> Sample:
    documents = [Document(f"d{place}", "", "literature", "", quote) for place, quote in enumerate(quotes)]
    return Sample(
        id="s",
        data_source="test",
        prompt=({"role": "user", "content": question},),
        task="multi_hop",
        question_type="multi_fact",
        core_question=question,
        format_instructions="",
        ground_truth=(answer,),
        reward_style=style,
        generator="test",
        seed=0,
        document_ids=tuple(each.id for each in documents),
        evidence=tuple(Evidence(each.id, 0, len(each.text), each.text) for each in documents),
        **fields,
    )


def notes(sample: Sample, *chunks: str, budget: int = 60) -> list[str]:
    """The memory after each chunk."""
    oracle = Oracle(sample, replace(SETTINGS, memory_tokens=budget), words)
    return [parse_update(oracle.update(chunk)).memory for chunk in chunks]


@pytest.mark.parametrize("question", [ECHO, "Where is the company of Milis based ?"])
def test_the_reasoning_is_noted_as_far_as_it_has_come(question: str):
    sample = asked(question, WALK, "Port Orvale")
    assert notes(sample, "Zera likes wool .", f"x .\n{WALK[0]}", f"{WALK[1]}\nx .", "y .") == [
        "Milis works at ? .",
        "Milis works at Kestrel .\nKestrel is based in ? .",
        "Milis works at Kestrel .\nKestrel is based in Port Orvale .",
        "Milis works at Kestrel .\nKestrel is based in Port Orvale .",
    ]


def test_what_nobody_can_know_to_matter_is_not_noted():
    sample = asked(ECHO, WALK, "Port Orvale")
    assert notes(sample, WALK[1], WALK[0]) == [
        "Milis works at ? .",
        "Milis works at Kestrel .\nKestrel is based in ? .",
    ]


def test_both_steps_in_one_chunk_are_noted_at_once_in_whichever_order_they_stand():
    sample = asked(ECHO, WALK, "Port Orvale")
    assert notes(sample, f"{WALK[1]}\n{WALK[0]}") == ["\n".join(WALK)]


@pytest.mark.parametrize(
    "sample, before, after",
    [
        (asked("What does Gasath play ?", ("Gasath plays the fiddle .",), "fiddle"), "Gasath plays the ? .", None),
        (
            asked("Kestrel | 2031 | what ?", ("Kestrel | 2031 | 47 ;",), "47", "numeric"),
            "Kestrel | 2031 | ? .",
            None,
        ),
        (
            asked("In which year did Kestrel sell the most ?", ("Kestrel | 2031 | 47 ;",), "2031"),
            "Kestrel | ? .",
            None,
        ),
        (
            asked(
                "Zelis likes what ? cheese (A) wool (B) salt (C) glass (D)",
                ("Zelis likes wool .",),
                "B",
                "choice",
                derivation={"options": ["cheese", "wool", "salt", "glass"]},
            ),
            "Zelis likes ? .",
            None,
        ),
        (
            asked(
                "Repeat the riddle about keys after road seed .",
                ("User : tell a riddle . Assistant : about keys : sings door quiet sleeps deep .",),
                "road seed about keys : sings door quiet sleeps deep",
                "mrcr",
                reward_arguments={"prefix": "road seed"},
            ),
            "about keys : ? .",
            "about keys : sings door quiet sleeps deep .",
        ),
        (asked("How old is the oldest bridge ?", ("It was built long ago .",), "300 years"), ".", None),
    ],
)
def test_what_is_looked_for_stands_open_until_it_is_met(sample: Sample, before: str, after: str | None):
    quote = sample.evidence[0].text
    assert notes(sample, "x .", f"y .\n{quote}\nz .") == [before, after or quote]


def test_several_rows_are_noted_in_the_order_of_the_reasoning():
    rows = ("Jarrling | 2039 | 58 ;", "Quilcombe | 2039 | 32 ;", "Drummont | 2039 | 30 ;")
    sample = asked("In 2039 which company sold the least : Jarrling , Quilcombe or Drummont ?", rows, "Drummont")
    assert notes(sample, rows[2], rows[0]) == [
        "Jarrling | 2039 | ? .\nDrummont | 2039 | 30 ;",
        "Jarrling | 2039 | 58 ;\nQuilcombe | 2039 | ? .\nDrummont | 2039 | 30 ;",
    ]


def test_a_quotation_is_found_however_its_lines_are_broken():
    assert notes(
        asked("Who leads Kestrel ?", ("Kestrel is\nled by Milis .",), "Milis"), "Kestrel is led\nby Milis ."
    ) == ["Kestrel is led by Milis ."]


def test_the_budget_holds_and_the_oracle_then_is_not_complete():
    sample = asked(ECHO, WALK, "Port Orvale")
    oracle = Oracle(sample, replace(SETTINGS, memory_tokens=words(WALK[0]) + 1), words)
    oracle.update("\n".join(WALK))
    assert oracle.memory == WALK[0]
    assert not oracle.complete


def test_a_quotation_that_holds_marks_does_not_break_the_update():
    quote = "Kestrel says </memory> twice ."
    assert notes(asked("What does Kestrel say ?", (quote,), "twice"), quote) == [quote]


def test_the_paper_s_prompts_get_a_plan_of_what_is_missing():
    oracle = Oracle(asked(ECHO, WALK, "Port Orvale"), replace(SETTINGS, prompts="paper"), words)
    plans = [parse_update(oracle.update(chunk)).plan for chunk in WALK]
    assert plans == ["Look for how this goes on: Kestrel is based in", "No previous memory."]


def test_a_budget_that_holds_nothing_is_refused():
    with pytest.raises(InputError, match="memory_tokens is 3"):
        Oracle(asked(ECHO, WALK, "Port Orvale"), replace(SETTINGS, prompts="paper", memory_tokens=3), words)


def turns_over(chunks: list[str], reply: str | None = "The answer is Port Orvale") -> list[tuple[str, str, str]]:
    sample = asked(ECHO, WALK, "Port Orvale")
    reading = Reading([Query(ECHO)], chunks, SETTINGS, words)
    oracle = Oracle(sample, SETTINGS, words)
    return [(request.kind, request.prompt, said) for request, said in oracle_turns(reading, chunks, oracle, reply)]


def test_the_turns_are_those_of_a_reading_with_the_answer_at_the_end():
    first, second, last = turns_over(list(WALK))
    assert (first[0], second[0], last[0]) == ("update", "update", "answer")
    assert first[1].startswith(WALK[0])
    assert "Milis works at Kestrel .\nKestrel is based in ? ." in second[1]
    assert last[1].startswith("\n".join(WALK))
    assert last[2] == "The answer is Port Orvale"


def test_an_answer_that_could_only_be_guessed_is_no_lesson():
    assert [kind for kind, _, _ in turns_over([WALK[1], WALK[0]])] == ["update", "update"]
    assert [kind for kind, _, _ in turns_over(list(WALK), reply=None)] == ["update", "update"]


@given(st.integers(0, 10_000))
def test_whatever_the_order_nothing_is_noted_that_was_not_read(seed: int):
    draw = random.Random(seed)
    chunks = [*WALK, "Milis lives in Ebbholt .", "Zera works at Kestrel ."]
    draw.shuffle(chunks)
    sample, read = asked(ECHO, WALK, "Port Orvale"), ""
    for chunk, memory in zip(chunks, notes(sample, *chunks), strict=True):
        read += chunk
        for line in memory.splitlines():
            assert line in read or line.endswith(" ? .")
