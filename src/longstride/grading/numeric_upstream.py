"""How others compare numbers: Yale's DocMath-Eval, QwenLong-L1, SPELL. For comparison with published figures only.

Facts read from yale-nlp/DocMath-Eval (`utils/evaluation_utils.py`) and Tongyi-Zhiwen/Qwen-Doc
(`QwenLong-L1/eval/docmath.py`, `SPELL/verl/verl/utils/reward_score/docmath.py`). They `eval` the model's text; here a
small arithmetic reads it.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from functools import partial

TOLERANCE = 0.0015  # of the gold, or of the larger number where a scale was applied
UNREADABLE = {"docmath": 0, "qwenlong_l1": 0, "spell": 999999999}  # what a text that is no number counts as

_DROPPED = ("£", "€", "¥", "million", "billion", "thousand", "US", "USD", "RMB")
_SYMBOLS = ("`", "%", "$", "°")
_NUMBER = r"[-+]?[\d,]*\.*\d+"
_WITH_UNIT = (
    re.compile(rf"({_NUMBER}) [^0-9 ]+"),
    re.compile(rf"[^0-9 ]+ ({_NUMBER})"),
    re.compile(rf"({_NUMBER})[^\d]{{1,2}}"),
    re.compile(r"[^-+\d]{1,2}([\d,]*\.*\d+)"),
)
_GROUPED = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})*|\d+)(?:\.\d+)?")
_POWER_OF_TEN = re.compile(r"10\^(-?[0-9]+)")
_ARITHMETIC = re.compile(r"[-+*/().,0-9\seE\[\]{}'\"]*")
_LONGEST_EXPRESSION = 200  # characters; ours, so that no response can make the arithmetic expensive


def upstream_value(text: str, variant: str) -> float | bool | None:
    """The number that upstream makes of an answer: a bool for yes and no, None for a list or an option letter."""
    text = text.strip().rstrip(".")
    for word in _DROPPED:
        text = text.replace(word, "")
    for equals in "=≈":
        if equals in text:
            text = text.rpartition(equals)[2].strip()
    for symbol in _SYMBOLS:
        text = text.replace(symbol, "")
    if text in ("true", "yes") or "True" in text:
        return True
    if text in ("false", "no") or "False" in text:
        return False
    text = text.replace("approximately", "").strip() if "approximately" in text else text
    text = text.partition(" or ")[0]
    if len(text) > _LONGEST_EXPRESSION or "E(" in text:
        return UNREADABLE[variant]
    for pattern in _WITH_UNIT:
        match = pattern.fullmatch(text)
        text = match[1] if match else text
    text = _POWER_OF_TEN.sub(r"E(\1)", text).replace(" x ", "*").replace(" × ", "*")
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    if re.search(r"\([a-d]\)", text):
        return None
    if not _ARITHMETIC.fullmatch(text):
        return UNREADABLE[variant]
    try:
        return _arithmetic(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
        return UNREADABLE[variant]


def _arithmetic(node: ast.expr) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return number
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            number = _number(operand)
            return -number if isinstance(node.op, ast.USub) else number
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return math.pow(_number(left), _number(right))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _number(left) + _number(right)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _number(left) - _number(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _number(left) * _number(right)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _number(left) / _number(right)
        case ast.Call(func=ast.Name(id="E"), args=[exponent], keywords=[]):
            return math.pow(10, _number(exponent))
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            for item in items:
                _arithmetic(item)  # raises where an item cannot be read
            return None
        case ast.Constant():
            return None
        case _:
            raise ValueError("no arithmetic")


def _number(node: ast.expr) -> float:
    number = _arithmetic(node)
    if number is None:
        raise ValueError("no number")
    return number


def _compare(
    answer: float | bool | None,
    gold: float | bool,
    *,
    scales: tuple[float, ...],
    slack: float,
    decimals: int,
    any_power_of_ten: bool,
) -> bool:
    """`slack` is how much larger than larger / scale the smaller may be to be tried at that scale."""
    if isinstance(gold, bool):
        return answer == gold
    if answer is None or isinstance(answer, bool):
        return False
    try:
        large, small = max(abs(gold), abs(answer)), min(abs(gold), abs(answer))
        if any_power_of_ten and small and math.log10(large / small).is_integer():
            return True
        if any(small <= slack * large / scale and _within(small * scale, large) for scale in scales):
            return True
        factor = 10**decimals
        return math.ceil(large * factor) == math.ceil(small * factor) or _within(answer, gold)
    except (OverflowError, ValueError):
        return False


def _within(answer: float, gold: float) -> bool:
    return gold - abs(gold) * TOLERANCE <= answer <= gold + abs(gold) * TOLERANCE


_YALE_SCALES = (100, 1_000, 100_000)
COMPARISONS: dict[str, Callable[[float | bool | None, float | bool], bool]] = {
    "docmath": partial(_compare, scales=_YALE_SCALES, slack=2, decimals=3, any_power_of_ten=True),
    "qwenlong_l1": partial(_compare, scales=_YALE_SCALES, slack=2, decimals=2, any_power_of_ten=True),
    "spell": partial(_compare, scales=(100, 1e3, 1e6, 1e9), slack=2, decimals=3, any_power_of_ten=False),
}
