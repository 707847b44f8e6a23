"""The page of analysis figures: its numbers are those of the logs, and what is missing is named."""

from __future__ import annotations

import html
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from statistics import fmean

import pytest
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from longstride.cli import main
from longstride.errors import InputError
from longstride.report.figures import write_figures_page

torch.set_num_threads(1)


class Numbers(HTMLParser):
    """(log, how, value) of every number on a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, str, float]] = []
        self.logs: list[str | None] = []
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("data", "table"):
            self.logs.append(given.get("data-log"))
        if tag == "data":
            log = next(each for each in reversed(self.logs) if each)
            self.found.append((log, given.get("data-how") or "", float(given["value"] or "")))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("data", "table"):
            self.logs.pop()


def words(page: Path) -> str:
    whole = page.read_text("utf-8").partition("</style>")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", whole)).split())


def rows(run: Path, log: str) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run.parent / log).read_text().splitlines()]


@pytest.fixture(scope="module")
def page(swept: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_figures_page([swept], tmp_path_factory.mktemp("out") / "figures.html")


def test_each_point_of_a_curve_is_the_mean_over_seeds(page: Path, swept: Path):
    points = [each for each in Numbers(page).found if each[1].startswith("mean of ")]
    assert len(points) == 2 * (12 + 12 + 12 + 2)  # arms; entropy, reward, tokens and two evaluations
    for log, how, value in points:
        metric, step = how.removeprefix("mean of ").split(" at ")
        logs = log.split("; ")
        assert len(logs) == 3
        values = [row[metric] for each in logs for row in rows(swept, each) if row["step"] == int(step)]
        assert value == pytest.approx(fmean(row for row in values if row is not None))


def test_the_arms_are_told_with_their_paired_difference(page: Path, swept: Path):
    found = {how: value for log, how, value in Numbers(page).found if log == "swept/sweep.json"}
    last = {name: rows(swept, f"swept/{name}/metrics.jsonl")[-1]["eval/reward"] for name in _runs(swept)}
    differences = [last[f"latch.seed-{seed}"] - last[f"grpo.seed-{seed}"] for seed in range(3)]
    assert found["latch over_base value"] == pytest.approx(fmean(differences))
    assert found["latch over_base low"] < fmean(differences) < found["latch over_base high"]
    assert found["grpo before value"] == pytest.approx(0.3)
    assert "grpo over_base value" not in found
    assert "Before training the held-out reward is 0.300" in words(page)


def test_the_overlap_stands_by_arm_and_task(page: Path):
    found = [how for _, how, _ in Numbers(page).found]
    assert found.count("multi_hop right_wrong") == found.count("numerical right_wrong") == 2
    assert "Overlap of responses" in words(page)


def test_without_a_model_the_gradients_are_not_there_and_how_to_get_them_is(page: Path):
    assert "Not measured: rollout dumps hold no gradients. With --gradients MODEL" in words(page)


def test_with_a_model_they_are_measured(swept: Path, tmp_path: Path):
    config = Qwen3Config(
        vocab_size=20,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=8,
        initializer_range=0.5,
    )
    Qwen3ForCausalLM(config).save_pretrained(tmp_path / "model")
    page = write_figures_page([swept], tmp_path / "page.html", tmp_path / "model")
    found = {how: value for _, how, value in Numbers(page).found}
    assert -1 <= found["weights_rho rho"] <= 1
    assert found["weights_rho pairs"] == found["logits_rho pairs"] > found["responses_rho pairs"] == 36
    assert "from the wrong responses of grpo , last" in words(page)


def test_the_same_logs_give_the_same_bytes_and_no_text_becomes_markup(page: Path, swept: Path, tmp_path: Path):
    again = write_figures_page([swept], tmp_path / "again.html")
    assert again.read_bytes() == page.read_bytes()
    assert "<b>learn</b>" not in page.read_text("utf-8")
    assert "<script" not in page.read_text("utf-8")


def test_runs_that_are_no_sweep_stand_side_by_side(swept: Path, tmp_path: Path):
    page = write_figures_page([swept / "grpo.seed-0", swept / "latch.seed-0"], tmp_path / "page.html")
    told = words(page)
    assert "The runs, stage by stage" in told and "What each arm reached" not in told
    assert {how.partition(" at ")[0] for _, how, _ in Numbers(page).found if " at " in how} == {
        *("entropy", "reward", "eval/reward", "response_tokens")
    }


def test_what_is_missing_or_damaged_is_named_and_the_rest_is_shown(swept: Path, tmp_path: Path):
    broken = shutil.copytree(swept, tmp_path / "broken")
    (broken / "grpo.seed-1" / "manifest.json").write_text('{"kind": "training run", "complete": false}')
    (broken / "latch.seed-0" / "rollouts" / "step-00000012.parquet").write_bytes(b"PAR1")
    with (broken / "latch.seed-1" / "metrics.jsonl").open("a") as file:
        file.write('{"step": 13, "ent')
    page = write_figures_page([broken], tmp_path / "page.html")
    told = words(page)
    assert "broken: not done yet: grpo, seed 1" in told
    assert "latch: its rollout dump cannot be read" in told
    assert "1 torn or damaged line was left out" in told
    assert "What each arm reached" in told


def test_without_rollouts_that_is_said(swept: Path, tmp_path: Path):
    bare = shutil.copytree(swept, tmp_path / "bare", ignore=shutil.ignore_patterns("rollouts"))
    page = write_figures_page([bare], tmp_path / "page.html")
    assert "No rollout dump holds a question with right and with wrong responses" in words(page)


def test_the_command(swept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["report", str(swept), "--figures", "-o", str(tmp_path / "p.html")])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"{tmp_path / 'p.html'}\n"
    for wrong in (["--gradients", str(tmp_path)], [str(swept), str(swept)]):
        with pytest.raises(SystemExit) as ended:
            main(["report", str(swept), *wrong])
        assert ended.value.code == 2
        assert "without --figures" in capsys.readouterr().err


def test_only_a_page_of_ours_is_replaced(swept: Path, tmp_path: Path):
    (tmp_path / "thesis.html").write_text("mine", "utf-8")
    with pytest.raises(InputError, match="no page of ours"):
        write_figures_page([swept], tmp_path / "thesis.html")


def _runs(swept: Path) -> list[str]:
    return list(json.loads((swept / "sweep.json").read_text())["runs"])
