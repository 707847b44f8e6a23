"""TensorBoard's event files, written without TensorBoard: records of protocol buffers with checksums (TFRecord).

https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto has the messages:
Event {double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; SessionLog session_log = 7},
Summary {repeated Value value = 1}, Value {string tag = 1; float simple_value = 2}, SessionLog {status = 1: 1 is START}.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from pathlib import Path

VARINT, DOUBLE, BYTES, FLOAT = 0, 1, 2, 5  # wire types
CASTAGNOLI = 0x82F63B78
SESSION_START = 1


class EventFile:
    """Scalars over steps, in a new file of `folder`. Readers drop what earlier files say of `first_step` and later."""

    def __init__(self, folder: Path, first_step: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        now = time.time()
        self._file = (folder / f"events.out.tfevents.{int(now)}.{first_step}.longstride").open("ab")
        self._write(now, _field(3, BYTES, b"brain.Event:2"))
        self._write(now, _field(2, VARINT, first_step) + _field(7, BYTES, _field(1, VARINT, SESSION_START)))

    def add(self, step: int, scalars: Mapping[str, float]) -> None:
        """Record the scalars of a step; what is written is on its way to disk when this returns."""
        values = b"".join(
            _field(1, BYTES, _field(1, BYTES, tag.encode()) + _field(2, FLOAT, value)) for tag, value in scalars.items()
        )
        self._write(time.time(), _field(2, VARINT, step) + _field(5, BYTES, values))

    def close(self) -> None:
        """End the file; again does no harm."""
        self._file.close()

    def _write(self, wall_time: float, fields: bytes) -> None:
        event = _field(1, DOUBLE, wall_time) + fields
        length = struct.pack("<Q", len(event))
        self._file.write(length + _checksum(length) + event + _checksum(event))
        self._file.flush()


def _field(number: int, wire_type: int, value: float | bytes) -> bytes:
    key = _varint(number << 3 | wire_type)
    if isinstance(value, bytes):
        return key + _varint(len(value)) + value
    if wire_type == VARINT:
        return key + _varint(int(value))
    return key + struct.pack("<d" if wire_type == DOUBLE else "<f", value)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _crc_table() -> list[int]:
    table: list[int] = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (CASTAGNOLI if byte & 1 else 0)
        table.append(byte)
    return table


CRC_TABLE = _crc_table()


def crc32c(data: bytes) -> int:
    """The CRC-32C (Castagnoli) of `data`."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _checksum(data: bytes) -> bytes:
    """TFRecord's masked CRC, as it stands in the file."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
