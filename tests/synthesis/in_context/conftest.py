from __future__ import annotations

import pytest

from longstride.records import Document
from longstride.synthesis.candidates import Source
from longstride.synthesis.in_context import InContextFamily

TOWNS = ("Orvale", "Lindmoor", "Sarnath", "Ebbing", "Tarnholm", "Greywater", "Aldous", "Pinnace", "Harrow", "Merrow")
UNITS = ("km", "sq km", "m", "years", "tons", "talers", "houses", "ships", "mills", "wells")
SAYINGS = (
    "In the old days the people of {town} lived by cutting peat and by nothing else.",
    "Nobody who has seen {town} in the rain can believe that it was ever rich.",
    "The annals say that {town} was burnt twice and built again with larger windows.",
    "A traveller who came to {town} at night found every door open and no light.",
    "The bridge that leads to {town} has nine arches, of which three are dry.",
)


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    """A page of prose and figures about each town."""
    return [
        Document(
            f"town-{town}",
            town,
            "literature",
            f"{town}.md",
            "\n\n".join(
                [
                    *(saying.format(town=town) for saying in SAYINGS),
                    *(f"- {label}: {year + place} {unit}" for label, year in (("first", 11), ("second", 730))),
                ]
            ),
        )
        for place, (town, unit) in enumerate(zip(TOWNS, UNITS, strict=True))
    ] + [
        Document(
            "more", "More", "literature", "more.md", "\n\n".join(f"- {n}: {n}{n} {u}" for u in UNITS for n in (3, 8))
        )
    ]


@pytest.fixture(scope="module")
def sources(documents: list[Document]) -> list[Source]:
    family = InContextFamily()
    return [Source(each.id, each.id, each.title, 200, facts) for each in documents if (facts := family.extract(each))]
