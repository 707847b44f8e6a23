"""A question of reading before it is a candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from longstride.records import Evidence

LETTERS = "ABCDE"


@dataclass(frozen=True)
class Draft:
    """What is asked, with its proof."""

    question_type: str
    text: str
    form: str
    style: str
    answer: str
    document_ids: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    derivation: Mapping[str, Any]  # "what" names the module that answers it
    entities: tuple[str, ...] = ()
