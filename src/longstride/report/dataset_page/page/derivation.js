"use strict";
/* How an answer follows: the SQL and the cells that it reads, the path over a graph, or whatever stands there as JSON.
   Any key may be missing: a derivation is what its family says. */
longstride.derivation = (() => {
  const { element, append, inline, words } = longstride.text;
  const MOST_CELLS = 2000;
  const SCALES = { 3: "thousands", 6: "millions", 9: "billions", 12: "trillions" };

  /* `evidenceLink(id, start, end)` gives a link to a quotation, or null. */
  function show(parent, json, evidenceLink) {
    let value = null;
    try {
      value = JSON.parse(json);
    } catch {
      /* numbers that JavaScript has not: shown as they stand */
    }
    const isObject = value && typeof value === "object" && !Array.isArray(value);
    try {
      if (isObject && typeof value.sql === "string") showQuery(parent, value, evidenceLink);
      else if (isObject && Array.isArray(value.path)) showPath(parent, value, evidenceLink);
    } catch {
      parent.append(
        element(
          "p",
          { class: "note" },
          "This derivation has another form than its family’s: it is shown as it is stored.",
        ),
      );
    }
    const drawn = parent.childElementCount > 0;
    const stored = element("pre", { class: "stored", tabindex: "0" });
    longstride.text.show(stored, json);
    parent.append(drawn ? element("details", {}, element("summary", {}, "As it is stored"), stored) : stored);
  }

  function showQuery(parent, value, evidenceLink) {
    showSteps(
      parent,
      list(value.steps).map((each) => [inline(text(each))]),
    );
    const query = element("pre", { class: "sql", tabindex: "0", "aria-label": "SQL" });
    longstride.sql.show(query, value.sql);
    parent.append(query);
    const columns = list(value.columns).filter((each) => each && typeof each === "object");
    const rows = list(value.scope).filter((each) => each && typeof each === "object");
    if (rows.length && columns.length && rows.length * columns.length <= MOST_CELLS) {
      parent.append(
        list(value.cells).length ? table(columns, rows, value.cells, evidenceLink) : namesOfCells(columns, rows),
      );
    }
    if (value.result !== undefined) {
      parent.append(
        element("p", { class: "result" }, "The query gives ", element("strong", {}, inline(text(value.result)))),
      );
    }
  }

  /* The cells that the query reads: `cells` has a list for each row, of values or of {value, document_id, start, end}. */
  function table(columns, rows, cells, evidenceLink) {
    const topics = rows.some((each) => each.topic);
    const head = ["", ...(topics ? ["Table"] : [])].map((each) => element("th", { scope: "col" }, each));
    for (const each of columns) head.push(element("th", { scope: "col", class: "figure" }, heading(each)));
    const body = rows.map((row, line) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, name(row)),
        ...(topics ? [element("td", {}, inline(text(row.topic)))] : []),
        ...columns.map((_, column) => cell(list(cells[line])[column], evidenceLink)),
      ),
    );
    return element(
      "div",
      { class: "wide", tabindex: "0", role: "group", "aria-label": "Table" },
      element(
        "table",
        {},
        element("caption", {}, "The cells that it reads"),
        element("thead", {}, element("tr", {}, ...head)),
        element("tbody", {}, ...body),
      ),
    );
  }

  /* Which rows and columns it reads, where the derivation does not hold their cells. */
  function namesOfCells(columns, rows) {
    return element(
      "dl",
      { class: "reads" },
      ...[
        ["Columns", columns.map(heading)],
        ["Rows", rows.map(name)],
      ].map(([kind, names]) =>
        element(
          "div",
          {},
          element("dt", {}, kind),
          element("dd", {}, ...names.flatMap((each, place) => (place ? [", ", each] : [each]))),
        ),
      ),
    );
  }

  const name = (row) => inline(text(row.name ?? row.entity));
  const heading = (column) =>
    element("span", {}, inline(text(column.said ?? column.label ?? column.name)), unit(column));

  function unit(column) {
    const told = [column.unit && text(column.unit), SCALES[column.scale]].filter(Boolean).join(", ");
    return told ? element("span", { class: "unit" }, " (", inline(told), ")") : "";
  }

  function cell(value, evidenceLink) {
    const isPlace = value && typeof value === "object";
    const shown = inline(isPlace ? text(value.value) : text(value));
    const link = isPlace ? evidenceLink(value.document_id, value.start, value.end) : null;
    return element("td", { class: "figure" }, shown, ...(link ? [" ", link] : []));
  }

  function showPath(parent, value, evidenceLink) {
    const read = longstride.path.read(value);
    if (!read) return;
    const told = [
      value.paradigm && words(text(value.paradigm)),
      value.hops && longstride.text.count(Number(value.hops), "hop"),
    ];
    if (told.some(Boolean)) parent.append(element("p", { class: "note" }, inline(told.filter(Boolean).join(", "))));
    const drawing = longstride.path.draw(read, room());
    if (drawing)
      parent.append(
        element("div", { class: "wide drawing", tabindex: "0", role: "group", "aria-label": "Path" }, drawing),
      );
    showSteps(
      parent,
      read.steps.map((step) => {
        const link = evidenceLink(step.document_id, step.start, step.end);
        return [
          inline(text(step.subject)),
          element("span", { class: "by" }, " ", inline(text(step.relation)), " → "),
          inline(text(step.object)),
          ...(link ? [" ", link] : []),
        ];
      }),
    );
  }

  /* How wide a drawing may be, in pixels. */
  const room = () => Math.min(innerWidth - 32, document.getElementById("reading").clientWidth - 64);

  function showSteps(parent, steps) {
    if (steps.length)
      parent.append(element("ol", { class: "derived" }, ...steps.map((each) => element("li", {}, ...each))));
  }

  const list = (value) => (Array.isArray(value) ? value : []);
  const text = (value) =>
    value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);

  return { show };
})();
