"""Synthesis with models: reading, asking and checking by role, resumable and within a budget (paper 3.1, 3.2)."""
