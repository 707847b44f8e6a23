"""Wrong answers of the right type: the material of multiple choice over dialogues."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

from longstride.synthesis.candidates import Candidate
from longstride.synthesis.dialogue.facts import Dialogue
from longstride.synthesis.dialogue.memory_questions import KINDS, statements_for
from longstride.synthesis.dialogue.things_told import COLLECTIONS, STATES
from longstride.synthesis.dialogue.transcripts import other_turns

MOST = 60


def other_answers(candidate: Candidate, dialogues: Sequence[Dialogue]) -> tuple[str, ...]:
    """Up to MOST of them, different from each other, the most plausible first; () where there are none of the type."""
    query = candidate.derivation["query"]
    found: dict[str, None] = {}
    if query["kind"] == "order":
        found.update(dict.fromkeys(_other_orders(candidate)))
    elif query["kind"] in KINDS:
        found.update(dict.fromkeys(_other_values(query, dialogues)))
    elif query["kind"] != "needle":
        found.update(dict.fromkeys(other_turns(query, candidate.ground_truth[0], dialogues)))
    return tuple(each for each in found if each not in candidate.ground_truth)[:MOST]


def _other_orders(candidate: Candidate) -> list[str]:
    """The same things in other orders, drawn by lot: the first place tells nothing."""
    orders = ["; ".join(each) for each in permutations(candidate.ground_truth[0].split("; "))]
    random.Random(f"{candidate.key}/orders").shuffle(orders)
    return orders


def _other_values(query: Mapping[str, Any], dialogues: Sequence[Dialogue]) -> Iterator[str]:
    """Other values of the user, then those of others, then those that anybody may have."""
    sessions = [each.session for each in dialogues if each.session is not None]
    for own in (True, False):
        for session in sessions:
            if (session.user == query["user"]) is own:
                for told in statements_for(query, session):
                    if told.kind == "items" and isinstance(told.value, tuple) and query["kind"] == "nth":
                        yield from told.value
                    elif told.kind in ("set", "level", "amount"):
                        yield str(told.value)
    if query["kind"] in ("now", "before", "when"):
        yield from next(each.values for each in STATES if each.noun == query["about"])
    elif query["kind"] == "nth":
        yield from next(each.values for each in COLLECTIONS if each.plural == query["about"])
