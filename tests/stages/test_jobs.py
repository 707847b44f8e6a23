from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from longstride.stages.jobs import Input, Job, dependents, fingerprints, urgency

MakeJob = Callable[..., Job]


def outside(given: Input) -> str:
    return f"content of {given.path}"


@pytest.fixture
def diamond(fake: MakeJob) -> list[Job]:
    """a -> b, c -> d, and e alone."""
    return [
        fake("a"),
        fake("b", needs=("a",)),
        fake("c", needs=("a",)),
        fake("e"),
        fake("d", needs=("b", "c")),
    ]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [("a", {"a", "b", "c", "d"}), ("b", {"b", "d"}), ("c", {"c", "d"}), ("d", {"d"}), ("e", {"e"})],
)
def test_a_changed_setting_changes_what_depends_on_it_and_nothing_else(
    diamond: list[Job], changed: str, expected: set[str]
):
    before = fingerprints(diamond, outside)
    jobs = [replace(job, settings={**job.settings, "seed": 1}) if job.name == changed else job for job in diamond]
    after = fingerprints(jobs, outside)
    assert {name for name in before if before[name].digest != after[name].digest} == expected
    assert set(dependents(diamond, [changed])) == expected


def test_options_and_words_change_nothing(diamond: list[Job]):
    other = [replace(job, options={"seconds": 9}, about="other words", lines=("file", 3)) for job in diamond]
    assert fingerprints(diamond, outside) == fingerprints(other, outside)


def test_the_order_of_inputs_and_their_parts_count(fake: MakeJob):
    base = [fake("a", seed=1), fake("b", seed=2)]
    one = fingerprints([*base, fake("c", needs=("a", "b"))], outside)["c"]
    other = fingerprints([*base, fake("c", needs=("b", "a"))], outside)["c"]
    assert one.digest != other.digest
    whole, part = (replace(fake("c"), inputs={"given": (Input(path, "a"),)}) for path in ("", "model"))
    assert fingerprints([*base, whole], outside)["c"].digest != fingerprints([*base, part], outside)["c"].digest


def test_outside_content_counts_and_its_place_does_not(fake: MakeJob):
    def digest_of(path: str, content: str) -> str:
        job = replace(fake("a"), inputs={"documents": (Input(path),)})
        return fingerprints([job], lambda _: content)["a"].digest

    assert digest_of("./here", "x") == digest_of("./there", "x")
    assert digest_of("./here", "x") != digest_of("./here", "y")


def test_who_holds_up_most_is_most_urgent(diamond: list[Job]):
    assert urgency(diamond) == {"a": 2, "b": 1, "c": 1, "d": 0, "e": 0}
