"""The whole recipe as one plan (paper 4.1, Figure 6): stages as data, what depends on what, and the runner."""
