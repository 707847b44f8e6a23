"""Long in-context learning (paper Appendix B): labels and rules that only the examples in the context can teach."""

from longstride.synthesis.in_context.family import InContextFamily

__all__ = ["InContextFamily"]
