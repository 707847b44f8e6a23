"""Questions about code that cross files: definitions, defaults, constants, inheritance, calls (paper 3.1, 3.2)."""

from longstride.synthesis.code.family import CodeFamily

__all__ = ["CodeFamily"]
