import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from longstride.parallel import ordered_map

ORPHANS = """
import os, sys, time
from pathlib import Path
from longstride.parallel import ordered_map

def work(item):
    Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(0.05)
    return item

if __name__ == "__main__":
    for result in ordered_map(work, range(10_000), 2):
        print(result, flush=True)
"""


def square(item: int) -> int:
    time.sleep(0.01 if item % 3 == 0 else 0)  # so that later items are done earlier
    return item * item


def failing(item: int) -> int:
    if item == 5:
        raise ValueError("item 5")
    return item


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order(workers: int):
    assert list(ordered_map(square, range(30), workers)) == [item * item for item in range(30)]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_reaches_the_caller_after_what_came_before_it(workers: int):
    seen: list[int] = []
    with pytest.raises(ValueError, match="item 5"):
        seen.extend(ordered_map(failing, range(30), workers))
    assert seen == [] or seen == list(range(5))


def test_items_are_taken_as_they_are_needed():
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(1000):
            taken.append(item)
            yield item

    with closing(ordered_map(square, items(), 2)) as results:
        assert next(results) == 0
        assert len(taken) <= 10


def test_workers_end_with_a_killed_parent(tmp_path: Path):
    script = tmp_path / "orphans.py"
    script.write_text(ORPHANS)
    pids = tmp_path / "pids"
    pids.mkdir()
    with subprocess.Popen([sys.executable, str(script), str(pids)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        parent.send_signal(signal.SIGKILL)
    workers = [int(path.name) for path in pids.iterdir()]
    assert workers
    deadline = time.monotonic() + 30
    while any(_alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in workers)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
