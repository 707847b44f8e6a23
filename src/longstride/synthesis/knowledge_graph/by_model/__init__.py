"""Multi-hop questions over a graph that models read from plain prose (paper 3.2, "In-depth Multi-hop Reasoning QA")."""

from longstride.synthesis.knowledge_graph.by_model.family import ProseGraphFamily

__all__ = ["ProseGraphFamily"]
