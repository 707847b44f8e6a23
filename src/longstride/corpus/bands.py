"""A compact index of MinHashes: which of many texts resemble one text, at about 550 bytes a text.

Locality-sensitive hashing by bands (Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, 3.4): texts that agree in
all rows of one band are compared. Libraries hold the same in Python's dictionaries, at four times the memory.
"""

from __future__ import annotations

import hashlib
from array import array
from operator import eq

PERMUTATIONS = 128
BANDS = 16  # of 8 rows: texts of Jaccard 0.8 meet with probability 0.95, of 0.9 with 0.9999, of 0.5 with 0.06
MAX_BUCKET = 64  # texts that one band compares, so that a corpus of one form filled in anew costs no square
FULL = 0.66  # share of the slots in use at which a table grows


class BandIndex:
    """MinHashes with the number of the owner of each; entries are numbered from 0 in the order they came."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._tables = [_Table() for _ in range(BANDS)]
        self._low_bytes = bytearray()  # the lowest byte of each value: two that differ share it once in 256
        self._owners = array("I")

    def __len__(self) -> int:
        return len(self._owners)

    def insert(self, minhash: array[int], owner: int) -> None:
        entry = len(self._owners)
        for table, key in zip(self._tables, _band_keys(minhash), strict=True):
            table.insert(key, entry)
        self._low_bytes += _low_bytes(minhash)
        self._owners.append(owner)

    def near(self, minhash: array[int], but: int | None = None) -> int | None:
        """The first entry at least `threshold` similar, of another owner than `but`; None where there is none."""
        entries: set[int] = set()
        for table, key in zip(self._tables, _band_keys(minhash), strict=True):
            entries.update(table.found(key))
        values = _low_bytes(minhash)
        for entry in sorted(entries):
            other = self._low_bytes[entry * PERMUTATIONS : (entry + 1) * PERMUTATIONS]
            if self._owners[entry] != but and sum(map(eq, values, other)) >= self.threshold * PERMUTATIONS:
                return entry
        return None


class _Table:
    """Open addressing: a key stands in the first free slot from its own on, once for each entry that has it."""

    def __init__(self) -> None:
        self.keys, self.entries, self.used = array("Q", bytes(8 * 16)), array("I", bytes(4 * 16)), 0

    def insert(self, key: int, entry: int) -> None:
        if self.used >= FULL * len(self.keys):
            self._grow()
        keys, mask, held = self.keys, len(self.keys) - 1, 0
        slot = key & mask
        while keys[slot]:
            held += keys[slot] == key
            if held == MAX_BUCKET:
                return
            slot = (slot + 1) & mask
        keys[slot], self.entries[slot] = key, entry
        self.used += 1

    def found(self, key: int) -> list[int]:
        keys, mask = self.keys, len(self.keys) - 1
        slot, entries = key & mask, list[int]()
        while keys[slot]:
            if keys[slot] == key:
                entries.append(self.entries[slot])
            slot = (slot + 1) & mask
        return entries

    def _grow(self) -> None:
        keys, entries = self.keys, self.entries
        size = 2 * len(keys)
        self.keys, self.entries = array("Q", bytes(8 * size)), array("I", bytes(4 * size))
        mask = size - 1
        for key, entry in zip(keys, entries, strict=True):
            if key:
                slot = key & mask
                while self.keys[slot]:
                    slot = (slot + 1) & mask
                self.keys[slot], self.entries[slot] = key, entry


def _band_keys(minhash: array[int]) -> list[int]:
    """A number above 0 for each band; the same rows in another band give another."""
    data, rows = minhash.tobytes(), PERMUTATIONS // BANDS * minhash.itemsize
    parts = (data[band * rows : (band + 1) * rows] for band in range(BANDS))
    return [int.from_bytes(hashlib.blake2b(part, digest_size=8).digest(), "little") or 1 for part in parts]


def _low_bytes(minhash: array[int]) -> bytes:
    return minhash.tobytes()[:: minhash.itemsize]
