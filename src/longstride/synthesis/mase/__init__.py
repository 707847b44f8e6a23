"""MASE: proposer, solver and verifier, who make questions of clusters of documents (paper 3.2, Figure 5)."""

from longstride.synthesis.mase.family import MaseFamily
from longstride.synthesis.mase.settings import MaseSettings

__all__ = ["MaseFamily", "MaseSettings"]
