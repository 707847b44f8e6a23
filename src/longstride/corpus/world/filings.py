"""Annual reports with tables in several styles, and statistics as comma-separated values."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise

from longstride.corpus.world.english import bracketed, capitalised
from longstride.corpus.world.facts import ACCOUNTS, CENSUSES, THIS_YEAR, Company, District
from longstride.corpus.world.page import Page, Piece, Stated, stated
from longstride.corpus.world.terms import company_terms, employees

YEARS_SHOWN = 3  # in the tables of a report
QUARTERS = ("Q1", "Q2", "Q3", "Q4")


@dataclass(frozen=True)
class Style:
    """How a company writes its tables: the scale, where the unit stands, what stands for a missing cell."""

    divisor: int
    scale: str
    unit_in_header: bool
    missing: str
    footnote: str  # the mark, "" where the company uses none

    def amount(self, number: int) -> str:
        scaled = abs(number) / self.divisor
        return bracketed(f"{scaled:,.1f}" if self.divisor == 1_000_000 else f"{scaled:,.0f}", number < 0)


STYLES = (
    Style(1_000_000, "millions", True, "n/a", "[1]"),
    Style(1_000, "thousands", False, "-", "*"),
    Style(1_000_000, "millions", False, "n/a", ""),
    Style(1_000, "thousands", True, "n/a", "(a)"),
)


def write_report(page: Page, district: District, index: int, year: int) -> None:
    """The annual report of one company for one year."""
    company = district.companies[index]
    currency = district.land.currency
    style = STYLES[(district.number + index) % len(STYLES)]
    terms = company_terms(company)
    years = [shown for shown in ACCOUNTS if year - YEARS_SHOWN < shown <= year]
    page.write(f"# {{company}}: annual report {year}\n", terms)
    page.write(f'This report covers the year {year}. In it, "{{short}}" and "the company" mean {{company}}.', terms)
    page.write("\n## Business\n", terms)
    _write_business(page, company, year)
    page.write(f"\n## Results\n\n{_result_sentence(company, year, currency)}\n")
    unit = f"{style.scale} of {currency}"
    if not style.unit_in_header:
        page.write(f"(in {unit}, except employees)\n")
    header = [capitalised(unit) if style.unit_in_header else "Year ended 31 December", *map(str, years)]
    rows: list[list[Piece]] = [
        ["Revenue", *(_amount(company, "revenue", shown, company.revenue(shown), style) for shown in years)],
        ["Costs", *(_amount(company, "costs", shown, company.costs[shown], style) for shown in years)],
        [f"Profit (loss) {style.footnote}".strip(),
         *(_amount(company, "profit", shown, company.profit(shown), style) for shown in years)],
        ["Employees", *(employees(company, shown) for shown in years)],
    ]  # fmt: skip
    page.table(header, rows)
    if style.footnote:
        page.write(f"\n{style.footnote} Before tax. Losses stand in parentheses.")
    page.write("\n## Revenue by product\n", terms)
    if not style.unit_in_header:
        page.write(f"(in {unit})\n")
    page.table(
        [capitalised(unit) if style.unit_in_header else "Product", *map(str, years)],
        [_product_row(company, order, years, style) for order in range(len(company.products))]
        + [["Total", *(_amount(company, "revenue", shown, company.revenue(shown), style) for shown in years)]],
    )
    if any(0 in company.sales[shown] for shown in years):
        page.write(f"\n{style.missing}: {company.products[2]} were not yet sold.")
    page.write("\n## Outlook\n\n" + _outlook(company, year))
    chief = company.chief_in(year)
    page.add(["\nSigned: ", stated(company.name, f"chief executive at the end of {year}", chief.holder),
              ", chief executive\n"])  # fmt: skip


def _write_business(page: Page, company: Company, year: int) -> None:
    terms = company_terms(company)
    sentences = ["{short} is {an} {industry} company, founded in {founded}. Its products are {products}."]
    if company.office != company.first_office and company.moved == year:
        sentences.append("During the year the head office moved from {first_office} to {office}.")
    elif company.office != company.first_office and company.moved > year:
        sentences.append("The head office is in {first_office}, where the company was founded.")
    else:
        sentences.append("The head office is in {office}.")
    if company.supplier:
        sentences.append("The company buys {supplies} from {supplier}.")
    if company.parent and company.acquired <= year:
        sentences.append("Since {acquired} it has belonged to {parent}.")
    elif company.parent:
        sentences.append("The company belongs to its founders and employees.")
    for before, after in pairwise(company.chiefs):
        if after.start == year:
            terms = {**terms, "after": stated(company.name, f"chief executive from {year}", after.holder),
                     "before": before.holder}  # fmt: skip
            sentences.append("{after} took over from {before} as chief executive.")
    page.write(" ".join(sentences), terms)


def _result_sentence(company: Company, year: int, currency: str) -> str:
    now, before = company.revenue(year), company.revenue(year - 1)
    went = "rose" if now > before else "fell" if now < before else "stayed level"
    made = (
        "a profit" if company.profit(year) > 0 else "a loss" if company.profit(year) < 0 else "neither profit nor loss"
    )
    return f"Revenue {went} and the company made {made}. All amounts are in {currency}, the currency of the land."


def _amount(company: Company, item: str, year: int, number: int, style: Style) -> Stated:
    return stated(company.name, f"{item} {year}", number, style.amount(number))


def _product_row(company: Company, order: int, years: list[int], style: Style) -> list[Piece]:
    product = company.products[order]
    row: list[Piece] = [capitalised(product)]
    for year in years:
        number = company.sales[year][order]
        row.append(_amount(company, f"revenue from {product}", year, number, style) if number else style.missing)
    return row


OUTLOOKS = (
    "The company expects the prices of its materials to rise and will look for savings at each {site}.",
    "Orders for the coming year cover about half of the capacity of the largest {site}.",
    "A second {site} is being planned; no decision has been taken.",
    "The order book is thin, and repairs at the oldest {site} can no longer wait.",
)


def _outlook(company: Company, year: int) -> str:
    return random.Random(f"{company.name}/{year}").choice(OUTLOOKS).format(site=company.trade.site)


def write_census(page: Page, district: District) -> None:
    """Town, land area and population at each census."""
    rows: list[list[Piece]] = []
    for town in district.towns:
        for year in CENSUSES:
            population = stated(town.name, f"population {year}", town.population[year])
            rows.append([town.name, district.name, str(year), population,
                         stated(town.name, "area in sq km", town.area)])  # fmt: skip
    page.csv(["town", "province", "census", "population", "area_sq_km"], rows)


def write_output(page: Page, district: District, draw: random.Random) -> None:
    """What each company of the province produced, by quarter of the last two years."""
    rows: list[list[Piece]] = []
    for company in district.companies:
        level = draw.uniform(200, 9000)
        for year in (THIS_YEAR - 1, THIS_YEAR):
            for quarter in QUARTERS:
                level *= draw.uniform(0.85, 1.17)
                made = stated(company.name, f"output in {company.trade.unit} {year} {quarter}", round(level))
                rows.append([company.name, company.trade.noun, str(year), quarter, made, company.trade.unit])
    page.csv(["company", "industry", "year", "quarter", "output", "unit"], rows)
