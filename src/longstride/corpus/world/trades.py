"""The common words of the world: what companies make, what people study and play, what towns are known for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trade:
    """An industry: how prose calls it, what a company's name ends in, what it makes and how that is counted."""

    noun: str
    ending: str
    products: tuple[str, ...]
    unit: str  # in the plural
    site: str  # where it is made


TRADES = (
    Trade("food", "Foods", ("oat biscuits", "pickled plums", "smoked trout", "barley flour"), "tonnes", "bakery"),
    Trade("glass", "Glass", ("window glass", "lamp glass", "laboratory flasks", "bottles"), "crates", "glassworks"),
    Trade("shipping", "Lines", ("coastal freight", "ferry crossings", "harbour towage"), "voyages", "quay"),
    Trade("textile", "Mills", ("wool blankets", "sailcloth", "linen thread", "felt"), "bales", "mill"),
    Trade("clock", "Clocks", ("wall clocks", "ship chronometers", "station clocks"), "cases", "workshop"),
    Trade("paper", "Paper", ("writing paper", "map paper", "cardboard", "envelopes"), "reams", "paper mill"),
    Trade("pottery", "Ceramics", ("roof tiles", "stoneware", "porcelain insulators"), "pallets", "kiln"),
    Trade("printing", "Press", ("atlases", "school books", "sheet music", "almanacs"), "copies", "printing house"),
    Trade("instrument", "Instruments", ("barometers", "surveying levels", "microscopes"), "cases", "workshop"),
    Trade("mining", "Mining", ("tin ore", "slate", "rock salt", "kaolin"), "tonnes", "pit"),
    Trade("timber", "Timber", ("oak beams", "plywood", "barrel staves", "pit props"), "loads", "sawmill"),
    Trade("brewing", "Brewery", ("pale ale", "wheat beer", "cider", "malt vinegar"), "barrels", "brewhouse"),
    Trade("chemical", "Chemicals", ("soda ash", "dyes", "lamp oil", "fertiliser"), "drums", "plant"),
    Trade("energy", "Power", ("hydroelectric power", "district heating", "peat briquettes"), "units", "power station"),
    Trade("railway", "Railways", ("grain haulage", "mountain passenger services", "night trains"), "trips", "depot"),
    Trade("rope", "Cordage", ("mooring ropes", "climbing ropes", "fishing nets"), "coils", "ropewalk"),
)
FIELDS = (
    "hydrology", "metallurgy", "botany", "cartography", "acoustics", "civil engineering", "economic history",
    "geology", "meteorology", "textile chemistry", "marine biology", "optics", "statistics", "veterinary medicine",
)  # fmt: skip
INSTRUMENTS = (
    "the cello", "the flute", "the concertina", "the harp", "the viola", "the clarinet", "the bassoon", "the lute",
    "the organ", "the trombone", "the dulcimer", "the oboe",
)  # fmt: skip
FAME = (
    "its covered bridges", "goat cheese", "its clock tower", "walnut bread", "its tide mill", "blue pottery",
    "its lantern market", "smoked eel", "its spiral lighthouse", "pear brandy", "its choir school", "hand-cut lace",
    "its floating gardens", "honey cakes", "its bell foundry", "black marble", "its stone stairways", "river pearls",
)  # fmt: skip
FESTIVALS = (
    "the Lantern Walk", "the Herring Fair", "the Kite Day", "the Night of Bells", "the Apple Parade",
    "the Boat Blessing", "the Wool Market", "the Feast of Bridges", "the Snow Concert", "the Mill Race",
)  # fmt: skip
CURRENCIES = ("crowns", "talers", "ducats", "marks", "florins", "guilders", "shells", "pennants")
TERRAINS = (
    "a broad coastal plain with low chalk hills inland", "wooded highlands cut by narrow valleys",
    "rolling farmland between two ridges", "a stony plateau that falls steeply to the sea",
    "river meadows and reed marshes below gentle hills",
)  # fmt: skip
CLIMATES = (
    "mild; wet winters and long dry summers", "cool; snow from December to March", "windy; rain in every season",
    "temperate; fog in autumn, warm summers", "dry; cold nights and bright days",
)  # fmt: skip
EARLY_POSTS = (
    "assistant", "draughtsman", "bookkeeper", "surveyor", "instrument maker", "librarian", "laboratory assistant",
)  # fmt: skip
