"""The shortcut audit of multiple choice: what can be guessed without the documents."""

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from longstride.grading.quantities import find_quantities
from longstride.records import Document
from longstride.synthesis.candidates import Candidate, Source
from longstride.synthesis.choices import LETTERS, MultipleChoiceFamily
from longstride.synthesis.code import CodeFamily

pytestmark = pytest.mark.slow

CHANCE, MARGIN = 0.25, 0.05
Guess = Callable[[list[str], str], Sequence[float]]


@pytest.fixture(scope="module")
def sources(library_sources: list[Source]) -> list[Source]:
    return [replace(each, facts={"code": each.facts}) for each in library_sources]


@pytest.fixture(scope="module")
def choices(sources: list[Source]) -> list[Candidate]:
    found = MultipleChoiceFamily([CodeFamily()]).propose(sources, 24_000, seed=2, limit=480)
    return list(found)


def rate(guess: Guess, choices: Sequence[Candidate]) -> float:
    """How often the option with the highest value is the right one; a tie is drawn."""
    right = 0.0
    for each in choices:
        values = list(guess(each.derivation["options"], each.core_question.partition("\n")[0]))
        best = [place for place, value in enumerate(values) if value == max(values)]
        right += (LETTERS.index(each.ground_truth[0]) in best) / len(best)
    return right / len(choices)


def words(text: str) -> set[str]:
    return {each.lower() for each in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", text)}


def alike(one: str, other: str) -> float:
    return len(set(one) & set(other)) / len(set(one) | set(other))


def letters_in_common(option: str, question: str) -> int:
    """The longest run of letters of the option that the question has."""
    low, asked = option.lower(), question.lower()
    return max(
        (end - start for start in range(len(low)) for end in range(start + 1, len(low) + 1) if low[start:end] in asked),
        default=0,
    )


GUESSES: dict[str, Guess] = {
    "the longest": lambda options, _: [len(each) for each in options],
    "shares words with the question": lambda options, asked: [len(words(each) & words(asked)) for each in options],
    "shares a run of letters with it": lambda options, asked: [
        letters_in_common(each, asked) / len(each) for each in options
    ],
    "most like the others": lambda options, _: [sum(alike(each, other) for other in options) for each in options],
    "first in the alphabet": lambda options, _: [-sorted(options).index(each) for each in options],
    "has most digits": lambda options, _: [sum(map(str.isdigit, each)) for each in options],
    "has most words": lambda options, _: [len(words(each)) for each in options],
    "stands last": lambda options, _: range(4),
}


def test_no_guess_is_better_than_chance(choices: list[Candidate]):
    assert len(choices) >= 400
    rates: dict[str, float] = {}
    for name, guess in GUESSES.items():
        rates[name] = rate(guess, choices)
        rates[f"not: {name}"] = rate(lambda options, asked, of=guess: [-each for each in of(options, asked)], choices)
    seen = Counter(option for each in choices for option in each.derivation["options"])
    rates["the most frequent option"] = rate(lambda options, _: [seen[each] for each in options], choices)
    print({name: round(value, 3) for name, value in rates.items()})
    for name, value in rates.items():
        assert value <= CHANCE + MARGIN, name


def test_the_letters_are_balanced(choices: list[Candidate]):
    counts = Counter(each.ground_truth[0] for each in choices)
    assert set(counts) == set(LETTERS) and max(counts.values()) - min(counts.values()) <= 1


def test_every_choice_is_worked_out_again(
    choices: list[Candidate], sources: list[Source], library: dict[str, Document]
):
    family = MultipleChoiceFamily([CodeFamily()])
    for each in random.Random(0).sample(choices, 150):
        own = [source for source in sources if source.document_id in each.document_ids]
        assert family.answers(each.derivation, own) == each.ground_truth
        assert family.answers(each.derivation, own[1:]) == ()
        assert all(evidence.quotes(library[evidence.document_id]) for evidence in each.evidence)


def test_options_are_of_one_kind_and_mostly_of_the_own_documents(
    choices: list[Candidate], library: dict[str, Document]
):
    present = 0
    for each in choices:
        options = each.derivation["options"]
        numbers = [len(find_quantities(option)) == 1 and option.lstrip("-")[:1].isdigit() for option in options]
        assert len(set(options)) == 4 and (len(set(numbers)) == 1 or each.derivation["inner"]["kind"] == "text")
        text = "\n".join(f"{library[name].title}\n{library[name].text}" for name in each.document_ids)
        present += sum(option in text for option in options)
    assert present >= 0.6 * 4 * len(choices)
