"""Dialogue memory: conversations over passages, sessions with changing facts, and real chat logs (paper 3.1, 4.2)."""

from longstride.synthesis.dialogue.family import DialogueFamily

__all__ = ["DialogueFamily"]
