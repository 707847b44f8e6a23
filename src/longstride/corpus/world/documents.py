"""Which documents a district has, in which order, and what each is called."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import chain, zip_longest

from longstride.corpus.world.conversations import write_conversation
from longstride.corpus.world.facts import DISTRICTS_A_LAND, PEOPLE, THIS_YEAR, Atlas, District
from longstride.corpus.world.filings import write_census, write_output, write_report
from longstride.corpus.world.page import Fact, Page
from longstride.corpus.world.papers import paper_key, write_paper
from longstride.corpus.world.profiles import (
    write_company,
    write_institute,
    write_land,
    write_person,
    write_province,
    write_town,
)
from longstride.corpus.world.programs import MODULES, package_of, write_module
from longstride.corpus.world.stories import write_annals, write_history, write_tale
from longstride.records import Document

KINDS: dict[str, int] = {  # a district's documents of each kind
    "province": 1, "town": 4, "company": 4, "person": PEOPLE, "report": 8, "module": 3, "conversation": 4, "annals": 4,
    "paper": 2, "history": 4, "census": 1, "output": 1, "institute": 1, "tale": 2,
}  # fmt: skip
REPORTED = (THIS_YEAR, THIS_YEAR - 1)
SCHOLARS = (18, 19)  # the numbers of the institute's director and fellow, who travel
CURRENT_CHIEF = 2  # the number of the first company's chief executive of today
FOLDERS = {  # a document's folder; the first part of it is the family
    "land": "professional/places", "province": "professional/places", "town": "professional/places",
    "company": "professional/companies", "person": "professional/people", "life": "literature/people",
    "institute": "professional/institutes", "report": "professional/filings", "census": "professional/statistics",
    "output": "professional/statistics", "module": "code", "conversation": "dialogue/conversations",
    "annals": "literature/annals", "history": "literature/histories", "paper": "academic/papers",
    "tale": "literature/tales",
}  # fmt: skip


def plan(district: int) -> Iterator[tuple[str, int]]:
    """Kind and number of each document of a district: one of each kind in turn, so that ten hold every family."""
    if district % DISTRICTS_A_LAND == 0:
        yield "land", 0
    rounds = zip_longest(*([(kind, index) for index in _order(kind, count)] for kind, count in KINDS.items()))
    yield from (each for each in chain.from_iterable(rounds) if each is not None)


def _order(kind: str, count: int) -> list[int]:
    """The chief executive of today before the others."""
    return sorted(range(count), key=lambda index: (kind == "person" and index != CURRENT_CHIEF, index))


def write(atlas: Atlas, number: int, kind: str, index: int) -> tuple[Document, tuple[Fact, ...]]:
    """One document of a district, and what it states."""
    district = atlas.district(number)
    if kind == "person" and index % 2 == 0:
        kind = "life"  # the same in prose
    page = Page()
    title, name = _write(page, atlas, district, kind, index, atlas.draw("document", number, kind, index))
    family = FOLDERS[kind].partition("/")[0]
    folder = FOLDERS[kind] if kind == "module" else f"{FOLDERS[kind]}/{number // 100:03d}"  # not thousands in a folder
    source = f"{folder}/{name}"
    return page.finish(source.rpartition(".")[0], title, family, source)


def _write(page: Page, atlas: Atlas, district: District, kind: str, index: int, draw: random.Random) -> tuple[str, str]:
    """Write the document; gives its title and a file name that no other document of its folder has."""
    match kind:
        case "land":
            write_land(page, district)
            return district.land.name, f"land-{_slug(district.land.name)}.md"
        case "province":
            write_province(page, district)
            return district.name, f"province-{_slug(district.name)}.md"
        case "town":
            write_town(page, district, index)
            return _called(district.towns[index].name)
        case "company":
            write_company(page, district, index)
            return _called(district.companies[index].name)
        case "person" | "life":
            write_person(page, district, index, kind == "life", draw)
            return _called(district.people[index].name)
        case "institute":
            write_institute(page, district)
            return _called(district.institute.name)
        case "report":
            company, year = district.companies[index // 2], REPORTED[index % 2]
            write_report(page, district, index // 2, year)
            ending = "html" if index // 2 % 2 else "md"
            return f"{company.name}: annual report {year}", f"{_slug(company.name)}-{year}.{ending}"
        case "census":
            write_census(page, district)
            return f"Census of {district.name}", f"census-{_slug(district.name)}.csv"
        case "output":
            write_output(page, district, draw)
            return f"Quarterly output in {district.name}", f"output-{_slug(district.name)}.csv"
        case "module":
            write_module(page, district, index, draw)
            path = f"{package_of(district.companies[0].short)}/{MODULES[index]}.py"
            return path, path
        case "conversation":
            title = write_conversation(page, district, index, draw)
            return title, f"{_slug(title)}.jsonl"
        case "annals":
            write_annals(page, district, index, draw)
            return f"Annals of {district.towns[index].name}", f"{_slug(district.towns[index].name)}.md"
        case "history":
            write_history(page, district, index, draw)
            name = district.companies[index].name
            return f"A short history of {name}", f"{_slug(name)}.md"
        case "paper":
            write_paper(page, atlas, district, index, draw)
            return _called(paper_key(atlas, district, index)[0])
        case "tale":
            write_tale(page, district, SCHOLARS[index], draw)
            name = district.people[SCHOLARS[index]].name
            return f"The travels of {name}", f"{_slug(name)}.md"
        case _:
            raise ValueError(f"no document of the kind {kind!r}")


def _called(title: str) -> tuple[str, str]:
    return title, f"{_slug(title)}.md"


def _slug(name: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())
