"""What a question asks, as plain data, and its answers from the statements of the documents at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from longstride.synthesis.candidates import Source
from longstride.synthesis.small_world.statements import RIDDLE, Statement, bare

Query = Mapping[str, Any]
WHICH: Mapping[str, Callable[[Iterable[int]], int]] = {"most": max, "least": min}
FEWEST_YEARS = 2  # of a table of which the most or least is asked


def walk(start: str, relations: Sequence[str]) -> Query:
    """What stands at the end of the relations, from `start`."""
    return {"form": "walk", "start": start, "relations": list(relations)}


def figure(firm: str, year: str) -> Query:
    """The crates that a firm sold in a year."""
    return {"form": "figure", "company": firm, "year": year}


def difference(firm: str, more: str, less: str) -> Query:
    """By how much the number of the year `more` is larger than that of the year `less`."""
    return {"form": "difference", "company": firm, "more": more, "less": less}


def extreme_year(firm: str, which: str) -> Query:
    """The year in which a firm sold the `which`: "most" or "least"."""
    return {"form": "extreme_year", "company": firm, "which": which}


def extreme_number(firm: str, which: str) -> Query:
    """How many crates a firm sold in the year of the `which`."""
    return {"form": "extreme_number", "company": firm, "which": which}


def extreme_company(firms: Sequence[str], year: str, which: str) -> Query:
    """Which of the firms sold the `which` in a year."""
    return {"form": "extreme_company", "companies": list(firms), "year": year, "which": which}


def riddle(subject: str, begins: str | None, prefix: str) -> Query:
    """The riddle about a subject (that begins with a word, where one is given), behind a prefix."""
    return {"form": "riddle", "subject": subject, "begins": begins, "prefix": prefix}


def answers_of(query: Query, sources: Sequence[Source]) -> tuple[str, ...]:
    """Every answer that the sources support, in order; () where they do not tell, or a table contradicts itself.

    Raises ValueError for a form that is none.
    """
    stated = [each for source in sources for each in source.facts]
    match query["form"]:
        case "walk":
            found = {query["start"]}
            for relation in query["relations"]:
                found = _values(stated, found, relation)
        case "figure":
            found = _values(stated, {query["company"]}, query["year"])
        case "difference":
            rows = _table(stated, query["company"])
            known = query["more"] in rows and query["less"] in rows
            found = {str(rows[query["more"]] - rows[query["less"]])} if known else set[str]()
        case "extreme_year" | "extreme_number" as form:
            rows = _table(stated, query["company"])
            years = _extremes(rows, query["which"]) if len(rows) >= FEWEST_YEARS else set[str]()
            found = years if form == "extreme_year" else {str(rows[year]) for year in years}
        case "extreme_company":
            tables = {firm: _table(stated, firm) for firm in query["companies"]}
            known = all(query["year"] in rows for rows in tables.values())
            year = {firm: rows[query["year"]] for firm, rows in tables.items()} if known else {}
            found = _extremes(year, query["which"]) if known else set[str]()
        case "riddle":
            told = _values(stated, {query["subject"]}, RIDDLE)
            fitting = {words for words in told if query["begins"] in (None, words.split()[0])}
            found = {repeated(query["subject"], words, query["prefix"]) for words in fitting}
        case form:
            raise ValueError(f"a query of the small world has no form {form!r:.40}")
    return tuple(sorted(found))


def repeated(subject: str, words: str, prefix: str) -> str:
    """What the assistant said when it told a riddle, behind a prefix."""
    return f"{prefix} about {subject} : {words}"


def _values(stated: Iterable[Statement], subjects: Iterable[str], relation: str) -> set[str]:
    wanted = {bare(name) for name in subjects}
    return {each.value for each in stated if each.relation == relation and bare(each.subject) in wanted}


def _table(stated: Iterable[Statement], firm: str) -> dict[str, int]:
    """The firm's crates by year; without rows where two documents disagree on one."""
    rows: dict[str, int] = {}
    for each in stated:
        if (
            each.subject == firm
            and each.relation.isdigit()
            and rows.setdefault(each.relation, int(each.value)) != int(each.value)
        ):
            return {}
    return rows


def _extremes(numbers: Mapping[str, int], which: str) -> set[str]:
    best = WHICH[which](numbers.values())
    return {name for name, number in numbers.items() if number == best}
