"""The page as a file: what it says of runs that are damaged, half done or of another kind, and when it is written."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path

import pytest

from longstride.cli import main
from longstride.errors import InputError
from longstride.report.run_page import write_run_page

MAX_BYTES = 8_000_000


def words(page: Path, section: str = "") -> str:
    """What a page says, or a section of it."""
    whole = page.read_text("utf-8").partition("</style>")[2]
    if section:
        whole = re.split(rf'<section id="{section}"', whole)[1].partition("</section>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", whole)).split())


def gaps(page: Path) -> str:
    return words(page, "story").partition("What is missing")[2]


def test_the_story_says_what_improved_and_what_did_not(page: Path, page_of_two: Path):
    told = words(page, "story")
    assert "memory-expert earns" in told and "a gain of +0." in told
    assert "not different beyond chance: memory-expert" in told  # against the stage before it
    assert "rose in stage-1; it did not move beyond its noise in memory-expert" in told
    assert "the memory agent earns more than a single pass of memory-expert" in told
    assert "What is missing" not in told
    assert "lindmoor earns less than greywater on held, single pass" in words(page_of_two, "story")
    assert "a difference that could be chance" in words(page_of_two, "story")  # lindmoor learnt nothing


def test_settings_that_differ_are_told(page_of_two: Path):
    assert "stage-1optimizer.lr 0.0002, now 1e-05" in words(page_of_two, "settings")


def test_the_same_logs_give_the_same_bytes(page: Path, run_folder: Path, tmp_path: Path):
    assert write_run_page(run_folder, tmp_path / "again.html").read_bytes() == page.read_bytes()
    assert page.stat().st_size < MAX_BYTES / 10


def test_it_stands_in_the_run_unless_it_is_told_where(broken_run: Path):
    assert write_run_page(broken_run) == broken_run / "report.html"
    assert write_run_page(broken_run) == broken_run / "report.html"  # and is replaced


def test_only_a_page_of_ours_is_replaced(run_folder: Path, tmp_path: Path):
    other = tmp_path / "thesis.html"
    other.write_text("mine", "utf-8")
    with pytest.raises(InputError, match="no page of ours"):
        write_run_page(run_folder, other)
    with pytest.raises(InputError, match="is a folder"):
        write_run_page(run_folder, tmp_path)
    assert other.read_text("utf-8") == "mine"


def test_a_folder_without_a_run_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for arguments in ([str(tmp_path)], [str(tmp_path / "nowhere")]):
        with pytest.raises(SystemExit) as ended:
            main(["report", *arguments])
        assert ended.value.code == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_the_command_prints_where_the_page_is(run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    stage = run_folder / "stage-1"
    with pytest.raises(SystemExit) as ended:
        main(["report", str(stage), str(run_folder / "memory-expert"), "-o", str(tmp_path / "p.html")])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"{tmp_path / 'p.html'}\n"
    assert "stage-1 and memory-expert" in words(tmp_path / "p.html")


def test_a_killed_run_is_told_as_far_as_it_came(broken_run: Path):
    record = json.loads((broken_run / "run.json").read_text("utf-8"))
    record["steps"]["memory-expert"]["standing"] = "under way"
    for name in [name for name, step in record["steps"].items() if step["kind"] == "evaluate"]:
        del record["steps"][name]
        shutil.rmtree(broken_run / name)
    (broken_run / "run.json").write_text(json.dumps(record), "utf-8")
    log = broken_run / "memory-expert" / "metrics.jsonl"
    log.write_bytes(log.read_bytes()[:-200])
    shutil.rmtree(broken_run / "memory-expert" / "rollouts")
    page = write_run_page(broken_run)
    assert "step memory-expert is not done" in gaps(page)
    assert "memory-expert/metrics.jsonl: 1 torn or damaged line was left out" in gaps(page)
    assert "nothing was evaluated yet" in gaps(page)
    assert "No reading of the memory agent" in words(page, "memory")
    assert "Reward, all tasks" in words(page, "training")  # the rest is shown
    assert "nats on average" in words(page, "wrong")


def test_nan_metrics_are_left_out_and_told(broken_run: Path):
    log = broken_run / "stage-1" / "metrics.jsonl"
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    lines[3]["reward"], lines[4]["entropy"] = float("nan"), None
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    page = write_run_page(broken_run)
    assert "stage-1/metrics.jsonl: 2 NaN or infinite values" in gaps(page)
    assert "nan" not in words(page, "training").lower()


def test_an_older_format_is_read_by_its_files(broken_run: Path):
    for file in (*broken_run.glob("*/manifest.json"), broken_run / "run.json", broken_run / "timeline.jsonl"):
        file.unlink()
    (broken_run / "questions" / "funnel.json").unlink()
    page = write_run_page(broken_run)
    assert "questions: no funnel was recorded" in gaps(page)
    assert "evaluation eval-warm: holds no evaluation" in gaps(page)
    assert "No funnel was recorded" in words(page, "data")
    assert "Reward, all tasks" in words(page, "training")


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("run.json", "is no record of a run"),
        ("questions/funnel.json", "questions/funnel.json cannot be read"),
        ("questions/samples/00000.parquet", "questions/samples: cannot be read"),
        ("eval-warm/manifest.json", "evaluation eval-warm"),
        ("stage-1/metrics.jsonl", "stage-1/metrics.jsonl holds no step"),
    ],
)
def test_what_is_damaged_is_named_and_the_rest_is_shown(broken_run: Path, file: str, told: str):
    (broken_run / file).write_bytes(b"\xff{ not what it should be")
    page = write_run_page(broken_run)
    assert told in gaps(page)
    assert "Reward, all tasks" in words(page, "training")


def test_a_damaged_dump_is_told_where_it_would_be_read(broken_run: Path):
    (dump,) = (broken_run / "stage-1" / "rollouts").iterdir()
    dump.write_bytes(b"PAR1")
    page = write_run_page(broken_run)
    assert f"stage-1/rollouts/{dump.name}: is not a readable parquet file" in words(page, "wrong")
    assert "nats on average" in words(page, "wrong")  # of the other stage


def test_questions_that_were_trained_on_are_not_called_held_out(broken_run: Path, page: Path):
    record = json.loads((broken_run / "run.json").read_text("utf-8"))
    for step in record["steps"].values():
        if step["kind"] == "evaluate":
            step["inputs"]["data"] = [["questions", "0"]]
    (broken_run / "run.json").write_text(json.dumps(record), "utf-8")
    told = words(write_run_page(broken_run))
    assert "that was trained on, too" in told and "the held-out questions" not in told
    assert "the held-out questions" in words(page)


@pytest.mark.parametrize(("part", "shown"), [("stage-1", "Entropy"), ("questions", "balance"), ("eval-stage-1", "▲")])
def test_a_part_alone_has_a_page(run_folder: Path, tmp_path: Path, part: str, shown: str):
    page = write_run_page(run_folder / part, tmp_path / "part.html")
    told = words(page)
    assert (shown in told) == (part != "eval-stage-1")  # one model alone has no difference
    assert "What is missing" in told


def test_a_long_run_stays_small(tmp_path: Path):
    folder = tmp_path / "long"
    folder.mkdir()
    line = {f"reward/{task}": 0.123456789012345 for task in ("a", "b", "c", "d", "e")} | {"reward": 0.5, "entropy": 1.0}
    with (folder / "metrics.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"step": step, **line}) + "\n" for step in range(1, 20_001))
    page = write_run_page(folder)
    assert page.stat().st_size < MAX_BYTES
    assert "took 20,000 steps" in words(page)
