"""Scholarly papers: an abstract, measurements in a table, and references to earlier papers of the same world."""

from __future__ import annotations

import random

from longstride.corpus.world.facts import THIS_YEAR, Atlas, District
from longstride.corpus.world.page import Page, Piece, stated
from longstride.corpus.world.terms import institute_terms, province_terms

Topic = tuple[str, str, str, str, tuple[int, int]]  # quantity, unit, tool, cause, and the range of the readings
TOPICS: tuple[Topic, ...] = (
    ("water level", "cm", "gauging staff", "snow melt in the upper valley", (60, 520)),
    ("water temperature", "tenths of a degree", "mercury thermometer", "shade from the alder woods", (14, 210)),
    ("suspended silt", "mg per litre", "sampling bottle", "the ploughing of the river meadows", (20, 400)),
    ("chloride content", "mg per litre", "titration kit", "the salt springs below the ridge", (8, 260)),
)
MONTHS_SHOWN = ("March", "June", "September", "December")
PAPERS = 2  # of a district


def paper_key(atlas: Atlas, district: District, index: int) -> tuple[str, int, Topic]:
    """Title, year and topic of a paper."""
    draw = atlas.draw("paper", district.number)
    topic = draw.sample(TOPICS, PAPERS)[index]
    years = draw.sample(range(2015, THIS_YEAR + 1), PAPERS)
    return f"Seasonal changes of {topic[0]} in the {district.river}", years[index], topic


def write_paper(page: Page, atlas: Atlas, district: District, index: int, draw: random.Random) -> None:
    title, year, (quantity, unit, tool, cause, extremes) = paper_key(atlas, district, index)
    institute = district.institute
    author = institute.fellow if index == 0 else institute.director.holder
    terms = {
        **province_terms(district),
        **institute_terms(institute),
        "author": stated(title, "author", author),
        "year": stated(title, "published in", year),
        "quantity": quantity,
    }
    different = iter(draw.sample(range(*extremes), len(district.towns) * len(MONTHS_SHOWN)))  # one is the largest
    readings = {town.name: [next(different) for _ in MONTHS_SHOWN] for town in district.towns}
    largest = max((value, name) for name, values in readings.items() for value in values)
    page.write(f"# {title}\n\n{{author}}, {{institute}}, {{year}}", terms)
    page.write("\n## Abstract\n", terms)
    page.write(f"In {year - 1} we measured the {quantity} of the {{river}} in {{province}} at {{towns}}.",
               terms, end=" ")  # fmt: skip
    page.write(f"The largest reading, {largest[0]} {unit}, was taken at {largest[1]}. We attribute it to {cause}.")
    page.write("\n## Introduction\n")
    page.write(draw.choice(INTRODUCTIONS), {**terms, "quantity": quantity})
    page.write("\n## Methods\n")
    page.write(f"{draw.choice(METHODS)} The {{river}} is {{river_length}} km long, and all four stations lie in its "
               "middle course. Readings were checked by two students and are given without rounding.",
               {**terms, "tool": tool})  # fmt: skip
    page.write(f"\n## Results\n\n{quantity.capitalize()} by station ({unit})\n")
    rows: list[list[Piece]] = [
        [name, *(stated(name, f"{quantity} in {month} {year - 1} ({unit})", value)
                 for month, value in zip(MONTHS_SHOWN, values, strict=True))]
        for name, values in readings.items()
    ]  # fmt: skip
    page.table(["Station", *MONTHS_SHOWN], rows)
    page.add("\n")
    for name, values in readings.items():
        month = MONTHS_SHOWN[values.index(max(values))]
        page.write(draw.choice(REMARKS), {"town": name, "month": month}, end=" ")
    page.write("No reading had to be left out.")
    page.write("\n## Discussion\n")
    page.write("\n\n".join(draw.sample(DISCUSSIONS, 2)), {**terms, "cause": cause})
    page.write("\n## Thanks\n\nWe thank the towns of {towns} for their patience, and the ferrymen for their boats. The "
               f"{tool}s were lent by the {{institute}}.", terms)  # fmt: skip
    page.write("\n## References\n")
    cited = _cited(atlas, district, index, draw)
    if not cited:
        page.write("None; no earlier measurements of the river are known.")
    for number, (other, work, when, writer) in enumerate(cited, start=1):
        page.add([f"[{number}] ", stated(work, "author", writer), f": {work}. {other}, ",
                  stated(work, "published in", when), ".\n"])  # fmt: skip


INTRODUCTIONS = (
    "Of the rivers of {land} the {river} is among those that have been written about most and measured least. Farmers, "
    "millers and ferrymen have their own opinions about its {quantity}, and no two of them agree. The {institute} was "
    "asked by the council of {seat} to put an end to the argument, or at least to give it some numbers.",
    "Whoever builds on the {river} must know its {quantity} in every season. The engineers of {province} have so far "
    "relied on what their fathers told them. We set out to replace memory by a table, and to find out whether the four "
    "towns on the river, which share its water, also share its habits.",
    "This study began as an exercise for students of {field}. Their first results were so different from what we had "
    "taught them that we decided to repeat the work with more care, at more places and for a whole year. We report the "
    "{quantity} of the {river} and say what we think lies behind it.",
)
METHODS = (
    "Each station has one {tool}, read at noon on the first day of the month by whoever keeps the ferry.",
    "We used the same kind of {tool} everywhere. It was read by the keeper of the bridge, who was paid for each entry.",
    "A {tool} was set up below the bridge of each town and read in the morning before the mills began to work.",
)
REMARKS = (
    "At {town} the largest value fell in {month}.", "The station at {town} had its peak in {month}.",
    "In {town} the highest of the four values was that of {month}.", "For {town} nothing exceeded {month}.",
)  # fmt: skip
DISCUSSIONS = (
    "The differences between the stations are larger than those between the months. If {cause} were the only cause, "
    "the stations would differ less; a second year of readings is needed.",
    "The readings follow the seasons at three stations of four. We can exclude faults of the instruments, which were "
    "exchanged between the stations in July, but not a change in {cause}.",
    "Our readings suggest that one should look to {cause} and not to rain. They do not support the belief, common "
    "in the towns, that the river behaves differently in every seventh year.",
    "It has been said that such measurements only describe the instrument. Two instruments were used side by side for "
    "a month, and agreed; what remains is due to {cause}, or to something that we have not thought of.",
)


def _cited(atlas: Atlas, district: District, index: int, draw: random.Random) -> list[tuple[str, str, int, str]]:
    """Up to two papers of earlier districts: institute, title, year and author."""
    year = paper_key(atlas, district, index)[1]
    found: list[tuple[str, str, int, str]] = []
    for number in sorted(draw.sample(range(district.number), min(3, district.number)), reverse=True):
        other = atlas.district(number)
        for each in range(PAPERS):
            title, published, _ = paper_key(atlas, other, each)
            writer = other.institute.fellow if each == 0 else other.institute.director.holder
            if published < year and len(found) < 2:
                found.append((other.institute.name, title, published, writer))
    return found
