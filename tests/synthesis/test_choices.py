import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.grading import grade
from longstride.records import Document, Evidence
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.choices import LETTERS, MultipleChoiceFamily, as_multiple_choice
from longstride.synthesis.choices.dates import read_date
from longstride.synthesis.choices.numbers import other_numbers, read_number
from longstride.synthesis.choices.picking import distinct

TOWNS = ("Aral", "Brod", "Cork", "Dunn", "Esk", "Fano", "Gela", "Hull")


def candidate_of(answer: str, key: str = "q", **over: Any) -> Candidate:
    values: dict[str, Any] = {
        "key": key,
        "family": "towns",
        "task": "numerical",
        "question_type": "statistical_aggregation",
        "core_question": "What is it?",
        "format_instructions": "Take the figures as they are. Answer with a number, rounded to one decimal place.",
        "ground_truth": (answer,),
        "reward_style": "numeric",
        "document_ids": ("d",),
        "evidence": (Evidence("d", 0, 1, "x"),),
        "derivation": {"of": answer},
        "entities": (),
    }
    return Candidate(**{**values, **over})


def test_a_choice_keeps_the_question_and_wraps_its_derivation():
    made = as_multiple_choice(
        candidate_of("Cork", question_type="look_up"), ["Brod", "Aral", "Dunn"], seed=3, letter="C"
    )
    assert made is not None
    assert made.core_question.startswith("What is it?\n(A) ")
    assert made.core_question.splitlines()[3] == "(C) Cork"
    assert (made.task, made.question_type, made.reward_style) == ("multiple_choice", "look_up", "choice")
    assert made.format_instructions.startswith("Take the figures as they are. Answer with the letter")
    assert made.derivation["inner"] == {"of": "Cork"} and made.derivation["choice_of"] == "towns"
    response = "Therefore, the answer is (C)"
    assert grade(response, made.ground_truth, made.reward_style, made.reward_arguments).score == 1


def test_options_that_say_the_same_are_left_out():
    pool = ["cork", "the Cork", "County Cork", "Cork.", "Brod", "brod", "", "  Aral", "Dunn\nDunn", "Esk", "Fano"]
    made = as_multiple_choice(candidate_of("Cork"), pool, seed=0)
    assert made is not None
    assert sorted(made.derivation["options"]) == ["Brod", "Cork", "Esk", "Fano"]
    assert as_multiple_choice(candidate_of("Cork"), pool[:6], seed=0) is None
    assert distinct("1,500", ["1500", "1500.0", "1,501"]) == ["1,501"]


def test_the_same_seed_gives_the_same_options():
    first, again, other = (as_multiple_choice(candidate_of("5,120.4"), [], seed) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    ("answer", "looks"),
    [
        ("83,871", r"\d{1,3}(,\d{3})*"),
        ("12.50%", r"\d+\.\d\d%"),
        ("1,204.3 million", r"[\d,]+\.\d million"),
        ("4096", r"1024|2048|512|256|128|64|8192|16384|32768|65536"),
        ("65535", r"\d+"),
        ("1987", r"[12]\d{3}"),
        ("700", r"\d*[1-9]00"),
        ("-7.25", r"-\d+\.\d\d"),
        ("7", r"\d+"),
        ("$136.01 billion", r"\$\d+\.\d\d billion"),
        ("12.5% of GDP", r"\d+\.\d% of GDP"),
        ("29,400 sq km", r"\d{1,3}(,\d{3})* sq km"),
    ],
)
def test_numbers_look_as_the_answer_does(answer: str, looks: str):
    for seed in range(40):
        found = other_numbers(answer, ["2024"], random.Random(seed))
        assert found is not None and len({answer, *found}) == 4
        assert all(re.fullmatch(looks, each) for each in found), found


@pytest.mark.parametrize("answer", ["83,871", "12.5%", "4096", "1987", "700", "0.015", "23", "6"])
def test_the_answer_has_any_place_among_the_numbers(answer: str):
    places: Counter[int] = Counter()
    for seed in range(600):
        found = other_numbers(
            answer, ["21", "4,000", "70,004", "11.2%", "1024", "500", "2023"], random.Random(f"place {seed}")
        )
        assert found is not None
        right = read_number(answer)
        assert right is not None
        places[sum(number.scaled < right.scaled for each in found if (number := read_number(each)))] += 1
    assert all(110 <= places[place] <= 190 for place in range(4)), places  # 150 expected, four standard deviations


@pytest.mark.parametrize("answer", ["93.4%", "61.08%", "7.5%"])
def test_a_share_of_a_whole_gets_no_more_than_the_whole(answer: str):
    places: Counter[int] = Counter()
    for seed in range(400):
        found = other_numbers(answer, ["120.5%", "40.2%"], random.Random(f"a share {seed}"))
        assert found is not None and all(0 < float(each.rstrip("%")) < 100 for each in found)
        places[sum(float(each.rstrip("%")) < float(answer.rstrip("%")) for each in found)] += 1
    assert all(65 <= places[place] <= 135 for place in range(4)), places


def test_no_year_lies_after_the_latest_of_the_documents():
    for seed in range(40):
        found = other_numbers("2016", ["2025", "1998"], random.Random(seed))
        assert found is not None and max(map(int, found)) <= 2025
    assert other_numbers("2024", ["2025"], random.Random(0)) is None  # too late to have any place among them
    assert other_numbers("2016", [], random.Random(0)) is None


def test_a_number_of_another_unit_is_no_rival():
    for seed in range(40):
        found = other_numbers(
            "$136.01 billion", ["971.00 million kWh", "12.50 billion", "$8.64 billion"], random.Random(seed)
        )
        assert found is not None and all(each.startswith("$") and each.endswith(" billion") for each in found)


def test_a_share_next_to_the_whole_leaves_no_room_or_finds_it():
    for seed in range(200):
        for answer in ("99%", "99.9%", "99.99%", "98.5% of GDP", "50%"):
            found = other_numbers(answer, [], random.Random(seed))
            assert found is None or len({answer, *found}) == 4


def test_a_small_number_has_no_room_for_others():
    assert other_numbers("3", [], random.Random(0)) is None
    assert other_numbers("many", [], random.Random(0)) is None


@given(st.integers(5, 10**12), st.integers(0, 4), st.booleans(), st.integers(0, 99))
def test_any_number_gets_others_that_differ(size: int, decimals: int, negative: bool, seed: int):
    digits = f"{size:0{decimals + 1}d}"
    point = len(digits) - decimals
    answer = f"{'-' if negative else ''}{digits[:point]}" + (f".{digits[point:]}" if decimals else "")
    found = other_numbers(answer, [], random.Random(seed))
    assert found is None or len({answer, *found}) == 4


def test_dates_keep_their_form_and_any_place():
    places: Counter[int] = Counter()
    for seed in range(400):
        made = as_multiple_choice(candidate_of("4 July 1976", key=f"q{seed}"), [], seed=9)
        assert made is not None
        days = [read_date(each) for each in made.derivation["options"]]
        right = read_date("4 July 1976")
        assert right is not None and None not in days
        places[sum(day < right for day in days if day)] += 1
    assert all(65 <= places[place] <= 135 for place in range(4)), places


class Towns:
    """`X is at N` in a document; the question asks where X is."""

    name = "towns"

    def extract(self, document: Document) -> Any:
        return tuple(line.split(" is at ") for line in document.text.splitlines()) or None

    def propose(self, sources: Sequence[Source], max_context_tokens: int, seed: int, limit: int) -> Iterator[Candidate]:
        for source in sources:
            for town, place in source.facts[:limit]:
                yield candidate_of(
                    place, f"town-{town}", reward_style="exact", derivation={"town": town, "template": "at"}
                )

    def answers(self, derivation: Mapping[str, Any], sources: Sequence[Source]) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(place for each in sources for town, place in each.facts if town == derivation["town"])
        )


@pytest.fixture
def family() -> MultipleChoiceFamily:
    return MultipleChoiceFamily([Towns()])


def source_of(family: MultipleChoiceFamily, name: str, lines: Sequence[str]) -> Source:
    document = Document(name, name, "literature", name, "\n".join(lines))
    return Source(name, name, name, 10, family.extract(document))


def test_a_family_without_distractors_gets_the_answers_of_its_other_questions(family: MultipleChoiceFamily):
    source = source_of(family, "d", [f"{town} is at Lake {town[::-1].title()}" for town in TOWNS])
    made = list(family.propose([source], 100, seed=1, limit=6))
    assert len(made) == 6
    assert all(option.startswith("Lake ") for each in made for option in each.derivation["options"])
    counts = Counter(each.ground_truth[0] for each in made)
    assert max(counts.values()) - min(counts[letter] for letter in LETTERS) <= 1
    assert made == list(family.propose([source], 100, seed=1, limit=6))
    for each in made:
        assert family.answers(each.derivation, [source]) == each.ground_truth


class TownsWithRivals(Towns):
    """Knows wrong answers of its own, and counts the questions that it is made to make."""

    made = 0

    def propose(self, sources: Sequence[Source], max_context_tokens: int, seed: int, limit: int) -> Iterator[Candidate]:
        for each in super().propose(sources, max_context_tokens, seed, limit):
            self.made += 1
            yield each

    def distractors(self, candidate: Candidate, sources: Sequence[Source]) -> tuple[str, ...]:
        return tuple(place for each in sources for _, place in each.facts if place != candidate.ground_truth[0])


def test_of_a_family_with_distractors_no_more_questions_are_made_than_taken():
    towns = TownsWithRivals()
    family = MultipleChoiceFamily([towns])
    source = source_of(family, "d", [f"{town} is at Lake {town[::-1].title()}" for town in TOWNS])
    assert len(list(family.propose([source], 100, seed=1, limit=2))) == 2
    assert towns.made == 2
    assert len(list(family.propose([source], 100, seed=1, limit=50))) == len(TOWNS)


def test_other_answers_of_the_documents_show_as_other_letters(family: MultipleChoiceFamily):
    source = source_of(family, "d", [f"{town} is at Lake {town[::-1].title()}" for town in TOWNS])
    made = next(family.propose([source], 100, seed=1, limit=1))
    town, options = made.derivation["inner"]["town"], made.derivation["options"]
    right = LETTERS.index(made.ground_truth[0])
    another = source_of(family, "e", [f"{town} is at {options[right - 1]}"])
    nowhere = source_of(family, "f", [f"{town} is at sea"])
    assert set(family.answers(made.derivation, [source, another])) == {LETTERS[right], LETTERS[right - 1]}
    assert family.answers(made.derivation, [nowhere]) == ("?",)
    assert family.answers(made.derivation, []) == ()
