"""Labels without meaning: what decides is in the list alone."""

from __future__ import annotations

import random

from longstride.synthesis.in_context.labels import FEWEST_LABELS, LabelMaker, labels_told, renamed
from longstride.synthesis.in_context.material import Material, Passage, Shown, form_of, names_in

PASSAGES = [
    ("The road to Orvale was closed in winter.", "tum"),
    ("In the mills of Orvale they made paper.", "tum"),
    ("Ships from Lindmoor carried salt.", "dor"),
    ("The old harbour of Lindmoor has silted up.", "dor"),
]


def test_a_name_that_only_one_label_holds_decides():
    assert labels_told("names", PASSAGES, "They say that Orvale never sleeps.") == ("tum",)


def test_a_query_that_names_both_has_two_labels():
    assert labels_told("names", PASSAGES, "From Orvale the road leads to Lindmoor.") == ("dor", "tum")


def test_a_name_that_another_label_holds_too_decides_nothing():
    mixed = [*PASSAGES, ("Lindmoor is larger than Orvale.", "dor")]
    assert labels_told("names", mixed, "They say that Orvale never sleeps.") == ()


def test_a_name_that_some_passages_of_the_label_lack_decides_nothing():
    mixed = [*PASSAGES, ("Nobody lives on the Island.", "tum")]
    assert labels_told("names", mixed, "They say that Orvale never sleeps.") == ()


def test_values_are_told_by_their_form():
    listed = [("2,020 sq km", "tum"), ("15 sq km", "tum"), ("3.5 km", "dor"), ("120 km", "dor")]
    assert form_of("2,020.5 sq km") == "# sq km"
    assert labels_told("forms", listed, "7 km") == ("dor",)
    assert labels_told("forms", listed, "7 miles") == ()


def test_renaming():
    assert renamed(["tum"], [("tum", "vek"), ("dor", "sim")]) == ("vek",)
    assert renamed(["tum"], [("dor", "sim")]) == ()
    assert renamed(["tum"], [("tum", "vek"), ("tum", "sim")]) == ("sim", "vek")


def towns(count: int) -> list[Material]:
    names = [f"{first}{last}" for first in ("Or", "Lind", "Sarn", "Ebb") for last in ("vale", "moor", "water")][:count]
    texts = [
        [f"The road to {name} was closed in the {place} of the year {year}." for year in range(1901, 1907)]
        for name, place in zip(names, ["winter", "spring"] * 6, strict=False)
    ]
    return [Material(None, tuple(Passage(text, names_in(text)) for text in group), ()) for group in texts]


def test_a_list_holds_three_of_each_label_and_not_the_query():
    draft = LabelMaker(towns(12)).draft("names", "Tolvane", 4000, random.Random(3))
    assert draft is not None
    (pairs,) = draft.sheets
    labels = [label for _, label in pairs]
    assert {labels.count(label) for label in labels} == {3}
    assert draft.query not in dict(pairs)
    assert draft.answer == dict(draft.renaming)[draft.details["label"]]
    assert draft.answer not in labels


def test_no_list_without_enough_groups_or_room():
    assert LabelMaker(towns(FEWEST_LABELS - 1)).draft("names", "Tolvane", 4000, random.Random(3)) is None
    assert LabelMaker(towns(12)).draft("names", "Tolvane", 200, random.Random(3)) is None
    assert (
        LabelMaker([Material(None, (), (Shown("3 km", "# km"),))]).draft("forms", "T", 4000, random.Random(3)) is None
    )
