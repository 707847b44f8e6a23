"""Small graphs by hand, and a region of invented countries in the layout of a profile, split into segments."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from longstride.records import Document
from longstride.synthesis.candidates import Source
from longstride.synthesis.knowledge_graph.extraction import extract_facts
from longstride.synthesis.knowledge_graph.triples import Alias, Entity, Relation, Triple, facts_of, name_node

MakeDocument = Callable[..., Document]
SYLLABLES = ("bal", "cor", "dun", "fen", "gar", "hol", "kel", "lim", "mor", "nar", "pel", "ros", "sul", "tav", "ver")


@pytest.fixture
def document() -> MakeDocument:
    """A document from its text; a title of its own where it has one."""

    def make(text: str, title: str = "Algeria", name: str = "algeria", **more: str | int) -> Document:
        fields = {"family": "professional", "source": f"{name}.md", **more}
        return Document(id=name, title=title, text=text, **fields)

    return make


@pytest.fixture
def sources() -> Callable[[Sequence[Document]], list[Source]]:
    """Documents with their facts; a token is four characters."""

    def make(documents: Sequence[Document]) -> list[Source]:
        return [
            Source(each.id, each.parent_id or each.id, each.title, len(each.text) // 4 + 8, extract_facts(each))
            for each in documents
        ]

    return make


@pytest.fixture
def stated() -> Callable[..., list[Source]]:
    """Sources from (subject, relation, object) alone, each subject with a document of its own."""

    def make(facts: Sequence[tuple[str, str, str]], aliases: Sequence[tuple[str, str]] = ()) -> list[Source]:
        found: list[Source] = []
        for subject in dict.fromkeys(each[0] for each in facts):
            triples: list[Triple] = []
            for at, (whose, label, thing) in enumerate(facts):
                if whose == subject:
                    told, node = Relation(label, "", "", "value", ""), name_node(thing)
                    triples.append(Triple(subject, told, node, subject, at, at + 1, "x", "attribute", label, ""))
            entity = Entity(subject, "", tuple(Alias(name) for whose, name in aliases if whose == subject))
            document_facts = facts_of(Document(subject, subject, "professional", subject, "x" * 99), (entity,), triples)
            found.append(Source(subject, subject, subject, 10, document_facts))
        return found

    return make


@pytest.fixture(scope="session")
def region() -> list[Document]:
    """Thirty invented countries on a ring, each a profile of three segments; neighbours and partners link them."""
    draw = random.Random("region")
    names = [f"{first.title()}{second}ia" for first in SYLLABLES[:6] for second in SYLLABLES[10:15]]
    draw.shuffle(names)
    documents: list[Document] = []
    for place, name in enumerate(names):
        neighbours = [names[(place + step) % len(names)] for step in (-1, 1, 7)]
        lengths = draw.sample(range(40, 900), 3)
        partners = draw.sample([each for each in names if each != name], 4)
        shares = sorted(draw.sample(range(5, 40), 4), reverse=True)
        borders = "; ".join(f"{other} {length} km" for other, length in zip(neighbours, lengths, strict=True))
        trade = ", ".join(f"{other} {share}%" for other, share in zip(partners, shares, strict=True))
        former, kind = (
            draw.choice(["Orvia", "Tessaly", "Morda", "Quell"]),
            draw.choice(["republic", "monarchy", "federation", "union"]),
        )
        peak = f"Mount {draw.choice(SYLLABLES).title()}{draw.choice(SYLLABLES)} {draw.randrange(300, 5000):,} m"
        segments = {
            "Geography": f"## Geography\n\n### Area\n\n- total: {draw.randrange(9_000, 900_000):,} sq km\n"
            f"- land: {draw.randrange(8_000, 9_000):,} sq km\n\n### Land boundaries\n\n- border countries: {borders}\n"
            f"- Coastline: {draw.randrange(10, 4_000):,} km\n\n### Elevation\n\n- highest point: {peak}\n",
            "Government": f"## Government\n\n### Country name\n\n- conventional long form: Republic of {name}\n"
            f"- conventional short form: {name}\n- Government type: {kind}\n"
            f"- Independence: {draw.randrange(1, 28)} July {draw.randrange(1801, 1990)} (from {former})\n"
            f"- chief of state: Ann {draw.choice(SYLLABLES).upper()} (since 4 May {draw.randrange(2001, 2024)})\n",
            "Economy": f"## Economy\n\n### Exports - partners\n\n{trade} (2023)\n- note: note: top four\n\n"
            f"- Birth rate: {draw.randrange(80, 300) / 10} births/1,000 population (2024 est.)\n"
            f"- Airports: {draw.randrange(2, 400)} (2024)\n"
            f"- Exports 2023: ${draw.randrange(2, 900)}.{draw.randrange(1, 9)} million (2023 est.)\n",
        }
        offset = 0
        for number, (section, text) in enumerate(segments.items()):
            documents.append(
                Document(f"{name}#{number}", f"{name} > {section}", "professional", f"{name}.md", text, name, offset)
            )
            offset += len(text)
    return documents


@pytest.fixture(scope="session")
def region_sources(region: list[Document]) -> list[Source]:
    return [
        Source(each.id, each.parent_id or each.id, each.title, len(each.text) // 4, extract_facts(each))
        for each in region
    ]
