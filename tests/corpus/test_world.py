"""The fictional world: the same bytes from the same seed, facts that agree, references that lead somewhere."""

from __future__ import annotations

import ast
import csv
import dataclasses
import hashlib
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.corpus import Funnel, read_corpus
from longstride.corpus.world import MANY_VALUED, Fact, Vocabulary, World, write_world
from longstride.errors import InputError
from longstride.records import FAMILIES, Document

CORPUS = Path(__file__).parents[2] / "../shared/corpus"
SEEDS = st.integers(min_value=0, max_value=2**31)
DISTRICT = 62  # documents of the first district, and one fewer of the next seven


@pytest.fixture(scope="module")
def pages() -> list[tuple[Document, tuple[Fact, ...]]]:
    """Ten districts: the second land begins in the ninth."""
    return list(World(7).pages(count=10 * DISTRICT))


def contradictions(facts: Iterable[Fact]) -> list[tuple[str, str, set[str]]]:
    """Subjects and relations of one value that have several."""
    objects: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for fact in facts:
        if fact.relation not in MANY_VALUED:
            objects[fact.subject, fact.relation].add(fact.object)
    return [(*key, values) for key, values in objects.items() if len(values) > 1]


@settings(max_examples=8, deadline=None)
@given(SEEDS)
def test_the_same_seed_gives_the_same_documents(seed: int):
    assert list(World(seed).pages(count=70)) == list(World(seed).pages(count=70))


@pytest.mark.parametrize(("vocabulary", "digest"), [("full", "a8d42132f95b245a"), ("small", "df3c951cac183b24")])
def test_these_bytes_are_those_of_another_day(vocabulary: Vocabulary, digest: str):
    """Where a change of the texts is meant, the digests change with it."""
    told = "".join(document.source + document.text for document in World(7, vocabulary).documents(count=2 * DISTRICT))
    assert hashlib.sha256(told.encode()).hexdigest()[:16] == digest


@settings(max_examples=8, deadline=None)
@given(SEEDS, st.integers(1, 80))
def test_the_first_documents_do_not_depend_on_how_many_are_asked_for(seed: int, count: int):
    assert list(World(seed).documents(count=count)) == list(islice(World(seed).documents(), count))


def test_two_seeds_have_no_name_in_common():
    one, two = ({document.title for document in World(seed).documents(count=60)} for seed in (1, 2))
    assert not one & two


def test_ten_documents_hold_every_family():
    assert {document.family for document in World(3).documents(count=10)} == set(FAMILIES)


def test_the_document_that_reaches_the_tokens_is_the_last():
    from longstride.tokens import load_tokenizer

    sizes = [load_tokenizer().count(document.text) for document in World(5).documents(tokens=4000)]
    assert sum(sizes[:-1]) < 4000 <= sum(sizes)


def test_a_thousand_documents_of_an_endless_world_need_no_others():
    world = World(9)
    assert len(list(islice(world.documents(tokens=50_000_000), 1000))) == 1000


@pytest.mark.parametrize("arguments", [{"count": -1}, {"tokens": -5}])
def test_a_negative_number_is_refused(arguments: dict[str, int]):
    with pytest.raises(InputError, match="expected 0 or more"):
        next(World(1).documents(**arguments))


def test_no_documents_are_no_documents():
    assert list(World(1).documents(count=0)) == list(World(1).documents(tokens=0)) == []


def test_an_unknown_vocabulary_is_refused():
    with pytest.raises(ValueError, match="unknown vocabulary 'tiny'; known: full, small"):
        World(1, "tiny")  # pyright: ignore[reportArgumentType]


def test_ids_and_sources_are_not_shared(pages: Sequence[tuple[Document, tuple[Fact, ...]]]):
    for name in ("id", "source"):
        assert len({getattr(document, name) for document, _ in pages}) == len(pages)


def test_every_fact_is_quoted_at_its_offsets(pages: Sequence[tuple[Document, tuple[Fact, ...]]]):
    for document, facts in pages:
        assert facts
        for fact in facts:
            quoted = document.text[fact.start : fact.end]
            digits = quoted.replace(",", "").strip("()")
            assert fact.document_id == document.id
            assert quoted
            if re.fullmatch(r"-?\d+", fact.object) and "." not in digits:
                assert fact.object.lstrip("-").startswith(digits)  # in thousands, where the table says so
            elif not re.fullmatch(r"-?[\d-]+", fact.object):
                assert fact.object.endswith(quoted) or quoted.endswith(fact.object)


def test_documents_agree_about_every_fact(pages: Sequence[tuple[Document, tuple[Fact, ...]]]):
    facts = [fact for _, facts in pages for fact in facts]
    stated: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for fact in facts:
        stated[fact.subject, fact.relation].add(fact.document_id)
    assert contradictions(facts) == []
    assert sum(len(documents) > 1 for documents in stated.values()) > 1500


def test_a_contradiction_would_be_seen(pages: Sequence[tuple[Document, tuple[Fact, ...]]]):
    facts = [fact for _, facts in pages for fact in facts]
    head = next(fact for fact in facts if fact.relation == "founder")
    forged = dataclasses.replace(head, object="Somebody Else")
    assert contradictions([*facts, forged]) == [(head.subject, "founder", {head.object, "Somebody Else"})]


@settings(max_examples=6, deadline=None)
@given(SEEDS)
def test_documents_agree_whatever_the_seed(seed: int):
    assert contradictions(World(seed).facts(count=2 * DISTRICT)) == []


def test_both_sides_of_an_office_name_each_other(pages: Sequence[tuple[Document, tuple[Fact, ...]]]):
    facts = {(fact.subject, fact.relation, fact.object) for _, facts in pages for fact in facts}
    told = [(person, place) for person, relation, place in facts if relation == "chief executive of"]
    assert len(told) > 100
    for person, company in told:
        assert any(
            subject == company and relation.startswith("chief executive") and holder == person
            for subject, relation, holder in facts
        )


def test_what_is_mentioned_has_a_document_of_its_own(pages: Sequence[tuple[Document, tuple[Fact, ...]]]):
    """Whatever an answer names can be read about: an object that is a name is the subject of other facts."""
    linking = (
        "land", "province", "town", "twin town", "provincial capital", "capital", "head office", "first head office",
        "founder", "chief executive", "supplier", "parent company", "birthplace", "home town", "studied at", "mentor",
        "director", "research fellow", "mayor", "institute",
    )  # fmt: skip
    titles = {document.title for document, _ in pages}
    finished = pages[: 8 * DISTRICT]  # the last district may speak of what comes next
    told = [fact.object for _, facts in finished for fact in facts if fact.relation in linking]
    assert len(told) > 1500
    assert set(told) <= titles


def test_links_of_six_steps_lead_through_six_documents(pages: Sequence[tuple[Document, tuple[Fact, ...]]]):
    """person -> mentor -> institute -> town -> mayor -> birthplace -> land, each told by another document."""
    first: dict[tuple[str, str], Fact] = {}
    for document, facts in pages:
        for fact in facts:
            if fact.subject == document.title:
                first.setdefault((fact.subject, fact.relation), fact)
    path = ("mentor", "studied at", "town", "mayor", "birthplace", "land")
    walked = 0
    for start in [subject for subject, relation in first if relation == "mentor"]:
        at, documents = start, list[str]()
        for relation in path:
            fact = first.get((at, relation))
            if fact is None:
                break
            at = fact.object
            documents.append(fact.document_id)
        walked += len(documents) == 6 == len(set(documents))
    assert walked >= 3


def test_tables_have_a_cell_for_each_column_and_sums_that_hold(pages: Sequence[tuple[Document, tuple[Fact, ...]]]):
    reports = [document for document, _ in pages if "/filings/" in document.id]
    assert len(reports) >= 70
    for document in reports:
        for table in re.findall(r"(?:^\|.*\n)+", document.text, re.M):
            rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
            assert len({len(row) for row in rows}) == 1
            if rows[-1][0] == "Total":
                for column in range(1, len(rows[0])):
                    *parts, total = (number(row[column]) for row in rows[2:])
                    assert sum(parts) == pytest.approx(total, abs=0.01)
            if rows[2][0] == "Revenue":
                for column in range(1, len(rows[0])):
                    revenue, costs, profit = (number(row[column]) for row in rows[2:5])
                    assert revenue - costs == pytest.approx(profit, abs=0.01)


def number(cell: str) -> float:
    if cell in ("n/a", "-"):
        return 0.0
    value = float(cell.strip("()").replace(",", ""))
    return -value if cell.startswith("(") else value


def test_a_profit_that_is_a_loss_stands_in_parentheses(pages: Sequence[tuple[Document, tuple[Fact, ...]]]):
    losses = [
        document.text[fact.start : fact.end]
        for document, facts in pages
        for fact in facts
        if fact.relation.startswith("profit") and fact.object.startswith("-")
    ]
    assert losses and all(re.fullmatch(r"\([\d,.]+\)", loss) for loss in losses)


def test_statistics_are_rows_of_one_length(pages: Sequence[tuple[Document, tuple[Fact, ...]]]):
    for document, _ in pages:
        if document.source.endswith(".csv"):
            rows = list(csv.reader(io.StringIO(document.text)))
            assert len({len(row) for row in rows}) == 1
            assert len(rows) > 10


def test_programs_parse_and_import_what_is_there(pages: Sequence[tuple[Document, tuple[Fact, ...]]]):
    texts = {document.id: document.text for document, _ in pages if document.family == "code"}
    programs = {name: ast.parse(text) for name, text in texts.items()}
    defined = {name: set(re.findall(r"^(?:class |def )?(\w+)", text, re.M)) for name, text in texts.items()}
    imported = 0
    for tree in programs.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module != "dataclasses":
                module = f"code/{(node.module or '').replace('.', '/')}"
                assert {each.name for each in node.names} <= defined[module]
                imported += module.split("/")[1] not in ast.unparse(tree).split("\n")[0].lower()
    assert len(programs) >= 30 and imported > 8


def test_programs_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_world(tmp_path, 7, count=2 * DISTRICT)
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    from importlib import import_module

    packages = sorted(path.name for path in (tmp_path / "code").iterdir())
    assert len(packages) == 2
    for package in packages:
        settings_module = import_module(f"{package}.settings")
        orders = import_module(f"{package}.orders")
        assert orders.running_short(["rope"])[0].days() >= 1
        assert settings_module.handling_fee(2) == 2 * settings_module.HANDLING_FEE
        assert settings_module.DISTANCES_KM[settings_module.HEAD_OFFICE] == 0


def test_a_note_that_is_changed_keeps_both_values(pages: Sequence[tuple[Document, tuple[Fact, ...]]]):
    notes = [(document, facts) for document, facts in pages if document.title.startswith("Notes kept")]
    assert len(notes) >= 8
    for document, facts in notes:
        kept: defaultdict[str, list[str]] = defaultdict(list)
        for fact in facts:
            if match := re.fullmatch(r"(.+) from \d{4}-\d\d-\d\d", fact.relation):
                kept[match[1]].append(fact.object)
        assert len(kept) == 3 and any(len(values) > 1 for values in kept.values())
        assert all(len(set(values)) == len(values) for values in kept.values())
        assert document.text.count("System: Session") == 4


def test_articles_and_numbers_agree(pages: Sequence[tuple[Document, tuple[Fact, ...]]]):
    text = "\n".join(document.text for document, _ in pages if document.family != "code")
    assert not re.search(r"\b[Aa] [aeio][a-z]", text)
    assert not re.search(r"\b[Aa]n [bcdfgjklmnpqrstvwxyz]", text)
    assert not re.search(r"\b1 (?:people|employees|inhabitants|days)\b|\{|\}|  |\bNone\b(?!;)| \n| \.", text)


def test_people_are_grown_up_when_they_begin_and_alive_while_they_serve(
    pages: Sequence[tuple[Document, tuple[Fact, ...]]],
):
    lives: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for _, facts in pages:
        for fact in facts:
            if fact.relation in ("born", "degree in", "earlier post from", "office from", "office until", "died in"):
                lives[fact.subject][fact.relation] = int(fact.object[:4])
    assert len(lives) >= 180
    for life in lives.values():
        if "office from" in life and "earlier post from" in life:
            assert life["born"] + 20 < life["degree in"] <= life["earlier post from"] < life["office from"]
        if "died in" in life and "office until" in life:
            assert life["office until"] < life["died in"] < life["born"] + 100


def test_no_land_is_a_real_one():
    folder = CORPUS / "reference"
    if not folder.is_dir():
        pytest.skip("the shared corpus is not here")
    real = {path.stem.replace("-", " ") for path in folder.rglob("*.md")}
    assert len(real) > 50
    words = {word for name in real for word in name.split() if len(word) > 3}
    for seed in range(5):
        titles = {document.title.lower() for document in World(seed).documents(count=3 * DISTRICT)}
        assert not titles & real
        assert not {title for title in titles if title.split()[0] in words}


def test_files_have_the_same_bytes_and_are_read_back(tmp_path: Path):
    assert write_world(tmp_path / "a", 7, count=100) == write_world(tmp_path / "b", 7, count=100) == 100
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert {path.suffix for path in files} == {".md", ".csv", ".py", ".jsonl", ".html"}
    assert all((tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes() for path in files)
    funnel = Funnel()
    written = {document.source: document for document in World(7).documents(count=100)}
    read = {
        next(source for source in written if document.source.startswith(source)): document
        for document in read_corpus(tmp_path / "a", max_document_tokens=2000, funnel=funnel)
    }
    assert len(read) == 100, funnel.examples
    for source, document in read.items():
        assert document.family == written[source].family
        if not source.endswith(".html"):
            assert document.text == written[source].text.rstrip("\n")
        else:  # the same but for how the columns are set
            assert re.sub(r"\W", "", document.text) == re.sub(r"\W", "", written[source].text)


def test_an_endless_world_is_not_written(tmp_path: Path):
    with pytest.raises(InputError, match="has no end"):
        write_world(tmp_path, 1)


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="taken: is a file, expected a folder"):
        write_world(tmp_path / "taken", 1, count=1)
