"""Curation (paper 3 "Data Verification", 4.2): what a sample must pass, and the card of a data set.

Each check looks at one sample and gives an `Outcome`; `Curator` runs those that need nothing but the sample and its
documents, `curate_dataset` runs all of them over a folder. Nothing here knows how a question was made: what answers
it again is handed in (`families.Family`). What a model must be asked for stands in `by_model`.
"""

from longstride.curation.balance import choose_balanced
from longstride.curation.curator import CHECKS, Curator, Verdict
from longstride.curation.decontamination import Contamination, find_contamination
from longstride.curation.duplicates import QuestionDeduplicator
from longstride.curation.families import Family, Source
from longstride.curation.funnel import Funnel, Stage
from longstride.curation.outcome import Outcome
from longstride.curation.shortcuts import ShortcutAudit
from longstride.curation.strata import draw_strata

__all__ = [
    "CHECKS",
    "Contamination",
    "Curator",
    "Family",
    "Funnel",
    "Outcome",
    "QuestionDeduplicator",
    "ShortcutAudit",
    "Source",
    "Stage",
    "Verdict",
    "choose_balanced",
    "draw_strata",
    "find_contamination",
]
