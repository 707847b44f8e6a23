"""Reference pages: lands, provinces, towns, companies, people and institutes, as labelled lists with some prose."""

from __future__ import annotations

import random

from longstride.corpus.world.english import ordinal, with_article
from longstride.corpus.world.facts import CENSUSES, THIS_YEAR, District
from longstride.corpus.world.page import Page, Piece, enumerated, stated
from longstride.corpus.world.terms import (
    company_terms,
    institute_terms,
    land_terms,
    person_terms,
    province_terms,
    tenure_pieces,
    town_terms,
)


def write_land(page: Page, district: District) -> None:
    land = district.land
    terms = land_terms(land)
    century = ordinal(land.established.year // 100 + 1)
    page.write("# {land}\n\n## Introduction\n", terms)
    page.write(
        f"- Background: the provinces of {{land}} joined in the {century} century and have since kept one currency",
        terms,
    )
    page.write("\n## Geography\n", terms)
    page.item("Terrain", stated(land.name, "terrain", land.terrain))
    page.item("Climate", stated(land.name, "climate", land.climate))
    page.write("\n### Area\n\n- total: {area} sq km\n- land: {dry} sq km\n- water: {water} sq km", terms)
    page.write("\n### Borders\n\n- coastline: {coastline} km\n- neighbour: {neighbour}", terms)
    page.write("\n## People\n\n### Population\n", terms)
    for year in CENSUSES:
        page.write(f"- {year} census: {{population_{year}}}", terms)
    page.write("\n## Government\n\n- Capital: {capital}\n- Established: {established}", terms)
    page.write("\n## Economy\n\n- Currency: {currency}", terms)


def write_province(page: Page, district: District) -> None:
    terms = province_terms(district)
    page.write("# {province}\n\n{province} is a province of {land}. Its towns are {towns}.", terms)
    page.write("\n## Geography\n\n- Area: {area} sq km\n- Highest point: {hill} m\n- Main river: {river}", terms)
    page.write(f"- Length of the {district.river}: {{river_length}} km", terms)
    page.write("\n## Government\n\n- Land: {land}\n- Provincial capital: {seat}", terms)
    page.write("\n## Education\n\n- Institute: {institute}\n\n## Population of the towns\n", terms)
    rows: list[list[Piece]] = [
        [town.name, *(town_terms(district, town)[f"population_{year}"] for year in CENSUSES)] for town in district.towns
    ]
    rows.append(["Total", *(terms[f"urban_{year}"] for year in CENSUSES)])
    page.table(["Town", *map(str, CENSUSES)], rows)


def write_town(page: Page, district: District, index: int) -> None:
    town = district.towns[index]
    terms = town_terms(district, town)
    page.write("# {town}\n\n## Introduction\n", terms)
    page.write("- Background: {town} is a town on the {river}, founded in {founded} and known for {known}", terms)
    if town.former_name:
        page.write("- Former name: {former} (until {renamed})", terms)
    page.write("\n## Geography\n\n- Province: {province}\n- Land: {land}\n- River: {river}", terms)
    page.write("- Elevation: {elevation} m\n- Area: {area} sq km", terms)
    page.write("\n## People and Society\n\n### Population\n", terms)
    for year in CENSUSES:
        page.write(f"- {year} census: {{population_{year}}}", terms)
    page.write("\n### Culture\n\n- Known for: {known}\n- Festival: {festival} ({month})", terms)
    if town.twin:
        page.write("- Twin town: {twin}", terms)
    page.write("\n## Government\n\n- Mayor: {mayor} (since {mayor_since})", terms)
    if len(town.mayors) > 1:
        page.item("Previous mayor", tenure_pieces(town.name, "mayor", town.mayors[0]))
    page.write("\n## Economy\n", terms)
    page.item("Companies", _companies_in(district, town.name))


def _companies_in(district: District, town: str) -> Piece:
    found = [stated(town, "company", company.name) for company in district.companies if company.office == town]
    return enumerated(found) if found else "none with a head office in the town"


def write_company(page: Page, district: District, index: int) -> None:
    company = district.companies[index]
    terms = company_terms(company)
    page.write("# {company}\n", terms)
    page.write("{company}, or {short} for short, is {an} {industry} company.", terms, end=" ")
    verb = "offers" if company.trade.noun in ("shipping", "railway", "energy") else "makes"
    page.write(f"It was founded by {{founder}} in {{founded}} and {verb} {{products}}.", terms)
    page.write("\n## Profile\n\n- Industry: {industry}\n- Founded: {founded}\n- Founder: {founder}", terms)
    if company.former_name:
        page.write("- Former name: {former} (until {renamed})", terms)
    page.write("- Products: {products}\n- Employees: {employees} (" + str(THIS_YEAR) + ")", terms)
    page.write("\n## Head office\n\n- Head office: {office}", terms)
    if company.office != company.first_office:
        page.write("- Earlier head office: {first_office} (until {moved})", terms)
    page.write("\n## Management\n\n- Chief executive: {chief} (since {since})", terms)
    for tenure in reversed(company.chiefs[:-1]):
        page.item("Former chief executive", tenure_pieces(company.name, "chief executive", tenure))
    page.write("\n## Partners\n", terms)
    if company.supplier:
        page.write("- Supplier: {supplier} ({supplies})", terms)
    if company.parent:
        page.write("- Parent company: {parent} (since {acquired})", terms)
    if not company.supplier and not company.parent:
        page.write("- none; {short} is independent and buys nothing on contract", terms)


LIST_OF_A_LIFE = "- Born: {born}\n- Birthplace: {birthplace}\n- Home town: {home}\n- Instrument: {plays}"
OPENINGS = (
    "{person}, born on {born} in {birthplace}, {is} {role} {place}.",
    "Born in {birthplace} on {born}, {person} {is} {role} {place}.",
    "{person} {is} {role} {place}. {family} was born in {birthplace} on {born}.",
)
STUDIES = (
    "{family} studied {field} at the {school} and took a degree in {degree}.",
    "In {degree} {family} took a degree in {field} at the {school}.",
    "A degree in {field} from the {school} followed in {degree}.",
)
FIRST_POSTS = (
    "From {early_start} to {early_end} {family} was {an_early} {early_place}.",
    "The first post, from {early_start} to {early_end}, was that of {an_early} {early_place}.",
)
HOMES = (
    "{family} {lives} in {home} and {played} {plays}.",
    "At home in {home}, {family} {played} {plays}.",
)
ANECDOTES = (
    "A story is told of a meeting that ended only when somebody hid the chairs.",
    "Friends speak of a dry wit, and of a habit of answering letters on the back of the letter.",
    "Nobody remembers a raised voice; many remember a raised eyebrow.",
    "Every journey had to begin before breakfast, and most of them did.",
    "The only known portrait hangs in a corridor and shows chiefly a hat.",
    "Of all the gifts received in office, a basket of pears was the one most often mentioned.",
    "For a whole year the window stood open, because a swallow had built its nest on the frame.",
    "In private there was much chess, played slowly and lost with good grace.",
    "A rule of the house was that bad news came first and was followed by soup.",
    "The desk was always empty, which visitors took for order and colleagues for a warning.",
)


def write_person(page: Page, district: District, index: int, prose: bool, draw: random.Random) -> None:
    """A life, as prose or as a list."""
    person = district.people[index]
    office = person.posts[-1]
    now, alive = office.end is None, person.died is None
    terms = {
        **person_terms(person),
        "is": "is" if now else "was",
        "lives": "lives" if alive else "lived",
        "played": "plays" if alive else "played",
        "early": person.posts[0].role,
        "an_early": with_article(person.posts[0].role),
    }
    page.write("# {person}\n", terms)
    if prose:
        page.write(draw.choice(OPENINGS), terms, end=" ")
        page.write(draw.choice(STUDIES), terms, end=" ")
        page.write(draw.choice(FIRST_POSTS), terms, end="\n\n")
        page.write("{family} has held the present office since {start}." if now else
                   "{family} held the office from {start} to {end}.", terms, end=" ")  # fmt: skip
        page.write(draw.choice(HOMES), terms, end=" ")
        if person.mentor:
            page.write("Research with {mentor} shaped the years of study.", terms, end=" ")
        page.write(" ".join(draw.sample(ANECDOTES, 3)), terms)
        if not alive:
            page.write("\n{family} died in {died}.", terms)
        return
    page.write("## Life\n\n" + LIST_OF_A_LIFE, terms)
    if not alive:
        page.write("- Died: {died}", terms)
    page.write("\n## Education\n\n- Studied at: {school}\n- Field of study: {field}\n- Degree: {degree}", terms)
    if person.mentor:
        page.write("- Mentor: {mentor}", terms)
    page.write("\n## Career\n", terms)
    page.write("- {early_start}-{early_end}: {early} {early_place}", terms)
    page.write("- {start}-{end}: {role} {place}" if not now else "- since {start}: {role} {place}", terms)


def write_institute(page: Page, district: District) -> None:
    terms = institute_terms(district.institute)
    page.write("# {institute}\n\nThe {institute} in {town} teaches {field}.", terms)
    page.write("\n## Profile\n\n- Town: {town}\n- Founded: {founded}\n- Field: {field}", terms)
    page.write(f"- Students: {{students}} ({THIS_YEAR})", terms)
    page.write("\n## People\n\n- Director: {director} (since {since})\n- Research fellow: {fellow}", terms)
