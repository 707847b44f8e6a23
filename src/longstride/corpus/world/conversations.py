"""Conversations: questions about the world, an assistant that is told new arrangements, and verses on request."""

from __future__ import annotations

import random
from datetime import date, timedelta

from longstride.corpus.world.english import capitalised, listing, long_date, ordinal
from longstride.corpus.world.facts import THIS_YEAR, District
from longstride.corpus.world.page import Page, Piece, Terms, stated
from longstride.corpus.world.terms import company_terms, institute_terms, person_terms, province_terms, town_terms

SYSTEM, USER, ASSISTANT = "System: ", "User: ", "Assistant: "  # what begins each message


def write_conversation(page: Page, district: District, index: int, draw: random.Random) -> str:
    """One conversation; gives its title."""
    if index == 0:
        return _about_a_company(page, district, draw)
    if index == 1:
        return _about_a_person(page, district, draw)
    if index == 2:
        return _arrangements(page, district, draw)
    return _verses(page, district, draw)


def _turn(page: Page, question: str, answer: str, terms: Terms) -> None:
    page.write(USER + question, terms, end="\n\n")
    page.write(ASSISTANT + answer, terms, end="\n\n")


def _about_a_company(page: Page, district: District, draw: random.Random) -> str:
    company = draw.choice(district.companies)
    terms = company_terms(company)
    turns = [
        ("Who founded it, and when?", "{founder} founded it in {founded}."),
        ("Where is its head office?", "In {office}." if company.office == company.first_office else
         "In {office}. Until {moved} it was in {first_office}."),
        ("Who leads it today?", "{chief} has been chief executive since {since}, after {chief_before}."),
        ("How many people work there?", f"At the end of {THIS_YEAR} it had {{employees}} employees."),
        ("What does it sell?", "Mostly {products}."),
    ]  # fmt: skip
    if company.supplier:
        turns.append(("Does it buy from others?", "Yes, {supplies} from {supplier}."))
    if company.parent:
        turns.append(("Is it independent?", "No. It has belonged to {parent} since {acquired}."))
    asked = draw.sample(turns, len(turns) - 1)
    _turn(page, "I have an interview at {company} next week. What should I know?",
          "{company} is {an} {industry} company. Ask me what you like, and I will look it up.", terms)  # fmt: skip
    for question, answer in asked:
        _turn(page, question, answer, terms)
    _turn(
        page,
        draw.choice(("Thank you, that will do.", "Good, I feel prepared.")),
        "Good luck with the interview.",
        terms,
    )
    return f"Questions about {company.name}"


def _about_a_person(page: Page, district: District, draw: random.Random) -> str:
    index = draw.randrange(12, 20)
    person = district.people[index]
    birthplace = next((town for town in district.towns if town.name == person.birthplace), None)
    terms = person_terms(person)
    _turn(page, "What do you know about {person}?",
          "{person} " + ("is" if person.posts[-1].end is None else "was") + " {role} {place}.", terms)  # fmt: skip
    _turn(page, "Where did {family} study?", "At the {school}; the subject was {field}.", terms)
    _turn(page, "And where does the family come from?", "{family} was born in {birthplace} on {born}.", terms)
    if birthplace is not None:
        town = town_terms(district, birthplace)
        _turn(page, "What is {town} known for?", "For {known}. It lies on the {river}.", town)
        _turn(page, "How large is it?", "At the census of 2021 it had {population_2021} inhabitants.", town)
    else:
        _turn(page, "Is that near {seat}?", "It is another province; I would have to look at the map.",
              province_terms(district))  # fmt: skip
    if person.mentor:
        _turn(page, "Who taught {family}?", "{mentor}, at the start of the career.", terms)
    _turn(
        page,
        "Who directs the institute in {town} now?",
        "{director}, since {since}.",
        institute_terms(district.institute),
    )
    return f"Questions about {person.name}"


ARRANGEMENTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("lunch order", "my lunch order", ("lentil soup", "cheese and pears", "fried herring", "an omelette", "bean stew")),
    ("music lesson", "my music lesson", ("Monday at nine", "Tuesday at four", "Thursday at noon", "Friday at six")),
    ("meeting room", "the room for our meetings", ("the blue room", "the attic", "the garden room", "the library")),
    ("holiday", "my summer holiday", ("a walk along the river", "two weeks of sailing", "a cabin in the hills")),
    ("reading", "the book I am reading", ("a history of lighthouses", "a novel about bees", "an atlas of winds")),
    ("bicycle", "the colour for the new bicycle", ("green", "silver", "dark red", "cream")),
)  # fmt: skip
TELL = (
    "Please note that {what} is {value}.", "For your notes: {what} is {value}.", "{What} is {value}, remember that.",
)  # fmt: skip
CHANGE = (
    "Something has changed: {what} is now {value}.", "Please correct your notes: {what} is {value} from today.",
    "Forget what I said before; {what} is {value} now.",
)  # fmt: skip
SMALL_TALK = (
    ("How long do you boil an egg?", "Six minutes for a soft one, nine for a hard one."),
    ("What rhymes with harbour?", "Arbour, and not much else."),
    ("Is it worth mending an old umbrella?", "If the ribs are sound, yes; cloth is easily replaced."),
    ("How do I keep moths away from wool?", "Air it often, and lay cedar wood beside it."),
    ("Give me a word for the smell of rain.", "Petrichor."),
    ("Can you sharpen a knife on a cup?", "On the unglazed ring under it, yes, with patience."),
)


def _arrangements(page: Page, district: District, draw: random.Random) -> str:
    """Dated sessions in which a person of the district tells an assistant things, and later changes some of them."""
    person = district.people[draw.choice((2, 5, 8, 11, 12, 13, 14, 15))]
    terms = person_terms(person)
    day = date(THIS_YEAR, 1, 1) + timedelta(days=draw.randrange(60))
    kept = [(name, what, draw.sample(values, 3)) for name, what, values in draw.sample(ARRANGEMENTS, 3)]
    changed = draw.choice(((0, 1, 0), (0, 0, 1), (1, 0, 1), (0, 1, 2)))
    talk = draw.sample(SMALL_TALK, 4)
    for session in range(1, 5):
        page.write(f"{SYSTEM}Session {session}, {long_date(day)}.", end="\n\n")
        if session == 1:
            _turn(
                page,
                "Hello, my name is {person}. I live in {home}.",
                "Good to meet you. What shall I keep for you?",
                terms,
            )
            told = [(each, 0) for each in range(3)]
        else:
            each = changed[session - 2]
            told = [(each, changed[: session - 1].count(each))]
        for each, step in told:
            name, what, values = kept[each]
            _tell(page, draw, person.name, name, what, values[step], day, changed=step > 0)
        _turn(page, *talk[session - 1], {})
        day += timedelta(days=draw.randrange(5, 50))
    return f"Notes kept for {person.name}"


def _tell(
    page: Page, draw: random.Random, person: str, name: str, what: str, value: str, day: date, changed: bool
) -> None:
    words: dict[str, Piece] = {
        "what": what,
        "What": capitalised(what),
        "value": stated(person, f"{name} from {day.isoformat()}", value),
        "plain": value,
    }
    _turn(page, draw.choice(CHANGE if changed else TELL),
          draw.choice(("Noted: {plain}.", "I have it: {plain}.", "Very well, {plain}.")), words)  # fmt: skip


SUBJECTS = (
    "rivers",
    "clouds",
    "bridges",
    "winter",
    "mirrors",
    "candles",
    "owls",
    "snow",
    "gardens",
    "keys",
    "bees",
    "boats",
)
FIRST_LINES = (
    "I asked the {one} about the {two},", "The {one} was older than the {two},", "Below the {two} there stood a {one},",
    "Who counts the {one} will lose the {two},",
)  # fmt: skip
SECOND_LINES = (
    "and all it gave me was a {three}.",
    "but neither of them owned a {three}.", "and nobody came by without a {three}.",
    "and that is why we keep a {three}.",
)  # fmt: skip
IMAGES = (
    "lantern", "miller", "stone", "ladder", "ferry", "sparrow", "kettle", "meadow", "button", "thunder", "letter",
    "window", "shepherd", "hammer",
)  # fmt: skip


def _verses(page: Page, district: District, draw: random.Random) -> str:
    """Requests for verses, several on one subject, so that the second of them can be asked for."""
    subjects = draw.sample(SUBJECTS, 3)
    requests = [subject for subject in subjects for _ in range(2)]
    draw.shuffle(requests)
    seen: dict[str, int] = {}
    for subject in requests:
        seen[subject] = seen.get(subject, 0) + 1
        words = dict(zip(("one", "two", "three"), draw.sample(IMAGES, 3), strict=True))
        verse = f"{draw.choice(FIRST_LINES)} {draw.choice(SECOND_LINES)}".format(**words)
        text = stated(f"verses for {district.name}", f"{ordinal(seen[subject])} about {subject}", verse)
        ask = f"Write two lines about {subject}." if seen[subject] == 1 else f"Write two more lines about {subject}."
        page.add([USER, ask, "\n\n", ASSISTANT, text, "\n\n"])
    return f"Verses about {listing(sorted(subjects))} for {district.name}"
