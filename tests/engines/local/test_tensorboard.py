"""Event files: read back by a reader of protocol buffers written here, with the published check value of CRC-32C."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from longstride.engines.local.tensorboard import EventFile, crc32c


def records(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    place = 0
    while place < len(data):
        (length,) = struct.unpack_from("<Q", data, place)
        assert masked(data[place : place + 8]) == data[place + 8 : place + 12]
        body = data[place + 12 : place + 12 + length]
        assert masked(body) == data[place + 12 + length : place + 16 + length]
        yield body
        place += 16 + length


def masked(data: bytes) -> bytes:
    crc = crc32c(data)
    rotated = ((crc >> 15) | ((crc << 17) & 0xFFFFFFFF)) & 0xFFFFFFFF
    return struct.pack("<I", (rotated + 0xA282EAD8) % 2**32)


def fields(data: bytes) -> dict[int, list[Any]]:
    """A protocol buffer's fields by number."""
    found: dict[int, list[Any]] = {}
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(data):
        key = varint()
        kind = key & 7
        value: bytes | int | float
        if kind == 0:
            value = varint()
        elif kind == 2:
            length = varint()
            value, place = data[place : place + length], place + length
        else:
            form, width = ("<d", 8) if kind == 1 else ("<f", 4)
            (value,) = struct.unpack_from(form, data, place)
            place += width
        found.setdefault(key >> 3, []).append(value)
    return found


def test_the_checksum_is_crc_32c():
    assert crc32c(b"123456789") == 0xE3069283  # RFC 3720's polynomial, the usual check value
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4


def test_scalars_of_steps_stand_in_the_file(tmp_path: Path):
    events = EventFile(tmp_path / "tb", first_step=3)
    events.add(3, {"reward": 0.5, "reward/multi_hop": -2.0})
    events.add(300, {"entropy": 1.25})
    events.close()
    (path,) = (tmp_path / "tb").iterdir()
    assert path.name.startswith("events.out.tfevents.")
    version, start, *steps = (fields(record) for record in records(path))
    assert version[3] == [b"brain.Event:2"]
    assert (start[2], fields(start[7][0])) == ([3], {1: [1]}), "readers drop what was said of step 3 before"
    assert [step[2] for step in steps] == [[3], [300]]
    values = [[fields(value) for value in fields(step[5][0])[1]] for step in steps]
    assert values == [
        [{1: [b"reward"], 2: [0.5]}, {1: [b"reward/multi_hop"], 2: [-2.0]}],
        [{1: [b"entropy"], 2: [1.25]}],
    ]
    assert all(step[1][0] == pytest.approx(version[1][0], abs=60) for step in steps)


@pytest.mark.filterwarnings("default")
def test_tensorboard_itself_reads_them(tmp_path: Path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    file = EventFile(tmp_path, 0)
    for step in range(3):
        file.add(step, {"reward/mean": step / 4, "seconds": 1.5})
    file.close()
    reader = accumulator.EventAccumulator(str(tmp_path)).Reload()
    assert set(reader.Tags()["scalars"]) == {"reward/mean", "seconds"}
    assert [(each.step, each.value) for each in reader.Scalars("reward/mean")] == [(0, 0.0), (1, 0.25), (2, 0.5)]
