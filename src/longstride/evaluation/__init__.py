"""Evaluation (paper 5, Appendix A): questions are answered in several ways, graded, and told by task and length."""
