"""The questions over figures that the scripted peer understands: taken apart, worded anew, and worked out.

The answers are worked out from the world's facts, whatever our code made of the documents.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from longstride.corpus.world import Fact
from longstride.records import Document
from longstride.synthesis.tables.answer_forms import AnswerForm, Result, decimals_for, exact_decimals
from world_peer.contract import Known, Truth


@dataclass(frozen=True)
class Measure:
    """What the world measures: its relation, with `{period}` for a time, and how a reader calls it."""

    relation: str
    unit: str = ""
    summable: bool = True


MEASURES = {
    "population": Measure("population {period}"),
    "urban population": Measure("urban population {period}"),
    "area": Measure("area in sq km", "sq km"),
    "land area": Measure("land area in sq km", "sq km"),
    "water area": Measure("water area in sq km", "sq km"),
    "coastline": Measure("coastline in km", "km"),
    "elevation": Measure("elevation in m", "m", summable=False),
    "highest point": Measure("highest point in m", "m", summable=False),
    "length": Measure("length in km", "km"),
    "employees": Measure("employees {period}"),
    "students": Measure("students {period}"),
    "revenue": Measure("revenue {period}", "currency"),
    "costs": Measure("costs {period}", "currency"),
    "suspended silt": Measure("suspended silt in {period} (mg per litre)", "mg per litre", summable=False),
    "water level": Measure("water level in {period} (cm)", "cm", summable=False),
}
SCALES = {0: "", 3: "thousand", 6: "million"}
PERIOD = r"(?:\w+ )?\d{4}"

MEASURE = rf"(?:{'|'.join(sorted(MEASURES, key=len, reverse=True))})(?: (?:in|as of) {PERIOD})?"
FIELDS = {
    "m": MEASURE, "m2": MEASURE, "names": ".+?", "others": ".+?", "side": "above|below",
    "word": r"(?:(?:second|third|fourth)-)?(?:largest|smallest|highest|lowest)",
    "most": "largest|highest", "least": "smallest|lowest",
    "t": r"[\d,.]*\d(?: (?:thousand|million|billion))?(?: [a-z ]+?)?",
}  # fmt: skip
FORMS: dict[str, tuple[str, ...]] = {  # ours first, then the ways in which the proposer says the same
    "total": (
        "What is the combined figure for {m} of {names}?",
        "Add up the figures for {m} of {names}; what is the sum?",
        "If one takes {names} together, what does their {m} come to?",
    ),
    "average": (
        "What is the average (arithmetic mean) figure for {m} across {names}?",
        "Taking the mean over {names}, how large is the {m}?",
        "Work out the mean {m} of {names}.",
    ),
    "median": (
        "What is the median figure for {m} across {names}?",
        "Which {m} is the median among {names}?",
    ),
    "spread": (
        "What is the difference between the {most} and the {least} {m} among {names}?",
        "What is the difference between the {most} and the {least} figure for {m} among {names}?",
        "Among {names}, by how much do the {most} and the {least} {m} differ?",
    ),
    "count_above": (
        "For how many of {names} is the figure for {m} {side} {t}?",
        "Count those of {names} whose {m} lies {side} {t}.",
    ),
    "rank": (
        "Of {names}, which has the {word} {m}?",
        "Of {names}, which has the {word} figure for {m}?",
        "Name the one with the {word} {m} among {names}.",
    ),
    "share": (
        "What percentage of the combined figure for {m} of {names} is accounted for by {others}?",
        "Of the total {m} of {names}, what percentage falls to {others}?",
    ),
    "group_difference": (
        "By how much does the combined figure for {m} of {names} exceed that of {others}?",
        "By how much does the combined figure for {m} of {names} exceed the combined figure of {others}?",
        "Compare the total {m} of {names} with the total of {others}: how much greater is the first?",
    ),
    "group_ratio": (
        "How many times as large as the figure for {m} of {others} combined is that of {names} combined?",
        "How many times as large as the figure for {m} of {others} is that of {names} combined?",
        "The total {m} of {names} is how many times the total of {others}?",
    ),
    "total_of_filtered": (
        "Among {names}, consider only those whose figure for {m} is {side} {t}. "
        "What is the combined figure for {m2} of these?",
        "Keep those of {names} with a {m} {side} {t}, and add up their {m2}: what is the sum?",
    ),
    "average_of_filtered": (
        "Among {names}, consider only those whose figure for {m} is {side} {t}. "
        "What is the average (arithmetic mean) figure for {m2} across these?",
        "Keep those of {names} with a {m} {side} {t}: what is the mean of their {m2}?",
    ),
}
OURS = {"spread": 2, "rank": 2, "group_difference": 2, "group_ratio": 2}  # forms that templates write, where not 1


@dataclass(frozen=True)
class Ask:
    """A question taken apart."""

    operation: str
    names: tuple[str, ...]
    measure: str
    second: str = ""
    others: tuple[str, ...] = ()
    word: str = ""
    side: str = ""
    threshold: str = ""

    def text(self, form: str) -> str:
        most = "largest" if self.word in ("", "largest") else "highest"
        return form.format(
            m=self.measure,
            m2=self.second,
            names=listed(self.names),
            others=listed(self.others),
            word=self.word,
            most=most,
            least="smallest" if most == "largest" else "lowest",
            side=self.side,
            t=self.threshold,
        )


def listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _pattern(form: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", form)
    return re.compile(
        "".join(
            re.escape(part) if place % 2 == 0 else f"(?P<{part}>{FIELDS[part]})" for place, part in enumerate(parts)
        )
    )


PATTERNS = [(operation, _pattern(form)) for operation, forms in FORMS.items() for form in forms]


def taken_apart(question: str) -> Ask | None:
    """The question in any of its forms; None where it is none of them."""
    for operation, pattern in PATTERNS:
        if found := pattern.fullmatch(question):
            parts = found.groupdict()
            return Ask(
                operation,
                _names(parts["names"]),
                parts["m"],
                parts.get("m2") or "",
                _names(parts.get("others") or ""),
                parts.get("word") or parts.get("most") or "",
                parts.get("side") or "",
                parts.get("t") or "",
            )
    return None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in re.split(r", | and ", text) if name)


def answer_of(ask: Ask, truth: Truth) -> Known | None:
    """The question with its true answer, in whole units; None where the world does not say."""
    found = [_figure(name, ask.measure, truth) for name in ask.names]
    seconds = [_figure(name, ask.second, truth) for name in ask.names] if ask.second else []
    others = [_figure(name, ask.measure, truth) for name in ask.others]
    figures = [figure for figure in (*found, *seconds, *others) if figure is not None]
    if len(figures) < len(found) + len(seconds) + len(others):
        return None
    first, second, other = ([each.value for each in part if each] for part in (found, seconds, others))
    form, result = _worked_out(ask, first, second, other)
    if result is None:
        return None
    needed = tuple(dict.fromkeys(figure.written for figure in figures))
    if isinstance(result, str):
        return Known(result, next(name for name in ask.names if name != result), needed)
    wrong = result + Fraction(max(1, round(result / 7)))
    return Known(form.written(_decimal(result)), form.written(_decimal(wrong)), needed)


@dataclass(frozen=True)
class Figure:
    """A true figure, and how documents write it."""

    value: Fraction
    written: str  # a text that a prompt holds where it holds the figure


def written_scale(fact: Fact, document: Document) -> int:
    """The power of ten by which a document shortens a figure."""
    written = digits_of(document.text[fact.start : fact.end])
    return next((scale for scale in SCALES if written.scaleb(scale) == Decimal(fact.object)), 0)


def _figure(name: str, measure: str, truth: Truth) -> Figure | None:
    attribute, _, period = re.sub(r" (?:in|as of) (?=(?:\w+ )?\d{4}\Z)", "\0", measure).partition("\0")
    kind = MEASURES.get(attribute)
    relation = kind.relation.format(period=period) if kind else ""
    objects = truth.objects(name, relation)
    if kind is None or len(objects) != 1:
        return None
    stated = [
        (fact, document)
        for document in truth.documents.values()
        if is_prose(document)
        for fact in truth.facts[document.id]
        if fact.subject == name and fact.relation == relation
    ]
    if not stated:
        return None
    lines = {document.id: truth.sentence(fact) for fact, document in stated}
    fact, document = stated[0]
    written = document.text[fact.start : fact.end] if len(lines) > 1 else lines[document.id]
    return Figure(Fraction(Decimal(objects[0])), written)


def _worked_out(
    ask: Ask, found: list[Fraction], seconds: list[Fraction], others: list[Fraction]
) -> tuple[AnswerForm, Fraction | str | None]:
    """The answer in its form."""
    form = AnswerForm("number")
    total, operation = sum(found, Fraction(0)), ask.operation
    if operation == "rank":
        place = ("second", "third", "fourth").index(ask.word.split("-")[0]) + 2 if "-" in ask.word else 1
        most = ask.word.endswith(("largest", "highest"))
        ordered = sorted(found, reverse=most)
        winners = [name for name, value in zip(ask.names, found, strict=True) if value == ordered[place - 1]]
        return AnswerForm("name"), winners[0] if len(winners) == 1 else None
    kept = [True] * len(found)
    if ask.side:
        scale = next((scale for scale, word in SCALES.items() if word and word in ask.threshold.split()), 0)
        bound = Fraction(digits_of(ask.threshold).scaleb(scale))
        kept = [value > bound if ask.side == "above" else value < bound for value in found]
    if operation == "count_above":
        return AnswerForm("count"), Fraction(sum(kept))
    if operation == "share":
        return _rounded(AnswerForm("percent"), 100 * sum(others) / total, fewest=1)
    if operation == "group_ratio":
        return _rounded(AnswerForm("ratio"), total / sum(others))
    if operation == "average":
        return _rounded(form, total / len(found))
    values = [value for value, keep in zip(seconds or found, kept, strict=True) if keep]
    if operation == "average_of_filtered":
        return _rounded(form, sum(values, Fraction(0)) / len(values)) if values else (form, None)
    exact = {
        "total": total,
        "median": sorted(found)[len(found) // 2],
        "spread": max(found) - min(found),
        "group_difference": total - sum(others),
        "total_of_filtered": sum(values, Fraction(0)),
    }[operation]
    return replace(form, decimals=exact_decimals(exact)), exact


def _rounded(form: AnswerForm, value: Fraction, fewest: int = 0) -> tuple[AnswerForm, Fraction]:
    return replace(form, decimals=decimals_for(value, fewest)), value


def _decimal(value: Fraction) -> Result:
    return Decimal(value.numerator) / Decimal(value.denominator)


def digits_of(text: str) -> Decimal:
    """The number that a threshold begins with: 110 of "110 million crowns"."""
    return Decimal(text.split()[0].replace(",", ""))


def is_prose(document: Document) -> bool:
    """Whether the reader takes figures from a document; bare lists of commas it leaves alone."""
    return "," not in document.text.split("\n", 1)[0]
