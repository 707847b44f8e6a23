"""The run in a few sentences, made from its numbers: what did not improve is said as plainly as what did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from longstride.analysis.data_sets import DataSetLog
from longstride.analysis.evaluations import Examination, difference, memory_gain
from longstride.analysis.logged import Change
from longstride.analysis.run_logs import RunLogs
from longstride.analysis.training import ENTROPY, HELD_OUT, KEEP_NEGATIVES, REWARD, TrainingLog
from longstride.evaluation.arms import FULL_CONTEXT, MEMORY
from longstride.evaluation.bootstrap import Interval
from longstride.evaluation.comparison import Comparison
from longstride.report.run_page.markup import PRECISE, SIGNED, Markup, join, listed, number, sentence, tag, text, words

READS = {FULL_CONTEXT: "in a single pass", MEMORY: "by the memory agent"}
MOVED = {"up": "rose", "down": "fell", "unclear": "did not move beyond its noise"}


def story(logs: RunLogs) -> Markup:
    """The sentences, the most important first."""
    parts = [*_evaluated(logs), *_trained(logs), *_made(logs.data_sets)]
    if not parts:
        parts = [sentence("This run has logged nothing yet that could be told.")]
    return tag("div", *(tag("p", each) for each in parts), class_="story")


def interval(value: Interval, log: str, how: str, *, signed: bool = False) -> Markup:
    """`0.450 [0.412, 0.488]`, each number with where it is from."""
    form = SIGNED if signed else PRECISE
    cells = [number(getattr(value, name), form, log, f"{how} {name}") for name in ("value", "low", "high")]
    return tag("span", cells[0], " [", cells[1], ", ", cells[2], "]", class_="nowrap")


def verdict(value: Interval) -> str:
    """Whether a difference is one, by its interval."""
    if not value.excludes_zero:
        return "same"
    return "better" if value.value > 0 else "worse"


def _evaluated(logs: RunLogs) -> Iterator[Markup]:
    examinations = logs.evaluations.examinations
    for examination in examinations:
        yield from _examined(examination)
    if examinations:
        yield from _step_by_step(examinations[0])


def _examined(examination: Examination) -> Iterator[Markup]:
    first, last = examination.first, examination.last
    for mode in examination.modes:
        found = None if first is last else difference(last, first, mode)
        if found is not None:
            yield _compared(examination, mode, found)
        elif mode in last.answers:
            yield sentence(
                f"On {_questions(examination)}, read {READS[mode]}, {{name}} earns a reward of {{value}} (1 is "
                "right, 0 is wrong).",
                name=tag("strong", last.name),
                set=tag("span", text(examination.name), class_="place"),
                value=interval(last.rewards[mode].overall, last.log, f"{mode}-{examination.decoding} overall"),
            )
    gain = memory_gain(last)
    if gain is not None:
        yield _memory(examination, gain)


def _compared(examination: Examination, mode: str, found: Comparison) -> Markup:
    """The first model and the last, over all questions and by task."""
    first, last = examination.first, examination.last
    how = f"{mode}-{examination.decoding}: {last.name} over {first.name}"
    change = found.difference.overall
    said = {"better": "a gain of", "worse": "a loss:", "same": "a difference that could be chance:"}[verdict(change)]
    arm = f"{mode}-{examination.decoding} overall value"
    opening = sentence(
        f"On {_questions(examination)}, read {READS[mode]}, {{last}} earns {{after}} where {{first}} earned "
        f"{{before}}, {said} {{change}}. ",
        last=tag("strong", last.name),
        first=tag("strong", first.name),
        set=tag("span", text(examination.name), class_="place"),
        after=number(last.rewards[mode].overall.value, PRECISE, last.log, arm),
        before=number(first.rewards[mode].overall.value, PRECISE, first.log, arm),
        change=interval(change, last.log, f"{how} overall", signed=True),
    )
    by: dict[str, list[str]] = {"better": [], "worse": [], "same": []}
    for task, value in found.difference.by_task.items():
        by[verdict(value)].append(words(task))
    parts = [
        join([label, ": ", listed(by[kind])])
        for kind, label in (("better", "Better"), ("worse", "Worse"), ("same", "No difference beyond chance"))
        if by[kind]
    ]
    return join([opening, join(parts, "; "), ".", _counts(found, last.log, how)])


def _questions(examination: Examination) -> str:
    """What the questions are, as far as the logs tell."""
    return "the held-out questions of {set}" if examination.held_out else "the questions of {set}"


def _counts(found: Comparison, log: str, how: str) -> Markup:
    return sentence(
        " Of the questions {better} came out better and {worse} worse.",
        better=number(found.better, log=log, how=f"{how} better"),
        worse=number(found.worse, log=log, how=f"{how} worse"),
    )


def _step_by_step(examination: Examination) -> Iterator[Markup]:
    """What each stage changed against the one before it, in one sentence a way of reading."""
    models = examination.models
    if len(models) < 3:
        return
    for mode in examination.modes:
        by: dict[str, list[str]] = {"better": [], "worse": [], "same": []}
        for before, after in pairwise(models):
            found = difference(after, before, mode)
            if found is not None:
                by[verdict(found.difference.overall)].append(after.name)
        said = [
            join([label, " ", listed(by[kind])])
            for kind, label in (
                ("better", "better is"),
                ("worse", "worse is"),
                ("same", "not different beyond chance:"),
            )
            if by[kind]
        ]
        if said:
            yield sentence(f"Each against the model before it, read {READS[mode]}: {{said}}.", said=join(said, "; "))


def _memory(examination: Examination, gain: Comparison) -> Markup:
    model, by_length = examination.last, gain.difference.by_length
    longest = list(by_length)[-1]
    said = {
        "better": "the memory agent earns more than a single pass",
        "worse": "the memory agent earns less than a single pass",
        "same": "the memory agent and a single pass do not differ beyond chance",
    }[verdict(by_length[longest])]
    return sentence(
        f"On the longest inputs of {{set}} ({{longest}} tokens), {said} of {{name}}: {{value}}.",
        set=tag("span", text(examination.name), class_="place"),
        longest=tag("span", longest, class_="place"),
        name=tag("strong", model.name),
        value=interval(by_length[longest], model.log, memory_how(examination, longest), signed=True),
    )


def memory_how(examination: Examination, length: str) -> str:
    """How the agent's difference from a single pass follows from an evaluation's folder."""
    return f"memory-{examination.decoding} over full_context by_length {length}"


def _trained(logs: RunLogs) -> Iterator[Markup]:
    stages = [stage for stage in logs.stages if stage.rows]
    if not stages:
        return
    by: dict[str, list[str]] = {"up": [], "down": [], "unclear": []}
    for stage in stages:
        by[_direction(stage.change(REWARD)) or "unclear"].append(stage.name)
    moved = [join([f"it {MOVED[kind]} in ", listed(by[kind])]) for kind in by if by[kind]]
    yield sentence(
        "Reinforcement learning took {steps} steps. The reward while training: {moved}.",
        steps=number(logs.steps, log="; ".join(stage.log for stage in stages), how="last step of each, summed"),
        moved=join(moved, "; "),
    )


def stage_story(stage: TrainingLog) -> Markup:
    """A stage in a few sentences."""
    return tag("p", *_stage(stage))


def _stage(stage: TrainingLog) -> Iterator[Markup]:
    reward = stage.change(REWARD)
    if reward is None:
        yield sentence("{name} has logged too few steps to tell more.", name=tag("strong", stage.name))
        return
    flat = [words(task) for task in stage.tasks if _direction(stage.change(f"{REWARD}/{task}")) == "unclear"]
    fell = [words(task) for task in stage.tasks if _direction(stage.change(f"{REWARD}/{task}")) == "down"]
    parts = [
        sentence(
            f"In {{name}} the reward while training {MOVED[reward.direction]}: {{first}} over the first steps, "
            "{last} over the last.",
            name=tag("strong", stage.name),
            first=number(reward.first, PRECISE),
            last=number(reward.last, PRECISE),
        )
    ]
    if fell:
        parts.append(sentence(" It fell in {tasks}.", tasks=listed(fell)))
    if flat and reward.direction != "unclear":
        parts.append(sentence(" No clear change in {tasks}.", tasks=listed(flat)))
    held_out = stage.points(f"{HELD_OUT}{REWARD}")
    if len(held_out) > 1:
        parts.append(
            sentence(
                " The few held-out questions that are asked while it trains went from {first} to {last}.",
                first=number(held_out[0][1], PRECISE, stage.log),
                last=number(held_out[-1][1], PRECISE, stage.log),
            )
        )
    entropy = stage.change(ENTROPY)
    if entropy is not None:
        parts.append(
            sentence(
                f" The entropy {MOVED[entropy.direction]}: {{first}} nats at first, {{last}} at last.",
                first=number(entropy.first, PRECISE),
                last=number(entropy.last, PRECISE),
            )
        )
    if stage.points(KEEP_NEGATIVES):
        parts.append(
            sentence(
                " The controller kept wrong responses out of the update in {dropped} of {steps} steps.",
                dropped=number(len(stage.dropped_steps), log=stage.log, how=f"steps with {KEEP_NEGATIVES} 0"),
                steps=number(stage.steps, log=stage.log, how="last step"),
            )
        )
    if stage.skipped_steps:
        parts.append(
            sentence(
                " {skipped} steps changed nothing, for want of a difference to learn from or of finite numbers.",
                skipped=number(len(stage.skipped_steps), log=stage.log, how="steps left out"),
            )
        )
    yield join(parts)


def _direction(change: Change | None) -> str:
    return "" if change is None else change.direction


def _made(data_sets: Sequence[DataSetLog]) -> Iterator[Markup]:
    for each in data_sets:
        if not each.samples:
            continue
        kept = sentence(
            "{name} holds {samples} questions",
            name=tag("strong", each.part.name),
            samples=number(each.samples, log=each.samples_log, how="samples"),
        )
        if each.funnel:
            kept = join(
                [
                    kept,
                    sentence(
                        "; {entered} were made, and the others fell out at a check or by their share",
                        entered=number(each.funnel[0].entered, log=each.funnel_log),
                    ),
                ]
            )
        yield join([kept, "."])
