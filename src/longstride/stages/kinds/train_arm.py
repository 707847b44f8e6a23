"""One run of a sweep: reinforcement learning, and the processor time that it took."""

from __future__ import annotations

import json
import time

from longstride.stages.kinds import train
from longstride.stages.work import Work
from longstride.workspace import MANIFEST, write_json

COST = "cost.json"


def perform(work: Work) -> None:
    """As a stage of training; FOLDER/cost.json has its processor seconds.

    Those of a call that ended the run, or that was interrupted, are added up; what a kill cut off is not in them.
    """
    began, path = time.process_time(), work.folder / COST
    try:
        train.perform(work)
    finally:
        if (work.folder / MANIFEST).exists():  # before, another file would make the folder a stranger's
            before = json.loads(path.read_text(encoding="utf-8"))["cpu_seconds"] if path.exists() else 0.0
            write_json(path, {"cpu_seconds": round(before + time.process_time() - began, 3)})
