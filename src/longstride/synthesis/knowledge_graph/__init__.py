"""Multi-hop questions over a graph of what the documents say (paper 3.2, "In-depth Multi-hop Reasoning QA")."""

from longstride.synthesis.knowledge_graph.family import KnowledgeGraphFamily

__all__ = ["KnowledgeGraphFamily"]
