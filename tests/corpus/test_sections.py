from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.corpus.sections import Break, code_breaks, markdown_breaks, plain_breaks


def found(breaks: list[Break]):
    return [(each.level, each.title) for each in breaks]


def test_markdown_headings_outside_code():
    text = "# A *b* _c_ d_e_f ##\n\n```\n# no\n```\n\nUnder\n=====\n\n## [Link](x)\n\n| a |\n|---|\n\n- item\n---\n"
    assert found(markdown_breaks(text)) == [(1, "A b c d_e_f"), (1, "Under"), (2, "[Link](x)")]


def test_chapters_between_blank_lines():
    text = (
        "CHAPTER I: DISCUSSION\n\nText of it.\n\nCHAP. II.\n_Of the otter_\n\nchapter 2 is near\n\nSAID HE\n\nText.\n"
    )
    assert found(plain_breaks(text)) == [(2, "CHAPTER I: DISCUSSION"), (2, "CHAP. II.")]


def test_a_filing_in_plain_text():
    text = (
        "PART I  —  FINANCIAL\n\nItem 1.    Statements\n\nText.\n\nNote 1 – Policies\n\nText.\n\n2.1 Scope of it\n\nSo."
    )
    assert found(plain_breaks(text)) == [
        (1, "PART I — FINANCIAL"),
        (2, "Item 1. Statements"),
        (3, "Note 1 – Policies"),
        (4, "2.1 Scope of it"),
    ]


def test_lines_of_capitals_count_where_there_is_nothing_better():
    assert [title for _, title in found(plain_breaks("THE SEA\n\nText.\n\nTHE SHORE\n\nText.\n"))] == [
        "THE SEA",
        "THE SHORE",
    ]


def test_tex_sections():
    text = "\\section{Method}\n\nText.\n\n\\subsection*{Data}\n"
    assert found(plain_breaks(text)) == [(3, "Method"), (4, "Data")]


def test_python_functions_and_methods_with_their_decorators():
    text = "import a\n\n@cached\ndef f():\n    pass\n\nclass C:\n    @property\n    async def m(self):\n        pass\n"
    breaks = code_breaks(text, "python")
    assert found(breaks) == [(1, "f"), (1, "C"), (2, "m")]
    assert text[breaks[0].offset :].startswith("@cached") and text[breaks[2].offset :].startswith("    @property")


@pytest.mark.parametrize(
    ("language", "line", "name"),
    [
        ("javascript", "export default function load(x) {", "load"),
        ("typescript", "export interface Port {", "Port"),
        ("go", "func (p *Port) Ships() int {", "Ships"),
        ("rust", "pub(crate) fn ships() -> u8 {", "ships"),
        ("java", "public final class Port {", "Port"),
        ("c", "static int ships(void) {", "ships"),
        ("ruby", "def ships", "ships"),
    ],
)
def test_other_languages(language: str, line: str, name: str):
    text = f"// about it\n{line}\n    body\n}}\n"
    assert [(each.offset, each.title) for each in code_breaks(text, language)] == [(0, name)]


@given(st.text(st.sampled_from("#=-`~ \nAIV.1|\\{}chapter*@def("), max_size=200))
def test_breaks_are_in_order_and_stand_at_the_start_of_a_line(text: str):
    for breaks in (markdown_breaks(text), plain_breaks(text), code_breaks(text, "python"), code_breaks(text, "go")):
        offsets = [each.offset for each in breaks]
        assert offsets == sorted(set(offsets))
        assert all(offset == 0 or text[offset - 1] == "\n" for offset in offsets)
        assert all(each.level >= 1 for each in breaks)


@pytest.mark.parametrize(
    "unit", ["#", "# ", "=", "`", "@a", "A", "1.", "(", "int ", "*", "_a", "<a ", "CHAPTER ", "\\section{", "a ("]
)
def test_a_long_line_of_one_thing_takes_no_longer_than_its_length(unit: str):
    text = unit * 60_000  # quadratic patterns would take minutes
    markdown_breaks(text)
    plain_breaks(text)
    code_breaks(text, "python")
    code_breaks(text, "c")
