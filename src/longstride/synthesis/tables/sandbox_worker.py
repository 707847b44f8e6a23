"""The far side of the SQL sandbox: a locked-down DuckDB that runs each query in a process of its own.

Started as a script by `sandbox.Sandbox`, never imported by it: only the standard library and duckdb are in reach. The
worker opens one empty in-memory database, locks it, and then forks for every request. The child loads the tables, takes
away what it no longer needs (file descriptors, processes, memory, CPU seconds), runs the query, writes its answer as
JSON into a pipe and ends; the worker itself never reads a request or an answer, it only carries bytes and keeps time.
So no query can leave anything behind for the next.

Frames in both directions: eight bytes of length (big endian), then the body. The first byte of an answer says what
follows: `J` the child's JSON, `X` one line on why there is none.
"""

from __future__ import annotations

import contextlib
import ctypes
import datetime
import decimal
import gc
import json
import os
import resource
import select
import signal
import struct
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LENGTH = struct.Struct(">Q")
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38  # linux/prctl.h

# What DuckDB's own parse tree may hold. Everything else is refused, whatever the gate before it let through.
PARTS = {
    *("SELECT_NODE", "SET_OPERATION_NODE"),
    *("BASE_TABLE", "JOIN", "SUBQUERY", "EMPTY"),  # entries of FROM
    *("ORDER_MODIFIER", "LIMIT_MODIFIER", "DISTINCT_MODIFIER", "ORDER_DEFAULT", "ASCENDING", "DESCENDING"),
    "DECIMAL_TYPE_INFO",  # before 2.0
}
CONSTANT_TYPES = {"null", "integer_literal", "string_literal"}
EXPRESSIONS = {
    *("BETWEEN", "CASE", "CAST", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "OPERATOR"),
    *("STAR", "SUBQUERY", "TYPE", "WINDOW"),
}
OPERATORS = {
    *("OPERATOR_COALESCE", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "OPERATOR_NOT"),
    *("COMPARE_IN", "COMPARE_NOT_IN", "ARRAY_SLICE"),
}


class Refused(Exception):
    """The query is not one that this worker runs."""


def main(arguments: list[str]) -> None:
    limits: dict[str, Any] = json.loads(arguments[1])
    sys.path.append(limits["duckdb_folder"])
    harden_process(int(limits["parent_process"]))
    try:
        connection = locked_connection(limits)
    except Exception as error:
        write_frame(b"X" + one_line(error).encode())
        return
    gc.collect()
    gc.freeze()
    write_frame(b"J{}")
    while (request := read_frame()) is not None:
        write_frame(answer(connection, request, limits))


def harden_process(parent_process: int) -> None:
    """What holds for the worker and all its children: no core, no files written, no new rights, no outliving."""
    die_with(parent_process)
    for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(limit, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def die_with(parent_process: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            libc = ctypes.CDLL(None, use_errno=True)
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent_process:  # it died before the line above
        os._exit(1)


def locked_connection(limits: Mapping[str, Any]) -> Any:
    """An empty database in memory that reaches no file, no network, no extension, and whose settings stay."""
    import duckdb

    configuration: dict[str, Any] = {
        "memory_limit": f"{limits['database_memory_bytes']}B",
        "threads": 1,  # sums of DOUBLE do not change from run to run
        "max_temp_directory_size": "0B",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_unsigned_extensions": False,
        "allow_persistent_secrets": False,
        "python_enable_replacements": False,
        "python_scan_all_frames": False,
    }
    try:  # since 2.0: without it eight threads start, of which a forked child has none
        connection = duckdb.connect(":memory:", config={**configuration, "async_threads": 0})
    except duckdb.Error:
        connection = duckdb.connect(":memory:", config=configuration)
    known = {name for (name,) in connection.execute("SELECT name FROM duckdb_settings()").fetchall()}
    connection.execute("SET temp_directory = ''")
    connection.execute("SET TimeZone = 'UTC'")
    if "max_execution_time" in known:  # since 2.0; milliseconds
        connection.execute(f"SET max_execution_time = {int(limits['max_seconds'] * 1000)}")
    connection.execute("SET enable_external_access = false")
    warm(connection, limits)
    connection.execute("SET disabled_filesystems = 'LocalFileSystem'")
    connection.execute("SET lock_configuration = true")
    return connection


def warm(connection: Any, limits: Mapping[str, Any]) -> None:
    """Run once what a query runs, so that a child finds every module imported and every page in memory."""
    types = ["DECIMAL(9,2)", "DATE", "TIMESTAMP", "BOOLEAN", "DOUBLE", "BIGINT", "VARCHAR"]
    cells = [["1.25"], ["2020-01-01"], ["2020-01-01 00:00:00"], ["true"], ["1.5"], ["7"], ["x"]]
    columns = [[f"c{index}", kind] for index, kind in enumerate(types)]
    connection.execute("BEGIN TRANSACTION")
    load(connection, {"name": "warm", "columns": columns, "cells": cells})
    for sql in ("SELECT * FROM warm ORDER BY c5", "SELECT c6, sum(c0), median(c4) FROM warm GROUP BY c6"):
        check_tree(connection, sql, ["warm"], limits["allowed"])
        fetch(connection, sql, limits)
    connection.execute("ROLLBACK")


def answer(connection: Any, request: bytes, limits: Mapping[str, Any]) -> bytes:
    """Run one request in a child, and wait for no longer than `max_seconds`."""
    read_end, write_end = os.pipe()
    worker = os.getpid()
    child = os.fork()
    if child == 0:
        run_child(connection, request, limits, write_end, worker)
    os.close(write_end)
    try:
        body, problem = drain(read_end, time.monotonic() + limits["max_seconds"] + 1, limits["max_reply_bytes"])
    finally:
        os.close(read_end)
        if child_is_running(child):
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if problem == "time":
        return b"X" + f"it ran for longer than {limits['max_seconds']:g} seconds".encode()
    if problem == "size":
        return b"X" + f"the result takes more than {limits['max_reply_bytes']:,} bytes".encode()
    if body.endswith(b"\n"):  # the child's last byte: the answer is whole
        return b"J" + body
    name = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"status {status}"
    if name == "SIGXCPU":
        return b"X" + f"it took more than {limits['max_cpu_seconds']} seconds of CPU".encode()
    return b"X" + f"the query's process ended with {name}".encode()


def child_is_running(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def drain(read_end: int, deadline: float, max_bytes: int) -> tuple[bytes, str]:
    """Everything from the pipe until its end, and what cut it short: "time", "size", or ""."""
    poller = select.poll()
    poller.register(read_end, select.POLLIN)
    parts: list[bytes] = []
    size = 0
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not poller.poll(left * 1000):
            return b"", "time"
        part = os.read(read_end, 1 << 20)
        if not part:
            return b"".join(parts), ""
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            return b"", "size"


def run_child(connection: Any, request: bytes, limits: Mapping[str, Any], write_end: int, worker: int) -> None:
    """The child's whole life; it never returns."""
    try:
        gc.disable()
        die_with(worker)
        confine(write_end, limits)
        body = json.dumps(respond(connection, json.loads(request), limits), separators=(",", ":")).encode() + b"\n"
        view = memoryview(body)
        while view:
            view = view[os.write(0, view) :]
    finally:
        os._exit(0)


def confine(pipe: int, limits: Mapping[str, Any]) -> None:
    """Leave this process one file descriptor, 0, which is `pipe`, and bounded memory and CPU."""
    space, seconds = address_space() + limits["max_memory_bytes"], limits["max_cpu_seconds"]
    os.dup2(pipe, 0)
    os.closerange(1, 64)
    for limit, bounds in (
        (resource.RLIMIT_NOFILE, (1, 1)),  # no file and no socket can be opened any more
        (resource.RLIMIT_NPROC, (0, 0)),  # root is above this one
        (resource.RLIMIT_AS, (space, space)),
        (resource.RLIMIT_CPU, (seconds, seconds + 1)),  # SIGXCPU, then SIGKILL
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS knows no RLIMIT_AS
            resource.setrlimit(limit, bounds)


def address_space() -> int:
    """Bytes that this process has mapped already; 0 where the system does not say."""
    try:
        with open("/proc/self/statm") as pages:
            return int(pages.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def respond(connection: Any, request: Mapping[str, Any], limits: Mapping[str, Any]) -> dict[str, Any]:
    try:
        for table in request["tables"]:
            load(connection, table)
    except Exception as error:
        return {"failed": f"a table was not loaded: {one_line(error)}"}
    try:
        connection.execute("BEGIN TRANSACTION READ ONLY")
        if request["check"]:
            check_tree(connection, request["sql"], [table["name"] for table in request["tables"]], limits["allowed"])
        return fetch(connection, request["sql"], limits)
    except Refused as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"failed": "out of memory"}
    except Exception as error:
        return {"failed": one_line(error)}


def load(connection: Any, table: Mapping[str, Any]) -> None:
    """Create a table; its cells come as text, one list a column, and are cast: exact for every type we take."""
    name = quoted(table["name"])
    columns = ", ".join(f"{quoted(column)} {kind}" for column, kind in table["columns"])
    connection.execute(f"CREATE TABLE {name} ({columns})")
    if table["cells"][0]:
        casts = ", ".join(
            f"CAST(unnest(${index + 1}::VARCHAR[]) AS {kind})" for index, (_, kind) in enumerate(table["columns"])
        )
        connection.execute(f"INSERT INTO {name} SELECT {casts}", table["cells"])


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def fetch(connection: Any, sql: str, limits: Mapping[str, Any]) -> dict[str, Any]:
    connection.execute(sql)
    description = connection.description or []
    columns, types = [column[0] for column in description], [str(column[1]) for column in description]
    if len(columns) > limits["max_columns"]:
        return {"failed": f"the result has {len(columns)} columns, more than {limits['max_columns']}"}
    rows = connection.fetchmany(limits["max_rows"] + 1)
    if len(rows) > limits["max_rows"]:
        return {"failed": f"the result has more than {limits['max_rows']:,} rows"}
    cells = [[text_of(value) for value in column] for column in zip(*rows, strict=True)] or [[] for _ in columns]
    return {"columns": columns, "types": types, "cells": cells}


def text_of(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.date):  # a datetime too
        return value.isoformat()
    if isinstance(value, int | float | decimal.Decimal):
        return str(value)
    raise Refused(f"the result holds a value of type {type(value).__name__}; cast it to a number, text or date")


def check_tree(connection: Any, sql: str, tables: Sequence[str], allowed: Mapping[str, Sequence[str]]) -> None:
    """Hold DuckDB's own reading of the query against the allow-lists: what would run, not what another parser saw."""
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise Refused(f"there are {len(statements)} statements; give one SELECT")
    if statements[0].type.name != "SELECT":
        raise Refused(f"the statement is {statements[0].type.name}; only SELECT runs")
    serialized = connection.execute("SELECT json_serialize_sql($1::VARCHAR)", [sql]).fetchone()[0]
    tree = json.loads(serialized)
    if tree.get("error") is not False or len(tree["statements"]) != 1:
        raise Refused("the statement cannot be read as one SELECT")
    names = {kind: set(given) for kind, given in allowed.items()} | {"tables": {folded(name) for name in tables}}
    root = tree["statements"][0]["node"]
    for entry in root.pop("cte_map")["map"]:  # each sees those before it
        check_nodes(entry["value"], names)
        names["tables"].add(folded(entry["key"]))
    check_nodes(root, names)


def check_nodes(root: Any, allowed: Mapping[str, set[str]]) -> None:
    for node in dictionaries(root):
        if node.get("cte_map", {}).get("map"):
            raise Refused("WITH stands only at the beginning of the query")
        if node.get("sample") or node.get("at_clause"):
            raise Refused("a sample or a point in time is not allowed")
        if "class" in node:
            check_expression(node, allowed)
        elif "id" in node:  # a type, before 2.0
            check_type(node["id"], allowed["types"] | CONSTANT_TYPES)
        elif isinstance(node.get("type"), str):
            check_part(node, allowed["tables"])


def check_part(node: Mapping[str, Any], tables: set[str]) -> None:
    kind = node["type"]
    if kind not in PARTS:
        raise Refused(f"{kind} is not allowed")
    if node.get("limit_type", "ROW_COUNT") != "ROW_COUNT":
        raise Refused("a LIMIT in percent is not allowed")
    if kind == "JOIN" and node["ref_type"] not in ("REGULAR", "CROSS"):
        raise Refused(f"a {node['ref_type']} join is not allowed")
    if kind == "BASE_TABLE":
        qualified = node["schema_name"] or node["catalog_name"]
        if qualified or folded(node["table_name"]) not in tables:
            raise Refused(f"there is no table {node['table_name']!r}")


def check_expression(node: Mapping[str, Any], allowed: Mapping[str, set[str]]) -> None:
    expression, kind = node["class"], node["type"]
    if expression not in EXPRESSIONS or (expression == "OPERATOR" and kind not in OPERATORS):
        raise Refused(f"{kind} is not allowed")
    if node.get("schema", "") not in ("", "main") or node.get("catalog"):  # before 2.0, EXTRACT is main.date_part
        raise Refused("a name with a schema is not allowed")
    if expression in ("FUNCTION", "WINDOW") and folded(node["function_name"]) not in allowed["functions"]:
        raise Refused(f"the function {node['function_name']!r} is not allowed")
    if expression == "TYPE":
        check_type(node["type_name"], allowed["types"])
    if expression == "COLUMN_REF":
        path = node["column_names"]
        clock = len(path) == 1 and folded(path[0]) in allowed["clock_columns"]
        if clock or len(path) > 2 or folded(path[-1]) == "rowid":
            raise Refused(f"the column {'.'.join(path)!r} is not allowed")
    if expression == "STAR" and any(node.get(key) for key in ("columns", "expr", "replace_list", "rename_list")):
        raise Refused("COLUMNS, REPLACE and RENAME are not allowed")


def check_type(name: str, types: set[str]) -> None:
    if folded(name) not in types:
        raise Refused(f"the type {name!r} is not allowed")


def dictionaries(root: Any) -> Iterator[dict[str, Any]]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def folded(name: str) -> str:
    """As DuckDB compares names: case counts only for letters beyond ASCII."""
    return name.lower() if name.isascii() else name


def one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:400]


def read_frame() -> bytes | None:
    """The next request, or None where the other side has closed."""
    head = read_exactly(LENGTH.size)
    return None if head is None else read_exactly(LENGTH.unpack(head)[0])


def read_exactly(size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = os.read(0, min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def write_frame(body: bytes) -> None:
    view = memoryview(LENGTH.pack(len(body)) + body)
    while view:
        view = view[os.write(1, view) :]


if __name__ == "__main__":
    main(sys.argv)
