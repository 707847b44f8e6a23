"""The gate of the SQL sandbox: what it lets through, and what it refuses and why. Nothing runs here."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longstride.synthesis.tables.sql_gate import QueryRefused, check_query

ALLOWED = [
    "SELECT sum(v) FROM t",
    "select count(*), count(distinct name), avg(v), min(v), max(v), median(v), stddev_samp(v) from t;",
    "SELECT name FROM t WHERE v > (SELECT avg(v) FROM t) ORDER BY v DESC, name LIMIT 3 OFFSET 1",
    "SELECT name, rank() OVER (ORDER BY v DESC) AS place FROM t QUALIFY place <= 3 ORDER BY place, name",
    "SELECT name, v - lag(v) OVER w AS change FROM t WINDOW w AS (PARTITION BY name ORDER BY y)",
    "SELECT name, sum(v) OVER (PARTITION BY name) FROM t",
    "SELECT CASE WHEN v > 1 THEN 'big' ELSE 'small' END AS size, count(*) FROM t GROUP BY 1 HAVING count(*) > 1",
    "WITH a AS (SELECT name, sum(v) AS s FROM t GROUP BY name), b AS (SELECT max(s) AS m FROM a) SELECT m FROM b",
    "SELECT t.name, u.v FROM t JOIN u ON t.name = u.name LEFT JOIN u AS w USING (name)",
    "SELECT a.name FROM t a, u b WHERE a.v = b.v AND a.y BETWEEN 1990 AND 2000",
    "SELECT round(100.0 * sum(v) FILTER (WHERE y = 2020) / sum(v), 2) FROM t",
    "SELECT CAST(v AS DECIMAL(18, 2)), v::DOUBLE, TRY_CAST(name AS INTEGER), DATE '2020-01-01' FROM t",
    "SELECT upper(trim(name)) || '!' FROM t WHERE name LIKE 'A%' AND name NOT IN ('x', 'y') AND v IS NOT NULL",
    "SELECT quantile_cont(v, 0.5), percentile_cont(0.5) WITHIN GROUP (ORDER BY v) FROM t",
    "SELECT string_agg(name, ', ' ORDER BY name) FROM t",
    "SELECT arg_max(name, v), abs(-v), floor(v), v // 2, v % 2, greatest(v, 1), coalesce(v, 0), nullif(v, 0) FROM t",
    "SELECT extract(year FROM d), date_diff('day', d, DATE '2020-01-01'), d + INTERVAL 1 MONTH FROM t",
    "SELECT name FROM t UNION ALL SELECT name FROM u ORDER BY 1 LIMIT 2",
    "(SELECT name FROM t) EXCEPT (SELECT name FROM u)",
    "SELECT * FROM (SELECT name, v FROM t) AS x WHERE EXISTS (SELECT 1 FROM u WHERE u.name = x.name)",
    'SELECT "total population" FROM "T"',
    "SELECT 'DROP TABLE t; -- read_csv(''/etc/passwd'')' AS harmless",
    "SELECT t.user FROM t",
    "SELECT * EXCLUDE (v) FROM t",
]

REFUSED = {
    # statements
    "DELETE FROM t": "begins with something else",
    "PRAGMA database_list": "begins with something else",
    "SET threads = 4": "begins with something else",
    "RESET threads": "begins with something else",
    "ATTACH 'x.db'": "begins with something else",
    "COPY t TO 'x.csv'": "begins with something else",
    "EXPORT DATABASE 'x'": "begins with something else",
    "IMPORT DATABASE 'x'": "begins with something else",
    "INSTALL httpfs": "begins with something else",
    "LOAD httpfs": "begins with something else",
    "CALL pragma_version()": "begins with something else",
    "CREATE TABLE x AS SELECT 1": "begins with something else",
    "CREATE MACRO f(a) AS a": "begins with something else",
    "DROP TABLE t": "begins with something else",
    "PREPARE p AS SELECT 1": "begins with something else",
    "EXECUTE p": "begins with something else",
    "EXPLAIN ANALYZE SELECT 1": "begins with something else",
    "DESCRIBE t": "begins with something else",
    "SUMMARIZE t": "begins with something else",
    "SHOW TABLES": "begins with something else",
    "PIVOT t ON name USING sum(v)": "begins with something else",
    "UNPIVOT t ON v INTO NAME n VALUE w": "begins with something else",
    "VALUES (1)": "begins with something else",
    "FROM t": "begins with something else",
    "BEGIN TRANSACTION": "begins with something else",
    "CHECKPOINT": "begins with something else",
    "": "begins with something else",
    ";": "begins with something else",
    "SELECT 1; SELECT 2": "more than one statement",
    "SELECT 1; DROP TABLE t": "more than one statement",
    "SELECT 1;;": "more than one statement",
    "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d": "DELETE",
    "WITH d AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM d": "INSERT",
    "WITH d AS (SELECT 1) DELETE FROM t": "DELETE",
    "SELECT 1 INTO x": "",
    # tables
    "SELECT * FROM other": "no table 'other'",
    "SELECT * FROM main.t": "DB in TABLE",
    "SELECT * FROM memory.main.t": "TABLE",
    "SELECT * FROM information_schema.tables": "TABLE",
    "SELECT * FROM duckdb_settings": "no table",
    "SELECT * FROM '/etc/passwd'": "",
    'SELECT * FROM "/etc/passwd"': "no table",
    "SELECT * FROM 'https://example.com/x.csv'": "",
    "SELECT * FROM read_csv('/etc/passwd')": "",
    "SELECT * FROM range(10)": "",
    "SELECT * FROM query('SELECT 1')": "",
    "SELECT * FROM (VALUES (1)) AS x(a)": "",
    "SELECT * FROM t TABLESAMPLE 10%": "",
    "SELECT * FROM t USING SAMPLE 3": "",
    "SELECT * FROM t POSITIONAL JOIN u": "",
    "SELECT * FROM t NATURAL JOIN u": "",
    "SELECT * FROM t ASOF JOIN u ON t.y >= u.y": "",
    "SELECT * FROM t, LATERAL (SELECT t.v)": "",
    "SELECT * FROM (PIVOT t ON name USING sum(v))": "",
    "SELECT * FROM (DESCRIBE t)": "",
    "SELECT * FROM (SHOW TABLES)": "",
    "SELECT * FROM t AT (VERSION => 1)": "",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT n FROM r": "RECURSIVE",
    # a WITH name is a table only for what comes after it
    "WITH a AS (SELECT * FROM duckdb_settings), duckdb_settings AS (SELECT 1) SELECT * FROM a": "no table",
    "WITH duckdb_settings AS (SELECT * FROM duckdb_settings) SELECT * FROM duckdb_settings": "no table",
    "SELECT * FROM (WITH pg_class AS (SELECT 1) SELECT 1) x, pg_class": "WITH stands only",
    # functions
    "SELECT read_text('/etc/passwd')": "'read_text'",
    "SELECT \"read_text\"('/etc/passwd')": "'read_text'",
    "SELECT ReAd_TeXt('/etc/passwd')": "is not allowed",
    "SELECT main.sum(v) FROM t": "",
    "SELECT v.sum() FROM t": "",
    "SELECT getenv('HOME')": "'getenv'",
    "SELECT current_setting('threads')": "",
    "SELECT getvariable('x')": "'getvariable'",
    "SELECT repeat('x', 1000000000)": "REPEAT",
    "SELECT lpad('x', 1000000000, 'y')": "PAD",
    "SELECT unnest([1, 2])": "",
    "SELECT list_transform([1], x -> x)": "",
    "SELECT [1, 2]": "ARRAY",
    "SELECT {'a': 1}": "STRUCT",
    "SELECT COLUMNS(*) FROM t": "",
    "SELECT COLUMNS(c -> c LIKE 'n%') FROM t": "",
    "SELECT * REPLACE (1 AS v) FROM t": "REPLACE in STAR",
    "SELECT list(v) FROM t": "",
    "SELECT nextval('s')": "'nextval'",
    "SELECT ｒead_text('x')": "",
    # other answers on other days or in another order
    "SELECT random()": "RAND",
    "SELECT uuid()": "UUID",
    "SELECT gen_random_uuid()": "",
    "SELECT now()": "'now'",
    "SELECT current_date": "CURRENTDATE",
    "SELECT current_timestamp": "CURRENTTIMESTAMP",
    'SELECT "current_date"': "column 'current_date'",
    "SELECT user": "is not allowed",
    "SELECT today()": "",
    "SELECT age(DATE '2020-01-01')": "",
    "SELECT setseed(0.5)": "",
    "SELECT rowid FROM t": "column 'rowid'",
    "SELECT t.rowid FROM t": "column 'rowid'",
    "SELECT first(v) FROM t": "FIRST",
    "SELECT any_value(v) FROM t": "ANYVALUE",
    "SELECT approx_count_distinct(v) FROM t": "",
    "SELECT string_agg(name, ',') FROM t": "no stated order",
    "SELECT row_number() OVER () FROM t": "needs an ORDER BY",
    "SELECT lag(v) OVER (PARTITION BY name) FROM t": "needs an ORDER BY",
    "SELECT lag(v) OVER w FROM t WINDOW w AS (PARTITION BY name)": "needs an ORDER BY",
    "SELECT name FROM t LIMIT 1": "LIMIT without ORDER BY",
    "SELECT name FROM t OFFSET 1": "LIMIT without ORDER BY",
    "SELECT * FROM (SELECT name FROM t LIMIT 1) ORDER BY name": "LIMIT without ORDER BY",
    "SELECT name FROM t ORDER BY v LIMIT 10%": "",
    "SELECT name FROM t ORDER BY v LIMIT (SELECT 1)": "plain number",
    "SELECT DISTINCT ON (name) name, v FROM t": "ON in DISTINCT",
    "SELECT name FROM t ORDER BY v FETCH FIRST 1 ROW ONLY": "",
    # types, parameters, odd forms
    "SELECT 'now'::TIMESTAMPTZ": "type 'timestamptz'",
    "SELECT name::JSON FROM t": "type",
    "SELECT name::mood FROM t": "type",
    "SELECT v::INTEGER[] FROM t": "type",
    "SELECT v::STRUCT(a INTEGER) FROM t": "type",
    "SELECT ? FROM t": "",
    "SELECT $1 FROM t": "",
    "SELECT $path FROM t": "",
    "SELECT #1 FROM t": "",
    "SELECT d AT TIME ZONE 'UTC' FROM t": "",
    "SELECT name COLLATE nocase FROM t": "COLLATE",
    "SELECT a.b.c.d FROM t": "",
    "SELECT v[1] FROM t": "brackets",
    "SELECT 1 FROM t WHERE": "cannot be read",
    "SELECT 'unclosed": "cannot be read",
    "SELECT 1 \x00 FROM t": "control character",
    "SELECT '\ud800'": "control character",
}


@pytest.mark.parametrize("sql", ALLOWED)
def test_an_ordinary_query_passes(sql: str):
    check_query(sql, ["t", "u"])


@pytest.mark.parametrize(("sql", "reason"), REFUSED.items(), ids=[repr(sql) for sql in REFUSED])
def test_what_is_not_allowed_is_refused_with_its_reason(sql: str, reason: str):
    with pytest.raises(QueryRefused) as refusal:
        check_query(sql, ["t", "u"])
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 3_000 + "1" + ")" * 3_000,
        "SELECT " + "(" * 60 + "1" + ")" * 60,
        "SELECT " + "NOT " * 2_500 + "true",
        "SELECT " + "- " * 2_500 + "1",
        "SELECT " + "CASE WHEN true THEN " * 500 + "1" + " END" * 500,
        "SELECT " + "+".join("1" * 2_000),
        "SELECT " + "1," * 5_000 + "1",
        "SELECT '" + "x" * 30_000 + "'",
        " UNION ALL ".join(["SELECT v FROM t"] * 700),
        "SELECT * FROM " + "(SELECT * FROM " * 50 + "t" + ")" * 50,
    ],
    ids=lambda sql: sql[:30],
)
def test_a_query_too_long_or_too_deep_is_refused_without_a_crash(sql: str):
    with pytest.raises(QueryRefused):
        check_query(sql, ["t"])


def test_a_name_is_compared_as_duckdb_does():
    check_query("SELECT 1 FROM TABLE_K", ["table_k"])
    with pytest.raises(QueryRefused):  # a Kelvin sign is no k
        check_query("SELECT 1 FROM table_\u212a", ["table_k"])


def test_a_comment_hides_nothing():
    check_query("SELECT sum(v) /* , random() */ FROM t -- ; DROP TABLE t", ["t"])
    with pytest.raises(QueryRefused):
        check_query("SELECT sum(v) /* */, random() /* */ FROM t", ["t"])
    with pytest.raises(QueryRefused):
        check_query("/* SELECT */ DROP TABLE t", ["t"])


VOCABULARY = """
SELECT FROM t u v name WHERE ( ) , ; * + - / || = < > 'x' "q" 1 2.5 NULL AND OR NOT IN IS AS CASE WHEN THEN ELSE END
WITH RECURSIVE UNION ALL EXCEPT GROUP BY HAVING ORDER LIMIT JOIN ON USING LATERAL sum rank OVER PARTITION FILTER
read_text random now CAST :: INTEGER [ ] { } : -> $1 ? . INTERVAL DAY DATE EXISTS DISTINCT PIVOT SAMPLE VALUES -- /* */
$$ DELETE INSERT INTO SET EXCLUDE COLUMNS lambda é \u212a
"""
WORDS = st.sampled_from(VOCABULARY.split())


@settings(max_examples=300, deadline=None)
@given(words=st.lists(WORDS, max_size=25), start=st.sampled_from(["", "SELECT ", "WITH a AS (SELECT "]))
def test_any_text_is_let_through_or_refused_and_nothing_else(words: list[str], start: str):
    try:
        check_query(start + " ".join(words), ["t", "u"])
    except QueryRefused as refusal:
        assert "\n" not in str(refusal)
