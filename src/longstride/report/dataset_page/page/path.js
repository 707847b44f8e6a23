"use strict";
/* A reasoning path as a drawing: entities one below the other, the relation between two of them on the line, what is
   told or read of each in its box, and the answer at the end. */
longstride.path = (() => {
  const LEAST = 230,
    MOST = 430,
    GUTTER = 34,
    LINE = 18,
    PADDING = 12,
    GAP = 22,
    MOST_NODES = 40;
  const NAME = "600 14px system-ui, sans-serif",
    SMALL = "13px system-ui, sans-serif";
  const pen = document.createElement("canvas").getContext("2d");
  const { words, plain } = longstride.text;

  /* What to draw of a derivation {path, query, obfuscation, answer}; null where it has no path. Each atom of the query
     belongs to the statement of the path at its place; without a query, the statements are linked by their names. */
  function read(derivation) {
    const steps = list(derivation.path).filter((each) => each && typeof each === "object");
    if (!steps.length) return null;
    const query = derivation.query ?? {},
      asked = query.answer ?? {};
    const atoms =
      list(query.atoms).length === steps.length
        ? query.atoms
        : steps.map((each) => ({ subject: text(each.subject), object: text(each.object) }));
    const isQuery = atoms === query.atoms;
    const subjects = new Set(atoms.map((each) => text(each.subject)));
    const isEntity = (id) => !isQuery || subjects.has(id) || !/^v\d+$/.test(id);
    const filters = list(query.filters).filter((each) => each && typeof each === "object");
    const wanted = new Set([
      ...list(asked.variables),
      ...list(asked.keys),
      ...filters.flatMap((each) => (each.other ? [each.variable, each.other] : [])),
    ]);
    const nodes = new Map(),
      edges = [],
      values = new Map();
    const node = (id, name) => {
      if (!nodes.has(id)) nodes.set(id, { id, name, clues: [], readings: [], isHidden: isQuery, isAnswer: false });
      return nodes.get(id);
    };
    steps.forEach((step, place) => {
      const from = text(atoms[place].subject),
        to = text(atoms[place].object),
        relation = text(step.relation);
      const subject = node(from, text(step.subject));
      if (isEntity(to)) {
        node(to, text(step.object));
        edges.push({ from, to, relation, number: place + 1 });
      } else if (wanted.has(to)) {
        const reading = { relation, value: text(step.object), of: subject };
        values.set(to, reading);
        subject.readings.push(reading);
      }
    });
    for (const each of list(derivation.obfuscation)) nodes.get(each?.variable)?.clues.push(text(each.clue));
    for (const each of filters) {
      const one = values.get(each.variable),
        other = values.get(each.other);
      if (one && other) one.value += ` (${words(text(each.kind))} ${other.value})`;
    }
    const ordered = [...nodes.values()];
    if (isQuery) ordered.sort((a, b) => order(a.id) - order(b.id)); // variables are numbered along the path
    return { nodes: ordered, edges, steps, answer: answer(derivation, asked, nodes, values, ordered.at(-1), isQuery) };
  }

  /* The box at the end: {name, label}; null where a box or a reading above is the answer itself. */
  function answer(derivation, asked, nodes, values, last, isQuery) {
    const form = text(list(derivation.answer?.forms)[0]);
    if (!isQuery) {
      last.isAnswer = true;
      return null;
    }
    const found = asked.kind === "value" ? asked.variables?.[0] : null;
    if (nodes.has(found)) {
      nodes.get(found).isAnswer = true;
      return null;
    }
    const reading = values.get(found);
    if (reading && reading.of !== last) {
      reading.isAnswer = true;
      return null;
    }
    if (!reading) return form ? { name: form, label: words(text(asked.kind)) } : null;
    last.readings = last.readings.filter((each) => each !== reading);
    return { name: reading.value, label: reading.relation };
  }

  /* The drawing, at most so wide; null where it would be too large to help. */
  function draw({ nodes, edges, answer: end }, room) {
    if (nodes.length > MOST_NODES) return null;
    const above = new Map(nodes.map((each, place) => [each.id, place]));
    const isAside = (edge) => Math.abs(above.get(edge.from) - above.get(edge.to)) !== 1;
    const aside = edges.filter(isAside);
    const width = Math.max(LEAST, Math.min(MOST, room - 4 - (aside.length ? GUTTER : 0)));
    const boxes = nodes.map((each) => boxOf(each, width));
    if (end) boxes.push(boxOf({ name: end.name, clues: [], readings: [], isAnswer: true }, width));
    const links = boxes.slice(1).map((_, place) => {
      if (end && place === boxes.length - 2) return { lines: wrap(end.label, SMALL, width, 3), isDown: true };
      const [upper, lower] = [nodes[place].id, nodes[place + 1].id];
      const found = edges.find(
        (each) => (each.from === upper && each.to === lower) || (each.from === lower && each.to === upper),
      );
      return found ? { lines: wrap(found.relation, SMALL, width, 3), isDown: found.from === upper } : { lines: [] };
    });
    let top = 1;
    boxes.forEach((box, place) => {
      box.top = top;
      top += box.height + 2 * GAP + LINE * (links[place]?.lines.length ?? 0);
    });
    const height = boxes.at(-1).top + boxes.at(-1).height + 1,
      all = width + 2 + (aside.length ? GUTTER : 0);
    const svg = made(
      "svg",
      {
        viewBox: `-1 0 ${all} ${height}`,
        width: all,
        height,
        class: "path",
        role: "img",
        "aria-label": "The path from what the question tells to its answer; its statements are listed below.",
      },
      arrowHead(),
    );
    links.forEach((link, place) => {
      if (link.lines.length) drawLink(svg, link, boxes[place], boxes[place + 1], width / 2);
    });
    for (const edge of aside) drawAside(svg, boxes[above.get(edge.from)], boxes[above.get(edge.to)], edge, width);
    for (const box of boxes) drawBox(svg, box, width);
    return svg;
  }

  function boxOf(node, width) {
    const inside = width - 2 * PADDING,
      lines = wrap(node.name, NAME, inside, 3).map((each) => [each, "node-name"]);
    const add = (content, kind) => {
      for (const each of wrap(content, SMALL, inside, 5)) lines.push([each, kind]);
    };
    if (node.isAnswer) add("the answer", "node-answer");
    else if (node.isHidden) add(node.clues.length ? "not named, but told by" : "not named", "node-caption");
    for (const each of node.clues) add(`· ${each}`, "node-clue");
    for (const each of node.readings)
      add(
        `→ ${each.relation}: ${each.value}${each.isAnswer ? " (the answer)" : ""}`,
        each.isAnswer ? "node-answer" : "node-reading",
      );
    return {
      lines,
      height: 2 * PADDING + LINE * lines.length - 3,
      kind: node.isAnswer ? "answer-node" : node.isHidden ? "hidden-node" : "node",
    };
  }

  function drawBox(svg, box, width) {
    const group = made("g", { class: box.kind }, made("rect", { x: 0, y: box.top, width, height: box.height, rx: 8 }));
    box.lines.forEach(([content, kind], place) =>
      group.append(label(content, width / 2, box.top + PADDING + 13 + place * LINE, kind)),
    );
    svg.append(group);
  }

  function drawLink(svg, { lines, isDown }, upper, lower, x) {
    const from = upper.top + upper.height,
      middle = (from + lower.top) / 2,
      half = (lines.length * LINE) / 2;
    const upperLine = made("path", { class: "edge", d: `M${x} ${from}V${middle - half - 2}` });
    const lowerLine = made("path", { class: "edge", d: `M${x} ${middle + half + 2}V${lower.top}` });
    if (isDown) lowerLine.setAttribute("marker-end", "url(#arrow)");
    else upperLine.setAttribute("marker-start", "url(#arrow)");
    svg.append(upperLine, lowerLine);
    lines.forEach((each, place) => svg.append(label(each, x, middle - half + 13 + place * LINE, "relation-name")));
  }

  /* An edge between boxes that are no neighbours, beside them; its number is that of its statement in the list. */
  function drawAside(svg, from, to, { number }, width) {
    const [start, end] = [from, to].map((box) => box.top + box.height / 2),
      x = width + GUTTER - 14;
    svg.append(
      made("path", { class: "edge", "marker-end": "url(#arrow)", d: `M${width} ${start}H${x}V${end}H${width}` }),
    );
    svg.append(label(String(number), x + 8, (start + end) / 2, "relation-name"));
  }

  function arrowHead() {
    const marker = made(
      "marker",
      {
        id: "arrow",
        viewBox: "0 0 8 8",
        refX: 7,
        refY: 4,
        markerWidth: 8,
        markerHeight: 8,
        orient: "auto-start-reverse",
      },
      made("path", { d: "M0 0 8 4 0 8z" }),
    );
    return made("defs", {}, marker);
  }

  function label(content, x, y, kind) {
    return made("text", { x, y, class: kind, "text-anchor": "middle" }, content);
  }

  /* A text in at most so many lines of this width. */
  function wrap(content, font, width, most) {
    pen.font = font;
    const lines = [];
    let line = "";
    for (const word of plain(content).slice(0, 600).split(/\s+/).filter(Boolean)) {
      const longer = line ? `${line} ${word}` : word;
      if (pen.measureText(longer).width <= width) {
        line = longer;
        continue;
      }
      if (line) lines.push(line);
      line = word;
      while (pen.measureText(line).width > width) {
        const fits = Math.max(1, Math.floor((line.length * width) / pen.measureText(line).width) - 1);
        lines.push(line.slice(0, fits));
        line = line.slice(fits);
      }
    }
    if (line) lines.push(line);
    if (lines.length > most) {
      lines.length = most;
      lines[most - 1] = `${lines[most - 1].replace(/[\s,;.]*.$/u, "")}…`;
    }
    return lines.length ? lines : ["–"];
  }

  function made(tag, attributes, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  const order = (id) => Number(/^e(\d+)$/.exec(id)?.[1] ?? Infinity);
  const list = (value) => (Array.isArray(value) ? value : []);
  const text = (value) => (value === null || value === undefined ? "" : String(value));

  return { read, draw };
})();
