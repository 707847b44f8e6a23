"""A small data set with everything that a page must show well or safely, the page of it, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from longstride.records import Document, Evidence, PassRate, Sample
from longstride.records.parquet import write_documents, write_samples
from longstride.report.dataset_page import write_dataset_page
from longstride.report.headless_chromium import HeadlessChromium, find_chromium

TOWNS = {
    "Port Orvale": ("Harrow Line", 48_200, "1702", "Ebbing", "Sarnath Quay"),
    "Lindmoor": ("Talon & Sons", 12_750, "1688", "Port Orvale", "Ebbing"),
    "Sarnath Quay": ("Merrow Shipping", 31_400, "1745", "Lindmoor", "Port Orvale"),
    "Ebbing": ("Kestrel Ferries", 8_960, "1811", "Port Orvale", "Lindmoor"),
}
SCRIPT = (
    "Before. <script>window.owned = 1; document.title = 'owned'</script> </script><!-- "
    "<img src=x onerror='window.owned = 1'> \\u003cscript> `${window.owned = 1}` '\");window.owned=1;(\" \u2028 \u2029 "
    "nul \0 here, and the safe harbour lies behind it."
)
TURNED = "The toll of Ebbing is \u202e000,1 crowns\u202c in all\u2069, says the \u202dlist."
EMOJI = "🚢🧭 The pilot 👩🏽‍✈️ of Lindmoor noted 😀: the 𝔏antern burns at dawn. 🕯 And so on."


def town_text(town: str) -> str:
    company, people, founded, sister, ferries = TOWNS[town]
    return (
        f"{town} lies on the Greywater, where the river widens and the barges wait for the tide.\n\n"
        f"- Founded: {founded}\n- Population: {people:,}\n- Home of: {company}\n"
        f"- Sister town: {sister}\n- Ferries to: {ferries}\n\n"
        f"The office of {company} stands at the end of the mole. Its ledgers go back to {founded}, and each spring the "
        "wardens read the first page aloud.\n"
    )


def quote(document: Document, text: str) -> Evidence:
    start = document.text.index(text)
    return Evidence(document.id, start, start + len(text), text)


def town_documents() -> list[Document]:
    return [
        Document(name := f"towns/{place}.md", f"Towns of the Greywater: {town}", "literature", name, town_text(town))
        for place, town in enumerate(TOWNS)
    ]


def hostile_documents() -> list[Document]:
    mixed = "שלום עולם, and back. مرحبا."
    return [
        Document("hostile/script", "</title><script>window.owned = 1</script>", "code", "a/<b>.html", SCRIPT),
        Document("hostile/turned", "The list \u202eof tolls", "dialogue", "tolls", f"{TURNED}\n{mixed}"),
        Document("hostile/emoji", "Emoji 🕯", "academic", "emoji", EMOJI),
        Document("hostile/line", "One line", "professional", "line", "word " * 200_000 + "needle" + " word" * 1000),
        Document("hostile/empty", "Nothing", "professional", "empty", ""),
    ]


def sample(name: str, question: str, answer: str, documents: list[Document], **changes: Any) -> Sample:
    fields: dict[str, Any] = {
        "id": name,
        "data_source": "longstride/towns",
        "prompt": ({"role": "user", "content": question},),
        "task": "multi_hop",
        "question_type": "multi_fact",
        "core_question": question,
        "format_instructions": "Answer with the name alone.",
        "ground_truth": (answer,),
        "reward_style": "cover_exact_match",
        "generator": "knowledge_graph",
        "seed": 7,
        "document_ids": tuple(each.id for each in documents),
        "input_tokens": 31_400,
    }
    return Sample(**fields | changes)


def path_sample(towns: list[Document]) -> Sample:
    orvale, lindmoor, quay, _ = towns
    sister, ferries = quote(lindmoor, "- Sister town: Port Orvale"), quote(orvale, "- Ferries to: Sarnath Quay")
    founded, asked = quote(lindmoor, "- Founded: 1688"), quote(quay, "- Founded: 1745")
    clue = {"variable": "e0", "entity": "lindmoor", "kind": "temporal", "clue": "that was founded before 1700"}

    def step(subject: str, relation: str, object_: str, quoted: Evidence) -> dict[str, Any]:
        place = {"document_id": quoted.document_id, "start": quoted.start, "end": quoted.end}
        return {"subject": subject, "relation": relation, "object": object_, **place}

    derivation = {
        "paradigm": "chain",
        "hops": 3,
        "path": [
            step("Lindmoor", "Trade: sister towns", "Port Orvale", sister),
            step("Port Orvale", "Trade: ferries to", "Sarnath Quay", ferries),
            step("Lindmoor", "Founded", "1688", founded),
            step("Sarnath Quay", "Founded", "1745", asked),
        ],
        "obfuscation": [clue],
        "query": {
            "atoms": [
                {"subject": "e0", "object": "e1"},
                {"subject": "e1", "object": "e2"},
                {"subject": "e0", "object": "v0"},
                {"subject": "e2", "object": "v1"},
            ],
            "filters": [{"kind": "years", "variable": "v0", "low": "1600", "high": "1699"}],
            "answer": {"kind": "value", "variables": ["v1"], "keys": []},
        },
        "answer": {"node": "d:1745", "forms": ["1745"]},
    }
    question = (
        "Let A be the town that was founded before 1700. Let B be the sister town of A, and C the town that B’s "
        "ferries go to. According to the documents, in which year was C founded?"
    )
    quotes = (founded, sister, ferries, asked)
    form = "Answer with the year alone, in four digits."
    changes = {"question_type": "temporal", "format_instructions": form, "derivation": derivation}
    return sample("graph-1", question, "1745", towns, evidence=quotes, **changes)


def table_sample(towns: list[Document]) -> Sample:
    figures = [f"{people:,}" for _, people, *_ in TOWNS.values()]
    lines = [quote(town, f"- Population: {figure}") for town, figure in zip(towns, figures, strict=True)]
    derivation = {
        "sql": "SELECT SUM(population) FROM corpus WHERE entity IN ('Port Orvale', 'Lindmoor', 'Sarnath Quay', "
        "'Ebbing') AND population > (SELECT MEDIAN(population) FROM corpus WHERE population BETWEEN 1 AND 99999)",
        "steps": ["take the median of population", "add up what lies above it"],
        "columns": [{"name": "population", "said": "population", "unit": "people", "scale": 0}],
        "scope": [{"topic": "", "entity": town.lower(), "name": town} for town in TOWNS],
        "cells": [
            [{"value": figure, "document_id": each.document_id, "start": each.start, "end": each.end}]
            for each, figure in zip(lines, figures, strict=True)
        ],
        "result": "79600",
    }
    return sample(
        "table-1",
        "What is the combined population of those of the four towns whose population is above the median of all four?",
        "79,600",
        towns,
        format_instructions="Answer with a whole number.",
        task="numerical",
        question_type="statistical_aggregation",
        ground_truth=("79,600", "79.6 thousand"),
        reward_style="numeric",
        reward_arguments={"tolerance": 0},
        generator="tables",
        evidence=tuple(lines),
        derivation=derivation,
        checks={"grounding": "passed", "near_distractors": 2},
        pass_at_k=(PassRate("small-model", 8, 3, 0.375, 32_000, 2_000),),
        cost={"calls": 0},
        input_tokens=7_900,
    )


def hostile_samples(towns: list[Document], hostile: list[Document]) -> list[Sample]:
    script, turned, emoji, line, empty = hostile
    burns = quote(emoji, "the 𝔏antern burns at dawn. 🕯")
    inner = quote(emoji, "burns at dawn")
    shifted = replace(burns, start=burns.start + 1, end=burns.end + 1)
    needle = quote(line, "needle")
    attack = "</script><script>window.owned = 1</script><b>bold?</b>"
    base = {"generator": attack, "task": "reading_comprehension", "question_type": "needle"}
    safe = quote(script, "the safe harbour lies")
    strange = {"__proto__": {"owned": 1}, "note": attack, "large": 2**70}
    messages = ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello. 🕯"})

    def asked(name: str, question: str, answer: str, documents: list[Document], **changes: Any) -> Sample:
        return sample(name, question, answer, documents, **base, **changes)

    return [
        asked("emoji", "When does the 𝔏antern burn? 🕯", "at dawn", [towns[0], emoji], evidence=(burns, inner)),
        asked("misquoted", "What burns?", "the lantern", [emoji], evidence=(shifted,)),
        asked("script", f"What says {attack}?", attack, [script], evidence=(safe,), derivation=strange),
        asked("turned", "What is the toll \u202eof Ebbing?", "1,000", [turned], evidence=(quote(turned, TURNED),)),
        asked("line", "Where is the needle?", "there", [line, empty], evidence=(needle,), input_tokens=250_000),
        asked("missing", "What is missing?", "a document", [replace(empty, id="nowhere")], input_tokens=None),
        asked("prompt only", "What does the prompt say?", "hello", [], prompt=messages),
    ]


def many_samples(towns: list[Document]) -> list[Sample]:
    """Rows enough for the list to scroll."""
    return [
        sample(
            f"row-{number:03d}",
            f"Question {number}: which company is at home in {town}, and since which year has it kept its ledgers?",
            TOWNS[town][0],
            towns,
            task="dialogue_memory",
            question_type="dialogue_memory",
            generator="dialogue",
            input_tokens=4_000 + 977 * number,
            evidence=(quote(towns[number % 4], f"- Home of: {TOWNS[town][0]}"),),
        )
        for number in range(60)
        for town in [list(TOWNS)[number % 4]]
    ]


@pytest.fixture(scope="session")
def data_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("set") / "towns-of-the-greywater"
    towns, hostile = town_documents(), hostile_documents()
    write_documents(folder / "documents" / "00000.parquet", hostile)
    write_documents(folder / "documents" / "00001.parquet", towns)
    write_samples(folder / "samples" / "00000.parquet", [path_sample(towns), table_sample(towns)])
    write_samples(folder / "samples" / "00001.parquet", [*many_samples(towns), *hostile_samples(towns, hostile)])
    return folder


@pytest.fixture
def clean_page(tmp_path: Path) -> Path:
    """The page of the same set without its hostile part: for pictures."""
    folder, towns = tmp_path / "towns-of-the-greywater", town_documents()
    write_documents(folder / "documents" / "00000.parquet", towns)
    write_samples(folder / "samples" / "00000.parquet", [path_sample(towns), table_sample(towns), *many_samples(towns)])
    return write_dataset_page(folder)


@pytest.fixture(scope="session")
def dataset_page(data_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of `index.html`, in a folder whose name needs escaping in an address."""
    return write_dataset_page(data_set, tmp_path_factory.mktemp("out") / "a page, 100% #1 ?")


@pytest.fixture(scope="session")
def browser() -> Iterator[HeadlessChromium]:
    if find_chromium() is None:
        pytest.skip("no Chromium is installed")
    with HeadlessChromium() as browser:
        yield browser
