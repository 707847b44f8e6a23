"""The memory agent: reading in chunks what no window holds (paper 2.3, Eqs. 5 and 6, Figure 2, Appendix D)."""
