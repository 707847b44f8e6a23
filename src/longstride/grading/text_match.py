"""Grading by comparing texts (paper 5.1: cover exact match; LongBench v1's F1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from longstride.errors import unknown_name
from longstride.grading.normal_form import benchmark_form, strict_form


def cover_exact_match(answer: str | None, golds: str | Sequence[str], variant: str = "strict") -> float:
    """1.0 where the answer contains a gold answer, else 0.0 (CEM: Song et al. 2025, paper 5.1).

    - `strict` (ours): some gold's `strict_form` stands in the answer's at word boundaries. One letter or digit never
      matches inside a longer word or number ("5" is not in "3.5", "1,500", "-5", "5%", "5 million" or "covid-5").
    - `qwenlong_l1`: the substring rule of QwenLong-L1's evaluation, in EITHER direction, on `benchmark_form`, first
      gold only. An answer that normalises to nothing ("the") is a substring of any gold and scores 1.
    - `spell_strict`, `spell_loose`: SPELL's substring rules, gold in answer, or either direction; empty forms score 0.
      SPELL has one gold; we take the best over all.

    `golds` is one gold answer or a sequence of them. No answer (None) scores 0. But for `qwenlong_l1`, an empty normal
    form never matches. Raises `ValueError` for no golds, a gold that is not a string, an unknown variant.
    """
    if variant not in _COVERS:
        raise unknown_name("variant", variant, _COVERS)
    texts = gold_texts(golds)
    if not answer_text(answer):
        return 0.0
    return _COVERS[variant](answer_text(answer), texts)


def exact_match(answer: str | None, golds: str | Sequence[str]) -> float:
    """1.0 where the answer's `strict_form` is that of a gold answer, else 0.0; an empty form never matches."""
    form = strict_form(answer_text(answer))
    return float(bool(form) and any(strict_form(gold) == form for gold in gold_texts(golds)))


def qa_f1(answer: str | None, golds: str | Sequence[str]) -> float:
    """LongBench v1's F1 over the words of `benchmark_form`, each as often as it stands there; best over the golds."""
    return max(
        _f1(benchmark_form(answer_text(answer)).split(), benchmark_form(gold).split()) for gold in gold_texts(golds)
    )


def contains_words(text: str, words: str) -> bool:
    """True where one `strict_form` holds another, not empty, at word boundaries."""
    return bool(words) and f" {words} " in f" {text} "


def gold_texts(golds: str | Sequence[str]) -> tuple[str, ...]:
    """The gold answers as a tuple; a single string is one gold answer."""
    texts = (golds,) if isinstance(golds, str) else tuple(golds)
    if not texts:
        raise ValueError("golds is empty, expected at least one gold answer")
    for index, gold in enumerate(texts):
        if not isinstance(gold, str):
            raise ValueError(f"golds[{index}] is {gold!r:.80}, expected str")
    return texts


def answer_text(answer: str | None) -> str:
    """The answer, where None (no answer was found) reads as empty."""
    if answer is not None and not isinstance(answer, str):
        raise ValueError(f"answer is {answer!r:.80}, expected str or None")
    return answer or ""


def _f1(answer: list[str], gold: list[str]) -> float:
    common = sum((Counter(answer) & Counter(gold)).values())
    return 2 * common / (len(answer) + len(gold)) if common else 0.0


def _strict(answer: str, golds: Sequence[str]) -> float:
    form = strict_form(answer)
    return float(any(contains_words(form, strict_form(gold)) for gold in golds))


def _qwenlong_l1(answer: str, golds: Sequence[str]) -> float:
    said, gold = benchmark_form(answer), benchmark_form(golds[0])
    return float(gold in said or said in gold)


def _spell_strict(answer: str, golds: Sequence[str]) -> float:
    said, forms = benchmark_form(answer), [benchmark_form(gold) for gold in golds]
    return float(any(form and form in said for form in forms))


def _spell_loose(answer: str, golds: Sequence[str]) -> float:
    said, forms = benchmark_form(answer), [benchmark_form(gold) for gold in golds]
    return float(bool(said) and any(form and (form in said or said in form) for form in forms))


_COVERS: dict[str, Callable[[str, Sequence[str]], float]] = {
    "strict": _strict,
    "qwenlong_l1": _qwenlong_l1,
    "spell_strict": _spell_strict,
    "spell_loose": _spell_loose,
}
