"""Questions over the small fictional world, in its own few hundred words (paper 3.2, for a model of toy size)."""

from longstride.synthesis.small_world.family import SmallWorldFamily

__all__ = ["SmallWorldFamily"]
