"""What the text of one Python document states: names, signatures, classes, calls; with offsets into the document.

Expressions are kept as source text. Nothing here was run or imported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Quote(NamedTuple):
    """`document.text[start:end] == text`, in characters."""

    start: int
    end: int
    text: str


class Import(NamedTuple):
    """`from module import name` (level dots before it), or `import module` where name is empty."""

    module: str
    name: str
    level: int


class Parameter(NamedTuple):
    """One parameter of a function, in the order of the definition."""

    name: str
    kind: str  # "positional", "star", "keyword" or "double_star"
    default: str  # source text; "" where there is none
    annotation: str


class Call(NamedTuple):
    """A call of something that the module, not the function, names."""

    dotted: str  # "retry" or "net.retry"
    quote: Quote


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method."""

    parameters: tuple[Parameter, ...]
    decorators: tuple[str, ...]  # dotted names; "?" for what is none
    calls: tuple[Call, ...]
    raises: tuple[tuple[str, Quote], ...]  # dotted names; "?" for what is none
    returns: tuple[str, Quote] | None  # the expression, where the body is nothing but one return of it
    body: str  # source text of a definition short and plain enough to be worked through by hand; else ""
    plain: bool  # neither async nor a generator


@dataclass(frozen=True, slots=True)
class Class:
    """A class; its members are those that stand in this document."""

    bases: tuple[str, ...]  # dotted names; "?" for what is none
    metaclass: str  # "" where none is named
    decorators: tuple[str, ...]
    members: dict[str, tuple[Binding, ...]]
    set_on_self: frozenset[str]  # attributes that its methods assign on the instance
    body_indent: int  # column of its statements
    last: str  # the method or class that its last statement defines


@dataclass(frozen=True, slots=True)
class Binding:
    """One place where a name gets a meaning. What `thing` is, `kind` says:

    | kind | thing |
    |---|---|
    | function, class, import | Function, Class, Import |
    | value | the source text of the expression |
    | opaque | None: a loop, a `del`, an unpacking, something too long to quote |
    """

    kind: str
    name: str
    thing: Function | Class | Import | str | None
    doubtful: bool  # below an `if`, a `try`, a loop; or its heading is too long to be quoted
    quotes: tuple[Quote, ...]

    @property
    def function(self) -> Function | None:
        return self.thing if isinstance(self.thing, Function) else None

    @property
    def klass(self) -> Class | None:
        return self.thing if isinstance(self.thing, Class) else None


class Level(NamedTuple):
    """Statements of one indentation before the first statement at the margin: what follows of an earlier class."""

    indent: int
    members: dict[str, tuple[Binding, ...]]
    set_on_self: frozenset[str]
    quote: Quote  # of its first line
    last: str  # the function or class that the last of them defines


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """The facts of one document: a whole module or a segment of one."""

    path: str  # of the file, as the document's title gives it
    start: int  # characters from the file's start
    end: int
    names: dict[str, tuple[Binding, ...]] = field(default_factory=dict[str, tuple[Binding, ...]])
    levels: tuple[Level, ...] = ()  # of the indented lines that it begins with
    begins_inside: bool = False  # it begins with indented lines
    goes_on: bool = False  # it holds no statement at the margin: whatever was open before it still is
    last: str = ""  # the function or class that its last statement defines, which the next document may continue
    has_star_import: bool = False
    rebound: frozenset[str] = frozenset()  # names of the module that a function assigns
    patched: frozenset[tuple[str, str]] = frozenset()  # (X, a) where something assigns to `X.a` from outside
    problem: str = ""  # why nothing could be read; then all else is empty

    def ends_with(self, owner: str, name: str) -> bool:
        """True for the function, or the method of the class `owner`, that the document's last lines belong to."""
        if self.goes_on:
            return bool(owner) and any(level.last == name for level in self.levels)
        if self.last != (owner or name):
            return False
        return not owner or any(each.klass is not None and each.klass.last == name for each in self.names[owner])
