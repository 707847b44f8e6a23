"use strict";
/* SQL in lines, its words told apart. A query with comments is shown as it is. */
longstride.sql = (() => {
  const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_]*|\d+(?:\.\d+)?|\s+|[<>=!|:]+|[^]/gu;
  const CLAUSES = new Set([
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "QUALIFY",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "JOIN",
    "LEFT",
    "WITH",
  ]);
  const KEYWORDS = new Set([
    ...CLAUSES,
    "BY",
    "AS",
    "ON",
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS",
    "NULL",
    "BETWEEN",
    "LIKE",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "OVER",
    "PARTITION",
    "ROWS",
    "DESC",
    "ASC",
    "DISTINCT",
    "ALL",
    "CAST",
    "USING",
    "INNER",
    "OUTER",
    "RIGHT",
    "FULL",
    "CROSS",
    "EXISTS",
    "TRUE",
    "FALSE",
  ]);

  function show(parent, query) {
    if (query.length > 50000 || /--|\/\*/.test(query)) {
      longstride.text.append(parent, query);
      return;
    }
    const tokens = (query.match(TOKEN) || []).filter((token) => token.trim());
    const open = []; // for each bracket and CASE: the indentation of the query in it, null where it holds none
    let indent = 0,
      between = false;
    const newLine = (steps) => {
      indent = steps;
      parent.append(`\n${"  ".repeat(steps)}`);
    };
    tokens.forEach((token, place) => {
      const word = token.toUpperCase(),
        before = tokens[place - 1],
        base = open.length ? open.at(-1) : 0;
      if (token === ")" || word === "END") {
        const query = open.pop() ?? null;
        if (query !== null) newLine(query - 1);
        else if (word === "END") parent.append(" ");
      } else if (
        base !== null &&
        place &&
        CLAUSES.has(word) &&
        before !== "(" &&
        !(word === "JOIN" && /^left$/i.test(before))
      ) {
        newLine(base);
      } else if (base !== null && (word === "AND" || word === "OR") && !between) {
        newLine(base + 1);
      } else if (place && spaced(before, token)) {
        parent.append(" ");
      }
      if (word === "BETWEEN") between = true;
      else if (word === "AND") between = false;
      append(parent, token, word);
      if (token === "(" && /^(select|with)$/i.test(tokens[place + 1] || "")) {
        open.push(indent + 1);
        newLine(indent + 1);
      } else if (token === "(" || word === "CASE") open.push(null);
    });
  }

  function append(parent, token, word) {
    const kind = KEYWORDS.has(word) ? "word" : token[0] === "'" ? "string" : /^\d/.test(token) ? "number" : null;
    if (!kind) {
      longstride.text.append(parent, token);
      return;
    }
    parent.append(longstride.text.append(longstride.text.element("span", { class: `sql-${kind}` }), token));
  }

  function spaced(before, token) {
    if (before === "(" || before === "." || token === ")" || token === "," || token === "." || token === ";")
      return false;
    return token !== "(" || !/^[\p{L}_]/u.test(before) || KEYWORDS.has(before.toUpperCase());
  }

  return { show };
})();
