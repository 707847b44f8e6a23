"""The samples that a stage trains on, by their pass rates (paper 4.1, 4.2)."""

from __future__ import annotations

from longstride.stages.data_sets import distinct_samples, write_data_set
from longstride.stages.selecting import select
from longstride.stages.work import Work
from longstride.workspace import write_json

ACCOUNT = "selection.json"


def perform(work: Work) -> None:
    """Choose, and write the chosen as a data set beside an account of the choice."""
    folders = work.inputs["data"]
    samples = distinct_samples(folders)
    chosen, account = select(samples, work.settings)
    write_data_set(work.folder, (samples[place] for place in chosen), folders)
    write_json(work.folder / ACCOUNT, account)
    print(f"selected {account['selected']:,} of {account['measured']:,}: {account['selected_by_pass_rate']}")
