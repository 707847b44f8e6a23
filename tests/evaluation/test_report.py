import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from longstride.evaluation.answers import Answer
from longstride.evaluation.bootstrap import Interval
from longstride.evaluation.comparison import compare
from longstride.evaluation.report import page, remarks, show, show_comparison, told, write_comparison, write_report
from longstride.evaluation.results import Results

MakeAnswer = Callable[..., Answer]


@pytest.fixture
def results(tmp_path: Path, make_graded_answer: MakeAnswer) -> Results:
    """Two questions of two tasks; the agent solves both, one pass only the first, after losing the second's middle."""

    def answers(arm: str, rewards: tuple[float, float], left_out: int) -> tuple[Answer, ...]:
        return tuple(
            make_graded_answer(
                f"s{place}",
                index,
                reward,
                arm=arm,
                task=("multi_hop", "numerical")[place],
                left_out_tokens=place * left_out,
            )
            for place, reward in enumerate(rewards)
            for index in range(2)
        )

    arms = {"full_context-t1": answers("full_context-t1", (1, 0), 30), "memory-t1": answers("memory-t1", (1, 1), 0)}
    return Results(tmp_path / "out", 0, "org/model|1", arms)


def test_an_interval_is_told_with_its_edges():
    assert told(Interval(0.45, 0.4, 0.5, 9)) == "0.450 [0.400, 0.500]"
    assert told(Interval(0.45, -0.05, 0.5, 9), signed=True) == "+0.450 [-0.050, +0.500]"
    assert told(None) == "-"


def test_the_page_has_every_number_and_no_name_breaks_its_table(results: Results):
    text = page(results)
    assert "| all questions | 2 | 0.500 [0.000, 1.000] | 1.000 [1.000, 1.000] |" in text
    assert "| numerical | 1 | 0.000 [0.000, 0.000] | 1.000 [1.000, 1.000] |" in text
    assert "| up to 128 | 2 |" in text
    assert "| pass@2 | 2 |" in text
    assert "## memory-t1 over full_context-t1: better on 1 questions, worse on 0" in text
    assert "| all questions | 2 | +0.500 [+0.000, +1.000] |" in text
    assert "org/model\\|1" in text
    assert "full_context-t1: 1 of 2 prompts lost their middle" in text


def test_nothing_to_remark_is_not_remarked(results: Results):
    assert [line.partition(":")[0] for line in remarks(results.summaries)] == ["full_context-t1"]


def test_the_terminal_shows_the_same_numbers(results: Results, capsys: pytest.CaptureFixture[str]):
    show(results, Console(width=160, highlight=False))
    text = capsys.readouterr().out
    assert "full_context-t1" in text
    assert "0.500 [0.000, 1.000]" in text
    assert "+0.500 [+0.000, +1.000]" in text


def test_the_report_stands_as_json_and_as_a_page_and_twice_the_same(results: Results):
    write_report(results)
    before = {path.name: path.read_bytes() for path in results.folder.iterdir()}
    assert set(before) == {"results.json", "README.md"}
    document = json.loads(before["results.json"])
    assert document["model"] == "org/model|1"
    assert document["arms"]["memory-t1"]["reward"]["by_task"]["numerical"]["value"] == 1.0
    assert document["memory_over_full_context"]["t1"]["difference"]["overall"]["value"] == 0.5
    write_report(results)
    assert {path.name: path.read_bytes() for path in results.folder.iterdir()} == before


def test_a_comparison_is_written_under_the_other_s_name(results: Results, capsys: pytest.CaptureFixture[str]):
    other = Results(results.folder.with_name("base"), 0, "base", results.answers)
    compared = compare(results, other)
    path = write_comparison(results.folder, compared)
    assert path == results.folder / "comparisons" / "base.json"
    assert json.loads(path.read_text())["memory-t1"]["difference"]["overall"]["value"] == 0.0
    show_comparison(compared["memory-t1"], Console(width=160, highlight=False))
    assert "out over base" in capsys.readouterr().out
