from hypothesis import given
from hypothesis import strategies as st

from longstride.synthesis.dialogue.turns import is_plain, read_turns

CHAT = "User: Hello.\n\nAssistant: Two things.\n\nNote: this is mine.\n\nUser:\n\nAssistant:   Bye.  \n"


def test_a_turn_is_what_stands_between_two_speakers():
    found = [(each.speaker, each.text) for each in read_turns(CHAT)]
    assert found == [
        ("User", "Hello."),
        ("Assistant", "Two things.\n\nNote: this is mine."),  # a label that is no role stays in the answer
        ("Assistant", "Bye."),  # the empty turn is gone
    ]
    assert all(CHAT[each.start : each.end] == each.text for each in read_turns(CHAT))


def test_named_speakers_are_found_where_they_speak_again():
    text = "Ada: Good day.\nBo: Is it?\nAda: It is.\nPS: one remark\nBo: Then good day.\n"
    assert [each.speaker for each in read_turns(text)] == ["Ada", "Bo", "Ada", "Bo"]
    assert read_turns(text)[2].text == "It is.\nPS: one remark"


def test_what_is_no_dialogue_has_no_turns():
    for text in ("", "A page of prose.", "Note: one\nNote: two\n", "User: only one turn", "::\n:\n"):
        assert read_turns(text) == ()


def test_what_hides_or_turns_text_is_not_quoted():
    assert is_plain("Petrichor, and <script>alert(1)</script>.")
    for text in ("", "two\nlines", "right \u202eto left", "nul \x00", "zero\u200bwidth"):
        assert not is_plain(text)


@given(st.text(alphabet=st.sampled_from(list("UserAsitn: \n.\u202e\x00<>B")), max_size=400))
def test_no_text_breaks_it_and_every_turn_stands_where_it_says(text: str):
    for each in read_turns(text):
        assert each.text and text[each.start : each.end] == each.text == each.text.strip()
