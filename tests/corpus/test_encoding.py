from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longstride.corpus.encoding import decode
from longstride.corpus.limits import Unreadable

FRENCH = (
    "Le port d'Oran, situé à l'ouest, a été bâti au siècle dernier; les bateaux y chargent du vin, du liège et du fer. "
)
RUSSIAN = "Порт Оран лежит на западном берегу и является одним из старейших в стране; корабли привозят сюда зерно. "


def reason(data: bytes):
    with pytest.raises(Unreadable) as caught:
        decode(data)
    return caught.value.reason


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marked_and_common_encodings(encoding: str):
    assert decode(FRENCH.encode(encoding)) == FRENCH


def test_an_old_encoding_is_guessed_from_enough_text():
    assert decode((FRENCH * 10).encode("cp1252")) == FRENCH * 10
    assert decode((RUSSIAN * 10).encode("cp1251")) == RUSSIAN * 10


def test_line_ends_become_one_kind():
    assert decode(b"a\r\nb\rc\n") == "a\nb\nc\n"


def test_what_is_no_text():
    assert reason(b"text with \x00 in it") == "binary"
    assert reason(bytes(range(1, 32)) * 40) == "binary"
    assert reason(b"\xff\xfea\x00b") == "mis_encoded"  # UTF-16 cut in the middle
    assert reason(("lost \ufffd\ufffd\ufffd " * 20).encode()) == "mis_encoded"
    assert reason(bytes((number * 7919) % 256 or 1 for number in range(5000))) in ("mis_encoded", "binary")


@given(st.binary(max_size=300))
def test_no_bytes_break_it(data: bytes):
    try:
        assert "\r" not in decode(data)
    except Unreadable as error:
        assert error.reason in ("binary", "mis_encoded")
