"""Made documents: named by their content, so that the same conversation is the same document everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from longstride.records import Document

CHARACTERS_A_TOKEN = 3.2  # fewer than English has, and about what invented names have
SHARE_OF_CONTEXT = 0.9  # of the tokens for evidence that made documents take at most
TOKENS_OF_A_TITLE = 16  # what stands around a document in a prompt
MOST_NAMED = 8  # sources that a made document names


def made_document(title: str, text: str, parent_ids: Iterable[str]) -> Document:
    """A document of the family "dialogue"; `source` names what its passages were taken from."""
    names = list(parent_ids)
    rest = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    made_of = f" over {', '.join(names[:MOST_NAMED])}{rest}" if names else ""
    digest = hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()
    return Document(f"dialogue-{digest[:16]}", title, "dialogue", f"made conversation{made_of}", text)


def estimated_tokens(text: str) -> int:
    """What a text takes in a context, about."""
    return int(len(text) / CHARACTERS_A_TOKEN) + TOKENS_OF_A_TITLE


def characters_for(tokens: float) -> int:
    """How long a document may be that takes so many tokens."""
    return max(0, int((tokens - TOKENS_OF_A_TITLE) * CHARACTERS_A_TOKEN))
