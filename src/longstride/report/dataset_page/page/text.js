"use strict";
/* Untrusted text on the page: always as text nodes. Characters that hide, or that turn the direction of what follows,
   are left out and marked; long texts stand in blocks that the browser lays out when they come near. */
longstride.text = (() => {
  const BLOCK = 4000; // UTF-16 units; a block ends at the first line end after them, or at twice as many
  const HIDDEN = new RegExp(
    "[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f\\u200b\\u2028-\\u202e\\u2060-\\u206f\\ufeff" +
      "\\ufff9-\\ufffb\\ufffe\\uffff\\ud800-\\udfff\\u{e0000}-\\u{e007f}]",
    "gu",
  );
  const NAMES = {
    0: "NUL",
    0x200b: "ZWSP",
    0x2028: "LS",
    0x2029: "PS",
    0x202a: "LRE",
    0x202b: "RLE",
    0x202c: "PDF",
    0x202d: "LRO",
    0x202e: "RLO",
    0x2066: "LRI",
    0x2067: "RLI",
    0x2068: "FSI",
    0x2069: "PDI",
    0xfeff: "BOM",
  };

  function element(tag, options = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(options)) {
      if (name === "class") made.className = value;
      else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined) made.setAttribute(name, value);
    }
    made.append(...children); // strings become text nodes
    return made;
  }

  /* Append a text, its hidden characters as marks without text of their own. */
  function append(parent, text) {
    let done = 0;
    for (const found of text.matchAll(HIDDEN)) {
      if (found.index > done) parent.append(text.slice(done, found.index));
      const code = found[0].codePointAt(0);
      const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
      parent.append(
        element("span", {
          class: "hidden-character",
          "data-code": NAMES[code] || name,
          title: name,
          role: "img",
          "aria-label": `hidden character ${name}`,
        }),
      );
      done = found.index + found[0].length;
    }
    if (done < text.length) parent.append(text.slice(done));
    return parent;
  }

  /* A short text in a line of its own direction. */
  function inline(text, limit = 400) {
    const cut = text.length > limit ? `${whole(text, limit)} …` : text;
    return append(element("bdi"), cut);
  }

  const plain = (text) => text.replace(HIDDEN, "");

  /* The beginning of a text, no character cut in two. */
  function whole(text, limit) {
    return text.slice(0, isHigh(text, limit - 1) ? limit - 1 : limit);
  }

  const isHigh = (text, place) => (text.charCodeAt(place) & 0xfc00) === 0xd800;
  const isLow = (text, place) => (text.charCodeAt(place) & 0xfc00) === 0xdc00;

  /* Offsets in characters (as Python counts them) as offsets in UTF-16 units; one past the end gives null. */
  function unitOffsets(text, offsets) {
    const found = new Map();
    const sorted = [...new Set(offsets)].sort((a, b) => a - b);
    let unit = 0,
      character = 0;
    for (const wanted of sorted) {
      while (character < wanted && unit < text.length) {
        unit += isHigh(text, unit) && isLow(text, unit + 1) ? 2 : 1;
        character += 1;
      }
      found.set(wanted, character === wanted ? unit : null);
    }
    return found;
  }

  /* Show a text in `parent`; `quoted` are the entries of evidence in it. Gives the indices of those that it does not
     hold at their offsets. A quotation that crosses another, or the end of a block, stands in several marks. */
  function show(parent, text, quoted = []) {
    const offsets = unitOffsets(
      text,
      quoted.flatMap((each) => [each.start, each.end]),
    );
    const marks = [],
      lost = [];
    for (const each of quoted) {
      const start = offsets.get(each.start),
        end = offsets.get(each.end);
      if (start === null || end === null || text.slice(start, end) !== each.text) lost.push(each.index);
      else marks.push({ index: each.index, start, end });
    }
    const cuts = [...new Set(marks.flatMap((each) => [each.start, each.end]))].sort((a, b) => a - b);
    let nextCut = 0;
    for (let start = 0; start < text.length;) {
      const end = blockEnd(text, start);
      const block = element("div", { class: "block" });
      if (end < text.length && text[end - 1] !== "\n") block.classList.add("goes-on");
      while (cuts[nextCut] <= start) nextCut += 1;
      for (let from = start; from < end;) {
        const to = Math.min(end, cuts[nextCut] ?? end);
        appendRun(block, text, from, to, marks);
        if (to === cuts[nextCut]) nextCut += 1;
        from = to;
      }
      parent.append(block);
      start = end;
    }
    return lost;
  }

  function appendRun(block, text, from, to, marks) {
    const over = marks.filter((each) => each.start <= from && to <= each.end);
    if (!over.length) {
      append(block, text.slice(from, to));
      return;
    }
    const mark = element("mark", { "data-quotes": over.map((each) => each.index).join(" ") });
    const first = over.filter((each) => each.start === from).map((each) => each.index + 1);
    if (first.length) mark.dataset.number = first.join(", ");
    block.append(append(mark, text.slice(from, to)));
  }

  function blockEnd(text, start) {
    if (text.length - start <= BLOCK * 2) return text.length;
    const line = text.indexOf("\n", start + BLOCK);
    if (line !== -1 && line < start + BLOCK * 2) return line + 1;
    return start + BLOCK * 2 - (isHigh(text, start + BLOCK * 2 - 1) ? 1 : 0);
  }

  /* A name of ours in words: "multi_hop" is "multi hop". */
  const words = (name) => name.replaceAll("_", " ");
  const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

  return { element, append, inline, plain, show, unitOffsets, words, count };
})();
