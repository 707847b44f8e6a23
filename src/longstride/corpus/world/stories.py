"""Prose: annals of towns, histories of companies, and travellers' tales."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

from longstride.corpus.world.english import article, counted
from longstride.corpus.world.facts import THIS_YEAR, Company, District
from longstride.corpus.world.page import Page, Terms
from longstride.corpus.world.terms import company_terms, person_terms, town_terms

Event = tuple[int, str, Terms]  # the year, a sentence that names it, and its words
INCIDENTS = (
    "The {season} of {year} brought a flood, and the {thing} stood in water for {days} days.",
    "In {year} lightning struck the {thing}; it was mended within the year.",
    "A long frost in the {season} of {year} closed the river for {days} days.",
    "In {year} the council bought a fire engine, which is still kept beside the {thing}.",
    "In {year} a travelling theatre came for {days} days and stayed in the {thing} all {season}.",
    "The {thing} was painted yellow in {year}, after a vote that took {days} evenings.",
)
THINGS = (
    "grain store", "old bridge", "school house", "market hall", "bath house", "weigh house", "ferry landing",
    "watch tower",
)  # fmt: skip
SEASONS = ("spring", "summer", "autumn", "winter")


def write_annals(page: Page, district: District, index: int, draw: random.Random) -> None:
    """The years of one town in their order."""
    town = district.towns[index]
    terms = town_terms(district, town)
    page.write("# Annals of {town}\n", terms)
    former = town.former_name is not None
    events: list[Event] = [
        (town.founded, "Settlers founded the town on the {river} in {founded}"
         + (" and called it {former}." if former else "."), terms),
        *((year, "At the census of " + str(year) + f" the town had {{population_{year}}} inhabitants.", terms)
          for year in (1991, 2021)),
    ]  # fmt: skip
    if former:
        events.append((town.renamed, "In {renamed} the council gave the town its present name, {town}.", terms))
    for tenure in town.mayors:
        words = {**terms, "holder": tenure.holder, "year": str(tenure.start)}
        events.append((tenure.start, "{holder} became mayor in {year}.", words))
    for company in district.companies:
        events.extend(_company_events(company, town.name))
    for person in district.people:
        if person.birthplace == town.name:
            events.append((person.born.year, "On {born} {person} was born here.", person_terms(person)))
    for template in draw.sample(INCIDENTS, 3):
        year = draw.randrange(max(town.founded + 20, 1790), 1990)
        words = {"year": str(year), "thing": draw.choice(THINGS), "season": draw.choice(SEASONS),
                 "days": str(draw.randrange(3, 40))}  # fmt: skip
        events.append((year, template, words))
    _write_events(page, events)
    page.write("\nEvery {month} the town keeps {festival}, as it has for longer than anyone can tell.", terms)


def _company_events(company: Company, town: str) -> list[Event]:
    terms = company_terms(company)
    events: list[Event] = []
    if company.first_office == town:
        events.append((company.founded, "{founder} founded {company} here in {founded}.", terms))
    if company.office != company.first_office and company.office == town:
        events.append((company.moved, "In {moved} {company} moved its head office here from {first_office}.", terms))
    if company.office != company.first_office and company.first_office == town:
        events.append((company.moved, "In {moved} {company} left for {office}, and its hall stood empty.", terms))
    return events


def _write_events(page: Page, events: Sequence[Event]) -> None:
    ordered = sorted(events, key=lambda event: event[0])
    for order, (_, template, terms) in enumerate(ordered):
        last = order == len(ordered) - 1
        page.write(template, terms, end="\n" if last else "\n\n" if order % 3 == 2 else " ")


BEGINNINGS = (
    "{company} began in {founded} as {an} {site} of one room, which {founder} had rented in {first_office}.",
    "In {founded} {founder} opened {an} {site} in {first_office}, which has since become {company}.",
)
MIDDLES = (
    "The first order was for {first_product}, and the payment came in apples.",
    "For two winters nobody was paid, and nobody left.",
    "The first machine came by boat and was carried up from the river by {hands}.",
    "A fire took the roof in the third year, and the neighbours gave the tiles.",
)


def write_history(page: Page, district: District, index: int, draw: random.Random) -> None:
    """How a company came to be what it is."""
    company = district.companies[index]
    site = company.trade.site
    terms = {**company_terms(company), "an": article(site), "site": site,
             "hands": counted(draw.randrange(4, 13), "porter")}  # fmt: skip
    page.write("# A short history of {company}\n", terms)
    page.write(draw.choice(BEGINNINGS), terms, end=" ")
    page.write(" ".join(draw.sample(MIDDLES, 2)), terms, end="\n\n")
    events: list[Event] = []
    for before, after in pairwise(company.chiefs):
        words = {"before": before.holder, "after": after.holder, "year": str(after.start), "short": company.short}
        template = draw.choice(
            ("In {year} {before} handed the keys of {short} to {after}.",
             "{after} followed {before} at the head of {short} in {year}.")
        )  # fmt: skip
        events.append((after.start, template, words))
    if company.office != company.first_office:
        events.append((company.moved, "The head office went from {first_office} to {office} in {moved}.", terms))
    if company.former_name:
        events.append((company.renamed, "Until {renamed} the company had traded as {former}.", terms))
    if company.parent:
        events.append((company.acquired, "{parent} bought the company in {acquired}.", terms))
    _write_events(page, events)
    if company.supplier:
        page.write("\nWhat {short} cannot make it buys: {supplier} sends the {supplies}.", terms)
    page.write(f"\nAt the end of {THIS_YEAR}, {{employees}} people worked for {{short}}.", terms)


ARRIVALS = (
    "The boat came down the {river} before it was light, and the lamps of {town} were the first I saw of the day.",
    "I walked into {town} by the upper road in the rain, with {province} behind me like a wet coat.",
    "Nobody had told me that {town} stands {elevation} metres high; my ears knew it before my feet.",
    "From the hills {town} looked like something that had been put down for a moment and forgotten.",
    "I came to {town} on market day, and for an hour could not find a single person who lived there.",
    "The bells of {town} can be heard across the {river}, so that one arrives twice, by ear and by foot.",
)
MEETINGS = (
    "At the inn a man who had once worked for {company} drew the plan of the {site} on the table with his finger.",
    "An old woman sold me {sold} and asked whether they had {sold} where I came from.",
    "The ferryman counted the bridges aloud as we passed, and would not say why he left one out.",
    "A child followed me as far as the weigh house and told me the names of all the cats.",
    "Two sisters who had quarrelled about {short} asked me to judge between them, and liked neither answer.",
    "The schoolmaster showed me the register of {founded}, the year of the founding, which is of course a copy.",
    "A clerk at the town hall let me hold the keys of the granary and then counted them twice.",
    "I shared a bench with a tuner of organs, who said that {town} is a quarter of a tone too low.",
    "A carter offered to take me further if I could tell him why salt is cheaper than patience.",
    "The innkeeper keeps a book of the weather in which no day is called fine.",
)
THOUGHTS = (
    "I have noticed that every town believes its own bread to be the plain one.",
    "There is a kind of quiet that comes only from many people being busy.",
    "I wrote three letters that evening and posted none of them.",
    "The wind turned in the night, and the whole town seemed to turn over with it.",
    "It is easier to be patient with a river than with a road.",
    "My boots had by then an opinion about everything.",
)
DEPARTURES = (
    "In the morning I went on to {next}, which lies in the same province and speaks of it as if it did not.",
    "I left for {next} with bread for two days and a borrowed umbrella.",
    "When the carriage for {next} came I found that I had nothing left to ask.",
    "There is a path to {next} along the water, and I took it because it was the longer one.",
    "They said that {next} was not worth the journey, which decided me.",
)
LETTERS = ("First", "Second", "Third")


def write_tale(page: Page, district: District, index: int, draw: random.Random) -> None:
    """A traveller's letters from three towns of the province, one after another."""
    start = draw.randrange(len(district.towns))
    order = [district.towns[(start + step) % len(district.towns)] for step in range(len(LETTERS) + 1)]
    arrivals, thoughts, departures = (draw.sample(pool, len(LETTERS)) for pool in (ARRIVALS, THOUGHTS, DEPARTURES))
    meetings = draw.sample(MEETINGS, 2 * len(LETTERS))
    page.write(f"# The travels of {district.people[index].name}\n")
    for number, (town, after) in enumerate(pairwise(order)):
        company = draw.choice(district.companies)
        terms = {
            **company_terms(company),
            **town_terms(district, town),
            "sold": "apples" if town.known_for.startswith("its ") else town.known_for,
            "next": after.name,
        }
        page.write(f"## {LETTERS[number]} letter\n")
        page.write(f"{arrivals[number]} {thoughts[number]}", terms, end="\n\n")
        page.write(" ".join(meetings[2 * number : 2 * number + 2]), terms, end=" ")
        page.write(draw.choice(PRAISES), terms, end="\n\n")
        page.write(departures[number], terms, end="\n\n")


PRAISES = (
    "They speak well of the mayor, {mayor}, and better of {festival}, which falls in {month}.",
    "The town is proud of {known}, and will be heard on the subject until {festival} in {month}.",
    "Everything is put off until {festival}, which is in {month}, even the repairs that {mayor} has promised as mayor.",
)
