"""Which names a function takes from its module: by the interpreter's own table of scopes."""

from __future__ import annotations

import symtable
from collections.abc import Iterator


def function_scopes(table: symtable.SymbolTable) -> dict[tuple[str, int], symtable.SymbolTable]:
    """The scope of every function and method, by its name and the line of its definition."""
    return {(each.get_name(), each.get_lineno()): each for each in _all(table) if each.get_type() == "function"}


def global_names(scope: symtable.SymbolTable) -> frozenset[str]:
    """The names that mean the module's in a function and in everything inside it."""
    from_module: set[str] = set()
    own: set[str] = set()
    for table in _all(scope):
        for symbol in table.get_symbols():
            if symbol.is_global() and not symbol.is_assigned():
                from_module.add(symbol.get_name())
            elif not symbol.is_global():
                own.add(symbol.get_name())
    return frozenset(from_module - own)


def rebound_names(table: symtable.SymbolTable) -> frozenset[str]:
    """The names of the module that some function assigns."""
    return frozenset(
        symbol.get_name()
        for scope in _all(table)
        if scope.get_type() == "function"
        for symbol in scope.get_symbols()
        if symbol.is_declared_global() and symbol.is_assigned()
    )


def _all(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    waiting = [table]
    while waiting:
        each = waiting.pop()
        yield each
        waiting.extend(reversed(each.get_children()))
