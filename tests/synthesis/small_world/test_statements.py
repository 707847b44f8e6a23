import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.corpus.world import World
from longstride.records import Document
from longstride.synthesis.small_world import SmallWorldFamily
from longstride.synthesis.small_world.statements import RIDDLE, Statement, bare, kind_of, statements_of


def test_each_sentence_states_a_subject_a_relation_and_a_value():
    text = "Milis works at Kestrel .\nPort Birale lies in Draovia .\n\nKestrel | 2031 | 47 ;"
    assert statements_of(text) == (
        Statement("Milis", "works at", "Kestrel", "Milis works at Kestrel .", 0),
        Statement("Port Birale", "lies in", "Draovia", "Port Birale lies in Draovia .", 25),
        Statement("Kestrel", "2031", "47", "Kestrel | 2031 | 47 ;", 56),
    )


def test_a_riddle_states_its_words():
    (told,) = statements_of("User : tell a riddle . Assistant : about rivers : old moon sings under stone .")
    assert (told.subject, told.relation, told.value) == ("rivers", RIDDLE, "old moon sings under stone")


def test_every_fact_of_a_world_is_read_where_it_stands():
    for document, facts in World(11, "small").pages():
        found = statements_of(document.text)
        assert [(each.subject, each.value) for each in found] == [(fact.subject, fact.object) for fact in facts]
        for each, fact in zip(found, facts, strict=True):
            assert document.text[each.start : each.start + len(each.text)] == each.text
            assert each.start < fact.start < each.start + len(each.text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Milis works at Kestrel.",  # the full stop does not stand apart
        "Maria works at Kestrel .",  # nobody of that name
        "Milis works at Orvholt .",  # a town is no company
        "Kestrel works at Zanner .",  # a company has no employer
        "Port Milis works at Kestrel .",  # a person is no port
        "Kestrel | 2031 | 470 ;",
        "Kestrel | 1999 | 47 ;",
        "Milis | 2031 | 47 ;",
        "User : tell a riddle . Assistant : about rivers : old moon sings under .",  # four words
        "User : tell a riddle . Assistant : about money : old moon sings under stone .",
        "Milis works at Kestrel .\nThe sun is out .",  # one line that is no sentence of the small world
        "# Milis\n\nMilis works at Kestrel .",
    ],
)
def test_every_other_text_states_nothing(text: str):
    assert statements_of(text) == ()


def test_the_ordinary_world_states_nothing_here():
    family = SmallWorldFamily()
    assert not any(family.extract(document) for document in World(2).documents(count=150))


@given(st.text(max_size=60), st.sampled_from(["Milis works at Kestrel .", "Kestrel | 2031 | 47 ;"]))
def test_what_is_added_to_a_sentence_is_never_passed_over(added: str, sentence: str):
    document = Document("d", "d", "literature", "d.txt", f"{sentence}\n{added}")
    lines = [line for line in added.splitlines() if line.strip("\r\n")]
    assert bool(SmallWorldFamily().extract(document)) == (not lines)


def test_a_town_is_itself_with_and_without_its_port():
    assert bare("Port Birale") == bare("Birale") == "Birale"
    assert kind_of("Port Birale") == kind_of("Birale") == "town"
    assert kind_of("Port Kestrel") is None and kind_of("house") is None
    assert kind_of("2031") == "year" and kind_of("47") == "number"
