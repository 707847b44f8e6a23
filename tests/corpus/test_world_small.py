"""The small world: a closed vocabulary, short documents, the sentence forms that a tiny model can learn."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from longstride.corpus.world import World, small_vocabulary, write_world
from longstride.corpus.world.small import FIRMS, LANDS, PEOPLE, TOWNS
from longstride.errors import InputError

SEEDS = st.integers(min_value=0, max_value=2**31)
SENTENCE = re.compile(
    r"(?:Port )?\w+ (?:(?:works at|lives in|plays the|likes|is based in|is led by|makes|lies in|is known for|"
    r"is ruled by)"
    r" (?:Port )?\w+ \.|\| \d{4} \| \d\d ;)|User : tell a riddle \. Assistant : about \w+ : (?:\w+ ){5}\."
)


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_every_word_is_of_the_vocabulary_and_every_sentence_of_a_known_form(seed: int):
    vocabulary = set(small_vocabulary())
    for document in World(seed, "small").documents():
        assert set(document.text.split()) <= vocabulary
        assert all(SENTENCE.fullmatch(line) for line in document.text.splitlines())


def test_the_vocabulary_is_a_few_hundred_words_each_once():
    vocabulary = small_vocabulary()
    assert len(vocabulary) == len(set(vocabulary)) <= 450
    assert all(len(word.split()) == 1 for word in vocabulary)


def test_documents_have_about_twenty_words():
    sizes = [len(document.text.split()) for document in World(1, "small").documents()]
    assert max(sizes) <= 24
    assert 16 <= sum(sizes) / len(sizes) <= 20


def test_every_name_appears_in_every_world_with_several_relations():
    for seed in range(3):
        relations = Counter(fact.subject.removeprefix("Port ") for fact in World(seed, "small").facts())
        assert all(relations[name] >= 2 for name in (*PEOPLE, *FIRMS, *TOWNS, *LANDS))


def test_names_are_two_edits_apart_and_begin_no_other():
    names = [*PEOPLE, *FIRMS, *TOWNS, *LANDS]
    for one, two in combinations(names, 2):
        assert Levenshtein.distance(one, two) >= 2
        assert not one.startswith(two) and not two.startswith(one)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_a_key_has_one_value_within_four_words(seed: int):
    seen: dict[tuple[str, str], str] = {}
    for document, facts in World(seed, "small").pages():
        for fact in facts:
            assert seen.setdefault((fact.subject, fact.relation), fact.object) == fact.object
            assert document.text[fact.start : fact.end] == fact.object
            if not fact.relation.startswith("riddle"):
                assert document.text[: fact.start].endswith(f"{fact.subject} {fact.relation} ")
                assert len(fact.relation.split()) <= 3


def test_the_same_seed_gives_the_same_world_and_another_one_another():
    assert list(World(4, "small").pages()) == list(World(4, "small").pages())
    assert {d.text for d in World(4, "small").documents()} != {d.text for d in World(5, "small").documents()}
    assert list(World(4, "small").documents(count=9)) == list(World(4, "small").documents())[:9]


def test_two_steps_can_be_walked():
    facts = {(fact.subject, fact.relation): fact.object for fact in World(6, "small").facts()}
    for person in PEOPLE:
        town = facts[facts[person, "works at"], "is based in"]
        assert facts[facts[town, "lies in"], "is ruled by"] in PEOPLE


def test_tokens_are_words_here():
    documents = list(World(2, "small").documents(tokens=100))
    sizes = [len(document.text.split()) for document in documents]
    assert sum(sizes[:-1]) < 100 <= sum(sizes)


def test_more_than_there_is_is_refused():
    with pytest.raises(InputError, match="the small world has 272 documents, fewer than asked for; take another seed"):
        list(World(1, "small").documents(count=273))
    assert len(list(World(1, "small").documents(count=272))) == 272


def test_it_is_written_as_plain_text(tmp_path: Path):
    assert write_world(tmp_path, 1, "small") == 272
    assert (tmp_path / "people" / f"{PEOPLE[0].lower()}.txt").read_text().startswith(PEOPLE[0])
