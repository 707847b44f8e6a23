import pytest

from longstride.errors import InputError
from longstride.pipeline.command import parse_families
from longstride.pipeline.settings import QUESTION_FAMILIES, SynthesisSettings, load_families, parse_lengths


def test_lengths_and_their_shares():
    assert parse_lengths("8k,32k") == ((8000, 32000), (0.5, 0.5))
    assert parse_lengths(" 32K:1, 8000:3 ") == ((8000, 32000), (0.75, 0.25))
    assert parse_lengths("0.5m") == ((500_000,), (1.0,))


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "'' is no length"), ("8q", "'8q' is no length"), ("8k,8000", "stands twice"), ("8k:0", "has no share")],
)
def test_what_is_no_list_of_lengths_is_refused(text: str, problem: str):
    with pytest.raises(InputError, match=problem):
        parse_lengths(text)


def test_a_document_takes_a_quarter_of_the_smallest_length():
    assert SynthesisSettings(target_tokens=(8000, 32000)).document_tokens == 2000


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"samples": 0}, "samples is 0"),
        ({"tasks": ("poetry",)}, "unknown task 'poetry'; known: multiple_choice"),
        ({"document_families": {".": "poetry"}}, "unknown document family 'poetry'; known: code"),
        ({"target_tokens": (), "target_shares": ()}, "there is no target length"),
        ({"target_tokens": (100,), "target_shares": (1.0,)}, "target length 100 is under 500"),
        ({"target_shares": (1.0,)}, "there are 1 shares for 2 lengths"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(changes: dict[str, object], problem: str):
    with pytest.raises(InputError, match=problem):
        SynthesisSettings(**changes)  # type: ignore[arg-type]


def test_families_are_declared_for_all_or_for_a_folder():
    assert parse_families(["code", "papers/=academic"]) == {".": "code", "papers": "academic"}


def test_every_question_family_has_the_name_that_it_is_known_by():
    for name, family in load_families().items():
        assert family.name == name
    assert list(load_families()) == list(QUESTION_FAMILIES)
