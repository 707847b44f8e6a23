from __future__ import annotations

from collections.abc import Callable

import pytest

from longstride.corpus.limits import Limits, Unreadable
from longstride.corpus.readers.pdf import parse_pdf

ENCRYPTED = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O ({'a' * 32}) /U ({'b' * 32}) /P -4 >> /ID [<00> <00>]"


def reason(data: bytes, **limits: int):
    with pytest.raises(Unreadable) as caught:
        parse_pdf(data, Limits(**limits))
    return caught.value.reason


def test_text_and_a_ruled_table_in_its_place(make_pdf: Callable[..., bytes], pdf_lines: Callable[..., str]):
    table = [["Item", "2023", "2022"], ["Sales", "$1,234", "$1,100"], ["Costs", "\\(200\\)", "\\(180\\)"]]
    page = pdf_lines(["Annual Report 2023", "The company sold more."], table=table) + "\n"
    parsed = parse_pdf(make_pdf([page + pdf_lines(["After the table."], top=500)], title="Annual Report"), Limits())
    assert parsed.title == "Annual Report"
    assert parsed.text == (
        "Annual Report 2023\nThe company sold more.\n\n"
        "| Item | 2023 | 2022 |\n| --- | --- | --- |\n| Sales | $1,234 | $1,100 |\n| Costs | (200) | (180) |\n\n"
        "After the table."
    )


def test_pages_follow_each_other_without_their_marks(make_pdf: Callable[..., bytes], pdf_lines: Callable[..., str]):
    pages = [
        pdf_lines([f"Text of page {'x' * number}.", "More of it.", f"Acme Inc. {number}"]) for number in range(1, 7)
    ]
    parsed = parse_pdf(make_pdf(pages), Limits())
    assert parsed.text.startswith("Text of page x.\nMore of it.\n\nText of page xx.")
    assert parsed.mended == {"page_marks_dropped": 6}


def test_running_heads_and_numbered_headings(make_pdf: Callable[..., bytes], pdf_lines: Callable[..., str]):
    pages = [
        pdf_lines(
            [
                "The Shared Database",
                f"Text {'x' * number} of it.",
                f"{number}.1. What is this",
                f"It is a text of {'y' * number}.",
            ]
        )
        for number in range(1, 7)
    ]
    text = parse_pdf(make_pdf(pages), Limits()).text
    assert text.startswith(
        "The Shared Database\nText x of it.\n\n1.1. What is this\n\nIt is a text of y.\n\nText xx of it."
    )
    assert text.count("The Shared Database") == 1


def test_what_cannot_be_read_has_a_reason(make_pdf: Callable[..., bytes], pdf_lines: Callable[..., str]):
    page = pdf_lines(["Some text."])
    assert reason(make_pdf([page], trailer=ENCRYPTED)) == "encrypted"
    assert reason(b"%PDF-1.4\n" + b"rubbish " * 100) == "malformed"
    assert reason(make_pdf([page])[:300]) == "malformed"
    assert reason(make_pdf([])) == "malformed"
    assert reason(make_pdf([""])) == "no_text"
    assert reason(make_pdf([page], repeat=10_000)) == "too_many_pages"
    assert reason(make_pdf([page], repeat=100), max_text_characters=500) == "too_much_text"
