"""Merging experts into one checkpoint (paper 4.1)."""

from longstride.merging.sce import TensorMergeReport, merge_tensors, merge_tensors_with_report

__all__ = ["TensorMergeReport", "merge_tensors", "merge_tensors_with_report"]
