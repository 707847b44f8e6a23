"""Updates as a reader would write them who knows what proves the answer: what the agent's warm start imitates (2.3).

The memory is the reasoning as far as it has come: the sample's quotations in their order, word by word as they were
read. The first one that is still missing stands as an open sentence: the words by which the reader can look for it, and
a question mark.

    question  Milis works at a company that is based in which town ?
    chunk 1   Kestrel is based in Orvale .      memory  Milis works at ? .
    chunk 2   Milis works at Kestrel .          memory  Milis works at Kestrel . Kestrel is based in ? .

Nobody can know at chunk 1 that Kestrel matters, so the oracle does not note it: an update that no reader could make
would teach to guess. A quotation counts as one to look for once a name of it is known, from the question or from what
was noted; one that is tied to no other is noted wherever it is met.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass

from longstride.errors import InputError
from longstride.grading.thinking import CLOSE
from longstride.memory.reading import ANSWER, Reading, Request
from longstride.memory.settings import MemorySettings
from longstride.memory.updates import shielded
from longstride.records import Sample

OPEN_END = " ? ."  # of a sentence whose end is still to be found
LOOK_FOR = "Look for how this goes on:"
WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
LETTERS = "ABCDEFGHIJ"


@dataclass(frozen=True)
class Quotation:
    """A sentence of the proof."""

    text: str
    names: tuple[str, ...]  # its words with a capital or a digit, as they stand
    lead: str  # the words before what it tells: before the answer, or the first name that is not known until then


class Oracle:
    """What to write while a sample is read; one for each reading."""

    def __init__(self, sample: Sample, settings: MemorySettings, count_tokens: Callable[[str], int]) -> None:
        """The last quotations are left out where the budget of `settings` is short; the tiny prompts have no plan.

        Raises InputError for a budget that does not hold an empty memory.
        """
        self._asked = question_words(sample)
        self._quotations = quotations(sample, self._asked)
        self._budget, self._count = settings.memory_tokens, count_tokens
        self._nothing, self._plans = settings.prompt_set.nothing, not settings.prompts.startswith("tiny")
        self._noted: set[int] = set()
        if self._count(2 * self._nothing) > self._budget:
            raise InputError(f"memory_tokens is {self._budget}, which an empty memory is over", field="memory_tokens")

    def update(self, chunk: str) -> str:
        """The response to the next chunk."""
        self._read(chunk)
        return f"<memory>\n{shielded(self.memory)}\n</memory>\n<plan>\n{shielded(self.plan)}\n</plan>"

    @property
    def memory(self) -> str:
        """What is known, and the first thing that is missing."""
        lines: list[str] = []
        for line in self._lines():
            if self._count("\n".join([*lines, line]) + self.plan) > self._budget:
                break
            lines.append(line)
        return "\n".join(lines) or self._nothing

    @property
    def plan(self) -> str:
        """What to look for, in a few words."""
        missing = next((line for line in self._lines() if line.endswith(OPEN_END)), None)
        plan = f"{LOOK_FOR} {missing.removesuffix(OPEN_END)}" if missing else self._nothing
        return plan if self._plans and self._count(self._nothing + plan) <= self._budget else self._nothing

    @property
    def complete(self) -> bool:
        """All quotations stand in the memory."""
        return bool(self._quotations) and self.memory.splitlines() == [each.text for each in self._quotations]

    def _read(self, chunk: str) -> None:
        plain = _plain(chunk)
        for place, quotation in enumerate(self._quotations):  # in the order of the reasoning: one may open the next
            if quotation.text in plain and self._can_be_sought(place):
                self._noted.add(place)

    def _can_be_sought(self, place: int) -> bool:
        quotation = self._quotations[place]
        lead_names = _names(quotation.lead)
        if lead_names:
            known = self._asked.union(*(self._quotations[noted].names for noted in self._noted))
            if lead_names[-1] in known:
                return True
        others = [each.names for other, each in enumerate(self._quotations) if other != place]
        return not any(set(quotation.names) & set(names) for names in others)

    def _lines(self) -> Iterator[str]:
        opened = False
        for place, quotation in enumerate(self._quotations):
            if place in self._noted:
                yield quotation.text
            elif not opened and quotation.lead and self._can_be_sought(place):
                opened = True
                yield quotation.lead + OPEN_END


def oracle_turns(
    reading: Reading, chunks: Sequence[str], oracle: Oracle, reply: str | None
) -> list[tuple[Request, str]]:
    """Drive a reading of `chunks` by its oracle: every request, and what it is to be answered.

    reply: what answers the question from a complete memory; None, or a memory that is not complete, leaves the answer
        out, since it could only be guessed.
    Raises ValueError where an update of the oracle is not taken.
    """
    turns: list[tuple[Request, str]] = []
    while not reading.finished:
        (request,) = reading.requests()
        if request.kind == ANSWER:
            if reply is not None and oracle.complete:
                turns.append((request, reply))
            return turns
        response = oracle.update(chunks[request.number])
        if reading.thinking_opened:
            response = f"{CLOSE}\n\n{response}"
        turns.append((request, response))
        update = reading.accept(request, response)
        if update is None or update.problem:
            raise ValueError(f"the oracle's update is not taken: {update}")
    return turns


def quotations(sample: Sample, asked: frozenset[str]) -> list[Quotation]:
    """The sample's evidence, each text once, on one line; where the answer repeats the end of one, no more than that.

    asked: the question's words.
    """
    made: list[Quotation] = []
    known, answer = set(asked), _answer(sample)
    for evidence in sample.evidence:
        text = _repeated(_plain(evidence.text), sample)
        if all(text != each.text for each in made):
            made.append(Quotation(text, _names(text), _lead(text, known, answer)))
            known.update(made[-1].names)
    return made


def question_words(sample: Sample) -> frozenset[str]:
    """The words of the question, without the options of a multiple choice."""
    question, options = sample.core_question, sample.derivation.get("options")
    if isinstance(options, list) and options:
        forms = (f"{options[0]} (A)", f"(A) {options[0]}")
        question = next((question.partition(form)[0] for form in forms if form in question), question)
    return frozenset(WORD.findall(question))


def _lead(text: str, known: Set[str], answer: str) -> str:
    """What stands before the answer or the first unknown name; without either, the words at the beginning that are
    known, with the marks after them. A sentence that begins with what it tells has none."""
    told = [match.start() for match in WORD.finditer(text) if match[0] not in known and _is_name(match[0])]
    found = re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", text)
    if found is not None and not frozenset(WORD.findall(answer)) <= known:
        told.append(found.start())
    if not told:
        told = [match.start() for match in WORD.finditer(text) if match[0] not in known]
    return text[: min(told, default=0)].strip()


def _repeated(text: str, sample: Sample) -> str:
    """Of a sentence that is to be repeated behind a prefix, the part that the answer has."""
    if sample.reward_style != "mrcr":
        return text
    wanted = sample.ground_truth[0].removeprefix(str(sample.reward_arguments.get("prefix", ""))).strip()
    start = text.find(wanted)
    return text[start:] if start > 0 else text


def _answer(sample: Sample) -> str:
    """What the answer says: of a multiple choice the right option's words."""
    answer, options = sample.ground_truth[0], sample.derivation.get("options")
    place = LETTERS.find(answer.strip(" ().").upper() or " ")
    if sample.reward_style == "choice" and isinstance(options, list) and 0 <= place < len(options):
        return str(options[place])
    return answer


def _names(text: str) -> tuple[str, ...]:
    return tuple(word for word in WORD.findall(text) if _is_name(word))


def _is_name(word: str) -> bool:
    return any(character.isupper() or character.isdigit() for character in word)


def _plain(text: str) -> str:
    """On one line, so that a quotation is found however its lines are broken."""
    return " ".join(text.split())
