"""The judge: a model that says whether two answers are the same (paper 5.1, Table 6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from longstride.grading.judge_request import judge_messages
from longstride.grading.text_match import answer_text, gold_texts
from longstride.grading.thinking import strip_thinking
from longstride.llm.chat import ChatModel, Completion, ModelError, Sampling

JUDGE_SAMPLING = Sampling(temperature=0.0, top_p=None, seed=42)  # QwenLong-L1, eval/*_verify.py
RETRY_TEMPERATURE = 0.7  # not in the paper: asked again at temperature 0, a judge would only repeat itself

_VERDICT = re.compile(r"\[\[\s{0,4}(YES|NO)\s{0,4}\]\]", re.IGNORECASE)


@dataclass(frozen=True)
class Verdict:
    """What the judge decided."""

    equivalent: bool
    model_id: str
    attempts: int  # answers it took; 0 where an empty answer needed no judge
    explanation: str = ""  # the judge's own words

    @property
    def score(self) -> float:
        return float(self.equivalent)


@dataclass(frozen=True)
class JudgeFailure:
    """The judge gave no verdict: neither yes nor no, to be counted and never to be read as 0."""

    reason: str
    model_id: str
    attempts: int
    explanation: str = ""


@dataclass(frozen=True)
class Judge:
    """Asks `model` for one verdict, [[YES]] or [[NO]], again where the answer holds none, or both, or was cut off.

    Each further try is another sample index, another seed and a temperature of 0.7; after `max_attempts` tries, or
    where the model raises `ModelError`, the outcome is a `JudgeFailure`. Any other error, a spent budget and a
    cancellation pass through. Thinking is taken out before the verdict is read, and the verdict is read from the
    judge's words alone: those of the candidate reach it broken up (`judge_request`).
    """

    model: ChatModel
    sampling: Sampling = field(default=JUDGE_SAMPLING)
    max_attempts: int = 3  # not in the paper

    def __post_init__(self) -> None:
        if isinstance(self.max_attempts, bool) or not isinstance(self.max_attempts, int) or self.max_attempts < 1:
            raise ValueError(f"max_attempts is {self.max_attempts!r}, expected 1 or more")

    async def compare(self, question: str, answer: str | None, golds: str | Sequence[str]) -> Verdict | JudgeFailure:
        """Is `answer` the same as the gold answer, as an answer to `question`? No answer is never the same."""
        messages_golds = gold_texts(golds)
        model_id = self.model.model_id
        if not answer_text(answer).strip():
            return Verdict(False, model_id, attempts=0)
        messages = judge_messages(question, answer_text(answer), messages_golds)
        said = ""
        for attempt in range(self.max_attempts):
            try:
                completions = await self.model.complete(
                    messages, sample_index=attempt, sampling=self._sampling(attempt)
                )
            except ModelError as error:
                return JudgeFailure(f"the model failed: {error}", model_id, attempt + 1, said)
            said = completions[0].text
            equivalent = read_verdict(completions[0])
            if equivalent is not None:
                return Verdict(equivalent, model_id, attempt + 1, said)
        return JudgeFailure("no single verdict in its answers", model_id, self.max_attempts, said)

    def _sampling(self, attempt: int) -> Sampling:
        if attempt == 0:
            return self.sampling
        seed = None if self.sampling.seed is None else self.sampling.seed + attempt
        return replace(self.sampling, seed=seed, temperature=self.sampling.temperature or RETRY_TEMPERATURE)


def read_verdict(completion: Completion) -> bool | None:
    """True for [[YES]], False for [[NO]]; None unless the judge said exactly one of them and was not cut off."""
    said = strip_thinking(completion.text)
    if said is None or completion.finish_reason == "length":
        return None
    verdicts = {match[1].upper() for match in _VERDICT.finditer(said)}
    return verdicts == {"YES"} if len(verdicts) == 1 else None
