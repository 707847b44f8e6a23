"""Information perturbation (paper 3.2): an entity is not named but described by what the documents say of it.

Temporal ("a year ending with 5 in the second half of the 20th century"), numeric ("between 1.2 and 1.3 million sq
km"), institutional ("whose government type is presidential republic") and relational ("whose border countries include
Mali") clues, each a condition that the uniqueness proof evaluates as it is worded.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from longstride.synthesis.knowledge_graph.catalog import Asked, Catalog
from longstride.synthesis.knowledge_graph.graph import Edge
from longstride.synthesis.knowledge_graph.query import Filter

WIDTHS = (0.05, 0.1, 0.2, 0.3, 0.5)  # of a numeric span, as a share of the number; not in the paper
WIDEST, NARROWEST = 0.3, 0.03  # of the entities that a numeric span may hold; not in the paper
EXTREME = 0.15  # of the entities: beyond, "more than" and "less than" say enough; not in the paper
LARGEST_SHARE = 0.4  # of the entities that one value may describe
LONGEST_TERM_WORDS, LONGEST_ITEM_WORDS = 5, 3
ENDLESS = Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class Clue:
    """One statement about an entity, blurred."""

    asked: Asked
    edge: Edge
    kind: str  # temporal, numeric, institutional, relational
    condition: Filter  # its variable is to be named
    clause: str  # "whose ...", "that ..."
    fits: frozenset[str]  # the entities that it may describe, the unread ones among them
    named: str | None = None  # the node that it names


def make_clue(catalog: Catalog, asked: Asked, edge: Edge, generator: random.Random) -> Clue | None:
    """A clue from one statement; None where it would say too much, too little, or cannot be blurred well."""
    node = catalog.graph.nodes[edge.object]
    named = None
    if asked.relation.aspect == "number":
        if asked.single(edge.subject) is None or node.number is None:
            return None
        made = _numeric(asked, node.number, generator)
        kind = "numeric"
    elif asked.relation.aspect in ("date", "since"):
        if asked.single(edge.subject) is None:
            return None
        made, kind = _temporal(asked, node.year, generator), "temporal"
    else:
        made = _named(catalog, asked, edge)
        kind, named = "relational" if catalog.graph.is_documented(edge.object) else "institutional", edge.object
    if made is None:
        return None
    condition, clause = made
    return Clue(asked, edge, kind, condition, clause, catalog.fits(asked, condition), named)


def _numeric(asked: Asked, number: Decimal, generator: random.Random) -> tuple[Filter, str] | None:
    """A span around a number that holds some of what is stated of others, or "more than" where few have more."""
    if number == 0:
        return None
    unit, numbers = asked.relation.unit, asked.numbers
    be = "are" if asked.phrase.plural else "is"
    above = sum(each > number for each in numbers) / len(numbers)
    below = sum(each < number for each in numbers) / len(numbers)
    for width in generator.sample(WIDTHS, len(WIDTHS)):
        low, high = _span(number, width, generator.random())
        inside = sum(low < each < high for each in numbers)
        telling = max(2, NARROWEST * len(numbers)) <= inside <= max(2, WIDEST * len(numbers))
        if low in numbers or high in numbers or not telling:
            continue
        beyond = unit.startswith("%") and number <= 100 < high  # no share is larger
        if number > 0 and (beyond or (above < EXTREME and generator.random() < 0.5)):
            text = f"more than {_in_words(low, low, unit)[0]}"
            return Filter("between", "", low, ENDLESS), f"whose {asked.phrase.named} {be} {text}"
        if number > 0 and below < EXTREME and generator.random() < 0.5:
            text = f"less than {_in_words(high, high, unit)[0]}"
            return Filter("between", "", -ENDLESS, high), f"whose {asked.phrase.named} {be} {text}"
        first, second = _in_words(low, high, unit)
        return Filter("between", "", low, high), f"whose {asked.phrase.named} {be} between {first} and {second}"
    return None


def _span(number: Decimal, width: float, place: float) -> tuple[Decimal, Decimal]:
    """Round bounds on either side of a number, `width` of it apart, the number `place` of the way between them."""
    size = abs(number) * Decimal(str(round(width, 3)))
    low, high = number - size * Decimal(str(round(place, 3))), number + size * Decimal(str(round(1 - place, 3)))
    step = Decimal(10) ** size.adjusted()
    if number == number.to_integral_value() and step < 1:
        step = Decimal(1)
    low = (low / step).to_integral_value(ROUND_FLOOR) * step
    high = (high / step).to_integral_value(ROUND_CEILING) * step
    return (low if low < number else low - step), (high if high > number else high + step)


def _in_words(low: Decimal, high: Decimal, unit: str) -> tuple[str, str]:
    """Two bounds with their unit once: "1.2" and "1.3 million sq km"; "$3 billion" and "$4 billion"; "5%" and "8%"."""
    scale, word = Decimal(1), ""
    for size, name in ((10**12, " trillion"), (10**9, " billion"), (10**6, " million")):
        if min(abs(low), abs(high)) >= size:
            scale, word = Decimal(size), name
            break
    first, second = (_written(each / scale) for each in (low, high))
    if unit[:1] in ("$", "€", "£", "¥"):
        rest = f"{word} {unit[1:].strip()}".rstrip()
        return _money(first, unit[0], rest), _money(second, unit[0], rest)
    if unit.startswith("%"):
        return (f"{first}%" if low != high else f"{first}{unit}"), f"{second}{unit}"
    suffix = f"{word} {unit}".rstrip()
    suffix = suffix if not suffix or suffix[0] == " " else f" {suffix}"
    return (f"{first}{suffix}" if low == high else f"{first}{word}"), f"{second}{suffix}"


def _money(amount: str, currency: str, rest: str) -> str:
    return f"-{currency}{amount[1:]}{rest}" if amount[0] == "-" else f"{currency}{amount}{rest}"


def _written(number: Decimal) -> str:
    plain = f"{number.normalize():f}"
    whole, _, decimals = plain.partition(".")
    return f"{int(whole):,}" + (f".{decimals}" if decimals else "") if whole not in ("-0", "0") else plain


def _temporal(asked: Asked, year: int, generator: random.Random) -> tuple[Filter, str]:
    """A span of years that holds one: its decade, half of it, a last digit in half a century, six years."""
    decade, half = year // 10 * 10, 50 if (year - 1) % 100 >= 50 else 0
    century = (year - 1) // 100 + 1
    start = (century - 1) * 100 + 1 + half
    early = year % 10 < 5
    low = year - generator.randint(1, 4)
    half_century = f"the {'second' if half else 'first'} half of the {_ordinal(century)} century"
    spans = [
        (decade, decade + 9, -1, f"the {decade}s"),
        (decade if early else decade + 5, decade + (4 if early else 9), -1,
         f"the {'first' if early else 'second'} half of the {decade}s"),
        (start, start + 49, year % 10,
         f"a year ending with {year % 10} in {half_century}"),
        (low, low + 5, -1, f"a year from {low} to {low + 5}"),
    ]  # fmt: skip
    if any(each % 50 == 0 for each in asked.years):
        del spans[2]  # when a century's half begins is disputed
    first, last, digit, text = generator.choice(spans)
    condition = Filter("years", "", Decimal(first), Decimal(last), digit)
    return condition, date_clause(asked, text)


def date_clause(asked: Asked, span: str) -> str:
    """ "whose independence dates to the 1960s", "that was founded in the 1960s"."""
    if asked.relation.aspect == "since":
        return f"whose {asked.phrase.named} has been in place since {span}"
    if asked.phrase.style == "event":
        return f"that {asked.phrase.words} in {span}"
    return f"whose {asked.phrase.named} {'date' if asked.phrase.plural else 'dates'} to {span}"


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"


def _named(catalog: Catalog, asked: Asked, edge: Edge) -> tuple[Filter, str] | None:
    """A clue that names a value which several entities share."""
    if asked.relation.aspect == "top":
        return None
    sharing, text = asked.sharing[edge.object], edge.triple.object.text
    if sharing < 2 or sharing > LARGEST_SHARE * len(asked.by_subject) or len(text.split()) > LONGEST_TERM_WORDS:
        return None
    if any(letter.isdigit() for letter in text):
        return None
    if not asked.functional and not asked.phrase.plural and len(text.split()) > LONGEST_ITEM_WORDS:
        return None
    condition = Filter("is", "", words=edge.triple.object.key)
    return condition, subject_clause(asked, text)


def subject_clause(asked: Asked, text: str) -> str:
    """The clause that says of a subject what it has: "whose currency is the euro", "that works at Kestrel"."""
    phrase, aspect = asked.phrase, asked.relation.aspect
    if phrase.style == "verb":
        return f"that {phrase.words} {text}"
    if aspect in ("from", "by", "under"):
        return f"whose {phrase.named} was {aspect} {text}"
    if aspect == "top":
        return f"among whose {phrase.named} {text} has the {leading(asked)}"
    if phrase.plural:
        return f"whose {phrase.named} include {text}"
    if asked.functional:
        return f"whose {phrase.named} is {text}"
    return f"that has {text} as {phrase.article} {phrase.named}"


def leading(asked: Asked) -> str:
    """What the first of a list has most of."""
    return "largest share" if asked.relation.unit == "%" else "largest figure"


def object_clause(asked: Asked, owner: str) -> str:
    """The clause that says of an object whose it is: "that is among the border countries of A"."""
    phrase, aspect = asked.phrase, asked.relation.aspect
    if phrase.style == "verb":
        return f"that {owner} {phrase.words}"
    if aspect in ("from", "by", "under"):
        return f"{aspect} which {phrase.of(owner)} is recorded"
    if aspect == "top":
        return f"that has the {leading(asked)} among {phrase.of(owner)}"
    if phrase.plural:
        return f"that is among {phrase.of(owner)}"
    if asked.functional:
        return f"that is {phrase.of(owner)}"
    return f"that is {phrase.article} {phrase.of(owner).removeprefix('the ')}"
