"""A model's answers to held-out questions, in one pass or by the memory agent (paper 5)."""

from __future__ import annotations

from longstride.evaluation.arms import Decoding
from longstride.pipeline.evaluating import EvaluationSettings, evaluate_model
from longstride.stages.work import Work

DECODING = ("temperature", "top_p", "answers")


def perform(work: Work) -> None:
    """As `longstride evaluate`; answers that are there are not given again."""
    decoding = Decoding(**{name: work.settings[name] for name in DECODING})
    rest = {name: value for name, value in work.settings.items() if name not in DECODING}
    settings = EvaluationSettings(decoding=decoding, **rest)
    results = evaluate_model(work.input("model"), list(work.inputs["data"]), work.folder, settings)
    for arm, summary in results.summaries.items():
        reward = summary.reward.overall
        print(f"{arm}: reward {reward.value:.3f} ({reward.low:.3f} to {reward.high:.3f}), {reward.questions} questions")
