"""The uniqueness proof against enumeration, a planted second answer, and what could not be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.records import Document
from longstride.synthesis.candidates import Source
from longstride.synthesis.knowledge_graph.graph import Graph
from longstride.synthesis.knowledge_graph.query import Answer, Atom, Filter, Query, query_from_json, query_json
from longstride.synthesis.knowledge_graph.relations import Clusters
from longstride.synthesis.knowledge_graph.triples import Entity, Relation, Triple, facts_of, name_node
from longstride.synthesis.knowledge_graph.uniqueness import all_answers, settled_answer

NAMES = ("anna", "bert", "carl", "dora")
LABELS = ("knows", "likes")
VARIABLES = ("x", "y", "z")


def relation(label: str) -> Relation:
    return Relation(label, None, "", "value", "")


def graph_of(facts: set[tuple[str, str, str]]) -> Graph:
    triples: list[Triple] = []
    for at, (subject, label, thing) in enumerate(sorted(facts)):
        told, node = Relation(label, "", "", "value", ""), name_node(thing)
        triples.append(Triple(subject, told, node, "d", at, at + 1, "x", "attribute", label, ""))
    document = Document("d", "d", "professional", "d", "x" * 99)
    sources = [Source("d", "d", "d", 1, facts_of(document, (Entity("d", "", ()),), triples))]
    return Graph.of(sources, Clusters.of(relation(label) for label in LABELS))


def enumerated(query: Query, facts: set[tuple[str, str, str]]) -> set[str]:
    """Every assignment of the variables that satisfies the query, tried one after another."""
    variables = sorted({name for atom in query.atoms for name in (atom.subject, atom.object)})
    answers: set[str] = set()
    for values in product(NAMES, repeat=len(variables)):
        bound = dict(zip(variables, values, strict=True))
        holds = all((bound[atom.subject], atom.relation.label, bound[atom.object]) in facts for atom in query.atoms)
        if holds and all(bound[each.variable] == each.words for each in query.filters):
            answers.add(f"n:{bound[query.answer.variables[0]]}")
    return answers


facts_strategy = st.sets(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(LABELS), st.sampled_from(NAMES)), max_size=14
)
atoms_strategy = st.lists(
    st.builds(
        Atom, st.sampled_from(LABELS).map(relation), st.sampled_from(VARIABLES), st.sampled_from(VARIABLES)
    ).filter(lambda atom: atom.subject != atom.object),
    min_size=1,
    max_size=4,
)


@given(facts_strategy, atoms_strategy, st.data())
def test_the_join_finds_what_enumeration_finds(
    facts: set[tuple[str, str, str]], atoms: list[Atom], data: st.DataObject
):
    objects = sorted({atom.object for atom in atoms})
    named = data.draw(st.lists(st.tuples(st.sampled_from(objects), st.sampled_from(NAMES)), max_size=2))
    filters = tuple(Filter("is", variable, words=name) for variable, name in named)
    asked = data.draw(st.sampled_from(sorted({name for atom in atoms for name in (atom.subject, atom.object)})))
    query = Query(tuple(atoms), filters, Answer("value", (asked,)))
    expected = enumerated(query, facts)
    graph = graph_of(facts)
    assert set(all_answers(query, graph)) == expected
    if (settled := settled_answer(query, graph)) is not None:
        assert {settled} == expected
    assert query_from_json(json.loads(json.dumps(query_json(query)))) == query


def test_a_planted_second_answer_is_seen(stated: Callable[..., list[Source]]):
    """Who knows the friend of Bert? One, until another document says so of somebody else."""
    facts = [("anna", "knows", "carl"), ("carl", "likes", "bert")]
    knows, likes = relation("knows"), relation("likes")
    bert = Filter("is", "c", words="bert")
    query = Query((Atom(knows, "a", "b"), Atom(likes, "b", "c")), (bert,), Answer("value", ("a",)))
    clusters = Clusters.of((knows, likes))
    assert settled_answer(query, Graph.of(stated(facts), clusters)) == "n:anna"
    planted = Graph.of(stated([*facts, ("dora", "knows", "carl")]), clusters)
    assert all_answers(query, planted) == ("n:anna", "n:dora")
    assert settled_answer(query, planted) is None
    assert all_answers(query, Graph.of(stated(facts[:1]), clusters)) == ()


@pytest.mark.parametrize(
    ("stated_value", "may_fit"),
    [("about 15 to 18 km", True), ("not measured", False), ("14 km", True), ("40 km", False)],
)
def test_a_value_that_could_not_be_read_may_fit(
    stated_value: str, may_fit: bool, document: Callable[..., Document], sources: Callable[..., list[Source]]
):
    lengths = {"One": ("12 km", "Ann Bal"), "Two": (stated_value, "Bo Cor")}
    documents = [
        document(f"- Coastline: {length}\n- Coast guard: {guard}\n", title=title, name=title)
        for title, (length, guard) in lengths.items()
    ]
    coast, guard = Relation("coastline", None, "", "number", "km"), relation("coast guard")
    query = Query(
        (Atom(coast, "e", "v"), Atom(guard, "e", "g")),
        (Filter("between", "v", Decimal(10), Decimal(20)),),
        Answer("value", ("g",)),
    )
    answers = all_answers(query, Graph.of(sources(documents), Clusters.of(query.relations())))
    assert answers == (("n:ann bal", "n:bo cor") if may_fit else ("n:ann bal",))


def test_a_longer_name_that_holds_the_name_may_fit(stated: Callable[..., list[Source]]):
    facts = [("One", "type", "presidential republic"), ("Two", "type", "federal presidential republic")]
    republic = Filter("is", "t", words="presidential republic")
    query = Query((Atom(relation("type"), "e", "t"),), (republic,), Answer("value", ("e",)))
    assert len(all_answers(query, Graph.of(stated(facts), Clusters.of(query.relations())))) == 2


def test_a_document_in_prose_that_names_all_of_it_may_speak_of_another(
    document: Callable[..., Document], sources: Callable[..., list[Source]]
):
    documents = [document("- Instrument: viol\n- Home town: Orvale\n", title="Mira", name="mira")]
    query = Query(
        (Atom(relation("instrument"), "e", "i"), Atom(relation("home town"), "e", "t")),
        (Filter("is", "i", words="viol"),),
        Answer("value", ("t",)),
    )

    def answers(*more: Document) -> tuple[str, ...]:
        return all_answers(query, Graph.of(sources([*documents, *more]), Clusters.of(query.relations())))

    assert answers() == ("n:orvale",)
    assert answers(document("She slept.\nThen she rose and ate.\n", title="Nell", name="nell")) == ("n:orvale",)
    assert len(answers(document("She slept.\nThen she played the viol.\n", title="Nell", name="nell"))) == 2
    assert answers(document("She slept.\nThen she played the viol.\n", title="Mira", name="life")) == ("n:orvale",)


def test_spans_of_years_and_comparisons(document: Callable[..., Document], sources: Callable[..., list[Source]]):
    documents = [
        document(f"- Founded: {year}\n- Twin: {twin}\n", title=name, name=name)
        for name, year, twin in (("Ada", 1901, "Bol"), ("Bol", 1955, "Ada"), ("Cum", 1985, "Ada"))
    ]
    founded, twin = Relation("founded", None, "", "date", ""), relation("twin")
    atoms = (Atom(founded, "a", "x"), Atom(twin, "a", "b"), Atom(founded, "b", "y"))

    def answers(answer: Answer, *filters: Filter) -> tuple[str, ...]:
        query = Query(atoms, filters, answer)
        return all_answers(query, Graph.of(sources(documents), Clusters.of(query.relations())))

    assert answers(Answer("value", ("a",)), Filter("after", "x", other="y")) == ("n:bol", "n:cum")
    digit = Filter("years", "x", Decimal(1951), Decimal(2000), digit=5)
    assert answers(Answer("value", ("a",)), digit) == ("n:bol", "n:cum")
    late = Filter("years", "x", Decimal(1980), Decimal(1989))
    assert answers(Answer("years_between", ("x", "y")), late) == ("84",)
    assert answers(Answer("earliest", ("a", "b"), ("x", "y")), late) == ("n:ada",)
    assert answers(Answer("year", ("x",)), late) == ("1985",)
