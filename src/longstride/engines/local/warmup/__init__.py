"""A tiny model made from nothing, and supervised training on a data set's answers: where RL starts from."""
