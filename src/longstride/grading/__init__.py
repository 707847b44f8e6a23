"""Grading (paper 5.1, Table 6): answer extraction, rules, the judge, the hybrid of both, pass@k."""

from longstride.grading.choice import choice_letter
from longstride.grading.extraction import extract_answer
from longstride.grading.hybrid_grading import Grade, GradeCounts, hybrid
from longstride.grading.items import list_match, set_match, split_items
from longstride.grading.judge import JUDGE_SAMPLING, Judge, JudgeFailure, Verdict
from longstride.grading.mrcr import mrcr_score
from longstride.grading.normal_form import benchmark_form, strict_form
from longstride.grading.numeric import numeric_match
from longstride.grading.passes import pass_at_k
from longstride.grading.rules import RULES, RuleGrade, extraction_of, grade
from longstride.grading.text_match import cover_exact_match, exact_match, qa_f1
from longstride.grading.thinking import strip_thinking

__all__ = [
    "JUDGE_SAMPLING",
    "RULES",
    "Grade",
    "GradeCounts",
    "Judge",
    "JudgeFailure",
    "RuleGrade",
    "Verdict",
    "benchmark_form",
    "choice_letter",
    "cover_exact_match",
    "exact_match",
    "extract_answer",
    "extraction_of",
    "grade",
    "hybrid",
    "list_match",
    "mrcr_score",
    "numeric_match",
    "pass_at_k",
    "qa_f1",
    "set_match",
    "split_items",
    "strict_form",
    "strip_thinking",
]
