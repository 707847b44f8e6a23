"""Documents of fictional worlds, a folder for each."""

from __future__ import annotations

from longstride.corpus.world import write_world
from longstride.stages.work import Work


def perform(work: Work) -> None:
    """Write each world to a folder named for its seed; what a kill left half written is written again."""
    settings = work.settings
    for seed in range(settings["first_world"], settings["first_world"] + settings["worlds"]):
        count = write_world(work.folder / f"{seed:06}", seed, settings["vocabulary"], settings["documents"])
        print(f"world {seed}: {count} documents")
