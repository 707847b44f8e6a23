from pathlib import Path

from rich.console import Console

from longstride.demo.summary import READERS, STAGES, headline, summarise_results, tables, verdicts
from longstride.evaluation.answers import Answer, Reply
from longstride.evaluation.results import Results

QUESTIONS = 40


def reply(reward: float) -> Reply:
    return Reply("text", reward, "a", "", "rule", 1, 10, 2, False, 0)


def results(name: str, **rewards: list[float]) -> Results:
    """An evaluation of one answer to each question; an arm's rewards by the name of its mode."""
    answers = {
        f"{mode}-greedy": tuple(
            Answer("held", f"{mode}-greedy", f"q{place}", "multi_hop" if place % 2 else "numerical", "look_up", 64, 0,
                   reply(value))
            for place, value in enumerate(values)
        )
        for mode, values in rewards.items()
    }  # fmt: skip
    return Results(Path(name), 0, name, answers)


def solved(count: int) -> list[float]:
    return [1.0] * count + [0.0] * (QUESTIONS - count)


def run(stage_3: int, merged: int, agent: int) -> tuple[dict[str, Results], dict[str, Results]]:
    counts = {"warm-start": 10, "stage-1": 14, "stage-2": 18, "stage-3": stage_3, "merged": merged}
    answered = {model: results(model, full_context=solved(counts.get(model, stage_3))) for model in STAGES}
    read = {model: results(model, full_context=solved(1), memory=solved(agent)) for model in READERS}
    return answered, read


def test_gains_are_paired_over_the_same_questions():
    summary = summarise_results(*run(stage_3=30, merged=29, agent=16))
    assert summary.rewards["warm-start"].overall.value == 0.25
    gain = summary.gains["stage-3"].difference.overall
    assert gain.value == 0.5
    assert 0.3 < gain.low < 0.5 < gain.high < 0.7
    assert summary.agent_gains["memory-expert"].difference.overall.value == 15 / 40
    assert summary.kept["one pass, merged over stage-3"].difference.overall.value == -1 / 40
    assert summary.kept["memory agent, merged over memory-expert"].difference.overall.value == 0


def test_the_story_says_what_rose_and_what_did_not():
    told = "\n".join(verdicts(summarise_results(*run(stage_3=30, merged=12, agent=16))))
    assert "from 0.25 after the warm start to 0.75 after stage 3" in told
    assert "+0.500" in told
    assert "one pass, merged over stage-3): -0.450" in told
    assert told.count("worse") == 1
    flat = "\n".join(verdicts(summarise_results(*run(stage_3=10, merged=10, agent=1))))
    assert "better" not in flat
    assert flat.count("no difference that these questions can show") == 5


def test_tables_hold_every_model_and_task():
    console = Console(record=True, width=160, color_system=None)
    for table in tables(summarise_results(*run(stage_3=30, merged=29, agent=16))):
        console.print(table)
    shown = console.export_text()
    assert all(model in shown for model in STAGES)
    assert "multi-hop" in shown
    assert "0.750 [" in shown


def test_a_finished_evaluation_is_told_in_a_line():
    line = headline(results("m", full_context=solved(10), memory=solved(20)))
    assert line.startswith("held-out reward: one pass 0.250 [")
    assert "; the memory agent 0.500 [" in line
