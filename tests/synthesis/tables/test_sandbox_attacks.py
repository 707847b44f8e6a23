"""Attacks on the SQL sandbox. Each is judged by what it would have achieved, not by the error that it met.

Every attack runs twice: as a user would send it, and with the gate and the check of the parse tree switched off, so
that what DuckDB and the process forbid is seen to hold alone.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from longstride.synthesis.tables.sandbox import Limits, QueryFailed, QueryRefused, Rows, Sandbox, Table

SECRET = "quince-marmalade-71"
TABLES = {
    "t": Table((("name", "VARCHAR"), ("v", "INTEGER")), (("Orvale", 1), ("Tarn", 2), ("Ebbing", 3))),
}
LARGE = {
    "many": Table((("n", "INTEGER"), ("word", "VARCHAR")), tuple((i, f"word {i} " * 5) for i in range(2_000))),
}
LIMITS = Limits(
    max_cpu_seconds=1,
    max_seconds=20.0,
    max_memory_bytes=400 << 20,
    database_memory_bytes=100 << 20,
    max_rows=1_000,
    max_reply_bytes=1 << 20,
)


@dataclass(frozen=True)
class Prey:
    """What an attacker would want, and what must be as it was afterwards."""

    folder: Path  # holds secret.txt, secret.csv, secret.json; nothing else ever
    listener: socket.socket  # nobody ever knocks

    @property
    def port(self) -> int:
        return self.listener.getsockname()[1]

    def fill(self, sql: str) -> str:
        return sql.replace("{folder}", str(self.folder)).replace("{port}", str(self.port))

    def assert_untouched(self) -> None:
        assert sorted(path.name for path in self.folder.iterdir()) == ["secret.csv", "secret.json", "secret.txt"]
        assert (self.folder / "secret.txt").read_text() == SECRET
        with pytest.raises(BlockingIOError):
            self.listener.accept()
        assert "OVERWRITTEN" not in os.environ


@pytest.fixture(scope="module")
def prey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prey]:
    folder = tmp_path_factory.mktemp("prey")
    (folder / "secret.txt").write_text(SECRET)
    (folder / "secret.csv").write_text(f"a,b\n{SECRET},1\n")
    (folder / "secret.json").write_text(f'[{{"a": "{SECRET}"}}]\n')
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield Prey(folder, listener)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    os.environ["LONGSTRIDE_SECRET"] = SECRET
    try:
        with Sandbox(LIMITS) as shared:
            yield shared
    finally:
        del os.environ["LONGSTRIDE_SECRET"]


Run = Callable[[Mapping[str, Table], str], Rows]


@pytest.fixture(params=["as sent", "gate off"])
def run(request: pytest.FixtureRequest, sandbox: Sandbox) -> Run:
    if request.param == "as sent":
        return sandbox.execute
    below = sandbox._run  # pyright: ignore[reportPrivateUsage]
    return lambda tables, sql: below(tables, sql, checked=False)


def outcome(run: Run, sql: str, tables: Mapping[str, Table] = TABLES) -> str:
    """All that the attacker would see."""
    try:
        return str(run(tables, sql))
    except (QueryFailed, QueryRefused) as error:
        assert "\n" not in str(error)
        return str(error)


def assert_still_serving(sandbox: Sandbox) -> None:
    query = "SELECT name, v FROM t ORDER BY v"
    assert sandbox.execute(TABLES, query).rows == (("Orvale", 1), ("Tarn", 2), ("Ebbing", 3))


THEFT_AND_DAMAGE = [
    # reading files
    "SELECT * FROM read_text('{folder}/secret.txt')",
    "SELECT content FROM read_blob('{folder}/secret.txt')",
    "SELECT * FROM read_csv('{folder}/secret.csv')",
    "SELECT * FROM read_csv_auto('{folder}/secret.csv', header := true)",
    "SELECT * FROM read_json('{folder}/secret.json')",
    "SELECT * FROM read_json_objects('{folder}/secret.json')",
    "SELECT * FROM read_ndjson_auto('{folder}/secret.json')",
    "SELECT * FROM read_parquet('{folder}/secret.csv')",
    "SELECT * FROM parquet_metadata('{folder}/secret.csv')",
    "SELECT * FROM parquet_schema('{folder}/secret.csv')",
    "SELECT * FROM sniff_csv('{folder}/secret.csv')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM '{folder}/secret.csv'",
    'SELECT * FROM "{folder}/secret.csv"',
    "FROM '{folder}/secret.csv'",
    "SELECT (SELECT content FROM read_text('{folder}/secret.txt')) FROM t",
    "WITH x AS (SELECT * FROM '{folder}/secret.csv') SELECT * FROM x",
    'WITH x AS (SELECT * FROM "{folder}/secret.csv"), "{folder}/secret.csv" AS (SELECT 1) SELECT * FROM x',
    "SELECT v FROM t UNION ALL SELECT a FROM '{folder}/secret.csv'",
    "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM read_csv('{folder}/secret.csv') WHERE a LIKE 'quince%') AND 1 = 2",
    "SELECT * FROM query('SELECT * FROM read_text(''{folder}/secret.txt'')')",
    "SELECT * FROM query_table('{folder}/secret.csv')",
    "SELECT * FROM query_table(['{folder}/secret.csv'])",
    "PIVOT '{folder}/secret.csv' ON a USING sum(b)",
    "SUMMARIZE '{folder}/secret.csv'",
    "DESCRIBE '{folder}/secret.csv'",
    "EXPLAIN ANALYZE SELECT * FROM '{folder}/secret.csv'",
    "SELECT * FROM read_text('/proc/self/environ')",
    "SELECT * FROM read_text('/proc/1/environ')",
    "ATTACH '{folder}/secret.txt' AS stolen",
    "ATTACH '{folder}/secret.csv' (TYPE sqlite)",
    "CREATE TABLE t2 AS SELECT * FROM '{folder}/secret.csv'; SELECT * FROM t2",
    "COPY t FROM '{folder}/secret.csv'; SELECT * FROM t",
    "PREPARE p AS SELECT * FROM read_text('{folder}/secret.txt'); EXECUTE p",
    "CREATE MACRO m() AS TABLE SELECT * FROM read_text('{folder}/secret.txt'); SELECT * FROM m()",
    "CREATE VIEW w AS SELECT * FROM '{folder}/secret.csv'; SELECT * FROM w",
    "IMPORT DATABASE '{folder}'",
    # the environment, the owner's variables, settings
    "SELECT getenv('LONGSTRIDE_SECRET')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT current_setting('home_directory')",
    "SELECT getvariable('SECRET')",
    "SELECT * FROM SECRET",
    "SELECT * FROM prey",
    "SELECT * FROM pandas_table",
    # writing files
    "COPY t TO '{folder}/made.csv'",
    "COPY (SELECT 'x') TO '{folder}/secret.txt' (FORMAT csv, HEADER false)",
    "COPY t TO '{folder}/made.parquet' (FORMAT parquet)",
    "COPY t TO '{folder}/made' (PARTITION_BY (name))",
    "EXPORT DATABASE '{folder}/made'",
    "ATTACH '{folder}/made.db'; CREATE TABLE made.x AS SELECT 1",
    "ATTACH ':memory:' AS m; COPY FROM DATABASE memory TO m",
    "SET temp_directory = '{folder}/made'; SELECT * FROM many a, many b ORDER BY a.word || b.word",
    "SET log_query_path = '{folder}/made.log'; SELECT 1",
    "PRAGMA enable_profiling = 'json'; PRAGMA profiling_output = '{folder}/made.json'; SELECT 1",
    "SET home_directory = '{folder}'; INSTALL httpfs",
    "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')",
    "CHECKPOINT",
    "VACUUM",
    # the network, extensions
    "SELECT * FROM read_text('http://127.0.0.1:{port}/')",
    "SELECT * FROM 'http://127.0.0.1:{port}/x.csv'",
    "INSTALL httpfs",
    "INSTALL httpfs FROM 'http://127.0.0.1:{port}'",
    "INSTALL '{folder}/secret.txt'; LOAD '{folder}/secret.txt'",
    "LOAD '/usr/lib/x86_64-linux-gnu/libc.so.6'",
    "FORCE INSTALL spatial FROM community",
    "SET custom_extension_repository = 'http://127.0.0.1:{port}'; INSTALL httpfs",
    "ATTACH 'http://127.0.0.1:{port}/x.db' AS remote",
    "ATTACH 'host=127.0.0.1 port={port}' AS pg (TYPE postgres)",
    "SELECT * FROM postgres_scan('host=127.0.0.1 port={port}', 'public', 'x')",
    # unlocking first
    "SET enable_external_access = true; SELECT * FROM read_text('{folder}/secret.txt')",
    "SET lock_configuration = false; SET disabled_filesystems = ''; FROM read_text('{folder}/secret.txt')",
    "RESET disabled_filesystems; SELECT * FROM read_text('{folder}/secret.txt')",
    "SET allowed_directories = ['{folder}']; SELECT * FROM read_text('{folder}/secret.txt')",
    "SET allowed_paths = ['{folder}/secret.txt']; SELECT * FROM read_text('{folder}/secret.txt')",
    "SET file_search_path = '{folder}'; SELECT * FROM 'secret.csv'",
    "SET GLOBAL autoload_known_extensions = true; SELECT * FROM read_text('http://127.0.0.1:{port}/')",
    "SET python_enable_replacements = true; SELECT * FROM SECRET",
    "CALL dbgen(sf = 1)",
    "CALL enable_logging(storage = 'file', storage_path = '{folder}/made')",
    # names in disguise
    "SELECT * FROM \"read_text\"('{folder}/secret.txt')",
    "SELECT * FROM/**/read_text/**/('{folder}/secret.txt')",
    "SELECT * FROM system.main.read_text('{folder}/secret.txt')",
    "SELECT * FROM read_text($${folder}/secret.txt$$)",
    "SELECT * FROM read_text('{folder}/' || 'secret.txt')",
    "SELECT * FROM U&\"read\\005Ftext\"('{folder}/secret.txt')",
    "SELECT * FROM ｒｅａｄ＿ｔｅｘｔ('{folder}/secret.txt')",
    "SELECT 1 /* ; */; SELECT * FROM read_text('{folder}/secret.txt') --",
    "SELECT 1 -- \r; SELECT * FROM read_text('{folder}/secret.txt')",
    "SELECT '\\'; SELECT * FROM read_text('{folder}/secret.txt') --'",
    "SELECT $tag$ $tag$; SELECT * FROM read_text('{folder}/secret.txt')",
    "SELECT * FROM t; \u00a0SELECT * FROM read_text('{folder}/secret.txt')",
    "('{folder}/secret.txt').read_text()",
    "SELECT list_transform(['{folder}/secret.txt'], f -> (SELECT content FROM read_text(f)))",
]


@pytest.mark.parametrize("attack", THEFT_AND_DAMAGE)
def test_nothing_is_read_written_or_reached(sandbox: Sandbox, prey: Prey, run: Run, attack: str):
    seen = outcome(run, prey.fill(attack))
    assert SECRET not in seen
    assert "secret.json" not in seen  # only a listing of the folder names it
    prey.assert_untouched()
    assert_still_serving(sandbox)


CHANGES = [
    "DROP TABLE t",
    "DELETE FROM t",
    "UPDATE t SET v = 99",
    "INSERT INTO t VALUES ('x', 99)",
    "TRUNCATE t",
    "ALTER TABLE t RENAME TO u",
    "CREATE OR REPLACE TABLE t AS SELECT 'x' AS name, 99 AS v",
    "CREATE TEMP TABLE t AS SELECT 'x' AS name, 99 AS v",
    "CREATE OR REPLACE MACRO sum(a) AS 99",
    "CREATE SCHEMA other; SET schema = 'other'",
    "SET VARIABLE v = 99",
    "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
    "COMMIT; DROP TABLE t; BEGIN",
    "ROLLBACK; UPDATE t SET v = 99; COMMIT",
    "ATTACH ':memory:' AS other; USE other",
]


@pytest.mark.parametrize("attack", CHANGES)
def test_nothing_is_left_for_the_next_query(sandbox: Sandbox, run: Run, attack: str):
    outcome(run, attack)
    assert_still_serving(sandbox)
    assert sandbox.execute(TABLES, "SELECT sum(v) FROM t").rows == ((6,),)
    below = sandbox._run  # pyright: ignore[reportPrivateUsage]
    assert below({}, "SELECT getvariable('v')", checked=False).rows == ((None,),)
    listed = "SELECT count(*) FROM duckdb_tables() UNION ALL SELECT count(*) FROM duckdb_databases() WHERE NOT internal"
    assert below({}, listed, checked=False).rows == ((0,), (1,))


def test_the_workers_own_check_refuses_the_same_without_the_gate(sandbox: Sandbox, prey: Prey):
    """It reads DuckDB's parse tree, so a query that the gate misreads meets it still."""
    below = sandbox._run  # pyright: ignore[reportPrivateUsage]
    for attack in THEFT_AND_DAMAGE + CHANGES:
        with pytest.raises((QueryRefused, QueryFailed)) as refusal:
            below(TABLES, prey.fill(attack), checked=True)
        assert refusal.type is QueryRefused or "Parser Error" in str(refusal.value) or "IMPORT" in attack
    for attack in ("SELECT now()", 'SELECT "current_date"', "SELECT random() FROM t", "SELECT rowid FROM t"):
        with pytest.raises(QueryRefused):
            below(TABLES, attack, checked=True)


def doubled(times: int) -> str:
    """Laughs: each WITH is twice the one before it."""
    steps = ["x0 AS (SELECT word FROM many)"]
    steps += [f"x{i} AS (SELECT a.word FROM x{i - 1} a, x{i - 1} b)" for i in range(1, times)]
    return f"WITH {', '.join(steps)} SELECT count(*), max(word) FROM x{times - 1}"


def nested_replace(times: int) -> str:
    text = "word"
    for _ in range(times):
        text = f"replace({text}, 'o', 'oooooooooo')"
    return f"SELECT sum(length({text})) FROM many"


EXHAUSTION = [
    "SELECT length(repeat('x', 1000000000))",
    "SELECT length(repeat(repeat('x', 100000), 100000))",
    "SELECT length(string_agg(a.word, ',' ORDER BY b.word)) FROM many a, many b, many c",
    "SELECT count(*) FROM many a, many b, many c, many d WHERE a.n * b.n + c.n < d.n",
    "SELECT a.word || b.word || c.word AS w FROM many a, many b, many c ORDER BY w",
    "SELECT count(DISTINCT a.word || b.word || c.word) FROM many a, many b, many c",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
    "WITH RECURSIVE r AS (SELECT 'x' AS s UNION ALL SELECT s || s FROM r) SELECT max(length(s)) FROM r",
    "SELECT list(range) FROM range(1000000000)",
    "SELECT length(list_transform(range(100000000), x -> x + 1))",
    "SELECT unnest(range(100000000))",
    "SELECT median(a.n * b.n * c.n) FROM many a, many b, many c",
    "SELECT a.word FROM many a, many b",
    doubled(6),
    nested_replace(9),
    "SELECT count(*) FROM many a, many b, many c WHERE regexp_matches(a.word || b.word || c.word, '(a*)*(w|wo|wor)*$')",
    "SELECT regexp_matches(repeat('a', 5000000), '((a{1,30}){1,30}){1,30}b')",
    "SELECT sum((SELECT count(*) FROM many b WHERE b.n * a.n % 7 < c.n)) FROM many a, many c",
    "SELECT sum(a.n * b.n) OVER (ORDER BY c.n * b.n, a.word) FROM many a, many b, many c",
    "SELECT " + "(" * 3_000 + "1" + ")" * 3_000,
    "SELECT " + "abs(" * 900 + "1" + ")" * 900,
    "SELECT " + "NOT " * 50_000 + "true",
    "SELECT " + "-" + " -" * 50_000 + "1",
    "SELECT " + "CASE WHEN true THEN " * 5_000 + "1" + " END" * 5_000,
    "SELECT " + "+".join("1" * 50_000),
    "SELECT * FROM " + "(SELECT * FROM " * 3_000 + "t" + ")" * 3_000,
    " UNION ALL ".join(["SELECT v FROM t"] * 5_000),
    "SELECT " + ",".join(["v"] * 20_000) + " FROM t",
    "SELECT " + "[" * 20_000 + "]" * 20_000,
    "SELECT factorial(33) * factorial(33) * factorial(33), 10::DECIMAL(38,0) * 99999999999999999999999999999999999999",
]


@pytest.mark.parametrize("attack", EXHAUSTION, ids=[sql[:60] for sql in EXHAUSTION])
def test_time_memory_and_output_are_bounded(sandbox: Sandbox, run: Run, attack: str):
    before = time.process_time()
    seen = outcome(run, attack, {**TABLES, **LARGE})
    assert len(seen) < 2 * LIMITS.max_reply_bytes
    assert time.process_time() - before < 10  # of this process: a hostile query is cheap to read and refuse
    assert_still_serving(sandbox)


GREEDY = """
import resource
from longstride.synthesis.tables.sandbox import Limits, QueryFailed, Sandbox, Table
table = Table((("word", "VARCHAR"),), (("wood",),) * 2_000)
text = "word"
for _ in range(9):
    text = f"replace({text}, 'o', 'oooooooooo')"
with Sandbox(Limits(max_cpu_seconds=1, max_memory_bytes=400 << 20, database_memory_bytes=100 << 20)) as sandbox:
    for sql in (
        "SELECT length(repeat('x', 1000000000))",
        "SELECT length(lpad('x', 1000000000, 'y'))",
        f"SELECT sum(length({text})) FROM t",
        "SELECT length(string_agg(a.word, ',' ORDER BY b.word)) FROM t a, t b, t c",
        "SELECT list(range) FROM range(1000000000)",
    ):
        try:
            sandbox._run({"t": table}, sql, checked=False)
        except QueryFailed as error:
            print("failed")
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB, and address space limited, only on Linux")
def test_no_process_grows_beyond_the_limit():
    """Seen by a process whose only children are the worker and its queries."""
    done = subprocess.run([sys.executable, "-c", GREEDY], capture_output=True, text=True, timeout=120)
    *outcomes, peak = done.stdout.split()
    assert outcomes == ["failed"] * 5, done.stderr
    assert int(peak) < 600 << 10  # KiB: 400 MiB and what DuckDB itself takes


def test_two_sandboxes_share_nothing(sandbox: Sandbox):
    with Sandbox(LIMITS) as other:
        below = other._run  # pyright: ignore[reportPrivateUsage]
        with contextlib.suppress(QueryFailed):
            below(TABLES, "COMMIT; CREATE TABLE shared AS SELECT 1; SET VARIABLE v = 1", checked=False)
        with pytest.raises(QueryFailed, match="shared"):
            below(TABLES, "SELECT * FROM shared", checked=False)
        assert_still_serving(sandbox)
        assert_still_serving(other)
