"""A scripted peer: every role of synthesis with models, played over the fictional world."""
