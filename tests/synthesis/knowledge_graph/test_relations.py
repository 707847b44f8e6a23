"""When two labels are one relation."""

from __future__ import annotations

from collections.abc import Callable

from longstride.records import Document
from longstride.synthesis.candidates import Source
from longstride.synthesis.knowledge_graph.graph import Graph


def relations(documents: list[Document], sources: Callable[..., list[Source]]) -> set[tuple[str, str | None, str, str]]:
    graph = Graph.of(sources(documents))
    return {(each.label, each.section, each.aspect, each.unit) for each in graph.edges}


def test_a_label_with_two_values_in_one_source_belongs_to_its_section(
    document: Callable[..., Document], sources: Callable[..., list[Source]]
):
    texts = [f"## Area\n\n- total: {size} sq km\n\n## Population\n\n- total: {size}00\n" for size in (101, 102, 103)]
    documents = [document(text, title=f"Land {place}", name=f"{place}") for place, text in enumerate(texts)]
    assert relations(documents, sources) == {
        ("total", "area", "number", "sq km"), ("total", "population", "number", ""),
    }  # fmt: skip


def test_a_label_that_never_says_two_things_is_one_relation_in_every_section(
    document: Callable[..., Document], sources: Callable[..., list[Source]]
):
    documents = [
        document("## Maritime claims\n\n- Coastline: 12 km\n", title="One", name="one"),
        document("## Geography\n\n- Coastline: 15 km\n", title="Two", name="two"),
    ]
    assert relations(documents, sources) == {("coastline", None, "number", "km")}


def test_types_keep_apart_what_labels_do_not(document: Callable[..., Document], sources: Callable[..., list[Source]]):
    documents = [
        document("- Length: 12 km\n", title="One", name="one"),
        document("- Length: 90 minutes\n", title="Two", name="two"),
    ]
    assert {unit for *_, unit in relations(documents, sources)} == {"km", "minutes"}


def test_numbers_of_two_years_are_two_relations(
    document: Callable[..., Document], sources: Callable[..., list[Source]]
):
    documents = [document("- Exports 2022: $5 million\n- Exports 2023: $6 million\n", title="One", name="one")]
    graph = Graph.of(sources(documents))
    assert sorted(each.year for each in graph.edges) == ["2022", "2023"]
