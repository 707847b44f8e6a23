"""What all tests share: none fails for taking long, and those that do take long begin first."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import settings

LONGEST = "demo/test_command.py"  # takes a sixth of the whole run

settings.register_profile("longstride", deadline=None)  # a deadline fails where the cores are busy
settings.load_profile("longstride")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that the workers end together; nothing is changed where there is one process.

    `--dist worksteal` gives each worker a share of the list, in order, and an idle one takes from the end of another's.
    So the first share opens with the longest test and the second with all modules that hold slow ones. A module stays
    together, for its tests share what they set up.
    """
    workers: int = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers < 2:
        return
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    longest = [item for item in items if item.path in slow and item.path.as_posix().endswith(LONGEST)]
    others = [item for item in items if item.path in slow and not item.path.as_posix().endswith(LONGEST)]
    quick = [item for item in items if item.path not in slow]
    before = max(0, len(items) // workers - len(longest))
    items[:] = chain(longest, quick[:before], others, quick[before:])
