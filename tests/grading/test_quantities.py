"""Reading numbers: every way of writing one gives it back, and what is no number is left alone."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.grading import numeric_match
from longstride.grading.quantities import find_quantities


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", "5"),
        ("-5", "-5"),
        ("−5", "-5"),
        ("–5", "-5"),
        ("minus 5", "-5"),
        ("negative $5", "-5"),
        ("+5", "5"),
        (".5", "0.5"),
        ("1,234.50", "1234.5"),
        ("$1,234", "1234"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("US$ 5", "5"),
        ("USD 5", "5"),
        ("5€", "5"),
        ("(1,234)", "-1234"),
        ("$(5.2) million", "-5200000"),
        ("(5.2%)", "-0.052"),
        ("a loss of ($5)", "-5"),
        ("five (5) companies", "5"),
        ("12.5%", "0.125"),
        ("12.5 per cent", "0.125"),
        ("2 percentage points", "0.02"),
        ("50 basis points", "0.005"),
        ("2.5 Million", "2500000"),
        ("2.5-million", "2500000"),
        ("$3bn", "3000000000"),
        ("$5m", "5000000"),
        ("5m", "5"),  # metres: a small m is a million behind a currency alone
        ("4K", "4000"),
        ("3万", "30000"),
        ("5km", "5"),
        ("5 km/h", "5"),
        ("5 m²", "5"),
        ("12th", "12"),
        ("1.2e-3", "0.0012"),
        ("1.2 × 10^-3", "0.0012"),
        ("3 x 10³", "3000"),
        (r"1.2\times 10^{6}", "1200000"),
        ("3/4", "0.75"),
        (r"\frac{1}{2}", "0.5"),
        (r"\$1{,}234", "1234"),
        (r"5\%", "0.05"),
        ("**5**", "5"),
        ("so...5", "5"),
    ],
)
def test_a_number_is_read(text: str, value: str):
    assert [quantity.value for quantity in find_quantities(text)] == [Fraction(value)]


@pytest.mark.parametrize(
    "text", ["", "five", "5G", "Q3", "A4", "10-K", "COVID-19", "747s", "1.2.3", "1/0", "5²", "x_5", "5_x"]
)
def test_what_is_no_number_is_left_alone(text: str):
    assert find_quantities(text) == []


def test_several_numbers_are_all_found():
    assert [quantity.value for quantity in find_quantities("5, 6 and 7")] == [5, 6, 7]
    assert [quantity.value for quantity in find_quantities("2019-2020")] == [2019, 2020]
    assert [quantity.value for quantity in find_quantities("1,2345")] == [1, 2345]
    assert [quantity.is_year for quantity in find_quantities("$45.2 million in 2019")] == [False, True]


def test_the_step_is_that_of_the_last_digit():
    for text, step in [
        ("1.23", "0.01"),
        ("1.23 million", "10000"),
        ("12.3%", "0.001"),
        ("1,200", "1"),
        ("2e3", "1000"),
    ]:
        assert find_quantities(text)[0].step == Fraction(step)


@pytest.mark.parametrize("text", ["1e999999", "9" * 5_000, "1e401", "1 x 10^99999"])
def test_a_number_too_long_to_reckon_with_is_none(text: str):
    assert find_quantities(text) == []


FORMATS = [
    "{:,}", "${:,}", "€ {:,}", "{:,} USD", "about {:,}.", "= {:,}", "**{:,}**", "({:,} units)", "{:,} km",
    "US${:,}", "`{:,}`",
]  # fmt: skip


@given(st.integers(-(10**12), 10**12), st.integers(0, 3), st.sampled_from(FORMATS))
def test_a_formatted_number_comes_back(units: int, decimals: int, template: str):
    value = Fraction(units, 10**decimals)
    sign, digits = "-" * (value < 0), f"{abs(units) // 10**decimals:,}"
    if decimals:
        digits += "." + f"{abs(units) % 10**decimals:0{decimals}}"
    text = template.replace("{:,}", digits)
    at = text.index(digits)
    text = text[:at] + sign + text[at:] if "$" not in template and "€" not in template else sign + text
    assert [quantity.value for quantity in find_quantities(text)] == [value]


@given(st.integers(1, 10**6), st.sampled_from([("thousand", 3), ("million", 6), ("bn", 9), ("trillion", 12)]))
def test_a_scale_multiplies(units: int, scale: tuple[str, int]):
    word, power = scale
    (quantity,) = find_quantities(f"${units / 100:.2f} {word}")
    assert quantity.value == Fraction(units, 100) * 10**power


@given(st.text(alphabet="0123456789,.-+$%()eEkKmM/x×^ ²\\{}", max_size=40))
def test_any_salad_of_characters_is_read_without_an_error(text: str):
    assert all(quantity.step >= 0 for quantity in find_quantities(text))


@pytest.mark.parametrize(
    "text", ["1" * 10**6, "(" * 10**6, "$" * 10**6, "-" * 10**6, "1" + " " * 10**6, "1,111" * 10**4]
)
def test_a_hostile_megabyte_is_read_to_its_end(text: str):
    find_quantities(text)


@pytest.mark.parametrize("piece", ["1,", "1,111,", "1.1", "(5) ", "1 ", "1/", "-", "5 million ", "$5 (", "1e5"])
def test_the_numbers_of_a_hostile_megabyte_are_not_all_read(piece: str):
    assert numeric_match(piece * (10**6 // len(piece)), 5) == 0
