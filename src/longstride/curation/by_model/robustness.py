"""Is the answer found among irrelevant documents? (paper 3 "Contextual Robustness Check", 4.2 pass@k)

The paper drops a sample whose pass@k falls to zero. Ours drops as well one whose answer is not what the model mostly
finds: a sample with a wrong answer is then dropped too, for the answers of a model that errs now and then seldom agree
on the same error. With four answers, each wrong with a probability of 0.2 and all wrong ones alike, a wrong sample
passes 1 time in 37, a right one 97 times in 100 where wrong answers differ, and 82 where they are alike. The price:
hard samples, solved less than half of the time, go too. `agreement` of 0 keeps to the paper.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from longstride.curation.by_model.asking import Interview, Said
from longstride.curation.by_model.distractors import Distractors
from longstride.curation.outcome import Outcome
from longstride.records import PassRate

NEVER = "never answered right among more documents"
SELDOM = "seldom answered right among more documents"
RIVALLED = "another answer is given as often among more documents"


async def check_robustness(interview: Interview, distractors: Distractors) -> tuple[Outcome, PassRate]:
    """With irrelevant documents added, some of the answers are right, `agreement` of them at least, and no other answer
    is given as often. The rate is told whatever the outcome."""
    settings = interview.settings
    context, added = distractors.surround(interview.sample, interview.documents, settings.target_tokens, settings.seed)
    said = await interview.over(context)
    rate = _rate(interview, said, sum(map(distractors.tokens.of, context)))
    rivals = Counter(each.form for each in said if each.form and each.score < settings.right_score)
    rival, given = min(rivals.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    numbers = {"answers": len(said), "right": rate.correct, "added": added}
    told = f"{rate.correct} of {len(said)} answers right, {added} documents added"
    reason = None
    if rate.correct == 0:
        reason = NEVER
    elif rate.correct < settings.agreement * len(said):
        reason = SELDOM
    elif settings.agreement and given >= rate.correct:
        reason, told = RIVALLED, f"{told}; {given} times {rival!r:.80}"
    return Outcome(reason, told if reason else "", numbers=numbers), rate


async def measure(interview: Interview, tokens: int) -> tuple[Outcome, PassRate]:
    """How often the sample's own prompt, of so many tokens, is answered right; drops nothing."""
    said = await interview.as_it_stands()
    rate = _rate(interview, said, tokens)
    return Outcome(numbers={"answers": rate.rollouts, "right": rate.correct}), rate


def _rate(interview: Interview, said: Sequence[Said], input_tokens: int) -> PassRate:
    sampling = getattr(interview.model, "sampling", None)
    return PassRate(
        model=interview.model.model_id,
        rollouts=len(said),
        correct=sum(each.score >= interview.settings.right_score for each in said),
        mean_reward=sum(each.score for each in said) / len(said),
        max_input_tokens=input_tokens,
        max_output_tokens=getattr(sampling, "max_tokens", None) or 0,  # 0: as the server has it
    )
