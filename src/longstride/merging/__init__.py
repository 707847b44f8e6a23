"""Merging experts into one checkpoint (paper 4.1): SCE over tensors, over whole model folders, and its rivals."""

from longstride.merging.checkpoints import MergeSettings, merge_checkpoints
from longstride.merging.report import MergeReport
from longstride.merging.sce import TensorMergeReport, merge_tensors, merge_tensors_with_report

__all__ = [
    "MergeReport",
    "MergeSettings",
    "TensorMergeReport",
    "merge_checkpoints",
    "merge_tensors",
    "merge_tensors_with_report",
]
