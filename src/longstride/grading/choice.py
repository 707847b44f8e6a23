"""The letter of a multiple choice (paper 5.1: LongBench-V2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from longstride.grading.thinking import strip_thinking

_UPSTREAM = (re.compile(r"The correct answer is \(([A-D])\)"), re.compile(r"The correct answer is ([A-D])"))
_MARKS = str.maketrans({"*": None, "`": None, "（": "(", "）": ")", "［": "[", "］": "]", "：": ":"})
_BRACES = str.maketrans("{}", "()")
_BOXED = re.compile(r"\\f?boxed(?=\{)")
_TEXT = re.compile(r"\\(?:text|textbf|mathrm|mathbf)(?=\{)")
# Words that may follow a bare "A" (or "I") where it is a choice; before any other it is an article (or a pronoun).
_AFTER_A_CHOICE = "because|since|as|and|or|for|which|is|was|due|based|given|with|that|where|but|per|by|so|not"


def choice_letter(response: str, choices: str = "ABCD", *, thinking_opened: bool = False) -> str | None:
    """The one letter of `choices` that a response declares to be its answer, or None.

    Declared: "answer is (B)", "Answer: B", \\boxed{B}, or, where no answer is named so, "correct option is B" or "I
    choose (B)". The letter must stand alone: "The correct answer is Apple" declares nothing, and neither does the
    article in "the answer is a dog". Where nothing is declared, a response that names one letter only ("B", "(B)
    Paris") has chosen it, and so has one whose last line alone does, unless the response names every choice.

    Contradictory declarations, several letters in one ("(A) or (B)") and a list of every choice give None: naming all
    the letters must not score. LongBench v2's own extraction, which takes the first match, is
    `extract_answer(response, "longbench_v2")`.

    Raises `ValueError` unless `choices` are distinct capital letters.
    """
    if not re.fullmatch("[A-Z]+", choices) or len(set(choices)) != len(choices):
        raise ValueError(f"choices is {choices!r}, expected distinct capital letters")
    said = strip_thinking(response, thinking_opened=thinking_opened)
    if said is None:
        return None
    said = _BOXED.sub(" answer is ", _TEXT.sub("", said.translate(_MARKS))).translate(_BRACES)
    forms = _forms(choices)
    chosen = (
        forms.declared(forms.answer, said)
        or forms.declared(forms.option, said)
        or forms.named(said, number_of_choices=len(choices))
    )
    return next(iter(chosen)) if len(chosen) == 1 else None


def longbench_v2_letter(response: str) -> str | None:
    """What LongBench v2 extracts: its first match, case-sensitive, in the text as given; "Apple" gives A."""
    said = response.replace("*", "")
    match = _UPSTREAM[0].search(said) or _UPSTREAM[1].search(said)
    return match[1] if match else None


@dataclass(frozen=True)
class _Forms:
    """The patterns for one set of choices. Their repetitions are bounded: no response takes quadratic time."""

    answer: re.Pattern[str]  # a declaration that speaks of the answer
    option: re.Pattern[str]  # one that speaks of the choice or option
    connected: re.Pattern[str]  # the next letter of a declaration that holds several
    at_start: re.Pattern[str]
    enclosed: re.Pattern[str]

    def declared(self, declaration: re.Pattern[str], said: str) -> set[str]:
        letters: set[str] = set()
        for match in declaration.finditer(said):
            more: re.Match[str] | None = match
            while more:
                letters.add(_bare(more[1]))
                more = self.connected.match(said, more.end())
        return letters

    def named(self, said: str, number_of_choices: int) -> set[str]:
        """The letters of a response that declares none."""
        start = self.at_start.match(said)
        letters = {_bare(match[1]) for match in self.enclosed.finditer(said)} | ({_bare(start[1])} if start else set())
        if len(letters) <= 1 or len(letters) == number_of_choices:
            return letters
        last_line = said.rstrip().rpartition("\n")[2]
        return {_bare(match[1]) for match in self.enclosed.finditer(last_line)}


def _bare(letter: str) -> str:
    return letter.strip("()[] \t\n").upper()


@cache
def _forms(choices: str) -> _Forms:
    article = rf"[AI]\s{{1,4}}(?!(?:{_AFTER_A_CHOICE})\b)[a-z]"
    bare = rf"(?!{article})(?<![^\W_])[{choices}](?![^\W_]|['’-][A-Za-z])"
    enclosed = rf"[(\[]\s{{0,4}}[{choices}{choices.lower()}]\s{{0,4}}[)\]]"
    letter = f"(?:{enclosed}|{bare})"
    words = "option|choice|letter|definitely|clearly|probably|likely|therefore"
    filler = rf"(?i:[\s:=\"'“‘$(\[]{{1,8}}(?:(?:{words})\b)?){{1,3}}"
    answer = r"(?i:\banswer\s{0,4}(?:\bis\b|would\s{1,4}be\b|must\s{1,4}be\b|(?=[:：])))"
    option = (
        r"(?i:\b(?:correct|right|best)\s{1,4}(?:choice|option)\s{0,4}(?:\bis\b|(?=:))"
        r"|\b(?:i|we)\s{1,4}(?:choose|select|pick|go\s{1,4}with)\b)"
    )
    verb = r"(?!\s{1,4}(?:is|was|does|has|would|cannot|can|did)\b)"
    ended = rf"(?=\s{{0,4}}(?:{letter}|[.,;)\]]|$))"
    gap = r"[\s)\]]{0,4}"
    return _Forms(
        answer=re.compile(f"{answer}{filler}({letter})"),
        option=re.compile(f"{option}{filler}({letter})"),
        connected=re.compile(
            rf"{gap}(?:(?:,\s{{0,4}})?\bor\b|[/|]|(?:(?:,\s{{0,4}})?\band\b|[&,])(?=\s{{0,4}}{letter}{verb})"
            rf"|(?=\s{{0,4}}{letter}{ended}))\s{{0,4}}({letter})"
        ),
        at_start=re.compile(rf"\s{{0,80}}({enclosed}|{bare}(?=[.:,)]|\s{{0,8}}(?:\n|$)))"),
        enclosed=re.compile(rf"(?:(?<![^\W_])({enclosed}))"),
    )
