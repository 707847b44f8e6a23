"""Corpus-level numerical reasoning (paper 3.2): tables and labels become one table, queries and questions."""
