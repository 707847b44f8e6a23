"""What the rollout dumps tell: right against wrong responses (Table 3), token entropy against gradient (Figure 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from longstride.analysis.arms import Arm
from longstride.analysis.intervals import RankCorrelation
from longstride.analysis.overlap import Overlap
from longstride.report.run_page.charts import Chart, Line, line_chart
from longstride.report.run_page.markup import Markup, join, note, number, sentence, table, tag, text, words

PERCENT = "{:.1f}"
LEAST = 1e-4  # below it a p is told as such, as in the paper


@dataclass(frozen=True)
class MeasuredGradients:
    """What was measured with a model: plain pairs, so that to draw them needs nothing heavy."""

    model: str
    arm: str  # whose responses they are
    log: str  # of the dumps that the responses are from
    weights: Sequence[tuple[float, float]]  # (entropy, gradient norm) of a token
    logits: Sequence[tuple[float, float]]
    responses: Sequence[tuple[float, float]]  # of a response
    weights_rho: RankCorrelation | None
    logits_rho: RankCorrelation | None
    responses_rho: RankCorrelation | None


def overlap_section(found: Sequence[tuple[Arm, Sequence[Overlap]]]) -> Markup:
    """A row for each arm and task."""
    rows = [
        [
            arm.name,
            words(each.task),
            number(each.questions, log=arm.log, how=f"{each.task} questions"),
            number(each.input_tokens, log=arm.log, how=f"{each.task} input_tokens"),
            *(
                "-" if value is None else number(100 * value, PERCENT, arm.log, f"{each.task} {name}")
                for name, value in (
                    ("right_wrong", each.right_wrong),
                    ("right_right", each.right_right),
                    ("elsewhere", each.elsewhere),
                )
            ),
        ]
        for arm, overlaps in found
        for each in overlaps
    ]
    if not rows:
        told = (
            "No rollout dump holds a question with right and with wrong responses (logging.dump_rollouts keeps them)."
        )
        return tag("p", told, class_="missing")
    columns = ["arm", "task", "questions", "input tokens"]
    columns += ["right with wrong", "right with right", "right with wrong of another question"]
    about = note(
        "ROUGE-L over tokens, in percent, of responses in the last rollout dump: the mean over questions that some "
        "responses solve and others do not. The paper's argument is that a wrong response shares most of its steps "
        "with right ones, so that punishing it punishes those. The last column is what the form of a response makes "
        "alike whatever the question is."
    )
    return join([about, table("Overlap of responses", columns, rows)])


def gradient_section(measured: MeasuredGradients | None) -> Markup:
    """Scatter plots with their rank correlations; how to get them where nothing was measured."""
    if measured is None:
        told = (
            "Not measured: rollout dumps hold no gradients. With --gradients MODEL they are measured with that model."
        )
        return tag("p", told, class_="missing")
    rows: list[list[str]] = []
    for name, how, found in (
        ("token, all weights", "weights_rho", measured.weights_rho),
        ("token, its own logits", "logits_rho", measured.logits_rho),
        ("response, all weights", "responses_rho", measured.responses_rho),
    ):
        if found is None:
            rows.append([name, "-", "-", "-"])
            continue
        p = text("< 0.0001") if found.p < LEAST else number(found.p, "{:.4f}", measured.log, f"{how} p")
        rows.append(
            [
                name,
                number(found.rho, "{:+.3f}", measured.log, f"{how} rho"),
                tag("span", p, class_="setting"),
                number(found.pairs, log=measured.log, how=f"{how} pairs"),
            ]
        )
    about = sentence(
        "Tokens drawn from the wrong responses of {arm}, last rollout dump, with entropy and gradient of -log p both "
        "as the model {model} has them. The paper's figure is the first row. The p takes the pairs for independent, "
        "which tokens of one response are not.",
        arm=tag("strong", text(measured.arm)),
        model=tag("span", text(measured.model), class_="quoted"),
    )
    charts = [
        line_chart(_scatter("A token's gradient, all weights", measured.weights, measured.log, "weights")),
        line_chart(_scatter("A token's gradient, its own logits", measured.logits, measured.log, "logits")),
        line_chart(_scatter("A response's gradient, all weights", measured.responses, measured.log, "responses")),
    ]
    columns = ["of a", "Spearman's rho", "p", "pairs"]
    correlations = table("Rank correlation of entropy with the gradient's norm", columns, rows)
    return join([note(about), correlations, tag("div", *charts, class_="several")])


def _scatter(title: str, pairs: Sequence[tuple[float, float]], log: str, name: str) -> Chart:
    line = Line(title, sorted(pairs), dots=True, log=log, how=f"{name} at entropy")
    return Chart(title, [line], "entropy, nats", "norm", whole_x=False)
