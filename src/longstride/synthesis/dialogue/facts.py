"""What the family keeps of a document: of prose its passages, of a dialogue its turns and what they tell."""

from __future__ import annotations

from dataclasses import dataclass

from longstride.records import Document
from longstride.synthesis.dialogue.needles import Request, read_requests
from longstride.synthesis.dialogue.passages import Passages, passages_of
from longstride.synthesis.dialogue.sessions import Session, read_session
from longstride.synthesis.dialogue.turns import Turn, read_turns

LONGEST_KEPT = 300  # characters of a turn; of a longer one only its place is kept


@dataclass(frozen=True)
class Dialogue:
    """A dialogue, read from its text."""

    title: str
    turns: tuple[Turn, ...]  # in the order of the text; a long one has the text ""
    requests: tuple[Request, ...]  # to write something
    session: Session | None  # of a user with an assistant, on a day


def read_document(document: Document) -> Passages | Dialogue | None:
    """The facts of a document; None for code, and for what has neither passages nor turns."""
    if document.family != "dialogue":
        return passages_of(document)
    turns = read_turns(document.text)
    if not turns:
        return None
    kept = tuple(
        turn if len(turn.text) <= LONGEST_KEPT else Turn(turn.speaker, turn.start, turn.end, "") for turn in turns
    )
    return Dialogue(document.title, kept, read_requests(turns), read_session(document.text, turns))
