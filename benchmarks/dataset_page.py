"""How quick the page of a large data set is: 2,000 samples of 100k tokens, in headless Chromium.

    python benchmarks/dataset_page.py --samples 2000 --tokens 100000

Makes a data set in a temporary folder (four samples share a context; every context draws its documents anew from a
pool, so that nothing but those four lies together), writes its page, and measures what a person waits for: from the
click on `index.html` to the list (a browser with an empty profile each time), and from choosing a sample to its
question, answer and marked quotations. Goals: two seconds, and one. A time ends with the frame that shows it.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from pydoc_data.topics import topics

from longstride.records import Document, Evidence, Sample
from longstride.records.parquet import read_documents, write_documents, write_samples
from longstride.report.dataset_page import write_dataset_page
from longstride.report.headless_chromium import HeadlessChromium, Page
from longstride.tokens import load_tokenizer
from timing import RESULTS, in_fresh_process, machine

SAMPLES_A_CONTEXT = 4
POOL_CONTEXTS = 350  # the pool holds as many tokens as so many contexts
QUOTATIONS = 6
PARAGRAPHS = 4_000
LISTED = """
    const isThere = () => document.querySelector(".row");
    const look = () => isThere() ? window.listedAt = performance.now() : requestAnimationFrame(look);
    requestAnimationFrame(look);
"""
SHOWN = """
    (async (id, all) => {
        const frame = () => new Promise(requestAnimationFrame), sample = document.getElementById("sample");
        const isShown = () => sample.ariaBusy === "false" && sample.querySelector(".record a")?.textContent === id;
        const start = performance.now();
        location.hash = new URLSearchParams({ sample: id });
        while (!isShown() || !sample.querySelector("mark")) await frame();
        await frame();
        const shown = performance.now();
        if (!all) return shown - start;
        const filled = () => [...sample.querySelectorAll(".text")].every((each) => each.childElementCount);
        document.getElementById("open-all").click();
        while (!filled()) await frame();
        await frame();
        return performance.now() - shown;
    })
"""


@dataclass(frozen=True)
class Waited:
    """What a person waits for, in seconds."""

    what: str
    goal: float | None
    times: tuple[float, ...]


def paragraphs(numbers: random.Random) -> list[str]:
    """Runs of the English of Python's own manual."""
    text = " ".join(topics[name] for name in sorted(topics)).split()
    starts = [numbers.randrange(len(text) - 200) for _ in range(PARAGRAPHS)]
    return [" ".join(text[start : start + numbers.randint(60, 180)]) for start in starts]


def pool(tokens: int, numbers: random.Random) -> tuple[list[Document], list[int]]:
    """Documents of 500 to 6,000 tokens, and their lengths (counted by paragraph)."""
    texts = paragraphs(numbers)
    counts = load_tokenizer().count_each(texts)
    documents, lengths = [], []
    while sum(lengths) < tokens:
        number, wanted, length, chosen = len(documents), numbers.randint(500, 6_000), 0, []
        while length < wanted:
            place = numbers.randrange(len(texts))
            chosen.append(f"{texts[place]}\nEntry {number}.{len(chosen)} says {numbers.randint(1, 10**9):,}.")
            length += counts[place] + 12
        name = f"pool/{number:06d}.md"
        documents.append(Document(name, f"Document {number}", "professional", name, "\n\n".join(chosen)))
        lengths.append(length)
    return documents, lengths


def samples(
    documents: Sequence[Document], lengths: Sequence[int], count: int, tokens: int, numbers: random.Random
) -> Iterator[Sample]:
    context: list[int] = []
    for number in range(count):
        if number % SAMPLES_A_CONTEXT == 0:
            context, length = [], 0
            for place in numbers.sample(range(len(documents)), len(documents)):
                if length + lengths[place] > tokens:
                    break
                context.append(place)
                length += lengths[place]
        held = [documents[place] for place in context]
        quotes = []
        for document in numbers.sample(held, min(QUOTATIONS, len(held))):
            start = document.text.rindex("\nEntry ") + 1
            quotes.append(Evidence(document.id, start, len(document.text), document.text[start:]))
        question = (
            f"Question {number}: what do the last entries of {', '.join(each.document_id for each in quotes)} say?"
        )
        prompt = "\n\n".join(f"# {each.title}\n\n{each.text}" for each in held) + f"\n\n{question}"
        yield Sample(
            id=f"sample-{number:05d}",
            data_source="benchmark",
            prompt=({"role": "user", "content": prompt},),
            task="reading_comprehension" if number % 2 else "numerical",
            question_type="look_up" if number % 3 else "temporal",
            core_question=question,
            format_instructions="Answer with the figures alone.",
            ground_truth=(quotes[0].text,),
            reward_style="cover_exact_match",
            generator="benchmark",
            seed=0,
            document_ids=tuple(each.id for each in held),
            evidence=tuple(quotes),
            input_tokens=sum(lengths[place] for place in context),
        )


def write_set(folder: Path, count: int, tokens: int) -> None:
    numbers = random.Random("dataset_page")
    contexts = min(POOL_CONTEXTS, -(-count // SAMPLES_A_CONTEXT))
    documents, lengths = pool(contexts * tokens, numbers)
    write_documents(folder / "documents" / "00000.parquet", documents)
    write_samples(folder / "samples" / "00000.parquet", samples(documents, lengths, count, tokens, numbers))


def time_to_list(address: str, repeats: int) -> list[float]:
    """Seconds until the list is there, each in a browser of its own."""
    times = []
    for _ in range(repeats):
        with HeadlessChromium() as browser:
            page = browser.open("data:text/html,")
            page.command("Page.addScriptToEvaluateOnNewDocument", {"source": LISTED})
            page.command("Page.navigate", {"url": address})
            page.wait_until("window.listedAt")
            times.append(page.evaluate("window.listedAt") / 1000)
    return times


def time_to_samples(page: Page, names: Sequence[str], *, all_documents: bool = False) -> list[float]:
    """Seconds until a sample is there (or, from then on, until all its documents are open as well)."""
    wanted = json.dumps(all_documents)
    return [page.evaluate(f"({SHOWN.strip()})({json.dumps(name)}, {wanted})") / 1000 for name in names]


def table(rows: Sequence[Waited]) -> str:
    lines = ["| waited for | goal s | median s | longest s | times |", "|---|---|---|---|---|"]
    for row in rows:
        goal = "-" if row.goal is None else f"{row.goal:g}"
        middle, longest = statistics.median(row.times), max(row.times)
        lines.append(f"| {row.what} | {goal} | {middle:.3f} | {longest:.3f} | {len(row.times)} |")
    return "\n".join(lines)


def measure(folder: Path, count: int, tokens: int, repeats: int, reads: int) -> tuple[list[Waited], list[str]]:
    write_set(folder, count, tokens)
    texts = sum(len(each.text) for each in read_documents(folder / "documents"))
    writing = in_fresh_process(write_dataset_page, folder)
    files = [path for path in (folder / "view").rglob("*") if path.is_file()]
    address = (folder / "view" / "index.html").as_uri()
    numbers = random.Random("reads")
    names = [f"sample-{number:05d}" for number in numbers.sample(range(count), min(count, 2 * reads))]
    listed = time_to_list(address, repeats)
    with HeadlessChromium() as browser:
        page = browser.open(address)
        page.wait_until("document.documentElement.dataset.ready === 'true'")
        shown = time_to_samples(page, names[:reads])
        opened = time_to_samples(page, names[reads:][: max(1, reads // 4)], all_documents=True)
        page.command("HeapProfiler.collectGarbage")
        heap = page.command("Runtime.getHeapUsage")["usedSize"]
        version = browser.command("Browser.getVersion")["product"]
    rows = [
        Waited("the list, from opening the page", 2, tuple(listed)),
        Waited("a sample with its quotations, from choosing it", 1, tuple(shown)),
        Waited("all documents of a sample, from `Open all`", None, tuple(opened)),
        Waited("writing the page", None, (writing.seconds,)),
    ]
    held, written = heap / 1e6, (writing.peak_bytes or 0) / 1e6
    notes = [
        f"{count:,} samples of {tokens:,} tokens, {SAMPLES_A_CONTEXT} to a context; {texts / 1e6:,.0f} million "
        f"characters of documents; the page takes {sum(path.stat().st_size for path in files) / 1e6:,.0f} MB in "
        f"{len(files)} files.",
        f"Memory: at most {written:.0f} MB to write the page; {held:.0f} MB of JavaScript heap after "
        f"{len(shown) + len(opened)} samples.",
        f"{version}, headless, without a graphics processor; files in the system's cache.",
    ]
    return rows, notes


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, default=2_000)
    parser.add_argument("--tokens", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=7, help="browsers that open the list")
    parser.add_argument("--reads", type=int, default=80, help="samples that are read")
    parser.add_argument("--date", default=date.today().isoformat())
    parser.add_argument("--dry-run", action="store_true", help="write no results")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="longstride-page-") as folder:
        counts = arguments.samples, arguments.tokens, arguments.repeats, arguments.reads
        rows, notes = measure(Path(folder).resolve(), *counts)
    print(table(rows), *notes, sep="\n")
    if arguments.dry_run:
        return
    command = f"python benchmarks/dataset_page.py --samples {arguments.samples} --tokens {arguments.tokens}"
    facts = machine()
    described = ", ".join(f"{key} {value}" for key, value in facts.items())
    head = f"# dataset_page\n\n{arguments.date}; {described}.\n\n    {command}\n\n"
    text = head + table(rows) + "\n\n" + "".join(f"- {note}\n" for note in notes)
    (RESULTS / "dataset_page.md").write_text(text, encoding="utf-8")
    record = {"name": "dataset_page", "date": arguments.date, "machine": facts, "command": command, "notes": notes}
    record["rows"] = [asdict(row) for row in rows]
    (RESULTS / "dataset_page.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
