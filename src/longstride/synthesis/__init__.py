"""From documents to verified questions, without a model: facts from structure, composed by programs (paper 3.2)."""
