from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.corpus.dedup import Deduplicator, signature
from longstride.records import Document


def words(seed: Any, count: int = 300):
    rng = random.Random(f"dedup/{seed}")
    return [f"w{rng.randrange(5000)}" for _ in range(count)]


def source(name: str, *texts: str):
    return [Document(f"{name}#{n}", "t", "literature", name, text) for n, text in enumerate(texts)]


def changed(text: str, every: int):
    return " ".join(f"{word}x" if index % every == 0 else word for index, word in enumerate(text.split()))


def test_the_same_text_but_for_case_and_spacing_is_a_duplicate():
    text = " ".join(words(1))
    deduplicator = Deduplicator()
    assert deduplicator.add(source("a", text)) == [None]
    assert deduplicator.add(source("b", text.replace(" ", "\n"))) == ["duplicate"]
    assert deduplicator.add(source("c", text.upper() + "!")) == ["near_duplicate"]
    assert deduplicator.add(source("d", " ".join(words(2)))) == [None]


def test_near_means_four_fifths_of_the_shingles():
    text = " ".join(words(1, 2000))
    deduplicator = Deduplicator()
    deduplicator.add(source("a", text))
    # a changed word changes five shingles: of every 100 words that leaves 0.95 of them, Jaccard 0.95 / 1.05
    assert deduplicator.add(source("b", changed(text, 100))) == ["near_duplicate"]
    assert deduplicator.add(source("c", changed(text, 20))) == [None]  # Jaccard 0.75 / 1.25


def test_a_source_that_is_split_at_other_places_is_found_as_a_whole():
    text = words(1, 3000)
    deduplicator = Deduplicator()
    deduplicator.add(source("a", *(" ".join(text[at : at + 1000]) for at in (0, 1000, 2000))))
    again = [" ".join(text[:500]), " ".join(text[500:1500]), " ".join(text[1500:])]
    assert deduplicator.add(source("b", *again)) == ["duplicate_source"] * 3


def test_parts_of_one_source_may_resemble_each_other_but_not_be_the_same():
    text = " ".join(words(1))
    deduplicator = Deduplicator()
    assert deduplicator.add(source("a", text, changed(text, 100), text)) == [None, None, "duplicate"]
    assert deduplicator.add(source("b", changed(text, 90), " ".join(words(3)))) == ["near_duplicate", None]


def test_texts_shorter_than_a_shingle():
    deduplicator = Deduplicator()
    assert deduplicator.add(source("a", "one two", "漢字", "")) == [None, None, None]
    assert deduplicator.add(source("b", "One two.")) == ["near_duplicate"]


def test_what_is_kept_is_enough_to_go_on():
    texts = [" ".join(words(seed % 5, 60)) + f" {seed // 5}" for seed in range(12)]
    sources = [source(f"s{number}", *texts[number : number + 2]) for number in range(11)]
    through = Deduplicator()
    whole = [through.add(each) for each in sources]
    for stop in range(len(sources)):
        first, second = Deduplicator(), Deduplicator()
        for each in sources[:stop]:
            reasons = first.add(each)
            second.replay([document for document, reason in zip(each, reasons, strict=True) if reason is None])
        assert [second.add(each) for each in sources[stop:]] == whole[stop:]


def test_a_signature_does_not_depend_on_the_process():
    code = (
        "from longstride.corpus import signature as s; x = s('Oran is a port on the coast'); print(x.digest, x.minhash)"
    )

    def said_with(seed: Any):
        command = [sys.executable, "-c", code]
        return subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}).stdout

    said = {said_with("1"), said_with("2")}
    here = signature("Oran is a port on the coast")
    assert said == {f"{here.digest} {here.minhash}\n"}


def test_a_signature_is_pinned():
    """A release that changes these numbers breaks the resuming of runs begun with the one before."""
    assert signature("Oran is a port on the coast of Algeria").minhash[:4].tolist() == PINNED


def test_a_threshold_that_means_nothing_is_refused():
    with pytest.raises(ValueError, match="threshold is 0"):
        Deduplicator(0)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_any_text_is_a_duplicate_of_itself(texts: Any):
    deduplicator = Deduplicator()
    deduplicator.add(source("a", *texts))
    assert all(deduplicator.add(source("b", *texts)))


PINNED = [3268248712, 75849051, 3248808523, 3778528128]  # rensa 0.5
