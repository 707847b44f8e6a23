"""Triples of Python source: what a module imports and defines, what a class inherits (paper 3.1, code repositories).

The source is parsed, never run. A segment that does not parse alone gives nothing.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from pathlib import PurePosixPath

from longstride.records import Document
from longstride.synthesis.knowledge_graph.triples import Alias, Entity, Facts, Relation, Triple, facts_of, name_node

LONGEST_SOURCE = 400_000  # characters
LONGEST_STATEMENT = 400  # characters quoted

_PYTHON = re.compile(r"\.pyi?$")


def is_python(document: Document) -> bool:
    return document.family == "code" and bool(_PYTHON.search(document.source.lower()))


def module_name(source: str) -> str:
    """ "json/decoder.py" is json.decoder, and a package is its `__init__.py`."""
    path = PurePosixPath(source.replace("\\", "/"))
    parts = [part for part in path.with_suffix("").parts if part not in ("/", "..", ".")]
    parts = parts[parts.index("src") + 1 :] if "src" in parts[:-1] else parts
    return ".".join(parts[:-1] if parts[-1:] == ["__init__"] and len(parts) > 1 else parts)


def code_facts(document: Document) -> Facts | None:
    """The facts of a Python file or a segment of one."""
    tree = _parse(document.text)
    if tree is None:
        return None
    module = module_name(document.source)
    parts = module.split(".")
    shorter = tuple(Alias(".".join(parts[start:])) for start in range(1, len(parts)))
    reader = _Reader(document, module)
    reader.read(tree)
    if not reader.triples:
        return None
    entities = (Entity(module, "module", shorter), *reader.entities)
    return facts_of(document, entities, reader.triples)


def _parse(text: str) -> ast.Module | None:
    if len(text) > LONGEST_SOURCE:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd escapes in somebody else's source
        for source in (text, textwrap.dedent(text)):
            try:
                if source.count("\n") == text.count("\n"):
                    return ast.parse(source)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
    return None


class _Reader:
    """The top-level statements of one module."""

    def __init__(self, document: Document, module: str) -> None:
        self.document, self.module = document, module
        self.triples: list[Triple] = []
        self.entities: list[Entity] = []
        self.imported: dict[str, str] = {}  # a name in this module, and what it stands for
        self.lines = [0]
        for line in document.text.split("\n"):
            self.lines.append(self.lines[-1] + len(line) + 1)

    def read(self, tree: ast.Module) -> None:
        for statement in tree.body:
            if isinstance(statement, ast.Import):
                for name in statement.names:
                    self.imported[name.asname or name.name.split(".")[0]] = name.name
                    self._tell(self.module, "imports", name.name, statement)
            elif isinstance(statement, ast.ImportFrom):
                self._import_from(statement)
            elif isinstance(statement, ast.ClassDef):
                self._class(statement)
            elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and not statement.name.startswith("_"):
                self.entities.append(Entity(f"{self.module}.{statement.name}", "function", ()))
                self._tell(self.module, "defines the function", f"{self.module}.{statement.name}", statement)

    def _import_from(self, statement: ast.ImportFrom) -> None:
        base = self.module.split(".")
        package = self.document.source.endswith("__init__.py")
        if statement.level:
            cut = statement.level - 1 if package else statement.level
            base = base[: max(0, len(base) - cut)]
            source = ".".join([*base, *(statement.module or "").split(".")]).strip(".")
        else:
            source = statement.module or ""
        if not source:
            return
        for name in statement.names:
            if name.name != "*":
                self.imported[name.asname or name.name] = f"{source}.{name.name}"
        self._tell(self.module, "imports", source, statement)

    def _class(self, statement: ast.ClassDef) -> None:
        name = f"{self.module}.{statement.name}"
        self.entities.append(Entity(name, "class", ()))
        self._tell(self.module, "defines the class", name, statement)
        for base in statement.bases:
            dotted = _dotted(base)
            if dotted and dotted not in ("object", "Exception"):
                first, *rest = dotted.split(".")
                known = self.imported.get(first)
                whole = ".".join([known, *rest]) if known else f"{self.module}.{dotted}"
                self._tell(name, "inherits from", whole, statement)

    def _tell(self, subject: str, label: str, thing: str, statement: ast.stmt) -> None:
        start = self.lines[statement.lineno - 1] + _characters(self._line(statement.lineno), statement.col_offset)
        last = statement.body[0].lineno - 1 if isinstance(statement, ast.ClassDef | ast.FunctionDef) else None
        end_line = max(statement.lineno, last if last is not None else statement.end_lineno or statement.lineno)
        end = min(self.lines[end_line] - 1, start + LONGEST_STATEMENT, len(self.document.text))
        quote = self.document.text[start:end].rstrip()
        if quote:
            relation = Relation(label, "", "", "value", "")
            end = start + len(quote)
            node = name_node(thing)
            self.triples.append(Triple(subject, relation, node, self.document.id, start, end, quote, "code", label, ""))

    def _line(self, number: int) -> str:
        return self.document.text[self.lines[number - 1] : self.lines[number]]


def _characters(line: str, column: int) -> int:
    """The parser counts bytes of UTF-8; offsets count characters."""
    return len(line.encode()[:column].decode(errors="ignore"))


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])
