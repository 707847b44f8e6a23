"""What the checks will ask, counted before anything is: an upper bound, for a sample that falls is asked no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from longstride.curation.by_model.asking import solver_prompt, turned_options
from longstride.curation.by_model.distractors import Distractors
from longstride.curation.by_model.knowledge import evidence_documents, left_out_alone
from longstride.curation.by_model.settings import PASS_RATE, CheckSettings
from longstride.records import Document, Sample


@dataclass(frozen=True)
class CheckEstimate:
    """What one check asks at most."""

    check: str
    prompts: int = 0  # different ones
    answers: int = 0  # to all of them: the calls, where each answer is asked for alone
    prompt_tokens: int = 0  # of so many calls


def estimate_checks(
    samples: Iterable[Sample],
    documents: Mapping[str, Document],
    settings: CheckSettings,
    distractors: Distractors,
    count_tokens: Callable[[str], int],
) -> list[CheckEstimate]:
    """The prompts of each check of `settings`, counted with the tokenizer: their documents, questions and own words.

    Not among them: what a judge is asked about answers that a rule leaves to it, and the audit.
    """
    sums = {name: CheckEstimate(name) for name in settings.made}
    for sample in samples:
        seen: set[tuple[str, ...]] = set()  # contexts whose answers are shared
        for name in settings.made:
            if name == PASS_RATE:
                size = sample.input_tokens
                if size is None:
                    size = sum(count_tokens(message["content"]) for message in sample.prompt)
                sums[name] = _more(sums[name], 1, size, settings)
            for context in _contexts(name, sample, documents, settings, distractors):
                ids = tuple(each.id for each in context)
                if name != "robustness" and ids in seen:
                    continue
                seen.add(ids)
                prompts = 1 if name == "robustness" else len(turned_options(sample, settings.answers))
                bare = solver_prompt(sample, [replace(each, text="") for each in context])
                size = count_tokens(bare) + sum(map(distractors.tokens.of, context))
                sums[name] = _more(sums[name], prompts, size, settings)
    return list(sums.values())


def _more(estimate: CheckEstimate, prompts: int, tokens: int, settings: CheckSettings) -> CheckEstimate:
    """The estimate with so many more prompts of so many tokens, which share the answers to one question."""
    return replace(
        estimate,
        prompts=estimate.prompts + prompts,
        answers=estimate.answers + settings.answers,
        prompt_tokens=estimate.prompt_tokens + settings.answers * tokens,
    )


def _contexts(
    name: str,
    sample: Sample,
    documents: Mapping[str, Document],
    settings: CheckSettings,
    distractors: Distractors,
) -> list[list[Document]]:
    """The documents of each prompt of a check."""
    if name == "blind":
        return [[]]
    if name == "robustness":
        return [distractors.surround(sample, documents, settings.target_tokens, settings.seed)[0]]
    left_out: list[list[str]] = []
    if name == "grounding" and (proofs := evidence_documents(sample)):
        left_out = [proofs]
    elif name == "scarce":
        left_out = [[each] for each in left_out_alone(sample, settings)]
    return [[documents[each] for each in sample.document_ids if each not in gone] for gone in left_out]
