"""What each role may answer: bounded, and read as data alone."""

from __future__ import annotations

from pydantic import BaseModel, Field

MOST_TRIPLES = 100  # of one reply


class ReadTriple(BaseModel):
    """One fact as the extractor states it."""

    subject: str = Field(max_length=200)
    relation: str = Field(max_length=100)
    object: str = Field(max_length=300)
    time: str | None = Field(default=None, max_length=60)
    quote: str = Field(max_length=1000)


class ReadTriples(BaseModel):
    """The facts of a text."""

    triples: list[ReadTriple] = Field(max_length=MOST_TRIPLES)


class SameThing(BaseModel):
    """Whether two names, or two relations, are one."""

    same: bool


class Told(BaseModel):
    """A listed fact that a description uses, and the years or figures that it allows where it only brackets them."""

    fact: int
    low: float | None = None
    high: float | None = None


class Description(BaseModel):
    """What takes the place of a name."""

    description: str = Field(max_length=400)
    conditions: list[Told] = Field(min_length=1, max_length=6)


class WrittenQuestion(BaseModel):
    """The words of a question."""

    question: str = Field(max_length=1500)


class ReadAnswer(BaseModel):
    """The answer that a question has, as it is worded; None where it has none."""

    answer: str | None = Field(max_length=300)
