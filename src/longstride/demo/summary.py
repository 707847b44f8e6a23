"""The demo's headline numbers (paper Table 10): reward by stage, the agent against one pass, what merging kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from longstride.evaluation.aggregate import Breakdown
from longstride.evaluation.comparison import Comparison, compare_answers, memory_over_full_context
from longstride.evaluation.report import told
from longstride.evaluation.results import Results, plain, read_results

FIRST, BEFORE_MERGING, EXPERT, MERGED, LAST = "warm-start", "stage-3", "memory-expert", "merged", "stage-4"
STAGES = (FIRST, "stage-1", "stage-2", BEFORE_MERGING, EXPERT, MERGED, LAST)
READERS = (FIRST, EXPERT, MERGED, LAST)
COLUMNS = {  # so that a table fits 80 columns
    "dialogue_memory": "dialogue",
    "multi_hop": "multi-hop",
    "multiple_choice": "choice",
    "reading_comprehension": "reading",
}
ANSWERS, READING = "answers", "reading"  # what is added to a model's name for the folder of its evaluation


@dataclass(frozen=True)
class Summary:
    """What a finished run of the demo's plan came to."""

    rewards: Mapping[str, Breakdown]  # in one pass, by model, on questions as long as those it was trained on
    gains: Mapping[str, Comparison]  # of each model over the warm start, on the same questions
    one_pass: Mapping[str, Breakdown]  # by model, on inputs eight times as long
    agent: Mapping[str, Breakdown]  # the same inputs, read chunk by chunk
    agent_gains: Mapping[str, Comparison]  # of the agent over one pass
    kept: Mapping[str, Comparison]  # of the merged model over each of those that it was made of, at what that does best

    def to_json(self) -> dict[str, Any]:
        """Every figure, as plain JSON."""
        return {name: plain(value) for name, value in vars(self).items()}


def summarise_run(output: Path) -> Summary:
    """The figures of the run in `output`, from its evaluations. InputError where one is missing."""
    return summarise_results(
        {model: read_results(output / f"{model}-{ANSWERS}") for model in STAGES},
        {model: read_results(output / f"{model}-{READING}") for model in READERS},
    )


def summarise_results(answered: Mapping[str, Results], read: Mapping[str, Results]) -> Summary:
    """The figures of evaluations by model: in one pass on ordinary inputs, and both ways on long ones."""
    agents = {model: next(iter(memory_over_full_context(results).values())) for model, results in read.items()}
    return Summary(
        {model: _only(results) for model, results in answered.items()},
        {model: _paired(answered, model, FIRST) for model in STAGES[1:]},
        {model: read[model].summaries[agents[model].second].reward for model in READERS},
        {model: read[model].summaries[agents[model].first].reward for model in READERS},
        agents,
        {
            f"one pass, {MERGED} over {BEFORE_MERGING}": _paired(answered, MERGED, BEFORE_MERGING),
            f"memory agent, {MERGED} over {EXPERT}": _paired(read, MERGED, EXPERT, agents[EXPERT].first),
        },
    )


def tables(summary: Summary) -> list[Table]:
    """What a reader wants to see first."""
    tasks = sorted({task for each in summary.rewards.values() for task in each.by_task})
    by_stage = _table("One pass, by stage", "model", "held-out reward", "over the warm start")
    by_task = _table("The same by task", "model", *(COLUMNS.get(task, task) for task in tasks))
    for model, reward in summary.rewards.items():
        gain = summary.gains.get(model)
        by_stage.add_row(model, told(reward.overall), told(gain.difference.overall, True) if gain else "-")
        cells = [reward.by_task.get(task) for task in tasks]
        by_task.add_row(model, *("-" if each is None else _short(each.value) for each in cells))
    by_length = _table("Inputs eight times as long", "model", "one pass", "memory agent", "difference")
    for model, agent in summary.agent.items():
        gain = summary.agent_gains[model].difference.overall
        by_length.add_row(model, told(summary.one_pass[model].overall), told(agent.overall), told(gain, True))
    kept = _table("What merging kept", "skill", "difference")
    for name, comparison in summary.kept.items():
        kept.add_row(name, told(comparison.difference.overall, True))
    return [by_stage, by_task, by_length, kept]


def verdicts(summary: Summary) -> list[str]:
    """The story in sentences, as plain about what did not improve as about what did."""
    lines: list[str] = []
    first, third = summary.rewards[FIRST].overall, summary.rewards[BEFORE_MERGING].overall
    lines.append(
        f"Reward in one pass went from {_short(first.value)} after the warm start to {_short(third.value)} after stage "
        f"3: {_meaning(summary.gains[BEFORE_MERGING])}."
    )
    agent = summary.agent_gains[EXPERT]
    lines.append(
        f"On inputs eight times as long the memory agent reaches {_short(summary.agent[EXPERT].overall.value)} where "
        f"one pass reaches {_short(summary.one_pass[EXPERT].overall.value)}: {_meaning(agent)}."
    )
    for name, comparison in summary.kept.items():
        lines.append(f"Merging ({name}): {_meaning(comparison)}.")
    last = summary.gains[LAST]
    lines.append(f"The final model over the warm start, in one pass: {_meaning(last)}.")
    return lines


def headline(results: Results) -> str:
    """An evaluation that has just been done, in a line."""
    parts: list[str] = []
    for label, summary in results.summaries.items():
        mode: Sequence[str] = label.split("-")
        name = "the memory agent" if mode[0] == "memory" else "one pass"
        parts.append(f"{name} {told(summary.reward.overall)}")
    return "held-out reward: " + "; ".join(parts)


def _meaning(comparison: Comparison) -> str:
    interval = comparison.difference.overall
    verdict = "no difference that these questions can show"
    if interval.low > 0:
        verdict = "better"
    elif interval.high < 0:
        verdict = "worse"
    return f"{told(interval, True)} on the same {interval.questions} questions, {verdict}"


def _short(value: float) -> str:
    return f"{value:.2f}"


def _only(results: Results) -> Breakdown:
    (summary,) = results.summaries.values()
    return summary.reward


def _paired(results: Mapping[str, Results], first: str, second: str, arm: str | None = None) -> Comparison:
    ours, theirs = results[first], results[second]
    label = arm or next(iter(ours.answers))
    return compare_answers(ours.answers[label], theirs.answers[label], (first, second), ours.seed)


def _table(title: str, *columns: str) -> Table:
    return Table(*columns, title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
