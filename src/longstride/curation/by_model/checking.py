"""The checks by a model over any number of samples, many at a time, their results in the samples' order (paper 3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from longstride.curation.by_model.asking import BLIND, OVER_DOCUMENTS, Interview, Unanswered, require_gradable
from longstride.curation.by_model.distractors import Distractors, DocumentTokens
from longstride.curation.by_model.knowledge import check_blind, check_grounding, check_scarce
from longstride.curation.by_model.robustness import check_robustness, measure
from longstride.curation.by_model.settings import PASS_RATE, SOLVER, CheckSettings, Roles
from longstride.curation.curator import Verdict, with_checks
from longstride.curation.outcome import Outcome
from longstride.llm.in_order import in_order
from longstride.records import Document, PassRate, Sample
from longstride.tokens import load_tokenizer

KNOWLEDGE = {"blind": check_blind, "grounding": check_grounding, "scarce": check_scarce}
MISSING = "a document does not exist"


@dataclass(frozen=True)
class CheckedSample:
    """A sample with what the checks found of it in `checks` and `pass_at_k`, and their outcomes."""

    sample: Sample
    verdict: Verdict
    rate: PassRate | None  # of robustness, or as measured for strata


def stage_of(check: str) -> str:
    """How a check by a model is named in funnels and in `Sample.checks`, beside those that need none."""
    return f"model_{check}"


def check_samples(
    samples: Iterable[Sample],
    documents: Mapping[str, Document],
    roles: Roles,
    settings: CheckSettings | None = None,
    *,
    pool: Sequence[Document] = (),
    tokens: DocumentTokens | None = None,
) -> AsyncIterator[CheckedSample]:
    """Every check of `settings.checks` for each sample, in order, up to the first that fails.

    documents: at least those that the samples name.
    roles: of which `solver` is asked, and `judge` where a sample's rule leaves an answer to one.
    pool: what robustness draws irrelevant documents from.
    tokens: of documents, by the bundled tokenizer unless given.

    At most `roles.in_flight` samples are under way at once. A sample for which no model answered falls out, with that
    reason. What else the models raise, a spent budget above all, ends the iteration after the results before it.
    """
    settings = settings or CheckSettings()
    tokens = tokens or DocumentTokens(load_tokenizer().count)
    checker = _Checker(documents, roles, settings, Distractors(pool, tokens), tokens)
    return in_order(samples, checker.check, roles.in_flight)


@dataclass(frozen=True)
class _Checker:
    documents: Mapping[str, Document]
    roles: Roles
    settings: CheckSettings
    distractors: Distractors
    tokens: DocumentTokens

    async def check(self, sample: Sample) -> CheckedSample:
        interview = Interview(sample, self.documents, self.roles, SOLVER, self.settings)
        outcomes: list[tuple[str, Outcome]] = []
        rate: PassRate | None = None
        for name in self.settings.made:
            try:
                outcome, found = await self._run(name, interview)
            except Unanswered as unanswered:
                outcome, found = Outcome(unanswered.reason, unanswered.detail), None
            rate = found or rate
            by = {"model": interview.model.model_id, "prompts": list(prompts_of(name))}
            outcomes.append((stage_of(name), replace(outcome, numbers={**outcome.numbers, **by})))
            if outcome.reason is not None:
                break
        verdict = Verdict(tuple(outcomes))
        return CheckedSample(with_findings(sample, verdict.checks(), rate), verdict, rate)

    async def _run(self, name: str, interview: Interview) -> tuple[Outcome, PassRate | None]:
        sample = interview.sample
        require_gradable(sample)
        missing = [document_id for document_id in sample.document_ids if document_id not in self.documents]
        if missing:
            return Outcome(MISSING, missing[0]), None
        if name in KNOWLEDGE:
            return await KNOWLEDGE[name](interview), None
        if name == PASS_RATE:
            return await measure(interview, self._own_tokens(sample))
        return await check_robustness(interview, self.distractors)

    def _own_tokens(self, sample: Sample) -> int:
        if sample.input_tokens is not None:
            return sample.input_tokens
        return sum(self.tokens.of(self.documents[document_id]) for document_id in sample.document_ids)


def prompts_of(check: str) -> tuple[str, ...]:
    """The prompts that a check may ask with; the measurement for strata asks with the sample's own."""
    both = (BLIND, OVER_DOCUMENTS)
    return {"blind": (BLIND,), "grounding": both, "scarce": both, "robustness": both}.get(check, ())


def with_findings(sample: Sample, checks: Mapping[str, Any], rate: PassRate | None) -> Sample:
    """The sample with these checks added, and the rate in place of an earlier one of the same model and lengths."""
    if rate is None:
        return with_checks(sample, checks)
    lengths = ("model", "max_input_tokens", "max_output_tokens")
    other = [each for each in sample.pass_at_k if any(getattr(each, name) != getattr(rate, name) for name in lengths)]
    return replace(with_checks(sample, checks), pass_at_k=(*other, rate))
