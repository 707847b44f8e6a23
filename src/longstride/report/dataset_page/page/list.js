"use strict";
/* The list of samples: of thousands of rows only those in view exist. */
longstride.list = (() => {
  const { element, inline, words } = longstride.text;
  const ROW = 86,
    BEYOND = 6; // pixels; rows drawn outside of the view
  const box = document.getElementById("list"),
    rows = document.getElementById("rows");
  let shown = [],
    chosen = null,
    choose = () => {};

  function show(samples, chosenSample) {
    shown = samples;
    chosen = chosenSample;
    rows.style.height = `${shown.length * ROW}px`;
    draw();
  }

  function draw() {
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - BEYOND);
    const last = Math.min(shown.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + BEYOND);
    const drawn = [];
    for (let place = first; place < last; place += 1) drawn.push(option(shown[place], place));
    if (!shown.length) drawn.push(element("p", { class: "empty" }, "No sample passes these filters."));
    rows.replaceChildren(...drawn);
    const id = chosen && `sample-${chosen.number}`;
    if (id && document.getElementById(id)) box.setAttribute("aria-activedescendant", id);
    else box.removeAttribute("aria-activedescendant");
  }

  function option(sample, place) {
    const tokens = sample.tokens === null ? "" : `${sample.tokens.toLocaleString("en")} tokens`;
    const made = element(
      "div",
      {
        role: "option",
        class: "row",
        id: `sample-${sample.number}`,
        "aria-selected": String(sample === chosen),
        "aria-setsize": shown.length,
        "aria-posinset": place + 1,
        onclick: () => choose(sample),
      },
      element(
        "p",
        { class: "row-kinds" },
        element("span", {}, `${words(sample.task)} · ${words(sample.type)}`),
        element("span", { class: "row-tokens" }, tokens),
      ),
      element("p", { class: "row-question", dir: "auto" }, inline(sample.question.slice(0, 300))),
    );
    made.style.top = `${place * ROW}px`;
    return made;
  }

  /* Choose a sample of those shown, and bring it into view. */
  function select(sample) {
    chosen = sample;
    const place = shown.indexOf(sample);
    if (place >= 0) {
      const top = place * ROW;
      if (top < box.scrollTop) box.scrollTop = top;
      else if (top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW - box.clientHeight;
    }
    draw();
  }

  /* The sample so many rows on from the chosen one; at the ends the last or first. */
  function neighbour(by) {
    if (!shown.length) return null;
    const place = shown.indexOf(chosen);
    return shown[place < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.max(0, Math.min(shown.length - 1, place + by))];
  }

  const position = () => [shown.indexOf(chosen) + 1, shown.length];
  const perPage = () => Math.max(1, Math.floor(box.clientHeight / ROW) - 1);

  let waiting = false;
  const redraw = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
  box.addEventListener("scroll", redraw);
  window.addEventListener("resize", redraw);

  return {
    box,
    show,
    select,
    neighbour,
    position,
    perPage,
    onChoose: (action) => {
      choose = action;
    },
  };
})();
