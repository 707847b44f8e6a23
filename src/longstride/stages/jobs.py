"""What a plan comes down to: jobs that take folders and make one, and how each is known by what decides its result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longstride import __version__


@dataclass(frozen=True)
class Input:
    """A folder that a job reads: a part of an earlier job's, or one from outside."""

    path: str  # of a job: relative to its folder, "" for all of it; from outside: as it was named
    job: str | None = None  # None: from outside
    patterns: tuple[str, ...] = ("**/*",)  # of the files of an outside folder that matter

    @property
    def name(self) -> str:
        """As a reader of the plan knows it."""
        return self.job or self.path


@dataclass(frozen=True)
class Job:
    """One unit of work that fills the folder of its name.

    A job that was killed is performed again in the same folder, with the same settings, and goes on there.
    """

    name: str
    kind: str
    perform: str  # "module:function", called with a `work.Work`
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])  # plain JSON; all that decides the result
    inputs: Mapping[str, tuple[Input, ...]] = field(default_factory=dict[str, "tuple[Input, ...]"])
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])  # plain JSON; what does not decide it
    about: str = ""  # in a few words, for tables
    lines: tuple[str, int] | None = None  # a file that grows by a line a step, and how many it will have

    @property
    def needs(self) -> tuple[str, ...]:
        """The jobs that it reads from, each once."""
        found = [each.job for given in self.inputs.values() for each in given if each.job is not None]
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Fingerprint:
    """Names a job's result before it is made, with what the name is made of."""

    digest: str  # sha256 in hexadecimal
    settings: Mapping[str, Any]
    inputs: Mapping[str, Sequence[Sequence[str]]]  # role -> (name, digest) of each, in order

    @classmethod
    def of(cls, kind: str, settings: Mapping[str, Any], inputs: Mapping[str, Sequence[Sequence[str]]]) -> Fingerprint:
        """Names what `kind` makes of `settings` and `inputs`. A step's own name has no part in it, its content has."""
        digests = {role: [digest for _, digest in given] for role, given in inputs.items()}
        whole = json.dumps([__version__, kind, settings, digests], sort_keys=True)
        return cls(hashlib.sha256(whole.encode()).hexdigest(), settings, inputs)


def fingerprints(jobs: Sequence[Job], outside: Callable[[Input], str]) -> dict[str, Fingerprint]:
    """Of each job by name; `jobs` stand after what they need.

    outside: the content digest of an input from outside.
    """
    found: dict[str, Fingerprint] = {}
    for job in jobs:
        inputs = {
            role: [
                [each.name, outside(each) if each.job is None else found[each.job].digest + each.path] for each in given
            ]
            for role, given in job.inputs.items()
        }
        found[job.name] = Fingerprint.of(job.kind, json.loads(json.dumps(job.settings)), inputs)
    return found


def dependents(jobs: Sequence[Job], names: Iterable[str]) -> list[str]:
    """`names` and every job that needs one of them, at whatever distance, in order."""
    found = set(names)
    for job in jobs:
        if found.intersection(job.needs):
            found.add(job.name)
    return [job.name for job in jobs if job.name in found]


def urgency(jobs: Sequence[Job]) -> dict[str, int]:
    """Of each job how many stand in the longest chain that waits for it: who has most goes first."""
    longest = {job.name: 0 for job in jobs}
    for job in reversed(jobs):
        for need in job.needs:
            longest[need] = max(longest[need], longest[job.name] + 1)
    return longest


def output_path(output: Path, given: Input) -> Path:
    """Where an input stands, for a run into the folder `output`."""
    if given.job is None:
        return Path(given.path).expanduser().absolute()
    return output / given.job / given.path
