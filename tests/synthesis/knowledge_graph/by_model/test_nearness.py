"""Names and relations in other words are near by the embedding, unrelated ones are not; nothing is loaded before."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

from longstride.synthesis.knowledge_graph.by_model import nearness
from longstride.synthesis.knowledge_graph.by_model.clustering import NAME_MEANING, NEAREST, RELATION_MEANING
from longstride.synthesis.knowledge_graph.by_model.nearness import embedding_name, near_pairs
from longstride.synthesis.knowledge_graph.by_model.triples import name_key, relation_key

with_embedding = pytest.mark.skipif(embedding_name() is None, reason="the extra `embedding` is not installed")

Pairs = Sequence[tuple[str, str]]
SAME_NAMES: Pairs = (
    ("CEO", "Chief Executive"), ("CEO", "Chief Executive Officer"), ("CFO", "Chief Financial Officer"),
    ("United Nations", "UN"), ("World Health Organization", "WHO"), ("United States", "America"),
    ("United States", "USA"), ("United Kingdom", "Great Britain"), ("Holland", "The Netherlands"),
    ("Ministry of Finance", "Treasury"), ("Persia", "Iran"), ("Burma", "Myanmar"),
    ("Heart Attack", "Myocardial Infarction"), ("High Blood Pressure", "Hypertension"),
    ("Aspirin", "Acetylsalicylic Acid"), ("Supreme Court", "Highest Tribunal"),
    ("Board of Directors", "Supervisory Board"), ("Attorney", "Lawyer"), ("Second World War", "World War II"),
    ("Great War", "First World War"), ("Soviet Union", "USSR"), ("European Union", "EU"),
    ("Federal Reserve", "US Central Bank"), ("New York City", "Big Apple"), ("Automobile Factory", "Car Plant"),
    ("Physician", "Doctor"), ("Purchaser", "Buyer"), ("Lessee", "Tenant"),
    ("Artificial Intelligence", "Machine Intelligence"), ("Annual Report", "Yearly Statement"),
    ("Net Income", "Profit"), ("Turnover", "Revenue"), ("Vice Chancellor", "Deputy Rector"),
    ("Secretary of State", "Foreign Minister"), ("Movie", "Film"),
)  # fmt: skip
OTHER_NAMES: Pairs = (
    ("Oskerby", "Tellsund"), ("Norvik Mills", "Halden Farms"), ("Ada Brandt", "Tor Lund"), ("Paris", "London"),
    ("Germany", "France"), ("Apple", "Microsoft"), ("Monday", "Tuesday"), ("CEO", "CFO"), ("Plaintiff", "Defendant"),
    ("Lessor", "Lessee"), ("Buyer", "Seller"), ("John Smith", "Mary Jones"), ("Mount Gard", "River Senn"),
    ("Asthma", "Diabetes"), ("Aspirin", "Ibuprofen"), ("Supreme Court", "Parliament"),
    ("University of Oslo", "Town Council"), ("Spring Festival", "Winter Market"), ("Harvard", "Stanford"),
    ("Toyota", "Honda"), ("Red", "Blue"), ("Copper", "Iron"), ("Earth", "Mars"),
    ("Board of Directors", "Audit Committee"), ("First World War", "Cold War"), ("Revenue", "Expenses"),
    ("Assets", "Liabilities"), ("Chief Executive Officer", "Chief Financial Officer"), ("North Korea", "South Korea"),
    ("Nitrogen", "Oxygen"), ("Bus", "Train"), ("Africa", "Asia"), ("Shakespeare", "Goethe"), ("Rome", "Athens"),
    ("Ministry of Finance", "Ministry of Health"),
)  # fmt: skip
SAME_RELATIONS: Pairs = (
    ("headquartered in", "has its seat at"), ("head office", "headquarters"), ("founded by", "established by"),
    ("founder", "set up by"), ("born in", "birthplace"), ("place of birth", "native of"),
    ("employs", "has staff of"), ("number of employees", "workforce"), ("bought", "acquired"),
    ("purchased by", "acquired by"), ("written by", "author"), ("wrote", "authored"), ("died", "passed away"),
    ("spouse", "married to"), ("wife", "married woman of"), ("located in", "situated at"),
    ("lies on", "situated on"), ("length", "how long"), ("inhabitants", "population"), ("height", "elevation"),
    ("mayor", "head of town"), ("led by", "headed by"), ("manager", "run by"), ("price", "cost"),
    ("began", "started"), ("opened", "inaugurated"), ("closed", "shut down"), ("supplier", "buys from"),
    ("sells", "markets"), ("owner", "belongs to"), ("owned by", "property of"), ("chairman", "presides over"),
    ("constructed", "built"), ("cause of", "led to"), ("results in", "causes"),
)  # fmt: skip
OTHER_RELATIONS: Pairs = (
    ("born", "died"), ("founder", "supplier"), ("mother", "father"), ("height", "length"),
    ("buys from", "sells to"), ("opened", "closed"), ("husband", "wife"), ("mayor", "river"),
    ("employees", "revenue"), ("north of", "south of"), ("author", "publisher"), ("teacher", "student"),
    ("before", "after"), ("parent company", "subsidiary"), ("won", "lost"), ("start date", "end date"),
    ("population", "area"), ("capital", "language"), ("chartered", "inhabitants"), ("source", "mouth"),
    ("increase", "decrease"), ("founded", "population"), ("predecessor", "successor"),
    ("birthplace", "occupation"), ("color", "weight"), ("chairman", "secretary"), ("married to", "child of"),
    ("supplier", "customer"), ("cause", "effect"), ("min temperature", "max temperature"),
    ("imports", "exports"), ("owner", "tenant"), ("price", "quantity"), ("director", "producer"),
    ("signed", "revoked"),
)  # fmt: skip


def found_of(kind: str, least: float) -> tuple[int, int, int]:
    """How many synonyms, how many others, and how many pairs in all are near, with all names of both lists together."""
    same, other = (SAME_NAMES, OTHER_NAMES) if kind == "name" else (SAME_RELATIONS, OTHER_RELATIONS)

    def key(name: str) -> str:
        return name_key(name).removeprefix("n:") if kind == "name" else relation_key(name)

    near = {pair[:2] for pair in near_pairs([key(name) for pair in (*same, *other) for name in pair], least, NEAREST)}
    among = [sum(tuple(sorted(map(key, pair))) in near for pair in pairs) for pairs in (same, other)]
    return among[0], among[1], len(near)


@with_embedding
@pytest.mark.parametrize(
    ("kind", "least", "found"),
    [
        ("name", 0.3, (18, 2, 40)),
        ("name", 0.4, (11, 0, 16)),
        ("name", NAME_MEANING, (10, 0, 13)),
        ("name", 0.6, (3, 0, 4)),
        ("relation", 0.3, (20, 7, 123)),
        ("relation", RELATION_MEANING, (17, 2, 67)),
        ("relation", 0.5, (9, 1, 35)),
        ("relation", 0.6, (5, 1, 18)),
    ],
)
def test_synonyms_are_nearer_than_other_pairs(kind: str, least: float, found: tuple[int, int, int]):
    """Of 35 synonyms, of 35 other pairs, and of all 7,875 pairs of 126 names or 7,021 of 119 relations."""
    assert len(SAME_NAMES) == len(OTHER_NAMES) == len(SAME_RELATIONS) == len(OTHER_RELATIONS) == 35
    assert found_of(kind, least) == found


@with_embedding
def test_the_words_that_two_names_share_do_not_make_them_near():
    assert near_pairs(["ministry of finance", "ministry of health"], 0.5, 8) == []
    assert near_pairs(["north korea", "south korea"], 0.5, 8) == []
    assert [pair[:2] for pair in near_pairs(["founded by", "established by"], 0.5, 8)] == [
        ("established by", "founded by")
    ]


@with_embedding
def test_a_name_that_holds_another_is_left_to_the_rules():
    assert near_pairs(["film", "film film", "the film"], 0.1, 8) == []


@with_embedding
def test_only_the_nearest_of_each_name_are_looked_at():
    names = ["film", "movie", "movies", "films", "cinema", "motion picture"]
    (nearest,) = near_pairs(["film", "movie"], 0.5, 1)
    assert nearest[2] == pytest.approx(0.84, abs=0.01)
    everything, few = near_pairs(names, 0.1, 8), near_pairs(names, 0.1, 1)
    assert len(everything) == 15
    assert set(few) < set(everything)
    assert len(few) <= len(names)


@with_embedding
def test_order_repetition_and_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch):
    names = [name.lower() for pair in (*SAME_NAMES, *OTHER_NAMES) for name in pair]
    whole = near_pairs(names, 0.3, 3)
    assert near_pairs([*reversed(names), *names], 0.3, 3) == whole
    for cells in (1, 1000):
        monkeypatch.setattr(nearness, "BLOCK_CELLS", cells)
        assert near_pairs(names, 0.3, 3) == whole


@with_embedding
def test_names_of_no_known_part_and_too_few_names_have_no_pairs():
    assert near_pairs([], 0.5, 8) == near_pairs(["film"], 0.5, 8) == near_pairs(["film", ""], 0.5, 8) == []


def test_without_the_package_there_is_no_pair_and_no_error(without_embedding: None):
    assert embedding_name() is None
    assert near_pairs(["film", "movie"], 0.5, 8) == []


@with_embedding
def test_a_package_with_other_files_is_as_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(nearness, "VECTORS", "weights/of_another_version.safetensors")
    assert embedding_name() is None
    assert near_pairs(["film", "movie"], 0.5, 8) == []


@with_embedding
def test_the_package_is_never_imported_and_its_files_not_before_they_are_needed():
    code = (
        "import sys; from longstride.synthesis.knowledge_graph.by_model.nearness import embedding_name, near_pairs;"
        "print(embedding_name().split()[0], *({'numpy', 'safetensors', 'wordllama'} & {*sys.modules}));"
        "print(len(near_pairs(['film', 'movie'], 0.5, 8)), *({'requests', 'torch', 'wordllama'} & {*sys.modules}))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split("\n") == ["wordllama", "1", ""]
    assert told.stderr == ""
