"""How the agent reads (paper Figure 6, Appendix D)."""

from __future__ import annotations

from dataclasses import dataclass

from longstride.errors import InputError, unknown_name


@dataclass(frozen=True)
class PromptSet:
    """The prompts of one way to speak to a model; files of longstride.prompts."""

    update: str
    answer: str
    nothing: str  # what m_0 and p_0 hold; not in the paper
    merge: str  # puts the memories of parts together; not in the paper
    full: str  # everything in one pass, as the paper's README has it


NOTHING = "No previous memory."
PROMPT_SETS = {
    "paper": PromptSet("memory_update", "memory_answer", NOTHING, "memory_merge", "full_context"),  # Appendix D
    "chunk_first": PromptSet("memory_update_chunk_first", "memory_answer", NOTHING, "memory_merge", "full_context"),
    "tiny": PromptSet("tiny_memory_update", "tiny_memory_answer", ".", "tiny_memory_update", "tiny_full_context"),
    "tiny_chunk_first": PromptSet(
        "tiny_memory_update_chunk_first",
        "tiny_memory_answer",
        ".",
        "tiny_memory_update_chunk_first",
        "tiny_full_context",
    ),
}  # chunk first: the trajectories of a group share the prefill of each chunk. tiny: for models of a few hundred words


@dataclass(frozen=True)
class MemorySettings:
    """The settings of one reading. Raises InputError for what cannot be meant."""

    chunk_tokens: int = 32_000  # paper Figure 6
    memory_tokens: int = 15_000  # paper Figure 6; of the memory and of the plan together
    update_tokens: int = 16_000  # of one update's response, its thinking included; not in the paper
    answer_tokens: int = 10_000  # of the final response; not in the paper
    prompts: str = "paper"
    attempts: int = 2  # at an update, before the previous memory is kept; not in the paper

    def __post_init__(self) -> None:
        if self.prompts not in PROMPT_SETS:
            raise InputError(str(unknown_name("prompt set", self.prompts, PROMPT_SETS)))
        for name in ("chunk_tokens", "memory_tokens", "update_tokens", "answer_tokens", "attempts"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}, expected 1 or more")

    @property
    def prompt_set(self) -> PromptSet:
        return PROMPT_SETS[self.prompts]
