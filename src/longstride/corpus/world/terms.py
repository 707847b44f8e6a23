"""The words that a text may put into its sentences about a thing: each value with the fact that it states.

Every text about a town takes its values from here, so that a profile, a chronicle and a conversation agree.
"""

from __future__ import annotations

from longstride.corpus.world.english import MONTHS, article, long_date, thousands
from longstride.corpus.world.facts import (
    CENSUSES,
    THIS_YEAR,
    Company,
    District,
    Institute,
    Land,
    Person,
    Tenure,
    Town,
)
from longstride.corpus.world.page import Piece, Stated, Terms, enumerated, stated

MANY_VALUED = ("product", "town", "company", "imports")  # relations that have several objects


def land_terms(land: Land) -> Terms:
    name = land.name
    return {
        "land": name,
        "capital": stated(name, "capital", land.capital),
        "currency": stated(name, "currency", land.currency),
        "established": stated(name, "established", land.established.isoformat(), long_date(land.established)),
        "area": stated(name, "area in sq km", land.area, thousands(land.area)),
        "dry": stated(name, "land area in sq km", land.area - land.water, thousands(land.area - land.water)),
        "water": stated(name, "water area in sq km", land.water, thousands(land.water)),
        "coastline": stated(name, "coastline in km", land.coastline, thousands(land.coastline)),
        "neighbour": stated(name, "neighbour", land.neighbour) if land.neighbour else "no other land",
        **{
            f"population_{year}": stated(name, f"population {year}", number, thousands(number))
            for year, number in land.population.items()
        },
    }


def province_terms(district: District) -> Terms:
    name = district.name
    urban = {year: sum(town.population[year] for town in district.towns) for year in CENSUSES}
    return {
        "province": name,
        "land": stated(name, "land", district.land.name),
        "seat": stated(name, "provincial capital", district.towns[0].name),
        "river": stated(name, "river", district.river),
        "river_length": stated(district.river, "length in km", district.river_length),
        "hill": stated(name, "highest point in m", district.hill, thousands(district.hill)),
        "area": stated(name, "area in sq km", district.area, thousands(district.area)),
        "towns": enumerated([stated(name, "town", town.name) for town in district.towns]),
        "institute": stated(name, "institute", district.institute.name),
        **{
            f"urban_{year}": stated(name, f"urban population {year}", number, thousands(number))
            for year, number in urban.items()
        },
    }


def town_terms(district: District, town: Town) -> Terms:
    name = town.name
    now = town.mayors[-1]
    return {
        "town": name,
        "province": stated(name, "province", district.name),
        "land": stated(name, "land", district.land.name),
        "river": stated(name, "river", district.river),
        "founded": stated(name, "founded", town.founded),
        "former": stated(name, "former name", town.former_name or ""),
        "renamed": stated(name, "renamed in", town.renamed),
        "area": stated(name, "area in sq km", town.area),
        "elevation": stated(name, "elevation in m", town.elevation),
        "known": stated(name, "known for", town.known_for),
        "festival": stated(name, "festival", town.festival),
        "month": stated(name, "month of the festival", MONTHS[town.festival_month - 1]),
        "twin": stated(name, "twin town", town.twin or ""),
        "mayor": stated(name, "mayor", now.holder),
        "mayor_since": stated(name, "mayor since", now.start),
        **{
            f"population_{year}": stated(name, f"population {year}", number, thousands(number))
            for year, number in town.population.items()
        },
    }


def company_terms(company: Company) -> Terms:
    name, trade = company.name, company.trade
    chief, before = company.chiefs[-1], company.chiefs[-2]
    return {
        "company": name,
        "short": company.short,
        "an": article(trade.noun),
        "industry": stated(name, "industry", trade.noun),
        "site": trade.site,
        "products": enumerated([stated(name, "product", product) for product in company.products]),
        "first_product": stated(name, "product", company.products[0]),
        "founded": stated(name, "founded", company.founded),
        "founder": stated(name, "founder", company.chiefs[0].holder),
        "former": stated(name, "former name", company.former_name or ""),
        "renamed": stated(name, "renamed in", company.renamed),
        "first_office": stated(name, "first head office", company.first_office),
        "office": stated(name, "head office", company.office),
        "moved": stated(name, "head office moved in", company.moved),
        "chief": stated(name, "chief executive", chief.holder),
        "chief_before": stated(name, "previous chief executive", before.holder),
        "since": stated(name, "chief executive appointed in", chief.start),
        "supplier": stated(name, "supplier", company.supplier or ""),
        "supplies": stated(name, "bought from the supplier", company.supplies),
        "parent": stated(name, "parent company", company.parent or ""),
        "acquired": stated(name, "acquired in", company.acquired),
        "employees": employees(company, THIS_YEAR),
    }


def employees(company: Company, year: int) -> Stated:
    number = company.employees[year]
    return stated(company.name, f"employees {year}", number, thousands(number))


def person_terms(person: Person) -> Terms:
    name = person.name
    early, chief = person.posts
    return {
        "person": name,
        "family": person.family,
        "born": stated(name, "born", person.born.isoformat(), long_date(person.born)),
        "birth_year": stated(name, "year of birth", person.born.year),
        "birthplace": stated(name, "birthplace", person.birthplace),
        "died": stated(name, "died in", person.died or 0),
        "school": stated(name, "studied at", person.school),
        "field": stated(name, "field of study", person.field),
        "degree": stated(name, "degree in", person.degree),
        "mentor": stated(name, "mentor", person.mentor or ""),
        "home": stated(name, "home town", person.home),
        "plays": stated(name, "instrument", person.plays.removeprefix("the "), person.plays),
        "early_role": early.role,
        "early_place": stated(name, "earlier post at", early.organisation),
        "early_start": stated(name, "earlier post from", early.start),
        "early_end": stated(name, "earlier post until", early.end),
        "role": chief.role,
        "place": stated(name, chief.role, chief.organisation),
        "start": stated(name, "office from", chief.start),
        "end": stated(name, "office until", chief.end) if chief.end is not None else "today",
    }


def institute_terms(institute: Institute) -> Terms:
    name = institute.name
    return {
        "institute": name,
        "field": stated(name, "field", institute.field),
        "town": stated(name, "town", institute.town),
        "founded": stated(name, "founded", institute.founded),
        "director": stated(name, "director", institute.director.holder),
        "since": stated(name, "director since", institute.director.start),
        "fellow": stated(name, "research fellow", institute.fellow),
        "students": stated(name, f"students {THIS_YEAR}", institute.students, thousands(institute.students)),
    }


def tenure_pieces(organisation: str, office: str, tenure: Tenure) -> Piece:
    """`Doma Belatos (1998-2011)`, in which name and years are facts of the organisation."""
    years = f"{tenure.start}-{tenure.end if tenure.end is not None else ''}"
    return (
        stated(organisation, f"{office} {years}", tenure.holder),
        f" ({tenure.start}-{tenure.end})" if tenure.end is not None else f" (since {tenure.start})",
    )
