from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from longstride.records import Document
from longstride.synthesis.candidates import Source
from longstride.synthesis.reading import ReadingFamily

Gather = Callable[[Sequence[Document]], list[Source]]

TOWNS = ("Orvale", "Lindmoor", "Sarnath", "Ebbing", "Tarnholm", "Greywater", "Aldous", "Pinnace", "Harrow", "Merrow")
PATRONS = ("Vesna", "Olim", "Tarek", "Ibbet", "Runa", "Kasim", "Delph", "Orrin", "Sabel", "Wenda")
CROPS = ("barley", "plums", "hops", "rye", "flax", "cherries", "leeks", "madder", "quinces", "walnuts")


def page(place: int) -> Document:
    """A page about a town: labelled lines, and prose in which one word of its own occurs often."""
    town, patron, crop = TOWNS[place], PATRONS[place], CROPS[place]
    prose = [
        f"The people of {town} say that in the year {1711 + 7 * place} the bell of their church rang by itself.",
        f"On the long market days the fair hand of Saint {patron} is carried from door to door.",
        *(f"In some years the {crop} of {town} failed, and in others the {crop} rotted." for _ in range(4)),
    ]
    lines = [f"- Patron: Saint {patron}", f"- Founded: {1400 + 31 * place}", f"- Motto: more {crop} than sorrow"]
    return Document(
        f"town-{place}", town, "literature", f"{town}.md", "\n\n".join([f"# {town}", "\n".join(lines), *prose])
    )


def chapter(place: int) -> Document:
    """A chapter of a book in six documents."""
    title = f"The Long Road > CHAPTER {('I', 'II', 'III', 'IV', 'V', 'VI')[place]}: ON"
    text = "\n\n".join(
        f"On day {10 * place + day} of the road we met {who}, who had lost more than {day + 3} sheep in the snow."
        for day, who in enumerate(("a shepherd", "two sisters", "a tailor", "an old judge"))
    )
    return Document(f"road-{place}", title, "literature", "road.txt", text, "road", 1000 * place)


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return [*map(page, range(len(TOWNS))), *map(chapter, range(6))]


@pytest.fixture(scope="module")
def gather() -> Gather:
    """Sources of documents, as a region has them."""

    def gathered(documents: Sequence[Document]) -> list[Source]:
        family = ReadingFamily()
        return [
            Source(each.id, each.parent_id or each.id, each.title, len(each.text) // 4, facts)
            for each in documents
            if (facts := family.extract(each))
        ]

    return gathered
