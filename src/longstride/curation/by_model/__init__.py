"""Verification by a model (paper 3 "Data Verification", 3.2, 4.2): what a sample must pass when a model is at hand.

Four checks, each with answers of its own: `blind` (no document), `grounding` (no evidence document), `scarce` (one of
them missing) and `robustness` (irrelevant documents added; the pass rate). `check_samples` makes them.
"""

from longstride.curation.by_model.audit import ReferenceAnswers, audit_samples
from longstride.curation.by_model.checking import CheckedSample, check_samples, stage_of
from longstride.curation.by_model.distractors import Distractors, DocumentTokens
from longstride.curation.by_model.estimate import CheckEstimate, estimate_checks
from longstride.curation.by_model.settings import CHECKS, CheckSettings, Roles

__all__ = [
    "CHECKS",
    "CheckEstimate",
    "CheckSettings",
    "CheckedSample",
    "Distractors",
    "DocumentTokens",
    "ReferenceAnswers",
    "Roles",
    "audit_samples",
    "check_samples",
    "estimate_checks",
    "stage_of",
]
