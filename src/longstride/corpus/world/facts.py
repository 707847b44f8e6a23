"""The fact base of a world: everything that is true in a district, computed from the seed and the district's number.

A district is a province with its towns, companies, people and institute; eight districts make a land. A district
refers to things of its own and of earlier districts, whose names are computed from their numbers, so that nothing has
to be kept: any district can be made at any time, and no two documents can disagree.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from longstride.corpus.world.names import Names
from longstride.corpus.world.trades import (
    CLIMATES,
    CURRENCIES,
    EARLY_POSTS,
    FAME,
    FESTIVALS,
    FIELDS,
    INSTRUMENTS,
    TERRAINS,
    TRADES,
    Trade,
)

TOWNS, COMPANIES, PEOPLE = 4, 4, 20  # of a district
DISTRICTS_A_LAND = 8
CHIEFS = 3  # of a company, one after another
THIS_YEAR = 2024  # the last complete one
CENSUSES = (1991, 2001, 2011, 2021)
ACCOUNTS = tuple(range(THIS_YEAR - 9, THIS_YEAR + 1))  # the years of which revenue is known


@dataclass(frozen=True)
class Tenure:
    """Who held an office, and when; `end` is None for the holder of today."""

    holder: str
    start: int
    end: int | None


@dataclass(frozen=True)
class Town:
    name: str
    former_name: str | None
    renamed: int
    founded: int
    area: int  # sq km
    elevation: int  # m
    population: dict[int, int]  # by census
    known_for: str
    festival: str
    festival_month: int
    twin: str | None
    mayors: tuple[Tenure, ...]


@dataclass(frozen=True)
class Company:
    name: str
    short: str
    former_name: str | None
    renamed: int
    trade: Trade
    products: tuple[str, ...]
    founded: int
    first_office: str
    office: str  # the same town, or the one it moved to
    moved: int
    chiefs: tuple[Tenure, ...]
    supplier: str | None
    supplies: str  # what the supplier sends
    parent: str | None
    acquired: int
    employees: dict[int, int]  # by year
    sales: dict[int, tuple[int, ...]]  # by year, of each product, in the land's currency; 0 before its launch
    costs: dict[int, int]  # by year, in the land's currency

    def revenue(self, year: int) -> int:
        return sum(self.sales[year])

    def profit(self, year: int) -> int:
        return self.revenue(year) - self.costs[year]

    def chief_in(self, year: int) -> Tenure:
        """Who led the company at the end of a year."""
        return next(each for each in reversed(self.chiefs) if each.start <= year)


@dataclass(frozen=True)
class Post:
    """A line of a career: `role` reads on with the organisation, as `mayor of` or `surveyor at`."""

    role: str
    organisation: str
    start: int
    end: int | None


@dataclass(frozen=True)
class Person:
    name: str
    family: str  # the family name, by which texts call them after the first time
    born: date
    died: int | None
    birthplace: str
    school: str
    field: str
    degree: int  # the year of it
    mentor: str | None
    posts: tuple[Post, ...]
    home: str
    plays: str


@dataclass(frozen=True)
class Institute:
    name: str
    field: str
    town: str
    founded: int
    director: Tenure
    fellow: str
    students: int


@dataclass(frozen=True)
class Land:
    name: str
    established: date
    capital: str
    currency: str
    area: int  # sq km, of which
    water: int
    coastline: int  # km
    population: dict[int, int]  # by census
    climate: str
    terrain: str
    neighbour: str | None


@dataclass(frozen=True)
class District:
    number: int
    name: str  # of the province
    land: Land
    river: str
    river_length: int  # km
    hill: int  # m, the highest
    area: int  # sq km
    towns: tuple[Town, ...]
    companies: tuple[Company, ...]
    people: tuple[Person, ...]
    institute: Institute


class Atlas:
    """The facts of the world with one seed."""

    def __init__(self, seed: int) -> None:
        self.seed, self._names = seed, Names(seed)
        self._kept: dict[int, District] = {}

    def district(self, number: int) -> District:
        """One district; the latest few are kept, since texts refer to their neighbours."""
        if number not in self._kept:
            if len(self._kept) >= 64:
                del self._kept[next(iter(self._kept))]
            self._kept[number] = _DistrictMaker(self.seed, self._names, number).make()
        return self._kept[number]

    def draw(self, *place: object) -> random.Random:
        """The random numbers of one place in the world."""
        return random.Random("/".join(map(str, (self.seed, *place))))


def town_name(names: Names, district: int, index: int) -> str:
    return names.town((district * TOWNS + index) * 2)


def company_trade(seed: int, district: int, index: int) -> Trade:
    """The four companies of a district have four trades."""
    return random.Random(f"{seed}/trades/{district}").sample(TRADES, COMPANIES)[index]


def company_name(seed: int, names: Names, district: int, index: int) -> str:
    short = names.company((district * COMPANIES + index) * 2)
    return f"{short} {company_trade(seed, district, index).ending}"


def institute_name(names: Names, district: int) -> str:
    return f"{names.region(district * 4 + 2)} Institute"


def person_name(names: Names, district: int, index: int) -> str:
    return " ".join(names.person(district * PEOPLE + index))


def _earlier(draw: random.Random, number: int) -> int:
    return max(0, number - 1 - int(draw.random() ** 2 * 24))


class _DistrictMaker:
    """Draws one district. Every name is computed, every date drawn so that lives and offices agree."""

    def __init__(self, seed: int, names: Names, number: int) -> None:
        self.seed, self.names, self.number = seed, names, number
        self.draw = random.Random(f"{seed}/district/{number}")
        self.town_names = [town_name(names, number, index) for index in range(TOWNS)]
        self.company_names = [company_name(seed, names, number, index) for index in range(COMPANIES)]
        self.posts: dict[int, Post] = {}  # each person's chief office

    def make(self) -> District:
        names, number = self.names, self.number
        towns = tuple(self.town(index) for index in range(TOWNS))
        companies = tuple(self.company(index) for index in range(COMPANIES))
        institute = self.institute()
        return District(
            number=number,
            name=names.region(number * 4),
            land=self.land(),
            river=f"River {names.region(number * 4 + 1)}",
            river_length=self.draw.randrange(60, 900),
            hill=self.draw.randrange(max(town.elevation for town in towns) + 80, 2400),
            area=self.draw.randrange(max(2000, sum(town.area for town in towns) * 2), 24000, 10),
            towns=towns,
            companies=companies,
            people=tuple(self.person(index) for index in range(PEOPLE)),
            institute=institute,
        )

    def land(self) -> Land:
        first = self.number // DISTRICTS_A_LAND * DISTRICTS_A_LAND
        draw = random.Random(f"{self.seed}/land/{first}")
        area = draw.randrange(190_000, 900_000, 10)
        population = {CENSUSES[0]: draw.randrange(9_000_000, 30_000_000)}
        return Land(
            name=self.names.region(first * 4 + 3),
            established=date(draw.randrange(1780, 1920), draw.randrange(1, 13), draw.randrange(1, 29)),
            capital=town_name(self.names, first, 0),
            currency=draw.choice(CURRENCIES),
            area=area,
            water=area // draw.randrange(12, 60),
            coastline=draw.randrange(120, 3000),
            population=_grown(draw, population, 0.98, 1.12),
            climate=draw.choice(CLIMATES),
            terrain=draw.choice(TERRAINS),
            neighbour=self.names.region((first - DISTRICTS_A_LAND) * 4 + 3) if first else None,
        )

    def town(self, index: int) -> Town:
        draw, names, number = self.draw, self.names, self.number
        founded = draw.randrange(1080, 1840)
        now = draw.randrange(2008, 2021)
        mayors = [Tenure(self.holds(12 + index, "mayor of", self.town_names[index], now, None), now, None)]
        if index < 2:
            start = now - draw.randrange(4, 17)
            mayors.insert(0, Tenure(self.holds(16 + index, "mayor of", self.town_names[index], start, now), start, now))
        other = _earlier(draw, number)
        return Town(
            name=self.town_names[index],
            former_name=names.town((number * TOWNS + index) * 2 + 1) if draw.random() < 0.4 else None,
            renamed=draw.randrange(1860, 1950),
            founded=founded,
            area=draw.randrange(18, 240),
            elevation=draw.randrange(4, 900),
            population=_grown(draw, {CENSUSES[0]: draw.randrange(2_400, 180_000)}, 0.9, 1.15),
            known_for=draw.choice(FAME),
            festival=draw.choice(FESTIVALS),
            festival_month=draw.randrange(1, 13),
            twin=town_name(names, other, draw.randrange(TOWNS)) if number else None,
            mayors=tuple(mayors),
        )

    def company(self, index: int) -> Company:
        draw, names, number = self.draw, self.names, self.number
        name = self.company_names[index]
        trade = company_trade(self.seed, number, index)
        founded = draw.randrange(1946, 2003)
        span = THIS_YEAR - founded
        starts = [
            founded,
            founded + round(span * draw.uniform(0.25, 0.45)),
            founded + round(span * draw.uniform(0.6, 0.85)),
        ]
        chiefs = []
        for order, (start, end) in enumerate(zip(starts, [*starts[1:], None], strict=True)):
            holder = self.holds(CHIEFS * index + order, "chief executive of", name, start, end)
            chiefs.append(Tenure(holder, start, end))
        first_office = draw.choice(self.town_names)
        moves = draw.random() < 0.5
        ending = trade.ending
        other = _earlier(draw, number)
        maker = index if index == 0 else draw.randrange(COMPANIES)  # the first companies' programs import each other's
        launch = draw.randrange(len(ACCOUNTS))
        products = tuple(draw.sample(trade.products, 3))
        parent = company_name(self.seed, names, _earlier(draw, number), draw.randrange(COMPANIES))
        sales, costs, employees = self._accounts(launch)
        return Company(
            name=name,
            short=name.removesuffix(f" {ending}"),
            former_name=f"{names.company((number * COMPANIES + index) * 2 + 1)} {ending}"
            if draw.random() < 0.3
            else None,
            renamed=draw.randrange(founded + 3, 2012),
            trade=trade,
            products=products,
            founded=founded,
            first_office=first_office,
            office=draw.choice([town for town in self.town_names if town != first_office]) if moves else first_office,
            moved=draw.randrange(founded + 2, THIS_YEAR + 1),
            chiefs=tuple(chiefs),
            supplier=company_name(self.seed, names, other, maker) if number else None,
            supplies=draw.choice(company_trade(self.seed, other, maker).products),
            parent=parent if number and draw.random() < 0.3 else None,
            acquired=draw.randrange(2004, THIS_YEAR + 1),
            employees=employees,
            sales=sales,
            costs=costs,
        )

    def _accounts(self, launch: int) -> tuple[dict[int, tuple[int, ...]], dict[int, int], dict[int, int]]:
        """Ten years of sales by product, costs and employees; amounts are whole hundred thousands."""
        draw = self.draw
        sales: dict[int, tuple[int, ...]] = {}
        costs: dict[int, int] = {}
        employees: dict[int, int] = {}
        level = [draw.uniform(4, 60), draw.uniform(2, 40), draw.uniform(1, 20)]
        people = draw.randrange(90, 4000)
        for order, year in enumerate(ACCOUNTS):
            level = [each * draw.uniform(0.88, 1.18) for each in level]
            people = round(people * draw.uniform(0.93, 1.09))
            amounts = [max(1, round(each * 10)) * 100_000 for each in level]
            if order < launch:
                amounts[2] = 0
            sales[year] = tuple(amounts)
            costs[year] = round(sum(amounts) * draw.uniform(0.82, 1.08) / 100_000) * 100_000
            employees[year] = people
        return sales, costs, employees

    def institute(self) -> Institute:
        draw = self.draw
        name = institute_name(self.names, self.number)
        start = draw.randrange(2001, 2020)
        director = Tenure(self.holds(18, "director of the", name, start, None), start, None)
        return Institute(
            name=name,
            field=draw.choice(FIELDS),
            town=draw.choice(self.town_names),
            founded=draw.randrange(1790, 1911),
            director=director,
            fellow=self.holds(19, "research fellow at the", name, draw.randrange(1998, 2016), None),
            students=draw.randrange(180, 9000),
        )

    def holds(self, index: int, role: str, organisation: str, start: int, end: int | None) -> str:
        """Give a person of the district their chief office; returns their name."""
        self.posts[index] = Post(role, organisation, start, end)
        return person_name(self.names, self.number, index)

    def person(self, index: int) -> Person:
        draw, number, names = self.draw, self.number, self.names
        chief = self.posts[index]
        age = draw.randrange(31, 50)
        born = date(chief.start - age, 1, 1) + timedelta(days=draw.randrange(365))
        degree = born.year + draw.randrange(21, 25)
        elsewhere, school = _earlier(draw, number), _earlier(draw, number)
        if draw.random() < 0.5:
            elsewhere = number
        first = degree + draw.randrange(0, 3)
        early = Post(
            f"{draw.choice(EARLY_POSTS)} at the", institute_name(names, _earlier(draw, number)), first,
            draw.randrange(first + 1, chief.start + 1),
        )  # fmt: skip
        retired = chief.end if chief.end is not None else THIS_YEAR + 1
        died = max(retired + 1, born.year + draw.randrange(68, 96))
        town = self.town_names[draw.randrange(TOWNS)]
        return Person(
            name=person_name(names, number, index),
            family=names.person(number * PEOPLE + index)[1],
            born=born,
            died=died if died <= THIS_YEAR else None,
            birthplace=town_name(names, elsewhere, draw.randrange(TOWNS)),
            school=institute_name(names, school),
            field=draw.choice(FIELDS),
            degree=degree,
            mentor=person_name(names, _earlier(draw, number), 19) if number and index in (18, 19) else None,
            posts=(early, chief),
            home=town,
            plays=draw.choice(INSTRUMENTS),
        )


def _grown(draw: random.Random, population: dict[int, int], least: float, most: float) -> dict[int, int]:
    for before, after in pairwise(CENSUSES):
        population[after] = round(population[before] * draw.uniform(least, most))
    return population
