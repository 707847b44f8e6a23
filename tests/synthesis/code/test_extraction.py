import warnings
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.records import Document
from longstride.synthesis.code.extraction import code_facts
from longstride.synthesis.code.facts import Binding, Class, CodeFacts, Function, Import, Quote


def facts_of(text: str, **over: str | int) -> CodeFacts:
    document = Document(**{"id": "d", "title": "a.py", "family": "code", "source": "a.py", "text": text, **over})
    facts = code_facts(document)
    assert facts is not None
    return facts


def quotes_in(facts: CodeFacts) -> Iterator[Quote]:
    waiting = [each for bindings in facts.names.values() for each in bindings]
    waiting += [each for level in facts.levels for bindings in level.members.values() for each in bindings]
    while waiting:
        binding = waiting.pop()
        yield from binding.quotes
        if isinstance(binding.thing, Class):
            waiting += [each for bindings in binding.thing.members.values() for each in bindings]
        if isinstance(binding.thing, Function):
            yield from (call.quote for call in binding.thing.calls)
            yield from (quote for _, quote in binding.thing.raises)


def only(facts: CodeFacts, name: str) -> Binding:
    (binding,) = facts.names[name]
    return binding


def test_a_signature_is_read_with_its_kinds_defaults_and_annotations():
    facts = facts_of("def send(url, /, body: bytes = b'', *rest, timeout: float = 3.5, **more) -> None:\n    pass\n")
    function = only(facts, "send").function
    assert function is not None
    assert [tuple(each) for each in function.parameters] == [
        ("url", "positional", "", ""),
        ("body", "positional", "b''", "bytes"),
        ("rest", "star", "", ""),
        ("timeout", "keyword", "3.5", "float"),
        ("more", "double_star", "", ""),
    ]


def test_offsets_count_characters_where_the_parser_counts_bytes():
    text = 'NAME = "naïve 東京"; LIMIT = 7\r\nclass É(Base):\r\n    größe = 3\r\n'
    facts = facts_of(text)
    assert only(facts, "LIMIT").quotes[0].text == "LIMIT = 7"
    assert only(facts, "É").quotes[0].text == "class É(Base):"
    assert all(text[quote.start : quote.end] == quote.text for quote in quotes_in(facts))


def test_a_call_counts_only_where_its_name_is_the_modules():
    text = (
        "import net\nfrom jobs import run, stop, start\n\n"
        "def go(self, stop):\n    stop()\n    start = lambda: 1\n    start()\n"
        "    net.retry.call(run(1))\n    self.run()\n"
    )
    function = only(facts_of(text), "go").function
    assert function is not None
    assert [call.dotted for call in function.calls] == ["net.retry.call", "run"]


def test_what_may_not_hold_is_marked():
    text = (
        "try:\n    from fast import f\nexcept ImportError:\n    f = None\nfor x in []:\n    pass\na, b = 1, 2\ndel b\n"
    )
    facts = facts_of(text)
    assert [(each.kind, each.doubtful) for each in facts.names["f"]] == [("import", True), ("value", True)]
    assert only(facts, "x").kind == only(facts, "a").kind == "opaque"
    assert len(facts.names["b"]) == 2


def test_names_that_functions_and_other_modules_change_are_noted():
    facts = facts_of(
        "import m\nN = 1\ndef f():\n    global N\n    N = 2\n\nm.Writer.flush = f\nsetattr(m.Reader, 'seek', f)\n"
    )
    assert facts.rebound == {"N"}
    assert facts.patched == {("Writer", "flush"), ("Reader", "seek")}


def test_a_segment_may_begin_inside_a_class_and_a_method():
    text = (
        "            return None\n        return 1\n\n    LIMIT = 4\n\n"
        "    def close(self):\n        self.open = False\n\n\nX = 1\n"
    )
    facts = facts_of(text)
    assert facts.begins_inside and not facts.goes_on
    (level,) = [each for each in facts.levels if each.indent == 4]
    assert list(level.members) == ["LIMIT", "close"] and level.set_on_self == {"open"}
    assert all(text[quote.start : quote.end] == quote.text for quote in quotes_in(facts))
    assert only(facts, "X").thing == "1"


def test_a_beginning_that_does_not_parse_costs_only_itself():
    facts = facts_of('    of a text.\n    """\n    else:\n        pass\n\ndef f(a=2):\n    pass\n')
    assert list(facts.names) == ["f"] and facts.begins_inside


def test_imports_keep_their_level_and_name():
    facts = facts_of("import a.b\nimport c.d as e\nfrom ..f import g as h\nfrom i import *\n")
    assert [facts.names[name][0].thing for name in ("a", "e", "h")] == [
        Import("a", "", 0),
        Import("c.d", "", 0),
        Import("f", "g", 2),
    ]
    assert facts.has_star_import


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("print 'hello'\n", "syntax_error"),
        ("exec code in scope\n", "syntax_error"),
        ("x = (\n", "syntax_error"),
        ("a = 1\0\n", "syntax_error"),
        ("\ufeffa = 1 +\n", "syntax_error"),
        ("x = '\ud800'\n", "syntax_error"),
        ("return = 3", "syntax_error"),
        ("x = 1\n" * 50_000, "too_long"),
        ("x = '" + "a" * 500_000 + "'", "too_long"),
        ("(" * 5_000 + ")" * 5_000, "nested_too_deeply"),
        ("x = " + "[" * 90 + "]" * 90, "nested_too_deeply"),
        ("x = " + "-" * 50_000 + "1", "nested_too_deeply"),
        ("x = " + "a." * 50_000 + "b", "nested_too_deeply"),
        ("x = " + "1 + " * 50_000 + "1", "nested_too_deeply"),
        ("if a:\n 1\n" + "elif a:\n 1\n" * 6_000, "nested_too_deeply"),
    ],
)
def test_bad_source_gives_a_reason_and_no_facts(text: str, problem: str):
    facts = facts_of(text)
    assert facts.problem == problem
    assert not facts.names


def test_what_is_no_python_gives_nothing():
    for title, source, family in (
        ("a.js", "a.js", "code"),
        ("a.py", "a.py", "literature"),
        ("A title", "a.py", "code"),
    ):
        assert code_facts(Document("d", title, family, source, "x = 1\n")) is None


def test_odd_escapes_warn_nobody():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert only(facts_of("PATTERN = '\\d'\n"), "PATTERN").thing == "'\\d'"


LINES = """import a|from .b import c as d|x = 'é'|class C(a.B, metaclass=M):|    def m(self, q=1): return c(q)|    y = 3
|        z|def f():|    global x; x = 2|    raise E('東')|@dec|if a:|'''|else:|\tt|)|# note|try:|except E as e:
|match x:|    case [a, *b]:|(w := 3)|del x|\x0c|""".replace("\n|", "|").split("|")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=14), st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_text_is_read_or_refused_and_every_quote_is_verbatim(lines: list[str], newline: str):
    text = newline.join(lines)
    facts = facts_of(text)
    for quote in quotes_in(facts):
        assert quote.text and text[quote.start : quote.end] == quote.text
