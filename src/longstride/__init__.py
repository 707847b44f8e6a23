"""longstride: the open implementation of the QwenLong-L1.5 recipe."""

__version__ = "0.1.0"
