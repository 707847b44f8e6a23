"""Where metrics go beside `metrics.jsonl`: TensorBoard's files, or wandb and trackio where they are installed."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from longstride.engines.local.recipe import LoggingRecipe
from longstride.engines.local.tensorboard import EventFile
from longstride.errors import InputError


class Tracker(Protocol):
    """Takes the numbers of a step."""

    def add(self, step: int, scalars: Mapping[str, float]) -> None: ...

    def close(self) -> None: ...


class ClientTracker:
    """wandb, or trackio, which has the same three functions."""

    def __init__(self, name: str, project: str, run: str, config: Mapping[str, Any]) -> None:
        try:
            self._client: Any = import_module(name)
        except ModuleNotFoundError:
            raise InputError(
                f"{name} is not installed", field="logging.report_to", cure=f"pip install {name}, or take it out"
            ) from None
        self._client.init(project=project, name=run, config=dict(config))

    def add(self, step: int, scalars: Mapping[str, float]) -> None:
        self._client.log(dict(scalars), step=step)

    def close(self) -> None:
        self._client.finish()


class Trackers:
    """All that the recipe names, as one."""

    def __init__(self, members: Sequence[Tracker]) -> None:
        self.members = tuple(members)

    def add(self, step: int, metrics: Mapping[str, float | str | None]) -> None:
        """Hand on the numbers among the metrics."""
        scalars = {
            name: float(value)
            for name, value in metrics.items()
            if isinstance(value, float | int) and math.isfinite(value)
        }
        for member in self.members:
            member.add(step, scalars)


@contextlib.contextmanager
def open_trackers(
    recipe: LoggingRecipe, output: Path, config: Mapping[str, Any], first_step: int
) -> Iterator[Trackers]:
    """The trackers of a run in `output`, which goes on at `first_step`; closed at the end.

    Raises InputError for a client that is not installed.
    """
    with contextlib.ExitStack() as closing:
        members: list[Tracker] = []
        for name in recipe.report_to:
            if name == "tensorboard":
                members.append(EventFile(output / "tensorboard", first_step))
            else:
                members.append(ClientTracker(name, recipe.project, output.name, config))
            closing.callback(members[-1].close)
        yield Trackers(members)
