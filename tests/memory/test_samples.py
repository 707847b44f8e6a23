"""Samples as the agent meets them."""

from dataclasses import replace
from pathlib import Path

import pytest

from longstride.errors import InputError
from longstride.memory.query import Query
from longstride.memory.samples import Documents, query_of
from longstride.records import Document, Sample
from longstride.records.parquet import write_documents

FORM = 'Format your response as follows: "Therefore, the answer is (insert answer here)".'


def document(name: str, text: str, title: str = "a title") -> Document:
    return Document(name, title, "literature", f"{name}.txt", text)


def sample(prompt: str, question: str = "Who leads Kestrel?", instructions: str = "", ids: tuple[str, ...] = ("d",)):
    return Sample(
        id="s",
        data_source="test",
        prompt=({"role": "user", "content": prompt},),
        task="multi_hop",
        question_type="multi_fact",
        core_question=question,
        format_instructions=instructions,
        ground_truth=("Milis",),
        reward_style="exact",
        generator="test",
        seed=0,
        document_ids=ids,
    )


def test_the_answers_form_reaches_the_query_though_it_stands_only_in_the_prompt():
    prompt = f"I say the answer is far.\n\nWho leads Kestrel?\n\nGive a full name.\n{FORM}"
    asked = query_of(sample(prompt, instructions="Give a full name."))
    assert asked == Query("Who leads Kestrel?", f"Give a full name.\n{FORM}")


def test_a_prompt_without_a_form_adds_nothing_and_neither_do_its_documents():
    assert query_of(sample("Lo : the answer is no .\nQuestion : Who leads Kestrel?\nReply :")).instructions == ""
    assert query_of(sample("the answer is elsewhere", instructions="In one word.")).instructions == "In one word."


def test_documents_come_in_the_samples_order():
    library = Documents([document("a", "one"), document("b", "two")])
    texts = [each.text for each in library.of(sample("two\none\nWho leads Kestrel?", ids=("b", "a")))]
    assert texts == ["two", "one"]


def test_of_two_documents_with_one_id_the_prompt_has_the_one_that_is_meant():
    library = Documents([document("d", "Kestrel is led by Osath ."), document("d", "Kestrel is led by Milis .")])
    (found,) = library.of(sample("Kestrel is led by Milis .\nWho leads Kestrel?"))
    assert found.text == "Kestrel is led by Milis ."


def test_a_title_that_the_prompt_shows_is_read_too():
    shown = document("d", "It is led by Milis .", "Kestrel")
    assert (
        Documents([shown]).of(sample(f"# Kestrel\n\n{shown.text}\n\nWho leads Kestrel?"))[0].text.startswith("# Kest")
    )
    assert Documents([shown]).of(sample(f"{shown.text}\nWho leads Kestrel?"))[0] == shown


@pytest.mark.parametrize("ids, problem", [((), "names no documents"), (("d", "e"), "'e', which is not there")])
def test_what_is_missing_is_named(ids: tuple[str, ...], problem: str):
    with pytest.raises(InputError, match=problem):
        Documents([document("d", "text")]).of(replace(sample("text"), document_ids=ids))


def test_folders_are_read_and_one_without_documents_is_refused(tmp_path: Path):
    write_documents(tmp_path / "one" / "documents" / "0.parquet", [document("d", "text")])
    assert Documents.of_folders([tmp_path / "one"]).of(sample("text"))[0].text == "text"
    (tmp_path / "two").mkdir()
    with pytest.raises(InputError, match="no documents/"):
        Documents.of_folders([tmp_path / "one", tmp_path / "two"])
