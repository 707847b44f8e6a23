"""The paper's analysis figures of any runs as one page: dynamics by arm, overlap of responses, token gradients."""

from longstride.report.figures.writing import write_figures_page

__all__ = ["write_figures_page"]
