"""Multiple choice over any question: options of the right type, balanced letters (paper 4.2, Appendix B)."""

from longstride.synthesis.choices.family import MultipleChoiceFamily, OffersChoices
from longstride.synthesis.choices.making import LETTERS, as_multiple_choice

__all__ = ["LETTERS", "MultipleChoiceFamily", "OffersChoices", "as_multiple_choice"]
