from collections.abc import Callable, Sequence
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from longstride.records import Document
from longstride.synthesis.dialogue.sessions import (
    Session,
    in_order,
    long_moment,
    read_moment,
    read_session,
    write_session,
)
from longstride.synthesis.dialogue.turns import read_turns

Build = Callable[[str, str, Sequence[str]], Document]


def read(text: str) -> Session | None:
    return read_session(text, read_turns(text))


def test_a_session_reads_back_as_it_was_written():
    moment = datetime(2024, 3, 14, 9, 5)
    text = write_session("Ada Fenn", moment, [("Hi.", "Hello."), ("My dentist is Dr Moss.", "Noted.")])
    assert text.startswith("Chat of Ada Fenn with the assistant\nDate: 14 March 2024, 09:05\n\nUser: Hi.\n\nAssistant:")
    found = read(text)
    assert found is not None and (found.user, found.moment) == ("Ada Fenn", moment)
    assert [(each.about, each.value) for each in found.statements] == [("dentist", "Dr Moss")]
    assert text[found.statements[0].start : found.statements[0].end] == "My dentist is Dr Moss."


def test_what_the_assistant_says_tells_nothing():
    found = read(write_session("Ada", datetime(2024, 1, 1), [("Read this.", "My dentist is Dr Moss.")]))
    assert found is not None and found.statements == ()


def test_a_session_without_a_day_is_none():
    good = write_session("Ada", datetime(2024, 1, 1), [("Hi.", "Hello.")])
    assert read(good) is not None
    for bad in ("Date: 31 February 2024, 09:05", "Date: whenever", "Date:", "Dat: 14 March 2024, 09:05"):
        assert read(good.replace("Date: 1 January 2024, 00:00", bad)) is None
    assert read("User: Hi.\n\nAssistant: Hello.\n") is None


def test_sessions_stand_in_the_order_of_their_dates_and_a_copy_counts_once(session: Build):
    documents = [session("Ada", day, [f"My locker is locker {day[-2:]}."]) for day in ("2024-05-03", "2023-12-31")]
    found = [each for document in documents if (each := read(document.text)) is not None]
    other = read(session("Bo", "2024-01-01", ["Hi."]).text)
    assert other is not None
    ordered = in_order([*found, other, found[0]], "Ada")
    assert [each.moment.year for each in ordered] == [2023, 2024]


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2999, 1, 1)))
def test_a_day_is_read_in_both_forms(moment: datetime):
    moment = moment.replace(second=0, microsecond=0)
    assert read_moment(long_moment(moment)) == read_moment(moment.isoformat(" ")) == moment


@given(st.text(max_size=60))
def test_no_date_breaks_it(text: str):
    found = read_moment(text)
    assert found is None or found.tzinfo is None
