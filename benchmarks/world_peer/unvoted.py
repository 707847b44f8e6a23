"""The families of synthesis with models without their votes, as a negative control: one answer decides everything."""

from __future__ import annotations

from longstride.synthesis.knowledge_graph.by_model import ProseGraphFamily
from longstride.synthesis.knowledge_graph.by_model.extraction import Reading
from longstride.synthesis.knowledge_graph.by_model.voting import Majority
from longstride.synthesis.mase import MaseFamily, MaseSettings
from longstride.synthesis.tables.by_model import ProseTablesFamily

ALONE = Majority(1, 1)
PLACES = {name: f"{__name__}:{name}" for name in ("prose_graph", "prose_tables", "mase")}  # as the pipeline names them


def prose_graph() -> ProseGraphFamily:
    """A text is read once, a linker and a verifier have one vote."""
    return ProseGraphFamily(Reading(samples=1, agreeing=1), linking=ALONE, confirming=ALONE)


def prose_tables() -> ProseTablesFamily:
    """A passage is read once, and columns are proposed once. The two queries still have to agree."""
    return ProseTablesFamily(readings=1)


def mase() -> MaseFamily:
    """One solver and one verifier."""
    return MaseFamily(MaseSettings(solver_samples=1, verifier_votes=1))
