"""Each check of one sample passes what is right and fails what is wrong for exactly its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import pytest

from longstride.curation import CHECKS, Curator, Source
from longstride.curation.curator import with_checks
from longstride.curation.families import Rederivation
from longstride.records import Document, Evidence, Sample
from longstride.synthesis import candidates


def curator(family: Any, pool: Mapping[str, Document], **options: Any) -> Curator:
    return Curator({"attributes": family}, pool=list(pool.values()), count_tokens=len, **options)


def test_a_good_sample_passes_and_tells_what_was_measured(family: Any, world: dict[str, Document], good: Sample):
    verdict = curator(family, world).check(good, world)
    assert verdict.passed and verdict.reason is None and not verdict.skipped
    assert verdict.checks() == {
        "quotes": {"status": "passed", "documents": 8, "quotations": 2},
        "answer": {"status": "passed"},
        "grounding": {"status": "passed", "evidence_documents": 2, "left_out": 2, "needed": 2},
        "robustness": {"status": "passed", "distractors": 4},
    }
    assert tuple(verdict.checks()) == CHECKS


def test_evidence_shifted_by_one_is_caught(family: Any, world: dict[str, Document], good: Sample):
    first = good.evidence[0]
    shifted = Evidence(first.document_id, first.start + 1, first.end + 1, first.text)
    verdict = curator(family, world).check(replace(good, evidence=(shifted, *good.evidence[1:])), world)
    assert verdict.reason == "quotes: evidence does not quote its document"
    assert verdict.failed is not None and verdict.failed[1].detail.startswith(f"d1 {first.start + 1}:")


def test_a_changed_document_is_caught(family: Any, world: dict[str, Document], good: Sample):
    changed = {**world, "d6": replace(world["d6"], text=world["d6"].text.replace("ends", "stops"))}
    assert curator(family, world).check(good, changed).reason == (
        "quotes: a document does not stand verbatim in the prompt"
    )


def test_a_missing_document_is_caught(family: Any, world: dict[str, Document], good: Sample):
    fewer = {name: each for name, each in world.items() if name != "d7"}
    assert curator(family, world).check(good, fewer).reason == "quotes: a document does not exist"


def test_a_document_named_twice_is_caught(family: Any, world: dict[str, Document], good: Sample):
    twice = replace(good, document_ids=(*good.document_ids, "d0"))
    assert curator(family, world).check(twice, world).reason == "quotes: a document is named twice"


def test_each_document_needs_a_place_of_its_own(
    family: Any, make_document: Callable[..., Document], make_sample: Callable[..., Sample]
):
    outer = make_document("outer", "color of Foo: red")
    inner = Document("inner", "Part", "professional", "part.md", "- color of Foo: red")
    held = {"outer": outer, "inner": inner}
    derivation = {"attribute": "color", "entity": "Foo"}
    evidence = [Evidence("inner", 0, 19, inner.text)]
    both = make_sample([inner, outer], evidence, "red", derivation)
    alone = replace(both, prompt=({"role": "user", "content": outer.text},))
    assert curator(family, held).check(alone, held).reason == "quotes: a document does not stand verbatim in the prompt"
    assert dict(curator(family, held).check(both, held).outcomes)["quotes"].passed


@pytest.mark.parametrize(
    ("derivation", "answer", "reason"),
    [
        ({"attribute": "color", "entity": "Foo1"}, "red", "the derivation gives another answer"),
        ({"attribute": "taste", "entity": "Foo1"}, "red", "the derivation gives no answer"),
        ({"attribute": "color"}, "red", "the derivation cannot be run"),
        ({"sum": [["color", "Foo1"]]}, "red", "the derivation cannot be run"),
    ],
)
def test_an_answer_that_the_derivation_does_not_give(
    family: Any, world: dict[str, Document], good: Sample, derivation: dict[str, Any], answer: str, reason: str
):
    wrong = replace(good, derivation=derivation, ground_truth=(answer,))
    assert curator(family, world).check(wrong, world).reason == f"answer: {reason}"


def test_several_answers_are_refused(
    family: Any, world: dict[str, Document], make_document: Callable[..., Document], make_sample: Callable[..., Sample]
):
    held = {**world, "other": make_document("other", "color of Foo1: violet")}
    sample = make_sample([held["d1"], held["other"]], [], "green", {"attribute": "color", "entity": "Foo1"})
    assert curator(family, world).check(sample, held).reason == "answer: the derivation gives several answers"


def test_an_answer_that_stands_without_its_evidence_is_not_grounded(
    family: Any,
    world: dict[str, Document],
    make_sample: Callable[..., Sample],
    make_quotation: Callable[..., Evidence],
):
    wrong_proof = [make_quotation(world["d2"], "size of Foo2: 17")]
    derivation = {"attribute": "color", "entity": "Foo1"}
    sample = make_sample([world["d1"], world["d2"]], wrong_proof, "green", derivation)
    assert curator(family, world).check(sample, world).reason == ("grounding: answered without the evidence documents")


def test_a_fact_that_two_documents_state_is_not_scarce(
    family: Any,
    world: dict[str, Document],
    make_document: Callable[..., Document],
    make_quotation: Callable[..., Evidence],
    make_sample: Callable[..., Sample],
):
    held = {**world, "copy": make_document("copy", "color of Foo1: green")}
    proofs = [make_quotation(held[name], "color of Foo1: green") for name in ("d1", "copy")]
    sample = make_sample(
        [held["d1"], held["copy"], held["d5"]], proofs, "green", {"attribute": "color", "entity": "Foo1"}
    )
    assert curator(family, world).check(sample, held).reason == (
        "grounding: answered without any one of its evidence documents"
    )


def test_a_maximum_needs_one_document_and_under_each_it_must_need_all(
    family: Any, world: dict[str, Document], make_quotation: Callable[..., Evidence], make_sample: Callable[..., Sample]
):
    held = [world[name] for name in ("d1", "d3", "d5")]
    proofs = [make_quotation(each, f"size of {each.text.split('size of ')[1].splitlines()[0]}") for each in held]
    sample = make_sample(held, proofs, "Foo5", {"largest": "size"})
    needs_one = dict(curator(family, {}, scarce="one").check(sample, world).outcomes)["grounding"]
    needs_each = dict(curator(family, {}).check(sample, world).outcomes)["grounding"]
    assert needs_one.passed and needs_one.numbers == {"evidence_documents": 3, "left_out": 3, "needed": 1}
    assert needs_each.reason == "answered without one of its evidence documents" and needs_each.detail == "d1"
    drawn = dict(curator(family, {}, scarce="one", max_left_out=2).check(sample, world).outcomes)["grounding"]
    assert drawn.numbers["left_out"] == 2


def test_more_documents_may_not_change_the_answer(
    family: Any,
    world: dict[str, Document],
    make_document: Callable[..., Document],
    make_quotation: Callable[..., Evidence],
    make_sample: Callable[..., Sample],
):
    largest = make_sample(
        [world["d1"], world["d5"]], [make_quotation(world["d5"], "size of Foo5: 38")], "Foo5", {"largest": "size"}
    )
    assert curator(family, world).check(largest, world).reason == "robustness: more documents change the answer"
    look_up = make_sample(
        [world["d1"]],
        [make_quotation(world["d1"], "color of Foo1: green")],
        "green",
        {"attribute": "color", "entity": "Foo1"},
    )
    rival = {"rival": make_document("rival", "color of Foo1: mauve")}
    assert curator(family, rival).check(look_up, world).reason == "robustness: more documents give a second answer"
    spoiler = {"spoiler": make_document("spoiler", "size of Foo1: 99")}
    total = make_sample(
        [world["d1"]], [make_quotation(world["d1"], "size of Foo1: 10")], "10", {"sum": [["size", "Foo1"]]}
    )
    assert curator(family, spoiler).check(total, world).reason == "robustness: more documents take the answer away"


def test_what_cannot_be_answered_again_is_told_and_never_a_pass(family: Any, world: dict[str, Document], good: Sample):
    verdict = curator(family, world).check(replace(good, generator="somebody"), world)
    told = "not re-derivable: its family is unknown"
    assert verdict.passed
    assert verdict.skipped == {"answer": told, "grounding": told, "robustness": told}
    assert verdict.checks()["grounding"] == {"status": "skipped", "reason": told}
    no_proof = curator(family, {}).check(replace(good, evidence=()), world)
    assert no_proof.skipped == {
        "grounding": "not grounded: it has no evidence",
        "robustness": "not extended: there are no other documents",
    }


def test_the_draw_follows_from_seed_and_sample_alone(world: dict[str, Document], good: Sample):
    class Recording:
        def __init__(self) -> None:
            self.asked: list[tuple[str, ...]] = []

        def extract(self, document: Document) -> str:
            return document.id

        def answers(self, derivation: Mapping[str, Any], sources: Any) -> tuple[str, ...]:
            self.asked.append(tuple(source.facts for source in sources))
            return ("41",) if {"d1", "d4"} <= set(self.asked[-1]) else ()

    def asked(seed: int, name: str = "s1") -> tuple[str, ...]:
        recording = Recording()
        assert curator(recording, world, seed=seed, distractors=2).check(replace(good, id=name), world).passed
        return recording.asked[-1]

    assert asked(1) == asked(1)
    assert len(asked(1)) == 10 and set(good.document_ids) < set(asked(1))
    assert len({asked(seed) for seed in range(5)} | {asked(0, "s2")}) > 3


def test_facts_are_extracted_once_and_the_cache_is_bounded(family: Any, world: dict[str, Document], look_ups: Any):
    checker = curator(family, world)
    assert all(checker.check(sample, world).passed for sample in look_ups)
    assert sorted(family.extracted) == sorted(world)
    family.extracted.clear()
    small = Rederivation({"attributes": family}, len, max_cached_characters=200)
    for _ in range(2):
        for sample in look_ups:
            held = [world[name] for name in sample.document_ids]
            assert small.answers(sample, held) == sample.ground_truth
    assert len(family.extracted) > 2 * len(world)


def test_a_family_that_fails_on_a_document_is_a_reason(world: dict[str, Document], good: Sample):
    class Failing:
        def extract(self, document: Document) -> Any:
            raise RuntimeError("no such table")

        def answers(self, derivation: Mapping[str, Any], sources: Any) -> tuple[str, ...]:
            return ()

    verdict = curator(Failing(), world).check(good, world)
    assert verdict.reason == "answer: the derivation cannot be run"
    assert verdict.failed is not None and verdict.failed[1].detail == "document d0: RuntimeError: no such table"


def test_two_curators_share_facts(family: Any, world: dict[str, Document], good: Sample):
    first = curator(family, world)
    assert first.check(good, world).passed
    count = len(family.extracted)
    assert curator(family, world, rederivation=first.rederivation).check(good, world).passed
    assert len(family.extracted) == count


def curator_of_synthesis(families: Mapping[str, candidates.QuestionFamily]) -> Curator:
    """The type checker proves here that the families of synthesis fit."""
    return Curator(families, count_tokens=len)


def test_sources_are_those_of_synthesis():
    part = Document("d#1", "Part", "professional", "d.md", "four", parent_id="d", parent_offset=9)
    theirs = candidates.Source("d#1", "d", "Part", 4, facts=["a fact"])
    ours = Source(part, ["a fact"], len)
    names = [each.name for each in fields(candidates.Source)]
    assert [getattr(ours, name) for name in names] == [getattr(theirs, name) for name in names]
    assert Source(replace(part, parent_id=None, parent_offset=None), [], len).parent_id == "d#1"
    assert curator_of_synthesis({}).rederivation.families == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scarce": "all"}, "unknown scarce 'all'; known: one, each"),
        ({"distractors": 0}, "distractors is 0, expected 1 or more"),
        ({"max_left_out": 0}, "max_left_out is 0, expected 1 or more"),
    ],
)
def test_bad_settings_are_named(options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        Curator({}, count_tokens=len, **options)


def test_checks_are_added_to_those_that_a_sample_has(good: Sample):
    own = replace(good, checks={"votes": 3, "quotes": "old"})
    assert with_checks(own, {"quotes": {"status": "passed"}}).checks == {"votes": 3, "quotes": {"status": "passed"}}
