"""A page to look at a run with, or at two side by side: one HTML file that needs neither network nor scripts."""

from longstride.report.run_page.writing import write_run_page

__all__ = ["write_run_page"]
