"""What the agents of MASE say, as their requests ask for it. All of it is untrusted: lengths are bounded here."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

MOST_QUOTES = 12
Option = Annotated[str, Field(min_length=1, max_length=300)]


class Quote(BaseModel):
    """A stretch of a document, copied word for word."""

    document: int = Field(ge=1, le=999, description="the number of the document")
    text: str = Field(min_length=1, max_length=1200)


class Proposal(BaseModel):
    """A question and its answer, with the quotations that prove it."""

    quotes: list[Quote] = Field(min_length=1, max_length=MOST_QUOTES)
    question: str = Field(min_length=1, max_length=1200)
    answer: Option


class OpenProposal(Proposal):
    """A question with a short answer."""

    other_forms: list[Option] = Field(default_factory=list, max_length=6, description="other ways to write the answer")


class ChoiceProposal(Proposal):
    """A question with four options: the answer, and three wrong ones."""

    wrong_options: list[Option] = Field(min_length=3, max_length=3)


class Verdict(BaseModel):
    """What a verifier thinks of a question."""

    reason: str = Field(max_length=4000)
    answerable: bool
    single: bool
    supported: bool
