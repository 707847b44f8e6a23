"""Reading comprehension (paper Appendix B): look-ups, gaps, counts and orders, each answered again from text."""

from longstride.synthesis.reading.family import ReadingFamily

__all__ = ["ReadingFamily"]
