"""Every number on the page is looked up in the logs, by a reader of its own; and no number stands there by itself."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from statistics import fmean
from typing import Any

import pyarrow.parquet as pq

from longstride.evaluation.comparison import compare
from longstride.evaluation.results import read_results
from longstride.report.run_page import write_run_page

VOID = ("meta", "input", "br")
NO_NUMBERS_OF_LOGS = {"tick", "place", "setting", "quoted", "part"}  # axes, ordinals, settings, texts of others
FIXED = (  # what our own words say
    "95 %",
    "Table 10",
    "AEPO, 4.4",
    "from 0 (wrong) to 1 (right)",
    "1 is right, 0 is wrong",
    "A reward of 1 is a right answer, 0 a wrong one",
)
LABELS = re.compile(r"up to \d+K?|U\+[0-9A-F]{4}|stage-1|greywater")


@dataclass(frozen=True)
class Shown:
    """A number of the page."""

    log: str
    how: str
    value: float
    text: str


class PageReader(HTMLParser):
    """The numbers of a page with the logs that they name, and the words that stand outside of them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.numbers: list[Shown] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        name, _ = self.open.pop()
        assert name == tag, f"{name} is closed by {tag}"

    def handle_data(self, data: str) -> None:
        names = [name for name, _ in self.open]
        classes = {each for _, given in self.open for each in (given.get("class") or "").split()}
        if "data" in names:
            logs = [given["data-log"] for _, given in self.open if given.get("data-log")]
            given = self.open[-1][1]
            self.numbers.append(Shown(logs[-1] or "", given.get("data-how") or "", float(given["value"] or ""), data))
        elif not {"style", "title"} & set(names) and not classes & NO_NUMBERS_OF_LOGS:
            self.words.append(data)


def read_page(path: Path) -> PageReader:
    reader = PageReader()
    reader.feed(path.read_text("utf-8"))
    assert reader.open == []
    return reader


def is_rounded(shown: Shown) -> bool:
    """What stands there is the value, as far as its decimals tell."""
    text = shown.text.replace(",", "").rstrip("%")
    value = shown.value * (100 if shown.text.endswith("%") else 1)
    decimals = len(text.partition(".")[2].partition("e")[0])
    return abs(float(text) - value) <= max(0.5001 * 10**-decimals, 5e-4 * abs(value) if "e" in text else 0)


def strays(reader: PageReader) -> list[str]:
    """Digits that no log answers for."""
    found: list[str] = []
    for words in reader.words:
        left = LABELS.sub("", words)
        for each in FIXED:
            left = left.replace(each, "")
        if re.search(r"\d", left):
            found.append(words)
    return found


def problems(page: Path, run: Path) -> list[str]:
    """The numbers of a page that are not those of the run's logs."""
    logs = Logs(run)
    found: list[str] = []
    for each in read_page(page).numbers:
        if not is_rounded(each):
            found.append(f"{each} is not rounded so")
        if not any(abs(each.value - value) <= 1e-6 for value in logs.values(each.log, each.how)):
            found.append(f"{each} is not in the logs")
    return found


class Logs:
    """What may stand on a page, by log and by what follows from it; read without the code that makes the page."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.values = cache(lambda log, how: list(self._values(log, how)))

    def _values(self, log: str, how: str) -> Iterator[float]:
        path = self.run / log
        if not how:
            yield from self._entropies(path) if path.suffix == ".parquet" else numbers_in(path)
        elif how == "last step of each, summed":
            yield sum(max(row["step"] for row in rows(self.run / each)) for each in log.split("; "))
        elif path.name == "metrics.jsonl":
            yield self._metric(path, how)
        elif path.name == "samples":
            yield self._samples(path, how)
        elif path.suffix == ".parquet":
            yield from self._rollouts(path, how)
        elif path.name == "timeline.jsonl":
            yield sum(
                row["seconds"]
                for row in rows(path)
                if row.get("step") == how.removeprefix("seconds of ") and "seconds" in row
            )
        else:
            yield self._evaluation(path, how)

    def _metric(self, path: Path, how: str) -> float:
        if how == "last step":
            return max(row["step"] for row in rows(path))
        if how.startswith("steps with "):
            return sum(row.get("controller/keep_negatives") == 0 for row in rows(path))
        name, end, count = re.fullmatch(r"mean of (\S+), (first|last) (\d+)", how).groups()  # pyright: ignore[reportOptionalMemberAccess]
        values = [row[name] for row in rows(path) if name in row]
        return fmean(values[: int(count)] if end == "first" else values[-int(count) :])

    def _samples(self, path: Path, how: str) -> float:
        extras = [extra for file in path.glob("*.parquet") for extra in pq.read_table(file)["extra_info"].to_pylist()]
        if how == "samples":
            return len(extras)
        if how.startswith("task "):
            return sum(extra["task"] == how.removeprefix("task ") for extra in extras)
        bound = int(how.removeprefix("input_tokens up to "))
        return sum(
            bound // 2 < extra["input_tokens"] <= bound or bound == 64 >= extra["input_tokens"] for extra in extras
        )

    def _rollouts(self, path: Path, how: str) -> Iterator[float]:
        if how == "step of the file":
            yield int(path.stem.removeprefix("step-"))
            return
        what, _, sample = how.partition(" of ")
        for row in pq.read_table(path).to_pylist():
            for each in row["trajectories"] if row["sample_id"] == sample else ():
                turns = each["turns"]
                entropies = [value for turn in turns for value in turn["entropies"]]
                yield {
                    "reward": each["reward"],
                    "chunks": len(turns) - 1,
                    "tokens": len(entropies),
                    "mean entropy": fmean(entropies),
                }[what]

    def _entropies(self, path: Path) -> Iterator[float]:
        for row in pq.read_table(path).to_pylist():
            for each in row["trajectories"]:
                for turn in each["turns"]:
                    yield from turn["entropies"]

    def _evaluation(self, path: Path, how: str) -> float:
        results = json.loads((path / "results.json").read_text("utf-8"))
        if how == "questions":
            return len({row["sample_id"] for row in self._answers(path, "full_context-*")})
        if found := re.fullmatch(r"memory-(\S+) over full_context (.+) (value|low|high)", how):
            return at(results["memory_over_full_context"][found[1]]["difference"], found[2])[found[3]]
        if found := re.fullmatch(r"(\S+): (\S+) over (\S+) (better|worse)", how):
            changes = self._differences(path, *found.groups()[:3]).values()
            return sum(each > 0 if found[4] == "better" else each < 0 for each in changes)
        if found := re.fullmatch(r"(\S+): (\S+) over (\S+) (.+) (value|low|high)", how):
            arm, ours, theirs, part, which = found.groups()
            if which == "value" and part == "overall":
                return fmean(self._differences(path, arm, ours, theirs).values())
            difference = compare(read_results(path), read_results(beside(path, ours, theirs)))[arm].difference
            name, _, label = part.partition(" ")
            held = getattr(difference, name)
            return getattr(held[label] if label else held, which)
        arm, part, which = re.fullmatch(r"(\S+) (.+) (value|low|high)", how).groups()  # pyright: ignore[reportOptionalMemberAccess]
        return at(results["arms"][arm]["reward"], part)[which]

    def _differences(self, path: Path, arm: str, ours: str, theirs: str) -> dict[tuple[str, str], float]:
        means: list[dict[tuple[str, str], list[float]]] = []
        for folder in (path, beside(path, ours, theirs)):
            held: dict[tuple[str, str], list[float]] = {}
            for row in self._answers(folder, arm):
                held.setdefault((row["task"], row["sample_id"]), []).append(row["reward"])
            means.append(held)
        return {key: fmean(means[0][key]) - fmean(means[1][key]) for key in means[0]}

    def _answers(self, path: Path, arm: str) -> list[dict[str, Any]]:
        return [row for file in sorted(path.glob(f"answers/{arm}/*/*.jsonl")) for row in rows(file)]


def beside(path: Path, ours: str, theirs: str) -> Path:
    """The evaluation of another model that was made as this one."""
    return path.with_name(path.name.replace(ours, theirs))


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def numbers_in(path: Path) -> Iterator[float]:
    """Every number of a JSON file, or of the lines of one."""
    waiting: list[Any] = rows(path) if path.suffix == ".jsonl" else [json.loads(path.read_text("utf-8"))]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, int | float):
            yield value


def at(values: dict[str, Any], part: str) -> dict[str, float]:
    name, _, label = part.partition(" ")
    return values[name][label] if label else values[name]


def test_every_number_is_in_the_logs(page: Path, run_folder: Path):
    reader = read_page(page)
    assert len(reader.numbers) > 500
    assert {each.log.partition("/")[0] for each in reader.numbers} >= {
        "questions",
        "warm",
        "stage-1",
        "memory-expert",
        "eval-warm",
        "eval-stage-1",
        "eval-memory-expert",
        "reading-memory-expert",
        "timeline.jsonl",
    }
    assert problems(page, run_folder) == []


def test_no_number_stands_by_itself(page: Path):
    assert strays(read_page(page)) == []


def test_a_number_that_is_in_no_log_is_found(page: Path, run_folder: Path, tmp_path: Path):
    """The control: the same page beside logs of which one number is another."""
    other = shutil.copytree(run_folder, tmp_path / "run")
    log = other / "stage-1" / "metrics.jsonl"
    lines = rows(log)
    lines[7]["reward"] += 0.01
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    found = problems(page, other)
    assert found and all("stage-1/metrics.jsonl" in each for each in found)


def test_a_wrong_rounding_and_a_stray_number_are_found(page: Path, run_folder: Path, tmp_path: Path):
    """The control of the reader itself."""
    whole = page.read_text("utf-8")
    rounded = re.search(r">0\.\d(\d\d)</data>", whole)
    assert rounded
    changed = tmp_path / "changed.html"
    changed.write_text(whole.replace(rounded[0], ">0.9999</data>", 1), "utf-8")
    (found,) = problems(changed, run_folder)
    assert "is not rounded so" in found
    changed.write_text(whole.replace("Below a reward", "Below 12 rewards"), "utf-8")
    (found,) = strays(read_page(changed))
    assert "Below 12 rewards" in found


def test_the_numbers_of_two_runs_are_in_their_logs(page_of_two: Path, run_folder: Path, other_run: Path):
    logs = {each.name: Logs(each) for each in (run_folder, other_run)}
    seen: set[str] = set()
    for each in read_page(page_of_two).numbers:
        assert is_rounded(each), each
        name, _, log = each.log.partition("/")
        if name in logs and "of the other run" not in each.how:
            seen.add(name)
            assert any(abs(each.value - value) <= 1e-6 for value in logs[name].values(log, each.how)), each
    assert seen == set(logs)


def test_write_run_page_needs_no_torch(run_folder: Path, tmp_path: Path):
    code = (
        "import sys; from longstride.report.run_page import write_run_page; "
        f"write_run_page({str(run_folder)!r}, {str(tmp_path / 'p.html')!r}); "
        "sys.exit(int('torch' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert (tmp_path / "p.html").read_bytes() == write_run_page(run_folder, tmp_path / "q.html").read_bytes()
