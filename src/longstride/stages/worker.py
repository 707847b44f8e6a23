"""A process that performs jobs one after another, so that heavy libraries are imported once: `python -m` this module.

Each line of standard input is a job as JSON; each line of standard output tells what became of it: `done`, `failed`
with a line for the user, `defect` where it is no fault of the user's, or `interrupted`. What a job prints goes to its
log. When standard input ends, the process ends too, at once, whatever it does: its parent is gone.
"""

from __future__ import annotations

import gc
import json
import os
import queue
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from longstride.engines.local.interrupts import Interrupted
from longstride.errors import ExpectedError
from longstride.file_lock import FileLock
from longstride.stages.run_folder import AT_WORK
from longstride.stages.work import Work


def main() -> None:
    """Perform jobs until there are no more. The run's folder is the current one."""
    FileLock(Path(AT_WORK)).share()  # until this process ends, however it ends
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as replies:
        jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
        while True:
            order = json.loads(jobs.get())
            outcome, told = _perform(order)
            print(json.dumps({"outcome": outcome, "told": told}), file=replies, flush=True)
            _tidy()


def _listen(jobs: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)


def _perform(order: dict[str, Any]) -> tuple[str, str]:
    with _logged(Path(order["log"])):
        try:
            work = Work.of_json(order["work"])
            work.folder.mkdir(parents=True, exist_ok=True)
            module, _, function = order["perform"].partition(":")
            getattr(import_module(module), function)(work)
        except Interrupted as error:
            return "interrupted", str(error)
        except (ExpectedError, OSError, ModuleNotFoundError) as error:
            told = " ".join(str(error).split())
            print(told, file=sys.stderr)
            return "failed", told
        except Exception as error:
            traceback.print_exc()
            return "defect", f"{type(error).__name__}: {' '.join(str(error).split())}"
        return "done", ""


@contextmanager
def _logged(log: Path) -> Iterator[None]:
    """Everything that this process and its children print goes to the file `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    kept = os.dup(1), os.dup(2)
    with log.open("ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for stream, before in zip((1, 2), kept, strict=True):
            os.dup2(before, stream)
            os.close(before)


def _tidy() -> None:
    """Let go of the last job's model before the next comes."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
