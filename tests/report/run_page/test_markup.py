"""HTML that untrusted texts cannot break, and numbers that name their log."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.analysis.logged import Logged
from longstride.report.run_page.markup import Markup, listed, number, sentence, tag, text

any_text = st.text(st.characters(exclude_categories=("Cs",)))


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def read(markup: str) -> Reader:
    reader = Reader()
    reader.feed(markup)
    reader.close()
    return reader


@settings(deadline=None)
@given(any_text, any_text)
def test_a_text_stays_a_text(inside: str, attribute: str):
    reader = read(tag("p", inside, title=attribute))
    assert reader.tags[0][0] == "p" and set(reader.tags[0][1]) == {"title"}
    assert {name for name, _ in reader.tags[1:]} <= {"span"}  # marks of hidden characters
    plain = "".join(each for each in inside if each.isalnum())
    assert plain in "".join(each for each in reader.words if each.isalnum()) or "U+" in reader.words


def test_hidden_characters_are_named():
    assert read(text("a\u202eb\u0000c")).words == "aU+202EbU+0000c"


def test_markup_stands_as_it_is_and_nothing_else_does():
    assert tag("p", Markup("<b>a</b>"), "<b>") == "<p><b>a</b>&lt;b&gt;</p>"
    assert sentence("{a} is {b}.", a="<i>", b=Markup("<i>x</i>")) == "&lt;i&gt; is <i>x</i>."
    assert listed(["a", "b & c", "d"]) == "a, b &amp; c and d"


def test_a_number_names_its_log_and_keeps_its_value():
    (data,) = read(number(Logged(0.123456, "s/metrics.jsonl", "mean of reward, first 3"), "{:.3f}")).tags
    assert data[1]["value"] == "0.123456" and data[1]["data-log"] == "s/metrics.jsonl"
    assert data[1]["title"] == "s/metrics.jsonl: mean of reward, first 3"
    assert read(number(-0.0001, "{:+.3f}")).words == "0.000"  # neither -0.000 nor +0.000
    assert read(number(0.25, "{:.1%}")).words == "25.0%"
