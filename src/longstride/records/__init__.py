"""The records that every room exchanges: documents, samples, trajectories; in memory and as parquet.

Imports nothing else of ours but the errors, and neither torch nor pyarrow until a file is read or written.
"""

from longstride.records.samples import (
    FAMILIES,
    QUESTION_TYPES,
    TASKS,
    Document,
    Evidence,
    Message,
    PassRate,
    Sample,
)
from longstride.records.trajectories import (
    GenerationRequest,
    Generator,
    Trajectory,
    TrajectoryGroup,
    TrajectorySource,
    Turn,
)

__all__ = [
    "FAMILIES",
    "QUESTION_TYPES",
    "TASKS",
    "Document",
    "Evidence",
    "GenerationRequest",
    "Generator",
    "Message",
    "PassRate",
    "Sample",
    "Trajectory",
    "TrajectoryGroup",
    "TrajectorySource",
    "Turn",
]
