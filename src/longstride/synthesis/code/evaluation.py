"""Working out constants and plain functions over several files by walking their syntax; nothing is ever run.

Numbers, texts and truth values, arithmetic and comparison, `if`, plain assignments, calls of functions that are as
plain, and a handful of builtins. Everything is bounded; what goes beyond is Unknown.
"""

from __future__ import annotations

import ast
import operator
import textwrap
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from longstride.synthesis.code.classes import attribute
from longstride.synthesis.code.extraction import dotted
from longstride.synthesis.code.facts import Function
from longstride.synthesis.code.program import External, Found, Program, Trail
from longstride.synthesis.code.worlds import Unknown, World

Value = int | float | str | bool | None

LARGEST = 10**15
LONGEST_TEXT = 300
MOST_STEPS = 400
DEEPEST = 12  # calls and constants that lead to each other

BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.BitOr: operator.or_, ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}  # fmt: skip
COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
}  # fmt: skip
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min, "max": max, "abs": abs, "round": round, "len": len, "int": int, "float": float, "str": str, "bool": bool
}  # fmt: skip


class _Returned(Exception):
    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


@dataclass
class Evaluation:
    """One working-out. Every method raises Unknown for what is not plain."""

    program: Program
    world: World
    trail: Trail
    steps: int = 0
    _stack: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def constant(self, found: Found) -> Value:
        """The value of a constant of a module or class."""
        written = found.binding.thing
        if found.binding.kind != "value" or not isinstance(written, str):
            raise Unknown
        self.trail.add(
            found.document_id, found.binding.quotes, f"`{found.name}` in `{found.path}` is {_short(written)}"
        )
        with self._inside(found):
            return self.expression(parsed_expression(written), _Frame(found.path, {}, None))

    def default(self, found: Found, parameter: str) -> Value:
        """The value of a default of a function, which is told to be written in the function's module."""
        for each in _function(found).parameters:
            if each.name == parameter and each.default:
                if found.owner and not _is_literal(each.default):
                    raise Unknown  # it may name something of the class
                return self.expression(parsed_expression(each.default), _Frame(found.path, {}, None))
        raise Unknown

    def returned(self, found: Found) -> Value:
        """What a function without anything to decide returns: the value of its only expression."""
        written = _function(found).returns
        if written is None or not _function(found).plain:
            raise Unknown
        self.trail.add(
            found.document_id, (written[1],), f"`{found.name}` in `{found.path}` returns {_short(written[0])}"
        )
        return self.expression(parsed_expression(written[0]), _Frame(found.path, {}, None))

    def call(self, found: Found, arguments: Sequence[Value], instance: Found | None) -> Value:
        """What a plain function returns for these arguments; `instance` is the class of `self` in a method."""
        function = _function(found)
        node = parsed_function(function.body) if function.body and function.plain else None
        if node is None or not set(function.decorators) <= {"staticmethod"} or len(self._stack) >= DEEPEST:
            raise Unknown
        self.trail.add(found.document_id, found.binding.quotes, f"`{found.name}` is defined in `{found.path}`")
        names = [each.name for each in function.parameters if each.kind == "positional"]
        if len(names) != len(function.parameters):
            raise Unknown
        values: dict[str, Value] = {}
        frame = _Frame(found.path, values, None)
        if found.owner and "staticmethod" not in function.decorators:
            if instance is None or not names:
                raise Unknown
            frame = _Frame(found.path, values, (names.pop(0), instance))
        if len(arguments) > len(names):
            raise Unknown
        values.update(zip(names, arguments, strict=False))
        for name in names[len(arguments) :]:
            values[name] = self.default(found, name)
        with self._inside(found):
            try:
                self._run(node.body, frame)
            except _Returned as returned:
                return returned.value
        raise Unknown

    def expression(self, node: ast.expr, frame: _Frame) -> Value:
        """The value of an expression."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Unknown
        try:
            return _bounded(self._expression(node, frame))
        except (TypeError, ValueError, ArithmeticError, AttributeError, RecursionError):
            raise Unknown from None

    def _expression(self, node: ast.expr, frame: _Frame) -> Value:
        if isinstance(node, ast.Constant):
            return _bounded(node.value)
        if isinstance(node, ast.Name) and node.id in frame.values:
            return frame.values[node.id]
        if isinstance(node, ast.Name | ast.Attribute):
            return self._named(node, frame)
        if isinstance(node, ast.UnaryOp):
            value = self.expression(node.operand, frame)
            return not value if isinstance(node.op, ast.Not) else _signed(node.op, value)
        if isinstance(node, ast.BinOp):
            return _combined(node.op, self.expression(node.left, frame), self.expression(node.right, frame))
        if isinstance(node, ast.Compare):
            return self._compared(node, frame)
        if isinstance(node, ast.BoolOp):
            value = None
            for each in node.values:
                value = self.expression(each, frame)
                if bool(value) == isinstance(node.op, ast.Or):
                    break
            return value
        if isinstance(node, ast.IfExp):
            return self.expression(node.body if self.expression(node.test, frame) else node.orelse, frame)
        if isinstance(node, ast.JoinedStr):
            return "".join(self._part(each, frame) for each in node.values)
        if isinstance(node, ast.Call):
            return self._called(node, frame)
        raise Unknown

    def _named(self, node: ast.Name | ast.Attribute, frame: _Frame) -> Value:
        if isinstance(node, ast.Attribute) and frame.instance and dotted(node.value) == frame.instance[0]:
            found = attribute(self.program, frame.instance[1], node.attr, self.world, self.trail)
            return self.constant(found)
        name = dotted(node)
        if not name:
            raise Unknown
        found = self.program.dotted(frame.path, name, self.world, self.trail)
        if not isinstance(found, Found):
            raise Unknown
        return self.constant(found)

    def _compared(self, node: ast.Compare, frame: _Frame) -> bool:
        left = self.expression(node.left, frame)
        for how, each in zip(node.ops, node.comparators, strict=True):
            right = self.expression(each, frame)
            if type(how) not in COMPARED:
                raise Unknown
            if not COMPARED[type(how)](left, right):
                return False
            left = right
        return True

    def _part(self, node: ast.expr, frame: _Frame) -> str:
        if isinstance(node, ast.FormattedValue):
            if node.format_spec is not None or node.conversion != -1:
                raise Unknown
            return str(self.expression(node.value, frame))
        return str(self.expression(node, frame))

    def _called(self, node: ast.Call, frame: _Frame) -> Value:
        name = dotted(node.func)
        if not name or node.keywords or any(isinstance(each, ast.Starred) for each in node.args):
            raise Unknown
        arguments = [self.expression(each, frame) for each in node.args]
        if frame.instance and name.startswith(f"{frame.instance[0]}.") and name.count(".") == 1:
            found = attribute(self.program, frame.instance[1], name.partition(".")[2], self.world, self.trail)
            return self.call(found, arguments, frame.instance[1])
        found = self.program.dotted(frame.path, name, self.world, self.trail)
        if isinstance(found, External) and found.dotted in FUNCTIONS:
            return FUNCTIONS[found.dotted](*arguments)
        if isinstance(found, Found) and not found.owner:
            return self.call(found, arguments, None)
        raise Unknown

    def _run(self, statements: Sequence[ast.stmt], frame: _Frame) -> None:
        for statement in statements:
            if isinstance(statement, ast.Return) and statement.value is not None:
                raise _Returned(self.expression(statement.value, frame))
            if isinstance(statement, ast.If):
                self._run(statement.body if self.expression(statement.test, frame) else statement.orelse, frame)
            elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                if len(statement.targets) > 1:
                    raise Unknown
                frame.values[statement.targets[0].id] = self.expression(statement.value, frame)
            elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
                held = frame.values.get(statement.target.id)
                value = _combined(statement.op, held, self.expression(statement.value, frame))
                frame.values[statement.target.id] = _bounded(value)
            elif not (
                isinstance(statement, ast.Pass)
                or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
            ):
                raise Unknown

    def _inside(self, found: Found) -> _Stacked:
        if found.key in self._stack or len(self._stack) >= DEEPEST:
            raise Unknown
        return _Stacked(self._stack, found.key)


@dataclass(frozen=True)
class _Frame:
    """Where an expression stands: its module, its local names, and the name and class of `self`."""

    path: str
    values: dict[str, Value]
    instance: tuple[str, Found] | None


@dataclass(frozen=True)
class _Stacked:
    stack: list[tuple[str, str]]
    key: tuple[str, str]

    def __enter__(self) -> None:
        self.stack.append(self.key)

    def __exit__(self, *_: object) -> None:
        self.stack.pop()


@lru_cache(maxsize=4096)
def parsed_expression(source: str) -> ast.expr:
    """An expression of a document as a tree. Raises Unknown."""
    node = _parsed(f"({source}\n)")
    if len(node.body) != 1 or not isinstance(statement := node.body[0], ast.Expr):
        raise Unknown
    return statement.value


@lru_cache(maxsize=1024)
def parsed_function(source: str) -> ast.FunctionDef | None:
    """A definition of a document as a tree; None where it is none."""
    tree = _parsed(textwrap.dedent(source))
    return tree.body[0] if len(tree.body) == 1 and isinstance(tree.body[0], ast.FunctionDef) else None


def _parsed(source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unknown from None


def _function(found: Found) -> Function:
    if not isinstance(found.binding.thing, Function):
        raise Unknown
    return found.binding.thing


def _is_literal(source: str) -> bool:
    return not any(isinstance(node, ast.Name) for node in ast.walk(parsed_expression(source)))


def _combined(how: ast.operator, left: Value, right: Value) -> Value:
    if isinstance(left, str) and isinstance(how, ast.Mod | ast.Mult):
        raise Unknown  # formatting, and texts of any length
    if isinstance(right, str) and isinstance(how, ast.Mult):
        raise Unknown
    if isinstance(how, ast.Pow | ast.LShift):
        if not isinstance(left, int) or not isinstance(right, int) or not 0 <= right <= 60 or abs(left) > 10**6:
            raise Unknown
        return left**right if isinstance(how, ast.Pow) else left << right
    if type(how) not in BINARY:
        raise Unknown
    return BINARY[type(how)](left, right)


def _signed(how: ast.unaryop, value: Value) -> Value:
    if not isinstance(value, int | float):
        raise Unknown
    return -value if isinstance(how, ast.USub) else +value if isinstance(how, ast.UAdd) else ~int(value)


def _bounded(value: object) -> Value:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float) and abs(value) <= LARGEST:  # False for NaN
        return value
    if isinstance(value, str) and len(value) <= LONGEST_TEXT:
        return value
    raise Unknown


def _short(written: str) -> str:
    written = " ".join(written.split())
    return f"`{written}`" if len(written) <= 80 else "a longer expression"
