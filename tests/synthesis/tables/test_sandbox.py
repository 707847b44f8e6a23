"""The SQL sandbox in ordinary use: what a query gives, what a table may hold, and how the worker lives and dies."""

import math
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longstride.synthesis.tables import sandbox as sandbox_module
from longstride.synthesis.tables import sandbox_worker
from longstride.synthesis.tables.sandbox import Limits, QueryFailed, QueryRefused, Rows, Sandbox, Table

D = Decimal
FILINGS = Table(
    columns=(("company", "VARCHAR"), ("year", "INTEGER"), ("revenue", "DECIMAL(18,2)"), ("filed", "DATE")),
    rows=(
        ("Orvale", 2020, D("10.50"), date(2021, 3, 1)),
        ("Orvale", 2021, D("12.25"), date(2022, 3, 1)),
        ("Tarn", 2020, D("7.10"), date(2021, 2, 15)),
        ("Tarn", 2021, None, date(2022, 2, 15)),
        ("Ebbing", 2021, D("0.30"), None),
    ),
)
PLACES = Table((("company", "VARCHAR"), ("Head office", "VARCHAR")), (("Orvale", "Lindmoor"), ("Tarn", "Sarnath")))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Limits(max_rows=500, max_columns=20, max_reply_bytes=200_000)) as shared:
        yield shared


QUERIES = {
    "SELECT sum(revenue) FROM t": [(D("30.15"),)],
    "SELECT count(*), count(revenue), count(DISTINCT company) FROM t": [(5, 4, 3)],
    "SELECT avg(revenue), median(year) FROM t": [(7.5375, 2021.0)],
    "SELECT round(avg(revenue), 2) FROM t": [(7.54,)],
    "SELECT CAST(avg(revenue) AS DECIMAL(18,2)) FROM t": [(D("7.54"),)],
    "SELECT company, sum(revenue) AS s FROM t GROUP BY company HAVING sum(revenue) > 1 ORDER BY s DESC": [
        ("Orvale", D("22.75")),
        ("Tarn", D("7.10")),
    ],
    "SELECT company, rank() OVER (ORDER BY revenue DESC) AS r FROM t WHERE year = 2020 ORDER BY r": [
        ("Orvale", 1),
        ("Tarn", 2),
    ],
    "SELECT year, revenue - lag(revenue) OVER (PARTITION BY company ORDER BY year) AS change FROM t "
    "WHERE company = 'Orvale' ORDER BY year": [(2020, None), (2021, D("1.75"))],
    "SELECT CASE WHEN revenue > 5 THEN 'big' ELSE 'small' END AS size, count(*) FROM t GROUP BY size ORDER BY size": [
        ("big", 3),
        ("small", 2),
    ],
    'SELECT p."Head office" FROM t JOIN p USING (company) ORDER BY t.revenue DESC NULLS LAST, t.year LIMIT 1': [
        ("Lindmoor",)
    ],
    "WITH best AS (SELECT company, max(revenue) AS m FROM t GROUP BY company), top AS (SELECT max(m) AS m FROM best) "
    "SELECT company FROM best JOIN top USING (m)": [("Orvale",)],
    "SELECT upper(company) || '/' || CAST(year AS VARCHAR) FROM t WHERE company LIKE 'E%'": [("EBBING/2021",)],
    "SELECT year, string_agg(company, ', ' ORDER BY company) FROM t GROUP BY year ORDER BY year": [
        (2020, "Orvale, Tarn"),
        (2021, "Ebbing, Orvale, Tarn"),
    ],
    "SELECT 0.1::DECIMAL(9,1) + 0.2::DECIMAL(9,1) = 0.3, 7 // 2, 7 % 2, 7 / 2, -5": [(True, 3, 1, 3.5, -5)],
    "SELECT extract(year FROM filed), date_diff('day', DATE '2021-01-01', filed), monthname(filed), "
    "filed + INTERVAL 1 DAY FROM t WHERE company = 'Tarn' ORDER BY year LIMIT 1": [
        (2021, 45, "February", datetime(2021, 2, 16))
    ],
    "SELECT arg_max(company, revenue), quantile_cont(revenue, 0.5) FROM t": [("Orvale", D("8.80"))],
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY year) FROM t": [(2021.0,)],
    "SELECT substr(company, 1, 2), company[1:2], split_part(company, 'v', 1), length(trim(company)) FROM t "
    "WHERE revenue = 12.25": [("Or", "Or", "Or", 6)],
    "SELECT position('v' IN company), replace(company, 'O', 'o'), left(company, 2), strpos(company, 'v') FROM t "
    "WHERE revenue = 12.25": [(3, "orvale", "Or", 3)],
    "SELECT sum(revenue) FILTER (WHERE year = 2020) FROM t": [(D("17.60"),)],
    "SELECT company FROM t EXCEPT SELECT company FROM p": [("Ebbing",)],
    "SELECT count(*) FROM t WHERE company NOT IN (SELECT company FROM p) AND revenue BETWEEN 0 AND 1": [(1,)],
    "SELECT count(*) FROM t AS a WHERE EXISTS (SELECT 1 FROM p WHERE p.company = a.company)": [(4,)],
    "SELECT company FROM t WHERE revenue = (SELECT max(revenue) FROM t)": [("Orvale",)],
    "SELECT t.*, NULL AS nothing FROM t WHERE year = 1900": [],
    "SELECT sum(year), sum(revenue) FROM t WHERE year = 1900": [(None, None)],
    "SELECT coalesce(revenue, 0), nullif(year, 2021), greatest(1, 2), abs(-3), floor(2.5), round(2.675, 2) FROM t "
    "WHERE company = 'Tarn' AND year = 2021": [(D("0.00"), None, 2, 3, 2, D("2.68"))],
    "SELECT 'it''s -- a text; DROP TABLE t' FROM p ORDER BY company LIMIT 1;": [("it's -- a text; DROP TABLE t",)],
}


@pytest.mark.parametrize(("sql", "expected"), QUERIES.items(), ids=[sql[:60] for sql in QUERIES])
def test_an_ordinary_query_gives_its_rows(sandbox: Sandbox, sql: str, expected: list[tuple[Any, ...]]):
    rows = sandbox.execute({"t": FILINGS, "p": PLACES}, sql)
    assert list(rows.rows) == expected
    for row, wanted in zip(rows.rows, expected, strict=True):
        assert [type(value) for value in row] == [type(value) for value in wanted] or "floor" in sql


def test_columns_are_named_as_the_query_names_them(sandbox: Sandbox):
    assert sandbox.execute(
        {"t": FILINGS}, "SELECT year AS y, sum(revenue) FROM t GROUP BY year ORDER BY y"
    ).columns == (
        "y",
        "sum(revenue)",
    )


def test_an_empty_table_is_a_table(sandbox: Sandbox):
    empty = Table(FILINGS.columns, ())
    assert sandbox.execute({"t": empty}, "SELECT count(*), sum(revenue) FROM t") == Rows(
        ("count_star()", "sum(revenue)"), ((0, None),)
    )


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CELLS = {
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "HUGEINT": st.integers(-(2**127), 2**127 - 1),
    "DECIMAL(38,9)": st.decimals(-(10**29) + 1, 10**29 - 1, places=9),
    "DECIMAL(9,2)": st.decimals(-9999999, 9999999, places=2),
    "DOUBLE": st.floats(allow_nan=False, allow_infinity=False),
    "BOOLEAN": st.booleans(),
    "VARCHAR": texts,
    "DATE": st.dates(),
    "TIMESTAMP": st.datetimes(),
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=6))
    row = st.tuples(*(st.none() | CELLS[kind] for kind in kinds))
    names = draw(st.lists(st.text("aZ é\"'.;漢", min_size=1), min_size=len(kinds), max_size=len(kinds)))
    columns = tuple((f"{name}{index}", kind) for index, (name, kind) in enumerate(zip(names, kinds, strict=True)))
    return Table(columns, tuple(draw(st.lists(row, max_size=8))))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(table=tables())
def test_what_goes_in_comes_out(sandbox: Sandbox, table: Table):
    rows = sandbox.execute({"t": table}, "SELECT * FROM t")
    assert rows.columns == tuple(name for name, _ in table.columns)
    assert rows.rows == table.rows
    assert [[str(cell) for cell in row] for row in rows.rows] == [[str(cell) for cell in row] for row in table.rows]


@pytest.mark.parametrize(
    ("kind", "cell", "problem"),
    [
        ("INTEGER", 2**31, "not an integer of this type"),
        ("INTEGER", True, "not an integer of this type"),
        ("INTEGER", 1.0, "not an integer of this type"),
        ("DOUBLE", math.nan, "not a finite number"),
        ("DOUBLE", math.inf, "not a finite number"),
        ("DECIMAL(9,2)", D("1.005"), "more than 2 digits after the point"),
        ("DECIMAL(9,2)", D("12345678"), "more than 7 digits before the point"),
        ("DECIMAL(9,2)", D("NaN"), "not a decimal number"),
        ("DECIMAL(9,2)", D("1e999999"), "more than 7 digits before the point"),
        ("DECIMAL(9,2)", 1.5, "not a decimal number"),
        ("DECIMAL(39,2)", D(1), "unknown column type"),
        ("DECIMAL(5,6)", D(1), "unknown column type"),
        ("VARCHAR", b"bytes", "not a text"),
        ("VARCHAR", "\ud800", "surrogates not allowed"),
        ("VARCHAR); DROP TABLE t; --", "x", "unknown column type"),
        ("JSON", "{}", "unknown column type"),
        ("DATE", datetime(2020, 1, 1), "not a date"),
        ("TIMESTAMP", date(2020, 1, 1), "not a time"),
        ("BOOLEAN", 1, "not a truth value"),
    ],
)
def test_a_cell_that_its_type_does_not_hold_is_named(sandbox: Sandbox, kind: str, cell: Any, problem: str):
    with pytest.raises(ValueError, match=problem):
        sandbox.execute({"t": Table((("a", kind),), ((cell,),))}, "SELECT 1 FROM t")


@pytest.mark.parametrize(
    "table",
    [
        Table((), ()),
        Table((("a", "INTEGER"), ("A", "INTEGER")), ()),
        Table((("", "INTEGER"),), ()),
        Table((("a\x00b", "INTEGER"),), ()),
        Table((("a", "INTEGER"),), ((1, 2),)),
    ],
)
def test_a_table_out_of_shape_is_a_value_error(sandbox: Sandbox, table: Table):
    with pytest.raises(ValueError):
        sandbox.execute({"t": table}, "SELECT 1 FROM t")


@pytest.mark.parametrize("name", ["", "a b", 'x"; DROP TABLE t; --', "main.t", "/etc/passwd", "é", "x" * 64])
def test_a_table_has_a_plain_name(sandbox: Sandbox, name: str):
    with pytest.raises(ValueError, match="letters, digits and underscores"):
        sandbox.execute({name: PLACES}, "SELECT 1")


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("SELECT missing FROM t", "missing"),
        ("SELECT sum(company) FROM t", "sum"),
        ("SELECT CAST(company AS INTEGER) FROM t", "Orvale"),
        ("SELECT 9223372036854775807::BIGINT + 1::BIGINT", "Overflow"),
        ("SELECT filed - filed::TIMESTAMP FROM t", "timedelta"),
        ("SELECT t FROM t", "dict"),
        ("SELECT a.year FROM t a" + "".join(f", t b{i}" for i in range(3)), "more than 500 rows"),
        ("SELECT " + ", ".join(f"{i} AS c{i}" for i in range(21)), "21 columns"),
        ("SELECT " + ", ".join(f"'{'x' * 900}' AS c{i}" for i in range(19)) + " FROM t a, t b", "200,000 bytes"),
    ],
)
def test_a_query_that_does_not_run_says_why_in_one_line(sandbox: Sandbox, sql: str, problem: str):
    with pytest.raises((QueryFailed, QueryRefused), match=problem) as failure:
        sandbox.execute({"t": FILINGS}, sql)
    assert "\n" not in str(failure.value)
    assert sandbox.execute({"t": FILINGS}, "SELECT sum(revenue) FROM t").rows == ((D("30.15"),),)


def test_tables_larger_than_the_limit_are_not_sent():
    with Sandbox(Limits(max_request_bytes=1_000)) as small, pytest.raises(QueryFailed, match="more than 1,000"):
        small.execute({"t": Table((("a", "VARCHAR"),), (("x" * 2_000,),))}, "SELECT 1 FROM t")


def test_no_query_sees_another_ones_tables(sandbox: Sandbox):
    sandbox.execute({"t": FILINGS}, "SELECT count(*) FROM t")
    with pytest.raises(QueryRefused, match="no table 't'"):
        sandbox.execute({"p": PLACES}, "SELECT count(*) FROM t")
    run = sandbox._run  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(QueryFailed, match="does not exist"):
        run({"p": PLACES}, "SELECT count(*) FROM t", checked=False)


def test_the_same_query_gives_the_same_bits(sandbox: Sandbox):
    table = Table((("x", "DOUBLE"),), tuple((math.sin(i) * 10.0 ** (i % 30),) for i in range(3_000)))
    query = "SELECT sum(x), avg(x), stddev(x), median(x) FROM t"
    first = sandbox.execute({"t": table}, query)
    with Sandbox() as other:
        assert [other.execute({"t": table}, query).rows for _ in range(3)] == [first.rows] * 3


def worker_of(sandbox: Sandbox) -> int:
    process = sandbox._process  # pyright: ignore[reportPrivateUsage]
    assert process is not None
    return process.pid


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


NUMBERS = {"t": Table((("n", "INTEGER"),), tuple((i,) for i in range(3_000)))}
ENDLESS = "SELECT count(*) FROM t a, t b, t c, t d WHERE a.n * b.n + c.n < d.n"


def test_a_worker_killed_while_idle_is_replaced():
    with Sandbox() as sandbox:
        sandbox.execute({}, "SELECT 1")
        first = worker_of(sandbox)
        os.kill(first, signal.SIGKILL)
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
        assert sandbox.execute({}, "SELECT 2").rows == ((2,),)
        assert worker_of(sandbox) != first


def test_a_worker_killed_in_the_middle_fails_its_query_and_no_other():
    with Sandbox() as sandbox:
        sandbox.execute({}, "SELECT 1")
        first = worker_of(sandbox)
        timer = threading.Timer(0.3, os.kill, (first, signal.SIGKILL))
        timer.start()
        with pytest.raises(QueryFailed, match="ended"):
            sandbox.execute(NUMBERS, ENDLESS)
        timer.join()
        assert sandbox.execute({"t": FILINGS}, "SELECT max(year) FROM t").rows == ((2021,),)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the query's process through /proc")
def test_a_query_killed_in_the_middle_costs_not_even_the_worker():
    with Sandbox() as sandbox:
        sandbox.execute({}, "SELECT 1")
        worker = worker_of(sandbox)
        children = Path(f"/proc/{worker}/task/{worker}/children")

        def kill_the_query() -> None:
            for _ in range(500):
                for child in children.read_text().split():
                    os.kill(int(child), signal.SIGKILL)
                    return
                time.sleep(0.01)

        killer = threading.Thread(target=kill_the_query)
        killer.start()
        with pytest.raises(QueryFailed, match="SIGKILL"):
            sandbox.execute(NUMBERS, ENDLESS)
        killer.join()
        assert sandbox.execute({}, "SELECT 2").rows == ((2,),)
        assert worker_of(sandbox) == worker


def test_a_worker_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sandbox_module, "GRACE_SECONDS", 0.2)
    with Sandbox(Limits(max_seconds=0.3)) as sandbox:
        sandbox.execute({}, "SELECT 1")
        worker = worker_of(sandbox)
        os.kill(worker, signal.SIGSTOP)
        with pytest.raises(QueryFailed, match="does not answer"):
            sandbox.execute({}, "SELECT 2")
        assert not is_running(worker)
        monkeypatch.setattr(sandbox_module, "GRACE_SECONDS", 30.0)
        assert sandbox.execute({}, "SELECT 3").rows == ((3,),)


def test_the_wall_clock_ends_a_query_that_the_cpu_limit_does_not():
    with (
        Sandbox(Limits(max_seconds=0.5, max_cpu_seconds=100)) as sandbox,
        pytest.raises(QueryFailed, match=r"INTERRUPT|longer"),
    ):
        sandbox.execute(NUMBERS, ENDLESS)


def test_the_cpu_limit_ends_a_busy_query():
    with Sandbox(Limits(max_cpu_seconds=1)) as sandbox, pytest.raises(QueryFailed, match="more than 1 seconds of CPU"):
        sandbox.execute(NUMBERS, ENDLESS)


def test_closing_ends_the_worker_and_a_later_query_starts_another():
    sandbox = Sandbox()
    sandbox.close()
    sandbox.execute({}, "SELECT 1")
    worker = worker_of(sandbox)
    sandbox.close()
    sandbox.close()
    assert not is_running(worker)
    with sandbox:
        assert sandbox.execute({}, "SELECT 2").rows == ((2,),)


OWNER = """
import os, sys
from longstride.synthesis.tables.sandbox import Sandbox
sandbox = Sandbox()
sandbox.execute({}, "SELECT 1")
print(sandbox._process.pid, flush=True)
if sys.argv[1] == "fork":
    child = os.fork()
    if child == 0:
        same = sandbox.execute({}, "SELECT 2").rows == ((2,),)
        own = sandbox._process.pid
        sandbox.close()
        os._exit(0 if same and own != int(os.environ.get("NONE", "0")) else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), sandbox.execute({}, "SELECT 3").rows, flush=True)
    sandbox.close()
else:
    os.kill(os.getpid(), 9)
"""


def test_a_worker_does_not_outlive_its_owner():
    done = subprocess.run([sys.executable, "-c", OWNER, "die"], capture_output=True, text=True, timeout=120)
    worker = int(done.stdout)
    assert done.returncode == -signal.SIGKILL
    for _ in range(500):
        if not is_running(worker):
            return
        time.sleep(0.02)
    pytest.fail("the worker is still there")


def test_a_forked_process_has_a_worker_of_its_own():
    done = subprocess.run([sys.executable, "-c", OWNER, "fork"], capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines()[1:] == ["0 ((3,),)"], done.stderr


WIRE = {
    b"J[]": "cannot be read",
    b"J{": "cannot be read",
    b"J" + b"[" * 100_000: "cannot be read",
    b'J{"columns": ["a"], "types": ["BIGINT"], "cells": [["1"], ["2"]]}': "different lengths",
    b'J{"columns": ["a"], "types": ["BIGINT"], "cells": "x"}': "cells cannot be read",
    b'J{"columns": [1], "types": ["BIGINT"], "cells": [["1"]]}': "columns cannot be read",
    b'J{"columns": ["a"], "types": ["BIGINT"], "cells": [["1_0"]]}': "no BIGINT",
    b'J{"columns": ["a"], "types": ["BIGINT"], "cells": [["%s"]]}' % (b"9" * 5_000): "no BIGINT",
    b'J{"columns": ["a"], "types": ["BIGINT"], "cells": [[{}]]}': "no BIGINT",
    b'J{"columns": ["a"], "types": ["VARCHAR"], "cells": [[["x"]]]}': "no VARCHAR",
    b'J{"columns": ["a"], "types": ["BOOLEAN"], "cells": [["yes"]]}': "no BOOLEAN",
    b'J{"columns": ["a"], "types": ["DATE"], "cells": [["soon"]]}': "no DATE",
    b'J{"columns": ["a"], "types": ["DECIMAL(9,2)"], "cells": [["sNaN"]]}': r"no DECIMAL",
    b'J{"columns": ["a"], "types": ["BLOB"], "cells": [["x"]]}': "of type BLOB",
    b'J{"columns": ["a"], "types": ["__import__"], "cells": [["x"]]}': "of type __import__",
    b'J{"failed": "two\\nlines \\u001b[31m red"}': "two lines  .31m red",
    b"X\xff\xfe": "\ufffd\ufffd",
}


def frame(body: bytes) -> bytes:
    return struct.pack(">Q", len(body)) + body


@pytest.mark.parametrize(("body", "problem"), WIRE.items(), ids=[repr(body[:60]) for body in WIRE])
def test_an_answer_from_the_other_side_is_never_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes, problem: str
):
    """A worker that was taken over may send what it likes: it is data, or it is refused."""
    frames = frame(b"J{}") + frame(body)
    fake = tmp_path / "worker.py"
    fake.write_text(f"import sys, time\nsys.stdout.buffer.write({frames!r})\nsys.stdout.flush()\ntime.sleep(100)\n")
    monkeypatch.setattr(sandbox_module, "WORKER", fake)
    with Sandbox() as sandbox, pytest.raises(QueryFailed, match=problem):
        sandbox.execute({}, "SELECT 1")


@pytest.mark.parametrize("length", [0, 10**12, 2**64 - 1])
def test_an_answer_of_absurd_length_is_not_awaited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int):
    frames = frame(b"J{}") + struct.pack(">Q", length)
    fake = tmp_path / "worker.py"
    fake.write_text(f"import sys, time\nsys.stdout.buffer.write({frames!r})\nsys.stdout.flush()\ntime.sleep(100)\n")
    monkeypatch.setattr(sandbox_module, "WORKER", fake)
    with Sandbox() as sandbox, pytest.raises(QueryFailed, match="wrong length"):
        sandbox.execute({}, "SELECT 1")


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("raise SystemExit(1)", "ended"),
        (f"import sys\nsys.stdout.buffer.write({frame(b'Xno duckdb here')!r})", "no duckdb here"),
    ],
)
def test_a_worker_that_does_not_start_is_no_querys_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, problem: str
):
    fake = tmp_path / "worker.py"
    fake.write_text(script)
    monkeypatch.setattr(sandbox_module, "WORKER", fake)
    with Sandbox() as sandbox, pytest.raises(RuntimeError, match=f"does not start: .*{problem}"):
        sandbox.execute({}, "SELECT 1")


CONFINED = """
import os, runpy, sys
worker = runpy.run_path(sys.argv[1])
pipe = os.dup(1)
attempts = {
    "file": lambda: open("/etc/hostname").read(),
    "write": lambda: open("made.txt", "w"),
    "socket": lambda: __import__("_socket").socket(),
    "pipe": os.pipe,
    "memory": lambda: bytearray(600 << 20),
}
import _socket
worker["confine"](pipe, {"max_memory_bytes": 500 << 20, "max_cpu_seconds": 1})
for name, attempt in attempts.items():
    try:
        attempt()
        os.write(0, f"{name} succeeded\\n".encode())
    except (OSError, MemoryError) as error:
        os.write(0, f"{name} {type(error).__name__}\\n".encode())
os.write(0, b"spinning\\n")
while True:
    pass
"""


def test_a_confined_process_opens_nothing_and_ends(tmp_path: Path):
    """The third layer alone: a process in which arbitrary code runs, without DuckDB's own locks."""
    worker = str(Path(sandbox_worker.__file__))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", CONFINED, worker], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    attempts = dict(line.split() for line in done.stdout.splitlines()[:-1])
    assert attempts.pop("memory") == "MemoryError" or sys.platform != "linux"
    assert attempts == {"file": "OSError", "write": "OSError", "socket": "OSError", "pipe": "OSError"}
    assert done.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []
