"""The card of a data set: README.md with the rows of the paper's Table 1 and the histogram of its Figure 3.

Its front matter lets `datasets.load_dataset(folder)` read the samples, and the Hugging Face hub show them. Questions,
answers and names come from anybody's documents: they stand escaped.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from longstride.curation.description import MANY_DOCUMENTS, DataSetDescription, Example
from longstride.curation.funnel import Funnel
from longstride.curation.markdown import escaped, fenced_json, plain_text, table
from longstride.curation.report import rate
from longstride.curation.shortcuts import NEAREST
from longstride.files import replacing

CARD = "README.md"
BAR_CHARACTERS = 24
MAX_NAMES = 12  # of data sources or generators in one cell
LICENCE = (
    "**Licence: not stated yet.** The front matter says `unknown`. Set it before you publish: the documents stand here "
    "in full, under the terms of their own sources."
)


def write_card(folder: str | Path, description: DataSetDescription, **rest: Any) -> Path:
    """Write `render_card` to README.md of a data set's folder, whole or not at all; give its path."""
    path = Path(folder) / CARD
    text = render_card(description, **{"name": Path(folder).resolve().name, **rest})
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return path


def render_card(
    description: DataSetDescription,
    *,
    name: str,
    seed: int,
    tokenizer: str,
    configuration: Mapping[str, Any],
    funnel: Funnel | None = None,
    shortcuts: Sequence[Mapping[str, Any]] | None = None,
) -> str:
    """The page as Markdown; the same arguments give the same text.

    tokenizer: the name of the one that the lengths are counted with. shortcuts: the rows of `ShortcutAudit`.
    """
    parts = [
        _front_matter(description, name),
        f"# {escaped(name)}",
        f"{description.samples:,} questions over {description.documents:,} documents, each with its answer, the "
        "quotations that prove it (document and character offsets), and the derivation that answers it again. Made by "
        "longstride after the recipe of QwenLong-L1.5.",
        LICENCE,
        "## Data",
        _table_1(description),
        f"Lengths are in tokens of `{plain_text(tokenizer, 200).replace('`', '')}`.",
        "## Input lengths",
        _histogram(description.lengths),
        "## Tasks and question types",
        _kinds(description),
        "## Examples",
        *(_example(kind, example) for kind, example in sorted(description.examples.items())),
    ]
    if funnel is not None:
        parts += [
            "## Funnel",
            "How many entered each stage and left it, and why the others did not.",
            _funnel(funnel),
        ]
    if shortcuts is not None:
        parts += ["## Shortcuts", _SHORTCUTS, _shortcuts(shortcuts)]
        if asked := [row for row in shortcuts if row.get("asked_alone") is not None]:
            parts += [_REFERENCE, _reference(asked)]
    if "by_model" in configuration:
        parts += ["## Checks by a model", _by_model(configuration["by_model"])]
    parts += [
        "## Making it again",
        f"Seed {seed}. The same seed and configuration give the same bytes.",
        fenced_json(configuration),
    ]
    parts += ["## Reading it", _READING]
    return "\n\n".join(parts) + "\n"


_SHORTCUTS = (
    "How often an answer can be had without reading the whole input; beside each rate stands what chance gives. "
    "*Most frequent*: guessed right by the most frequent answer of its kind among the other samples (chance: one of "
    "the different answers at random). *In question*: the question holds the answer, as one that offers a choice does. "
    f"*Evidence near*: every evidence document is among the {NEAREST} that BM25 puts nearest to the question; *answer "
    f"near*: the answer's words stand in one of those (chance: {NEAREST} documents of the input at random; of samples "
    f"with more than {NEAREST} documents)."
)
_REFERENCE = (
    "What a reference model answers right without reading, as a share of its answers; beside it what guessing gives. "
    f"*Alone*: from the question alone. *Nearest*: from the {NEAREST} documents that BM25 puts nearest (of samples "
    f"with more than {NEAREST} documents)."
)
_READING = """```python
from datasets import load_dataset

samples = load_dataset("PATH_OR_REPOSITORY", split="train")
documents = load_dataset("PATH_OR_REPOSITORY", "documents", split="train")
```

`prompt` holds the chat messages, `reward_model` the answer and the rule that grades it, `extra_info` the rest:
`core_question`, `evidence`, `document_ids`, `derivation`, `checks`. An evidence entry is
`{document_id, start, end, text}` with `text == document.text[start:end]`."""


def size_category(samples: int) -> str:
    """The size category of the Hugging Face hub."""
    bounds = (("n<1K", 10**3), ("1K<n<10K", 10**4), ("10K<n<100K", 10**5), ("100K<n<1M", 10**6))
    return next((name for name, bound in bounds if samples < bound), "n>1M" if samples > 10**7 else "1M<n<10M")


def _front_matter(description: DataSetDescription, name: str) -> str:
    title = json.dumps(plain_text(name, 100), ensure_ascii=False)
    return f"""---
pretty_name: {title}
license: unknown  # state it before you publish
task_categories:
- question-answering
tags:
- long-context
- synthetic
- reinforcement-learning
- longstride
size_categories:
- {size_category(description.samples)}
{_configurations(description)}---"""


def _configurations(description: DataSetDescription) -> str:
    """What `datasets` loads; nothing of an empty data set, which has no files."""
    if not description.samples:
        return ""
    return """configs:
- config_name: samples
  default: true
  data_files:
  - split: train
    path: samples/*.parquet
- config_name: documents
  data_files:
  - split: train
    path: documents/*.parquet
"""


def _table_1(description: DataSetDescription) -> str:
    return table(
        ("", "this data set"),
        [
            ("Data source", _named(description.data_sources)),
            ("Made by", _named(description.generators)),
            ("# Training samples", f"{description.samples:,}"),
            ("Domain", _named(description.families, "documents")),
            ("Question type", _named(description.question_types)),
            ("Max input length", f"{description.max_input_tokens:,} tokens"),
            ("Avg. input length", f"{description.mean_input_tokens:,.0f} tokens"),
        ],
    )


def _named(counts: Counter[str], of: str = "") -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{escaped(name.replace('_', ' '), 80)} ({count:,}{f' {of}' if of else ''})" for name, count in ordered]
    more = [f"and {len(named) - MAX_NAMES} more"] if len(named) > MAX_NAMES else []
    return ", ".join(named[:MAX_NAMES] + more) or "none"


def _histogram(lengths: Mapping[str, int]) -> str:
    most = max(lengths.values(), default=0)
    whole = sum(lengths.values())
    rows = [
        (
            escaped(bucket),
            f"{count:,}",
            f"{count / whole:.1%}" if whole else "",
            "█" * max(1, round(BAR_CHARACTERS * count / most)) if count else "",
        )
        for bucket, count in lengths.items()
    ]
    return table(("tokens (1K = 1,000)", "samples", "share", ""), rows)


def _kinds(description: DataSetDescription) -> str:
    rows = [
        (escaped(task), escaped(kind), f"{count:,}", f"{count / description.samples:.1%}")
        for (task, kind), count in sorted(description.kinds.items())
    ]
    many = ", ".join(
        f"{escaped(task)} {description.evidence_in_many[task] / count:.0%}"
        for task, count in sorted(description.tasks.items())
    )
    note = f"Evidence in {MANY_DOCUMENTS} documents or more: {many or 'none'}."
    return table(("task", "question type", "samples", "share"), rows, numeric=2) + f"\n\n{note}"


def _example(kind: tuple[str, str], example: Example) -> str:
    lines = [
        f"**{escaped(kind[0])}, {escaped(kind[1])}** "
        f"({escaped(example.sample_id, 80)}; {example.documents:,} documents, {example.input_tokens:,} tokens)",
        "",
        f"- Question: {escaped(f'{example.core_question} {example.format_instructions}', 1200)}",
        f"- Answer: {escaped(example.answer)}",
        *(
            f"- Evidence in {escaped(document_id, 80)}: {escaped(text, 160)}"
            for document_id, text in example.quotations
        ),
    ]
    return "\n".join(lines)


def _funnel(funnel: Funnel) -> str:
    rows: list[tuple[str, ...]] = []
    for stage in funnel.to_json():
        rows.append((f"**{escaped(stage['stage'])}**", f"{stage['in']:,}", f"{stage['out']:,}"))
        rows += [(f"fell out: {escaped(reason)}", "", f"−{count:,}") for reason, count in stage["reasons"].items()]
        rows += [(f"*kept, {escaped(note)}*", "", f"{count:,}") for note, count in stage["notes"].items()]
    return table(("stage", "in", "out"), rows, numeric=2)


def _shortcuts(rows: Sequence[Mapping[str, Any]]) -> str:
    header = (
        "task",
        "question type",
        "samples",
        "most frequent",
        "in question",
        "ranked",
        "evidence near",
        "answer near",
    )
    return table(
        header,
        [
            (
                escaped(row["task"]),
                escaped(row["question_type"]),
                f"{row['samples']:,}",
                rate(row["most_frequent"], row["chance"]),
                rate(row["answer_in_question"]),
                f"{row['ranked']:,}",
                rate(row["evidence_in_nearest"], row["evidence_chance"]),
                rate(row["answer_in_nearest"], row["answer_chance"]),
            )
            for row in rows
        ],
        numeric=6,
    )


def _reference(rows: Sequence[Mapping[str, Any]]) -> str:
    return table(
        ("task", "question type", "samples", "alone", "nearest"),
        [
            (
                escaped(row["task"]),
                escaped(row["question_type"]),
                f"{row['samples']:,}",
                rate(row["asked_alone"], row["asked_chance"]),
                rate(row["asked_nearest"]),
            )
            for row in rows
        ],
        numeric=3,
    )


def _by_model(settings: Mapping[str, Any]) -> str:
    """Which checks were made, and by which models."""
    roles = ", ".join(f"{escaped(role)} {escaped(of['model'], 100)}" for role, of in sorted(settings["models"].items()))
    checks = ", ".join(map(escaped, settings["checks"])) or "none"
    return f"Made: {checks}, with {settings['answers']:,} answers to each question. Models by role: {roles}."
