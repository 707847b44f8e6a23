"""Small Python packages of the world's companies: constants, classes that inherit, imports between packages.

Each district's first company has a package of three modules; its `orders` imports from the package of the company's
supplier, in an earlier district. The packages differ in what they call things and in the rules that they keep.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from longstride.corpus.world.facts import Company, District
from longstride.corpus.world.page import Page, Piece, stated
from longstride.corpus.world.terms import company_terms

MODULES = ("settings", "depots", "orders")
GOODS = ("fragile", "perishable", "heavy", "bulky", "valuable", "living", "oversized", "frozen")
BASES = ("Depot", "Store", "Warehouse", "Yard", "Loft")
TAKE_IN = ("receive", "take_in", "accept", "unload")
STOCK = ("stock", "shelves", "inventory", "contents")
ORDERS = ("Order", "Request", "Consignment", "Dispatch")
ARTICLE = ("article", "item", "product", "parcel")
CONSTANTS: dict[str, tuple[int, int, int]] = {  # range and step
    "HANDLING_FEE": (3, 40, 1), "STORAGE_FEE": (2, 25, 1), "FREE_DAYS": (2, 15, 1), "KM_A_DAY": (90, 600, 5),
    "LARGEST_ORDER": (100, 2000, 50), "REORDER_POINT": (10, 90, 1), "DISCOUNT_FROM": (50, 400, 10),
    "DISCOUNT_PERCENT": (2, 15, 1), "LOADING_MINUTES": (4, 50, 1), "CRATES_A_CART": (12, 96, 4),
    "INSURANCE_PERCENT": (1, 9, 1), "NIGHT_SURCHARGE": (5, 60, 5),
}  # fmt: skip
RULES: dict[str, tuple[str, str, str]] = {  # a function's argument, what it gives, and how
    "handling_fee": ("crates", "What it costs to move crates.", "HANDLING_FEE * crates"),
    "days_on_the_road": ("distance", "Days on the way, the first for loading.", "1 + distance // KM_A_DAY"),
    "storage_fee": ("days", "What storage costs after the free days.", "max(0, days - FREE_DAYS) * STORAGE_FEE"),
    "discounted": ("price", "The price of a large order.", "price * (100 - DISCOUNT_PERCENT) // 100"),
    "loading_time": ("crates", "Minutes at the ramp.", "LOADING_MINUTES + crates // 2"),
    "carts_needed": ("crates", "Carts, the last of them perhaps half empty.", "-(-crates // CRATES_A_CART)"),
    "insurance": ("value", "The premium on a load.", "value * INSURANCE_PERCENT // 100"),
    "night_rate": ("price", "The price of a journey after dark.", "price + NIGHT_SURCHARGE"),
}  # fmt: skip
ALWAYS = ("handling_fee", "days_on_the_road", "storage_fee")  # rules that other modules import
CHECKS = (
    ("valid", "0 < self.crates <= LARGEST_ORDER"),
    ("large", "self.crates > LARGEST_ORDER // 2"),
    ("urgent", "self.crates < REORDER_POINT"),
    ("round_number", "self.crates % 10 == 0"),
)
METHODS = (
    ("crates", "int", "Every crate in the place.", "sum(self.{stock}.values())"),
    ("empty", "bool", "Whether there is nothing to count.", "not self.{stock}"),
    ("kinds", "list[str]", "What is kept here, in the order of the alphabet.", "sorted(self.{stock})"),
    ("largest", "int", "The most crates of one kind.", "max(self.{stock}.values(), default=0)"),
)
FEES = (
    ("storage_fee(days) + self.surcharge", "The surcharge is paid once."),
    ("storage_fee(days) * 2", "Twice the plain fee."),
    ("storage_fee(days + 1)", "The day of arrival counts."),
    ("self.surcharge * days", "No day is free."),
)


@dataclass(frozen=True)
class Dialect:
    """What one package calls things; all of its modules agree."""

    package: str
    base: str
    take_in: str
    stock: str
    order: str
    article: str
    rules: tuple[str, ...]
    constants: dict[str, int]


def dialect(company: Company) -> Dialect:
    draw = random.Random(f"{company.name}/program")
    others = [name for name in RULES if name not in ALWAYS]
    rules = [*ALWAYS, *draw.sample(others, 3)]
    draw.shuffle(rules)
    names = list(CONSTANTS)
    draw.shuffle(names)
    return Dialect(
        package=package_of(company.short),
        base=draw.choice(BASES),
        take_in=draw.choice(TAKE_IN),
        stock=draw.choice(STOCK),
        order=draw.choice(ORDERS),
        article=draw.choice(ARTICLE),
        rules=tuple(rules),
        constants={name: draw.randrange(*CONSTANTS[name]) for name in names},
    )


def package_of(short_name: str) -> str:
    return short_name.lower()


def write_module(page: Page, district: District, index: int, draw: random.Random) -> None:
    """One module of the package of a district's first company."""
    company = district.companies[0]
    (_write_settings, _write_depots, _write_orders)[index](page, district, company, dialect(company), draw)


def _write_settings(page: Page, district: District, company: Company, words: Dialect, draw: random.Random) -> None:
    module = f"{words.package}.settings"
    page.write(f'"""Settings of {{company}}: fees in {district.land.currency}, distances in kilometres."""\n',
               company_terms(company))  # fmt: skip
    page.write('COMPANY = "{company}"\nHEAD_OFFICE = "{office}"\nFOUNDED = {founded}', company_terms(company))
    for name, value in words.constants.items():
        page.add([f"{name} = ", stated(module, name, value), "\n"])
    page.add("\nDISTANCES_KM = {\n")
    for town in district.towns:
        distance = 0 if town.name == company.office else draw.randrange(12, 240)
        page.add([f'    "{town.name}": ', stated(module, f"DISTANCES_KM of {town.name}", distance), ",\n"])
    page.add("}\n")
    for name in words.rules:
        argument, what, how = RULES[name]
        page.add(f'\n\ndef {name}({argument}: int) -> int:\n    """{what}"""\n    return {how}\n')


def _write_depots(page: Page, district: District, company: Company, words: Dialect, draw: random.Random) -> None:
    module, base = f"{words.package}.depots", words.base
    settings = stated(module, "imports", f"{words.package}.settings")
    page.add([f'"""Where {company.name} keeps its goods: a class for each kind of them."""\n\n', "from ", settings,
              " import DISTANCES_KM, HANDLING_FEE, storage_fee\n"])  # fmt: skip
    page.add(
        f"\n\nclass {base}:\n    surcharge = 0\n\n    def __init__(self, town: str) -> None:\n"
        f"        self.town = town\n        self.{words.stock}: dict[str, int] = {{}}\n"
        f"\n    def {words.take_in}(self, {words.article}: str, crates: int) -> int:\n"
        '        """Take crates in; gives what the handling costs."""\n'
        f"        self.{words.stock}[{words.article}] = self.{words.stock}.get({words.article}, 0) + crates\n"
        "        return crates * (HANDLING_FEE + self.surcharge)\n"
        "\n    def distance(self) -> int:\n        return DISTANCES_KM[self.town]\n"
    )
    for name, kind, what, how in draw.sample(METHODS, 2):
        page.add(
            f'\n    def {name}(self) -> {kind}:\n        """{what}"""\n        return {how.format(stock=words.stock)}\n'
        )
    parents = [base]
    for goods in draw.sample(GOODS, 4):
        name, parent = f"{goods.capitalize()}{base}", draw.choice(parents)
        inherits = stated(f"{module}.{name}", "inherits from", f"{module}.{parent}", parent)
        surcharge = stated(f"{module}.{name}", "surcharge", draw.randrange(1, 30))
        page.add([f"\n\nclass {name}(", inherits, "):\n    surcharge = ", surcharge, "\n"])
        if draw.random() < 0.5:
            fee, what = draw.choice(FEES)
            page.add(f'\n    def fee(self, days: int) -> int:\n        """{what}"""\n        return {fee}\n')
        parents.append(name)
    page.add("\n\nDEPOTS = [\n")
    for town in draw.sample(district.towns, 3):
        page.add(f'    {draw.choice(parents[1:])}("{town.name}"),\n')
    page.add("]\n")


def _write_orders(page: Page, district: District, company: Company, words: Dialect, draw: random.Random) -> None:
    package, base, order, article = words.package, words.base, words.order, words.article
    module = f"{package}.orders"
    page.add(f'"""What {company.name} sends out and calls in."""\n\nfrom dataclasses import dataclass\n\n')
    imports: list[tuple[str, Piece]] = [
        (f"{package}.depots", f" import DEPOTS, {base}\n"),
        (f"{package}.settings", " import LARGEST_ORDER, REORDER_POINT, days_on_the_road\n"),
    ]
    if company.supplier:
        settings = f"{package_of(company.supplier.partition(' ')[0])}.settings"
        rest = f" import HEAD_OFFICE as SUPPLIER_OFFICE\nfrom {settings} import handling_fee as supplier_fee\n"
        imports.append((settings, rest))
    for name, rest in sorted(imports, key=lambda each: each[0]):
        page.add(["from ", stated(module, "imports", name), rest])
    page.add("\nSTANDING_ORDERS = {  # crates a month\n")
    for product in company.products:
        crates = stated(module, f"STANDING_ORDERS of {product}", draw.randrange(5, 95))
        page.add([f'    "{product}": ', crates, ",\n"])
    page.add("}\n")
    page.add(f"\n\n@dataclass(frozen=True)\nclass {order}:\n    {article}: str\n    crates: int\n    place: {base}\n")
    for name, condition in draw.sample(CHECKS, 2):
        page.add(f"\n    def {name}(self) -> bool:\n        return {condition}\n")
    page.add("\n    def days(self) -> int:\n        return days_on_the_road(self.place.distance())\n")
    page.add(
        f"\n\ndef running_short({article}s: list[str]) -> list[{order}]:\n"
        f'    """An entry for every {article} that runs short at some {base.lower()}."""\n'
        f"    return [\n        {order}({article}, REORDER_POINT, place)\n        for place in DEPOTS\n"
        f"        for {article} in {article}s\n"
        f"        if place.{words.stock}.get({article}, 0) < REORDER_POINT\n    ]\n"
    )
    if company.supplier:
        page.add(
            "\n\ndef supplier_bill(crates: int) -> str:\n"
            f'    """A line for the ledger of {district.name}; large bills go out in parts."""\n'
            "    part = min(crates, LARGEST_ORDER)\n"
            '    return f"{supplier_fee(part)} to the office in {SUPPLIER_OFFICE}"\n'
        )
