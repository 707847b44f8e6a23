"""Writing the page of analysis figures: one file in the style of a run's page; the same logs give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from longstride.analysis.arms import Arm, Panel, read_panels
from longstride.analysis.logged import finite
from longstride.analysis.overlap import Overlap, overlaps
from longstride.analysis.sweeps import SWEEP_RECORD, is_sweep, read_sweep
from longstride.errors import InputError
from longstride.report.figures.dynamics import dynamics, sweep_section
from longstride.report.figures.responses import MeasuredGradients, gradient_section, overlap_section
from longstride.report.run_page.document import claim, document, write_page
from longstride.report.run_page.markup import Markup, join, note, tag, text
from longstride.report.run_page.sections import Section

FIGURES = "figures.html"


def write_figures_page(
    runs: Sequence[str | Path], page: str | Path | None = None, gradients: str | Path | None = None
) -> Path:
    """Write the page of these runs' figures from their logs; gives its path.

    runs: what `run`, `run --sweep` or `train` wrote; of a sweep the arms are shown over their seeds.
    page: an .html file; figures.html in the first run's folder where None. Only a page of ours is replaced.
    gradients: a model's folder to measure token gradients with (Figure 9), seconds for a tiny model.

    What is missing or damaged is named on the page, and the rest is shown. Raises InputError where no run has a stage
    of reinforcement learning, for a page that would replace something else, and for a model that cannot be used.
    """
    path = Path(runs[0]) / FIGURES if page is None else Path(page)
    claim(path)
    panels, missing = read_panels(runs)
    arms = _distinct(panels)
    found = [(arm, _overlaps(arm, missing)) for arm in arms]
    measured = None if gradients is None else _measured(arms, gradients)
    sweeps = [
        sweep_section(table, f"{sweep.run.name}/{SWEEP_RECORD}")
        for sweep in (read_sweep(folder) for folder in runs if is_sweep(Path(folder)))
        for table in sweep.tables
    ]
    sections = [
        Section("dynamics", "Training, arm by arm", join([_story(), *map(dynamics, panels), _missing(missing)])),
        Section("overlap", "Right and wrong responses", overlap_section(found)),
        Section("gradients", "Entropy and gradient in wrong responses", gradient_section(measured)),
    ]
    if sweeps:
        sections.insert(0, Section("arms", "What each arm reached", join(sweeps)))
    title = ", ".join(dict.fromkeys(Path(folder).resolve().name for folder in runs))
    return write_page(path, document(title, "Figures of runs, told by their own logs", sections))


def _story() -> Markup:
    return note(
        "Entropy (in nats) tells how undecided the model is about its next token; the paper watches it, and the length "
        "of responses, for signs that training gets out of hand (Figures 8 and 10). Thin lines are single steps, thick "
        "ones their running means."
    )


def _missing(missing: Sequence[str]) -> Markup:
    if not missing:
        return Markup("")
    lines = tag("ul", *(tag("li", text(each)) for each in missing))
    return tag("div", tag("h3", "What is missing"), lines, class_="gaps")


def _distinct(panels: Sequence[Panel]) -> list[Arm]:
    """The arms of all panels; one that stands in several is taken once."""
    found: dict[str, Arm] = {}
    for panel in panels:
        for arm in panel.arms:
            found.setdefault(f"{arm.name}\0{arm.log}", arm)
    return list(found.values())


def _overlaps(arm: Arm, missing: list[str]) -> list[Overlap]:
    try:
        return overlaps(arm.groups())
    except InputError as error:
        missing.append(f"{arm.name}: its rollout dump cannot be read: {error.problem}")
        return []


def _measured(arms: Sequence[Arm], model: str | Path) -> MeasuredGradients:
    """Tokens of the first arm that dumped rollouts, measured at the temperature that they were sampled at."""
    from longstride.analysis.token_gradients import measure_gradients

    arm = next((arm for arm in arms if any(source.dumps for source in arm.sources)), arms[0])
    rollout = arm.sources[0].log.part.settings.get("rollout")
    temperature = finite(rollout.get("temperature")) if isinstance(rollout, dict) else None
    sample = measure_gradients(model, arm.rollouts(), temperature=temperature or 1.0)
    return MeasuredGradients(
        "/".join(Path(model).resolve().parts[-2:]),
        arm.name,
        arm.log,
        [(each.entropy, each.weights) for each in sample.tokens],
        [(each.entropy, each.logits) for each in sample.tokens],
        [(each.entropy, each.weights) for each in sample.responses],
        sample.weights_rho,
        sample.logits_rho,
        sample.responses_rho,
    )
