"""The noise of a draw: a number that depends on who draws and where, and on nothing that is drawn beside it.

A counter-based generator (Salmon et al. 2011) keeps no state, so the order of draws cannot matter. Ours is a keyed
hash: the same on every machine, and a microsecond a token.
"""

from __future__ import annotations

import json
from hashlib import blake2b


def noise_key(seed: int | str, stream: str, index: int) -> bytes:
    """32 bytes for one response: `index` counts the responses of `stream`. Another triple has another key."""
    return blake2b(json.dumps([seed, stream, index]).encode(), digest_size=32).digest()


def uniform(key: bytes, position: int) -> float:
    """A number of [0, 1 - 2**-52], a multiple of 2**-52: that of the response's token at `position`, from 0.

    The step is twice the spacing of floats below 1, so that u * total < total for every positive float `total`.
    """
    digest = blake2b(position.to_bytes(8, "little"), key=key, digest_size=8).digest()
    return (int.from_bytes(digest, "little") >> 12) * 2.0**-52
