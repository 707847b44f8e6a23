"""From a document to its facts, by `ast` and `symtable` alone (paper 3.1, code repositories)."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence

from longstride.records import Document
from longstride.synthesis.code.facts import (
    Binding,
    Call,
    Class,
    CodeFacts,
    Function,
    Import,
    Level,
    Parameter,
    Quote,
)
from longstride.synthesis.code.parsing import Parsed, Unparsed, parse
from longstride.synthesis.code.scopes import function_scopes, global_names, rebound_names

LONGEST_QUOTE = 600  # characters of a signature or statement; longer ones are not asked about
LONGEST_VALUE = 300  # characters of an expression that is kept
LONGEST_BODY = 1_500  # characters of a function that is worked through
PYTHON_ENDINGS = (".py", ".pyi")
PLAIN_STATEMENTS = (ast.Return, ast.Assign, ast.AugAssign, ast.If, ast.AnnAssign, ast.Expr, ast.Pass)

Definition = ast.FunctionDef | ast.AsyncFunctionDef
Names = dict[str, tuple[Binding, ...]]


def is_python(document: Document) -> bool:
    """True for a document of Python whose title says which file it is: imports cannot be followed without."""
    named = document.title == document.source or document.title.startswith(f"{document.source} ")
    return document.family == "code" and document.source.endswith(PYTHON_ENDINGS) and named


def code_facts(document: Document) -> CodeFacts | None:
    """The facts of a Python document; None for any other. One that cannot be parsed says why in `problem`."""
    if not is_python(document):
        return None
    start = document.parent_offset or 0
    place = (document.source, start, start + len(document.text))
    try:
        parsed = parse(document.text)
        return _Reader(parsed).facts(*place)
    except Unparsed as error:
        return CodeFacts(*place, problem=error.reason)
    except (RecursionError, MemoryError):
        return CodeFacts(*place, problem="nested_too_deeply")


class _Reader:
    def __init__(self, parsed: Parsed) -> None:
        self.parsed = parsed
        self.scopes = function_scopes(parsed.scopes)

    def facts(self, path: str, start: int, end: int) -> CodeFacts:
        parsed = self.parsed
        margin = [each for each in parsed.tree.body if not parsed.is_opener(each)]
        nodes = list(ast.walk(parsed.tree))
        names = self.bindings(margin)
        levels = tuple(self._levels()) if parsed.openers else ()
        return CodeFacts(
            path,
            start,
            end,
            names=names,
            levels=levels,
            begins_inside=bool(parsed.openers) or parsed.partial,
            goes_on=not margin,
            last=_last(margin),
            has_star_import=any(isinstance(each, ast.ImportFrom) and each.names[0].name == "*" for each in nodes),
            rebound=rebound_names(parsed.scopes),
            patched=frozenset(self._patched(nodes)),
        )

    def bindings(self, statements: Sequence[ast.stmt]) -> Names:
        found: defaultdict[str, list[Binding]] = defaultdict(list)
        for binding in self._bindings(statements):
            if binding not in found[binding.name]:
                found[binding.name].append(binding)
        return {name: tuple(each) for name, each in found.items()}

    def _bindings(self, statements: Sequence[ast.stmt]) -> Iterator[Binding]:
        waiting = [(each, False) for each in reversed(statements)]
        while waiting:
            statement, doubtful = waiting.pop()
            if isinstance(statement, Definition):
                yield Binding("function", statement.name, *self._function(statement, doubtful))
            elif isinstance(statement, ast.ClassDef):
                yield Binding("class", statement.name, *self._class(statement, doubtful))
            elif isinstance(statement, ast.Import | ast.ImportFrom):
                yield from self._imports(statement, doubtful)
            elif isinstance(statement, ast.Assign | ast.AnnAssign):
                yield from self._assigned(statement, doubtful)
            else:
                for name in _bound_by(statement):
                    yield Binding("opaque", name, None, doubtful, (self._first_line(statement),))
                waiting.extend((each, True) for each in reversed(list(_inside(statement))))
            for node in _own_expressions(statement):
                if isinstance(node, ast.NamedExpr):
                    yield Binding("opaque", node.target.id, None, True, (self._first_line(statement),))

    def _imports(self, statement: ast.Import | ast.ImportFrom, doubtful: bool) -> Iterator[Binding]:
        start, end = self.parsed.span(statement)
        whole = (self.parsed.quote(start, end),)
        for alias in statement.names:
            if alias.name == "*":
                continue
            quotes = whole
            if end - start > LONGEST_QUOTE:
                quotes = (self._first_line(statement), self.parsed.quote(*self.parsed.span(alias)))
            if isinstance(statement, ast.ImportFrom):
                thing = Import(statement.module or "", alias.name, statement.level)
                yield Binding("import", alias.asname or alias.name, thing, doubtful, quotes)
            else:
                module = alias.name if alias.asname else alias.name.partition(".")[0]
                yield Binding("import", alias.asname or module, Import(module, "", 0), doubtful, quotes)

    def _assigned(self, statement: ast.Assign | ast.AnnAssign, doubtful: bool) -> Iterator[Binding]:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if statement.value is None:  # only an annotation
            return
        start, end = self.parsed.span(statement)
        value_start, value_end = self.parsed.span(statement.value)
        value = self.parsed.text[value_start:value_end]
        if end - start > LONGEST_QUOTE or len(value) > LONGEST_VALUE:
            value = ""
        for target in targets:
            if isinstance(target, ast.Name) and value:
                yield Binding("value", target.id, value, doubtful, (self.parsed.quote(start, end),))
            else:
                for name in _names_in(target):
                    yield Binding("opaque", name, None, doubtful, (self._first_line(statement),))

    def _function(self, node: Definition, doubtful: bool) -> tuple[Function, bool, tuple[Quote, ...]]:
        header = self._header(node)
        scope = self.scopes.get((node.name, node.lineno))
        from_module = global_names(scope) if scope is not None else frozenset[str]()
        nodes = list(_walk_body(node))
        thing = Function(
            parameters=tuple(self._parameters(node.args)),
            decorators=tuple(map(_decorator, node.decorator_list)),
            calls=tuple(self._calls(nodes, from_module)),
            raises=tuple(self._raises(nodes)),
            returns=self._returns(node),
            body=self._plain_body(node),
            plain=not isinstance(node, ast.AsyncFunctionDef)
            and not any(isinstance(each, ast.Yield | ast.YieldFrom) for each in nodes),
        )
        return thing, doubtful or len(header.text) > LONGEST_QUOTE, (header,)

    def _parameters(self, arguments: ast.arguments) -> Iterator[Parameter]:
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
        for each, default in zip(positional, defaults, strict=True):
            yield self._parameter(each, "positional", default)
        if arguments.vararg:
            yield self._parameter(arguments.vararg, "star", None)
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            yield self._parameter(each, "keyword", default)
        if arguments.kwarg:
            yield self._parameter(arguments.kwarg, "double_star", None)

    def _parameter(self, node: ast.arg, kind: str, default: ast.expr | None) -> Parameter:
        written = self.parsed.source(default) if default is not None else ""
        annotation = self.parsed.source(node.annotation) if node.annotation is not None else ""
        return Parameter(node.arg, kind, written, annotation)

    def _calls(self, nodes: Sequence[ast.AST], from_module: frozenset[str]) -> Iterator[Call]:
        seen: set[str] = set()
        for node in nodes:
            if not isinstance(node, ast.Call):
                continue
            name = dotted(node.func)
            if name and name not in seen and name.partition(".")[0] in from_module:
                seen.add(name)
                start, end = self.parsed.span(node)
                yield Call(name, self.parsed.quote(start, end) if end - start <= 200 else self.parsed.line(start))

    def _raises(self, nodes: Sequence[ast.AST]) -> Iterator[tuple[str, Quote]]:
        for node in nodes:
            if isinstance(node, ast.Raise) and node.exc is not None:
                name = dotted(node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
                start, end = self.parsed.span(node)
                quote = self.parsed.quote(start, end) if end - start <= LONGEST_QUOTE else self.parsed.line(start)
                yield name if name and name.rpartition(".")[2][:1].isupper() else "?", quote

    def _returns(self, node: Definition) -> tuple[str, Quote] | None:
        body = node.body[1:] if _is_docstring(node.body[0]) else node.body
        if len(body) != 1 or not isinstance(body[0], ast.Return) or body[0].value is None:
            return None
        start, end = self.parsed.span(body[0])
        value = self.parsed.source(body[0].value)
        return (value, self.parsed.quote(start, end)) if len(value) <= LONGEST_VALUE else None

    def _plain_body(self, node: Definition) -> str:
        start, end = self.parsed.span(node)
        if end - start > LONGEST_BODY or isinstance(node, ast.AsyncFunctionDef):
            return ""
        statements = [each for each in ast.walk(node) if isinstance(each, ast.stmt) and each is not node]
        if not all(isinstance(each, PLAIN_STATEMENTS) for each in statements):
            return ""
        return " " * (start - self.parsed.starts[node.lineno - 1 - self.parsed.openers]) + self.parsed.text[start:end]

    def _class(self, node: ast.ClassDef, doubtful: bool) -> tuple[Class, bool, tuple[Quote, ...]]:
        header = self._header(node)
        keywords = {each.arg or "?": dotted(each.value) or "?" for each in node.keywords}
        metaclass = keywords.pop("metaclass", "")
        thing = Class(
            bases=tuple(dotted(_unsubscripted(each)) or "?" for each in node.bases),
            metaclass="?" if "?" in keywords else metaclass,
            decorators=tuple(map(_decorator, node.decorator_list)),
            members=self.bindings(node.body),
            set_on_self=frozenset(_set_on_self(node.body)),
            body_indent=node.body[0].col_offset,
            last=_last(node.body),
        )
        return thing, doubtful or len(header.text) > LONGEST_QUOTE, (header,)

    def _levels(self) -> Iterator[Level]:
        """The statements under each opener, from the least indented on."""
        statements = [each for each in self.parsed.tree.body if self.parsed.is_opener(each)]
        while statements:
            inside = [each for opener in statements if isinstance(opener, ast.If) for each in opener.body]
            own = [each for each in inside if not self.parsed.is_opener(each)]
            if own:
                line = self.parsed.line(self.parsed.span(own[0])[0])
                members = self.bindings(own)
                yield Level(own[0].col_offset, members, frozenset(_set_on_self(own)), line, _last(own))
            statements = [each for each in inside if self.parsed.is_opener(each)]

    def _header(self, node: Definition | ast.ClassDef) -> Quote:
        """A definition from its first decorator to the colon before its body."""
        first = node.body[0]
        decorated = first.decorator_list if isinstance(first, Definition | ast.ClassDef) else []
        start = min([self.parsed.span(node)[0], *(self.parsed.span(each)[0] - 1 for each in node.decorator_list)])
        end = min([self.parsed.span(first)[0], *(self.parsed.span(each)[0] - 1 for each in decorated)])
        quote = self.parsed.quote(start, end)
        colon = quote.text.rfind(":\n")  # a comment may stand between
        return self.parsed.quote(start, quote.start + colon + 1) if colon >= 0 else quote

    def _first_line(self, statement: ast.stmt) -> Quote:
        return self.parsed.line(self.parsed.span(statement)[0])

    def _patched(self, nodes: Sequence[ast.AST]) -> Iterator[tuple[str, str]]:
        for node in nodes:
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                base = dotted(node.value).rpartition(".")[2]
                if base and base not in ("self", "cls"):
                    yield base, node.attr
            elif isinstance(node, ast.Call) and dotted(node.func) == "setattr" and len(node.args) == 3:
                name = node.args[1]
                base = dotted(node.args[0]).rpartition(".")[2]
                if base and base != "self":
                    yield base, str(name.value) if isinstance(name, ast.Constant) else "*"


def dotted(node: ast.expr) -> str:
    """`a.b.c` as it is written; "" for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _last(statements: Sequence[ast.stmt]) -> str:
    """The name that the last of some statements defines."""
    last = statements[-1] if statements else None
    return last.name if isinstance(last, Definition | ast.ClassDef) else ""


def _decorator(node: ast.expr) -> str:
    return dotted(node.func if isinstance(node, ast.Call) else node) or "?"


def _unsubscripted(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Subscript) else node


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _walk_body(node: Definition) -> Iterator[ast.AST]:
    for statement in node.body:
        yield from ast.walk(statement)


def _inside(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements that stand one level below a compound statement."""
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            yield from child.body


def _own_expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of the expressions of a statement, without the statements below it and without lambdas."""
    if isinstance(statement, Definition | ast.ClassDef):
        return
    waiting: list[ast.AST] = [each for each in ast.iter_child_nodes(statement) if isinstance(each, ast.expr)]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def _bound_by(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement, other than a definition, an import or an assignment, changes."""
    if isinstance(statement, ast.For | ast.AsyncFor | ast.AugAssign):
        yield from _names_in(statement.target)
    elif isinstance(statement, ast.Delete):
        for target in statement.targets:
            yield from _names_in(target)
    elif isinstance(statement, ast.With | ast.AsyncWith):
        for item in statement.items:
            if item.optional_vars is not None:
                yield from _names_in(item.optional_vars)
    elif isinstance(statement, ast.Match):
        for node in ast.walk(statement):
            if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
                yield node.name
    elif isinstance(statement, ast.Try | ast.TryStar):
        for handler in statement.handlers:
            if handler.name:
                yield handler.name


def _names_in(target: ast.expr) -> Iterator[str]:
    """The plain names in a target: `a, (b, *c)` has three, `a.b` and `a[b]` none."""
    waiting = [target]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Tuple | ast.List):
            waiting.extend(node.elts)
        elif isinstance(node, ast.Starred):
            waiting.append(node.value)


def _set_on_self(statements: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load) and dotted(node.value) == "self":
                yield node.attr
