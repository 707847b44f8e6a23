"""A toy question family over lines like `- color of Foo: red`, and data sets made of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from longstride.records import Document, Evidence, Sample
from longstride.records.parquet import write_documents, write_samples

LINE = re.compile(r"^- ([a-z]+) of ([A-Z][a-z0-9]*): (.+)$", re.MULTILINE)


@dataclass
class AttributeFamily:
    """Looks an attribute up, adds several, or names the entity that has most of one."""

    extracted: list[str] = field(default_factory=list[str])  # ids, in the order of extraction

    def extract(self, document: Document) -> list[tuple[str, str, str]]:
        self.extracted.append(document.id)
        return [(name, entity, value) for name, entity, value in LINE.findall(document.text)]

    def answers(self, derivation: Mapping[str, Any], sources: Sequence[Any]) -> tuple[str, ...]:
        facts = [fact for source in sources for fact in source.facts]
        if "sum" in derivation:
            found = [[value for *key, value in facts if key == wanted] for wanted in derivation["sum"]]
            return (str(sum(int(values[0]) for values in found)),) if all(len(each) == 1 for each in found) else ()
        if "largest" in derivation:
            sizes = {entity: int(value) for name, entity, value in facts if name == derivation["largest"]}
            return tuple(sorted(entity for entity, size in sizes.items() if size == max(sizes.values())))
        wanted = [derivation["attribute"], derivation["entity"]]
        return tuple(dict.fromkeys(value for *key, value in facts if key == wanted))


@pytest.fixture
def family() -> AttributeFamily:
    return AttributeFamily()


def document(name: str, *lines: str) -> Document:
    """A document of facts with a little prose around them."""
    text = "\n".join([f"A note about {name}.", "", *(f"- {line}" for line in lines), "", "It ends here."])
    return Document(name, f"Note {name}", "professional", f"{name}.md", text)


def quotation(held: Document, words: str) -> Evidence:
    start = held.text.index(words)
    return Evidence(held.id, start, start + len(words), words)


def sample(
    documents: Sequence[Document],
    evidence: Sequence[Evidence],
    answer: str,
    derivation: Mapping[str, Any],
    **changes: Any,
) -> Sample:
    question = changes.pop("core_question", f"What does {dict(derivation)} give?")
    content = "\n\n".join([*(each.text for each in documents), question])
    values: dict[str, Any] = {
        "id": "s1",
        "data_source": "toy",
        "prompt": ({"role": "user", "content": content},),
        "task": "multi_hop",
        "question_type": "look_up",
        "core_question": question,
        "format_instructions": "Answer in one word.",
        "ground_truth": (answer,),
        "reward_style": "exact",
        "generator": "attributes",
        "seed": 0,
        "document_ids": tuple(each.id for each in documents),
        "evidence": tuple(evidence),
        "derivation": dict(derivation),
        "input_tokens": 1000,
    }
    return Sample(**{**values, **changes})


@pytest.fixture
def make_document() -> Callable[..., Document]:
    return document


@pytest.fixture
def make_quotation() -> Callable[..., Evidence]:
    return quotation


@pytest.fixture
def make_sample() -> Callable[..., Sample]:
    return sample


@pytest.fixture
def world() -> dict[str, Document]:
    """Twelve documents, each with the color and the size of an entity of its own."""
    colors = ["red", "green", "blue", "white", "black", "brown", "pink", "grey", "gold", "teal", "lime", "plum"]
    return {
        f"d{index}": document(f"d{index}", f"color of Foo{index}: {color}", f"size of Foo{index}: {index * 7 + 3}")
        for index, color in enumerate(colors)
    }


@pytest.fixture
def good(world: dict[str, Document]) -> Sample:
    """A sample that passes every check: the sizes of two entities, among eight documents."""
    evidence = [quotation(world["d1"], "size of Foo1: 10"), quotation(world["d4"], "size of Foo4: 31")]
    derivation = {"sum": [["size", "Foo1"], ["size", "Foo4"]]}
    held = [world[f"d{index}"] for index in range(8)]
    return sample(held, evidence, "41", derivation, core_question="What is the size of Foo1 and of Foo4 together?")


@pytest.fixture
def look_ups(world: dict[str, Document]) -> list[Sample]:
    """One good sample for each document: its color, of two tasks and three lengths."""
    held = list(world.values())
    made: list[Sample] = []
    for index, each in enumerate(held):
        color = LINE.findall(each.text)[0][2]
        context = [held[(index + step) % len(held)] for step in range(8)]
        made.append(
            sample(
                context,
                [quotation(each, f"color of Foo{index}: {color}")],
                color,
                {"attribute": "color", "entity": f"Foo{index}"},
                id=f"s{index}",
                core_question=f"Which color does the note give for Foo{index}, says {'it' if index % 2 else 'one'}?",
                task="reading_comprehension" if index % 2 else "multi_hop",
                input_tokens=(1000, 6000, 20000)[index % 3],
            )
        )
    return made


@pytest.fixture
def write_data_set(tmp_path: Path) -> Callable[..., Path]:
    """Write documents and samples (in two files) as a data set folder."""

    def write(documents: Sequence[Document], samples: Sequence[Sample], name: str = "set") -> Path:
        folder = tmp_path / name
        half = -(-len(samples) // 2)
        write_documents(folder / "documents" / "part-0.parquet", documents[: len(documents) // 2])
        write_documents(folder / "documents" / "part-1.parquet", documents[len(documents) // 2 :])
        write_samples(folder / "samples" / "part-0.parquet", samples[:half])
        write_samples(folder / "samples" / "part-1.parquet", samples[half:])
        return folder

    return write
