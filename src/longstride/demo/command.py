"""What `longstride demo` does: the plan beside this file, in one of three sizes, and a summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from longstride.demo.display import DemoDisplay
from longstride.demo.own_documents import show_own_documents
from longstride.demo.summary import READERS, READING, Summary, summarise_run, tables, verdicts
from longstride.files import replacing
from longstride.report.run_page import write_run_page
from longstride.stages.display import duration
from longstride.stages.expansion import jobs_of
from longstride.stages.plan import Plan
from longstride.stages.plan_files import load_plan
from longstride.stages.run_folder import seconds_taken
from longstride.stages.runner import review, run_jobs
from longstride.workspace import write_json

PLAN = Path(__file__).parent / "demo.toml"
SUMMARY, SUMMARY_TEXT, PAGE, OWN = "summary.json", "summary.txt", "report.html", "your-documents"
WIDTH = 140  # columns of summary.txt


@dataclass(frozen=True)
class Size:
    """How much is done: settings laid over the plan."""

    about: str
    overrides: tuple[str, ...]


SIZES: Mapping[str, Size] = {
    "quick": Size(
        "a fraction of the training, too little to learn much",
        (
            "worlds.worlds=8",
            "held-out-worlds.worlds=4",
            "questions.samples=240",
            "long-questions.samples=40",
            "held-out.samples=40",
            "held-out-long.samples=3",
            "warm-start.steps=24",
            "refresher.steps=6",
            *(f"stage-{number}.{name}" for number in (1, 2, 3, 4) for name in ("steps=2", "measured=40", "samples=40")),
            *(f"stage-{number}.max_never_solved_share=1.0" for number in (2, 3, 4)),  # it has solved little yet
            "memory-expert.steps=1",
            "memory-expert.recipe.batch.prompts=5",
            "memory-expert.recipe.memory.chunk_tokens=256",  # half as many updates to be written
            *(f"{name}.chunk_tokens=256" for name in ("warm-start", "refresher")),
            *(f"{name}-{READING}.chunk_tokens=256" for name in READERS),
            "training.batch.prompts=10",
            "training.logging.dump_rollouts=2",
        ),
    ),
    "standard": Size("under ten minutes on two cores", ()),
    "full": Size(
        "as long as it is worth: three times the training, and the questions to judge it by",
        (
            "worlds.worlds=64",
            "questions.samples=12_000",
            "long-questions.samples=2_400",
            "held-out.samples=600",
            "held-out-long.samples=300",
            "warm-start.steps=600",
            "refresher.steps=160",
            *(f"stage-{number}.steps=120" for number in (1, 2, 3)),
            *(f"stage-{number}.{name}" for number in (1, 2, 3, 4) for name in ("measured=1_800", "samples=1_200")),
            "memory-expert.steps=60",
            "stage-4.steps=60",
        ),
    ),
}


def demo_plan(size: str, seed: int) -> Plan:
    """The plan of a size."""
    return load_plan(PLAN, [f"seed={seed}", *SIZES[size].overrides])


def run_demo(output: Path, *, size: str, seed: int, workers: int, corpus: Path | None) -> Summary:
    """Run what is left of the demo in `output`, then show what it came to and where everything lies."""
    console = Console(highlight=False)
    if corpus is not None:
        show_own_documents(corpus, output / OWN, seed, console)
    plan = demo_plan(size, seed)
    jobs = jobs_of(plan)
    standing = review(jobs, output)
    done = [name for name, state in standing.items() if state.standing == "done"]
    console.print(f"[bold]longstride[/]: {plan.about}.")
    console.print(f"{len(jobs)} steps, {len(done)} of them done; {SIZES[size].about}. Interrupt it as you like.")
    with DemoDisplay(output, console, jobs, done, workers) as watcher:
        run_jobs(jobs, output, workers=workers, watcher=watcher)
    summary = summarise_run(output)
    write_json(output / SUMMARY, {"size": size, "seed": seed, **summary.to_json()})
    _write_text(output / SUMMARY_TEXT, summary)
    write_run_page(output, output / PAGE)
    console.print()
    for table in tables(summary):
        console.print(table)
    console.print("\n".join(verdicts(summary)), markup=False, soft_wrap=True)
    _tell_places(output, corpus, console)
    console.print(f"{duration(sum(seconds_taken(output).values()))} of work in all.")
    return summary


def _write_text(path: Path, summary: Summary) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        plain = Console(file=file, width=WIDTH, color_system=None)
        for table in tables(summary):
            plain.print(table)
        file.write("\n".join(verdicts(summary)) + "\n")


def _tell_places(output: Path, corpus: Path | None, console: Console) -> None:
    places: Sequence[tuple[str, str]] = (
        (PAGE, "the run as a page: open it in a browser, no network needed"),
        (SUMMARY, "every figure above, with its interval"),
        ("questions", "the data set: samples, documents, and a card (longstride view FOLDER shows it)"),
        ("stage-3/metrics.jsonl", "what a stage's steps did"),
        ("stage-4/model", "the final model, which transformers loads"),
        ("stage-4-reading", "its answers to the long inputs, one by one"),
        *(((OWN, "questions over your own documents"),) if corpus is not None else ()),
    )
    console.print("\nWhere everything lies:")
    for name, about in places:
        console.print(f"  {output / name}: {about}", markup=False, soft_wrap=True)
