"""Which names mean the same thing, and which only look alike."""

from __future__ import annotations

from collections.abc import Callable

from longstride.records import Document
from longstride.synthesis.candidates import Source
from longstride.synthesis.knowledge_graph.linking import Linker


def test_aliases_and_spellings_lead_to_one_entity(stated: Callable[..., list[Source]]):
    sources = stated([("Côte d'Ivoire", "capital", "Yamoussoukro")], [("Côte d'Ivoire", "Ivory Coast")])
    linker = Linker.of(sources)
    assert linker.resolve("ivory coast") == linker.resolve("cote divoire") == "cote divoire"


def test_an_alias_that_two_claim_is_nobodys(stated: Callable[..., list[Source]]):
    facts = [("Congo (Brazzaville)", "capital", "Brazzaville"), ("DRC", "capital", "Kinshasa")]
    linker = Linker.of(stated(facts, [("Congo (Brazzaville)", "Congo"), ("DRC", "Congo")]))
    assert not linker.is_documented(linker.resolve("congo"))


def test_a_title_is_stronger_than_an_alias(stated: Callable[..., list[Source]]):
    facts = [("Guinea", "capital", "Conakry"), ("Papua", "capital", "Port Moresby")]
    linker = Linker.of(stated(facts, [("Papua", "Guinea")]))
    assert linker.resolve("guinea") == "guinea"


def test_the_segments_of_a_parent_are_one_entity(
    document: Callable[..., Document], sources: Callable[..., list[Source]]
):
    parts = [
        document("- land: 10 sq km\n", title="ct > Geography", name="ct#0", parent_id="ct.md", parent_offset=0),
        document("- conventional short form: Central African Republic\n", title="ct > Government", name="ct#1",
                 parent_id="ct.md", parent_offset=20),
    ]  # fmt: skip
    linker = Linker.of(sources(parts))
    assert linker.resolve("central african republic") == "ct"
    assert linker.stated["central african republic"].document_id == "ct#1"


def test_two_sources_of_a_common_title_are_two(stated: Callable[..., list[Source]], document: Callable[..., Document],
                                               sources: Callable[..., list[Source]]):  # fmt: skip
    readmes = [document("- License: MIT\n", title="README", name=name) for name in ("a/readme", "b/readme")]
    assert len(Linker.of(sources(readmes)).names) == 2


def test_a_near_spelling_joins_a_mention_to_the_one_entity_it_resembles(stated: Callable[..., list[Source]]):
    linker = Linker.of(stated([("Liechtenstein", "capital", "Vaduz"), ("Switzerland", "capital", "Bern")]))
    linker.join_near(["liechtensten", "finland", "switzerlund"])
    assert linker.resolve("liechtensten") == "liechtenstein"
    assert not linker.is_documented(linker.resolve("finland"))


def test_what_is_doubtful_stays_apart(stated: Callable[..., list[Source]]):
    names = ["Mauritania", "Mauritius", "North Macedonia", "Nigeria", "Slovakia", "Report 2023"]
    linker = Linker.of(stated([(name, "capital", "X") for name in names]))
    doubtful = ["mauritanian", "niger", "slovenia", "south macedonia", "report 2024"]
    linker.join_near(doubtful)
    assert [linker.resolve(name) for name in doubtful] == doubtful


def test_no_chain_of_near_spellings(stated: Callable[..., list[Source]]):
    """Each of a row of names resembles the next, but only one mention joins, and no two entities become one."""
    linker = Linker.of(stated([("Brandenburgia", "capital", "X"), ("Brandenburgsa", "capital", "Y")]))
    linker.join_near(["brandenburgie", "brandenburgoa"])
    entities = {linker.resolve(name) for name in ("brandenburgia", "brandenburgsa")}
    assert len(entities) == 2
