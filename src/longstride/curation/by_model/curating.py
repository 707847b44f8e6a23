"""The checks by a model as a part of the curation of a whole data set: its models, and the event loop they live on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from longstride.curation.by_model.audit import ReferenceAnswers, audit_samples
from longstride.curation.by_model.checking import CheckedSample, check_samples
from longstride.curation.by_model.distractors import Distractors, DocumentTokens
from longstride.curation.by_model.estimate import CheckEstimate, estimate_checks
from longstride.curation.by_model.settings import CheckSettings, Roles
from longstride.curation.shortcuts import NearestDocuments
from longstride.llm import BudgetExceeded
from longstride.records import Document, Sample

R = TypeVar("R")


@dataclass(frozen=True)
class ByModel:
    """What a curation asks models, and how it reaches them."""

    settings: CheckSettings
    models: Mapping[str, Mapping[str, Any]]  # by role, plain JSON: the model's id and its sampling
    prompts: str  # names the texts of the prompts
    opened: Callable[[Path], AbstractAsyncContextManager[Roles]]  # given a folder where answers may be kept
    estimated: Callable[[Sequence[CheckEstimate]], None]  # is told what the checks will ask, before they do
    spent: Callable[[], str]  # so far, in a few words

    def as_record(self) -> dict[str, Any]:
        """Plain JSON: all of it that decides what is found."""
        return {**self.settings.as_record(), "models": dict(self.models), "prompts": self.prompts}


class ModelChecks:
    """`ByModel` at work over the documents of one data set. Blocking; answers in `folder` are not asked for again."""

    def __init__(
        self,
        by_model: ByModel,
        folder: Path,
        documents: Mapping[str, Document],
        pool: Sequence[Document],
        count_tokens: Callable[[str], int],
    ) -> None:
        self.by_model, self.folder, self.documents = by_model, folder, documents
        self._pool, self._count = pool, count_tokens
        self._tokens = DocumentTokens(count_tokens)

    def estimate(self, samples: Iterable[Sample]) -> None:
        """Count what the checks of these samples will ask, and tell it."""
        distractors = Distractors(self._pool, self._tokens)
        found = estimate_checks(samples, self.documents, self.by_model.settings, distractors, self._count)
        self.by_model.estimated(found)

    def check(self, samples: Iterable[Sample], on_result: Callable[[CheckedSample], None]) -> None:
        """`check_samples`, each result told in the samples' order."""
        settings = self.by_model.settings

        def results(roles: Roles) -> AsyncIterator[CheckedSample]:
            return check_samples(samples, self.documents, roles, settings, pool=self._pool, tokens=self._tokens)

        asyncio.run(self._each(results, on_result))

    def audit(
        self, samples: Iterable[Sample], nearest: NearestDocuments, on_result: Callable[[ReferenceAnswers], None]
    ) -> None:
        """`audit_samples`, each result told in the samples' order."""

        def results(roles: Roles) -> AsyncIterator[ReferenceAnswers]:
            return audit_samples(samples, self.documents, roles, self.by_model.settings, nearest)

        asyncio.run(self._each(results, on_result))

    async def _each(self, results: Callable[[Roles], AsyncIterator[R]], on_result: Callable[[R], None]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        done = 0
        async with self.by_model.opened(self.folder) as roles:
            try:
                async for result in results(roles):
                    on_result(result)
                    done += 1
            except BudgetExceeded as error:
                raise BudgetExceeded(f"{error} ({done:,} samples were done, and every answer is kept)") from None
