"""A page to look at a data set with: every sample, its documents, its evidence and how its answer follows."""

from longstride.report.dataset_page.writing import write_dataset_page

__all__ = ["write_dataset_page"]
