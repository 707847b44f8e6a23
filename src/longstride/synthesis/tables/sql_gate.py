"""The first layer of the SQL sandbox: what a query may say, decided on its syntax tree before anything runs.

An allow-list throughout: of statements (one SELECT), of syntax (`SYNTAX`), functions, types and tables. What could
give another answer on another day or in another order is refused too: random(), now(), samples, a LIMIT without ORDER
BY. The worker then holds DuckDB's own reading of the same text against the same names, so that a query which two
parsers read differently does not pass.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlglot import Token, TokenType, exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

if TYPE_CHECKING:
    from sqlglot import Expr

MAX_CHARACTERS = 20_000
MAX_TOKENS = 3_000
MAX_NESTING = 40  # brackets within brackets, CASE within CASE
MAX_NODES = 6_000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


AGGREGATES = _words(
    "arg_max arg_min argmax argmin avg bool_and bool_or corr count count_if count_star covar_pop covar_samp favg fsum "
    "geomean kahan_sum kurtosis mad max max_by mean median min min_by mode product quantile_cont quantile_disc "
    "regr_intercept regr_r2 regr_slope skewness stddev stddev_pop stddev_samp string_agg group_concat listagg sum "
    "sumkahan var_pop var_samp variance"
)
ORDERED_WINDOWS = _words(  # meaningless, or in no stated order, without an ORDER BY
    "rank dense_rank row_number ntile percent_rank cume_dist lag lead first_value last_value nth_value"
)
SCALARS = _words(
    "abs add asin ascii cbrt ceil ceiling century concat concat_ws contains cos date_add date_diff date_part date_sub "
    "date_trunc datediff datepart datetrunc day dayname dayofmonth dayofweek dayofyear decade degrees divide ends_with "
    "even exp floor gcd greatest hour if ilike_escape instr isfinite isinf isnan isoyear "
    "last_day lcase lcm least left length len like_escape ln log log10 log2 lower ltrim make_date minute mod month "
    "monthname multiply not_ilike_escape not_like_escape nullif ifnull pi position pow power prefix quarter radians "
    "regexp_extract regexp_full_match regexp_matches regexp_replace replace reverse right round round_even rtrim "
    "second sign sin split_part sqrt starts_with strftime strlen strpos substr substring subtract suffix tan to_days "
    "to_hours to_microseconds to_milliseconds to_minutes to_months to_quarters to_seconds to_weeks to_years trim trunc "
    "try_strptime strptime ucase upper week weekday weekofyear year yearweek"
)
OPERATORS = _words("+ - * / // % ^ ** || ~~ !~~ ~~* !~~* ~ !~ ~* !~* ^@ @")
FUNCTIONS = AGGREGATES | ORDERED_WINDOWS | SCALARS | OPERATORS

TYPES = _words(
    "bool boolean tinyint smallint int integer bigint int1 int2 int4 int8 short long signed hugeint utinyint usmallint "
    "uinteger ubigint uhugeint decimal numeric dec double float float4 float8 real varchar text string char bpchar "
    "date timestamp datetime interval"
)

CLOCK_COLUMNS = _words(  # without a table before it, such a name is the clock or the session where no column has it
    "current_catalog current_database current_date current_localtime current_localtimestamp current_role "
    "current_schema current_time current_timestamp current_user localtime localtimestamp session_user system_user user"
)

SYNTAX = _words(  # sqlglot's names of the nodes that may stand in a query
    "select from table tablealias alias identifier column star where group having order ordered limit offset distinct "
    "join with cte subquery union except intersect paren window windowspec filter withingroup qualify ignorenulls "
    "literal boolean null neg not and or xor eq neq gt gte lt lte is in between like ilike escape nullsafeeq "
    "nullsafeneq add sub mul div intdiv mod pow dpipe case if cast trycast datatype datatypeparam interval var exists "
    "extract bracket slice "
    # functions that sqlglot knows by a name of its own
    "abs argmax argmin ascii avg cbrt ceil coalesce concat concatws contains corr cos asin cot count countif covarpop "
    "covarsamp cumedist dateadd datediff datefromparts datesub datetrunc day dayname dayofmonth dayofweek dayofyear "
    "degrees denserank endswith exp extract firstvalue floor greatest groupconcat hour isinf isnan kurtosis lag "
    "lastday lastvalue lead least left length ln log logicaland logicalor lower max median min minute mode month "
    "monthname nthvalue ntile nullif percentilecont percentiledisc percentrank pi quantile quarter radians rank "
    "regexpextract regexpfullmatch regexpilike regexplike regexpreplace regrintercept regrr2 regrslope replace reverse "
    "right round rownumber second sign sin skewness splitpart sqrt startswith stddev stddevpop stddevsamp strposition "
    "strtodate strtotime substring sum tan timestamptrunc timetostr trim trunc upper variance variancepop week "
    "weekofyear year anonymous anonymousaggfunc"
)
ORDERED_WINDOW_NODES = frozenset(name.replace("_", "") for name in ORDERED_WINDOWS)

SELECT_PARTS = _words("with expressions distinct from joins where group having order limit offset windows qualify")
PARTS = {  # what may be filled in a node that has more to it than its name
    "select": SELECT_PARTS,
    "union": _words("with this expression distinct order limit offset"),
    "except": _words("with this expression distinct order limit offset"),
    "intersect": _words("with this expression distinct order limit offset"),
    "subquery": _words("with this alias joins order limit offset"),
    "table": _words("this alias joins"),
    "join": _words("this side kind on using"),
    "with": frozenset({"expressions"}),
    "cte": _words("this alias materialized"),
    "star": frozenset({"except"}),
    "column": _words("this table"),
    "distinct": frozenset({"expressions"}),
    "limit": frozenset({"expression"}),
    "offset": frozenset({"expression"}),
}
JOIN_KINDS = {"", "INNER", "CROSS", "OUTER", "SEMI", "ANTI"}


class QueryRefused(ValueError):
    """The query is not one that the sandbox runs; the message names the reason in one line."""


def check_query(sql: str, tables: Collection[str]) -> None:
    """Raise QueryRefused unless `sql` is one deterministic SELECT over `tables` within the allow-lists."""
    _checked(sql, frozenset(folded(name) for name in tables))


def folded(name: str) -> str:
    """As DuckDB compares names: case counts only for letters beyond ASCII."""
    return name.lower() if name.isascii() else name


@lru_cache(maxsize=1024)
def _checked(sql: str, tables: frozenset[str]) -> None:
    if len(sql) > MAX_CHARACTERS:
        raise QueryRefused(f"the query has {len(sql):,} characters, more than {MAX_CHARACTERS:,}")
    if any((ord(c) < 32 and c not in "\t\n\r") or 0xD800 <= ord(c) <= 0xDFFF for c in sql):
        raise QueryRefused("the query holds a control character")
    try:
        root = _parsed(sql)
    except RecursionError:
        raise QueryRefused("the query is nested too deeply") from None
    except (SqlglotError, ValueError, KeyError, AttributeError, TypeError, IndexError) as error:
        if isinstance(error, QueryRefused):
            raise
        raise QueryRefused("the query cannot be read as SQL") from None
    nodes = list(root.walk())
    if len(nodes) > MAX_NODES:
        raise QueryRefused(f"the query has {len(nodes):,} parts, more than {MAX_NODES:,}")
    for node in nodes:
        _check_node(node)
    _check_tables(root, tables)


def _parsed(sql: str) -> Expr:
    dialect = Dialect.get_or_raise("duckdb")
    tokens = dialect.tokenize(sql)
    _check_tokens(tokens)
    statements = [statement for statement in dialect.parser().parse(tokens, sql) if statement is not None]
    if len(statements) != 1:
        raise QueryRefused(f"there are {len(statements)} statements; give one SELECT")
    root = statements[0]
    if not isinstance(root, exp.Select | exp.SetOperation | exp.Subquery):
        raise QueryRefused(f"the statement is {root.key.upper()}; only SELECT runs")
    return root


def _check_tokens(tokens: list[Token]) -> None:
    """What is cheap to see before a recursive parser reads it."""
    if len(tokens) > MAX_TOKENS:
        raise QueryRefused(f"the query has {len(tokens):,} words, more than {MAX_TOKENS:,}")
    if not tokens or tokens[0].token_type not in (TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN):
        raise QueryRefused("the query begins with something else than SELECT or WITH")
    depth = 0
    for token in tokens:
        if token.token_type in (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE):
            depth += 1
            if depth > MAX_NESTING:
                raise QueryRefused("the query is nested too deeply")
        elif token.token_type in (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END):
            depth -= 1
    if any(token.token_type is TokenType.SEMICOLON for token in tokens[:-1]):
        raise QueryRefused("there is more than one statement; give one SELECT")


def _check_node(node: Expr) -> None:
    if node.key not in SYNTAX:
        raise QueryRefused(f"{node.key.upper()} is not allowed")
    allowed = PARTS.get(node.key)
    if allowed is not None:
        for name, value in node.args.items():
            if value and name.rstrip("_") not in allowed:
                raise QueryRefused(f"{name.rstrip('_').upper()} in {node.key.upper()} is not allowed")
    check = _CHECKS.get(node.key)
    if check is not None:
        check(node)


def _check_anonymous(node: Expr) -> None:
    name = node.name
    if folded(name) not in FUNCTIONS:
        raise QueryRefused(f"the function {name[:80]!r} is not allowed")


def _check_column(node: Expr) -> None:
    name = folded(node.name)
    if name == "rowid" or (name in CLOCK_COLUMNS and not node.args.get("table")):
        raise QueryRefused(f"the column {node.name[:80]!r} is not allowed")


def _check_type(node: Expr) -> None:
    if not isinstance(node.this, exp.DataType.Type) or node.args.get("nested") or node.args.get("kind"):
        raise QueryRefused("the type of a cast is not allowed")
    name = node.sql(dialect="duckdb").split("(")[0].lower()
    if name not in TYPES:
        raise QueryRefused(f"the type {name[:80]!r} is not allowed")


def _check_bracket(node: Expr) -> None:
    if not all(isinstance(part, exp.Slice) for part in node.expressions):
        raise QueryRefused("brackets are allowed only for a piece of a text")


def _check_join(node: Expr) -> None:
    if str(node.args.get("kind") or "").upper() not in JOIN_KINDS:
        raise QueryRefused(f"a {node.args['kind']} join is not allowed")


def _check_limit(node: Expr) -> None:
    if not (isinstance(node.expression, exp.Literal) and not node.expression.is_string):
        raise QueryRefused("LIMIT and OFFSET take a plain number")
    if node.parent is None or not node.parent.args.get("order"):
        raise QueryRefused("LIMIT without ORDER BY: which rows it keeps is not stated")


def _check_window(node: Expr) -> None:
    function = node.this.this if isinstance(node.this, exp.IgnoreNulls | exp.RespectNulls | exp.Filter) else node.this
    if getattr(function, "key", "") in ORDERED_WINDOW_NODES and not _ordered(node):
        raise QueryRefused(f"{function.key.upper()} needs an ORDER BY in its window")


def _ordered(window: Expr) -> bool:
    if window.args.get("order"):
        return True
    name = window.args.get("alias")
    select = window.find_ancestor(exp.Select)
    if name is None or select is None:
        return False
    named = [other for other in select.args.get("windows") or [] if folded(other.name) == folded(name.name)]
    return any(other.args.get("order") for other in named)


def _check_group_concat(node: Expr) -> None:
    if node.find(exp.Order) is None:
        raise QueryRefused("the texts are joined in no stated order; give string_agg an ORDER BY")


_CHECKS = {
    "anonymous": _check_anonymous,
    "anonymousaggfunc": _check_anonymous,
    "column": _check_column,
    "datatype": _check_type,
    "bracket": _check_bracket,
    "join": _check_join,
    "limit": _check_limit,
    "offset": _check_limit,
    "window": _check_window,
    "groupconcat": _check_group_concat,
}


def _check_tables(root: Expr, tables: frozenset[str]) -> None:
    """Every table is a given one or the name of a WITH before it; WITH stands only at the beginning."""
    visible = set(tables)
    head = root.args.get("with_") or root.args.get("with")
    for other in root.find_all(exp.With):
        if other is not head:
            raise QueryRefused("WITH stands only at the beginning of the query")
    inside = set()
    for part in head.expressions if head is not None else ():
        for table in part.find_all(exp.Table):
            _check_table(table, visible)
            inside.add(id(table))
        visible.add(folded(part.alias))
    for table in root.find_all(exp.Table):
        if id(table) not in inside:
            _check_table(table, visible)


def _check_table(table: exp.Table, visible: set[str]) -> None:
    if not isinstance(table.this, exp.Identifier) or folded(table.name) not in visible:
        raise QueryRefused(f"there is no table {table.name[:80]!r}; known: {', '.join(sorted(visible))}")
