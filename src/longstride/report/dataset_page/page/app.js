"use strict";
/* The page: filters, the list and the sample that is read; all of it stands in the address behind `#`. */
(() => {
  const { words, count, inline } = longstride.text;
  const get = (id) => document.getElementById(id);
  const LENGTHS = [0, 4, 8, 16, 32, 64, 128, 256, 512, 1024]; // thousand tokens
  const FILTERS = {
    task: (sample) => [sample.task],
    type: (sample) => [sample.type],
    length: (sample) => [length(sample.tokens)],
    generator: (sample) => [sample.generator],
    family: (sample) => sample.families,
  };
  const SORTS = {
    "": ["as stored", () => 0],
    longest: ["longest first", (a, b) => (b.tokens ?? -1) - (a.tokens ?? -1)],
    shortest: ["shortest first", (a, b) => (a.tokens ?? Infinity) - (b.tokens ?? Infinity) || 0],
    documents: ["most documents first", (a, b) => b.documents - a.documents],
    quotations: ["most quotations first", (a, b) => b.quotations - a.quotations],
    type: ["by task and type", (a, b) => compare(a.task, b.task) || compare(a.type, b.type)],
  };
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const all = [];
  const byId = new Map();
  let chosen = null,
    isLoaded = false;

  function length(tokens) {
    if (tokens === null) return "?";
    return String(LENGTHS.findLast((each) => each * 1000 <= tokens));
  }

  function lengthName(value) {
    if (value === "?") return "not counted";
    const from = Number(value),
      to = LENGTHS[LENGTHS.indexOf(from) + 1];
    return to === undefined ? `${from}k tokens and more` : from ? `${from}k to ${to}k tokens` : `under ${to}k tokens`;
  }

  /* ---- filters ---- */

  function searched(sample) {
    sample.searched ??= `${sample.question}\n${sample.answer}\n${sample.id}`.toLowerCase();
    return sample.searched;
  }

  /* Show what passes all filters; offer in each filter what passes the others. */
  function filter() {
    const terms = get("query").value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = Object.entries(FILTERS).filter(([name]) => get(name).value);
    const checks = wanted.map(([name, values]) => [name, values, get(name).value]);
    const found = [];
    const offered = Object.fromEntries(Object.keys(FILTERS).map((name) => [name, []]));
    for (const sample of all) {
      if (!terms.every((term) => searched(sample).includes(term))) continue;
      const failed = checks.filter(([, values, value]) => !values(sample).includes(value)).map(([name]) => name);
      if (!failed.length) found.push(sample);
      for (const name of failed.length ? failed : Object.keys(FILTERS)) {
        if (failed.length < 2) offered[name].push(sample);
      }
    }
    const order = SORTS[get("sort").value][1];
    if (get("sort").value) found.sort((a, b) => order(a, b) || a.number - b.number);
    for (const [name, samples] of Object.entries(offered)) offer(name, samples);
    get("active-filters").textContent = checks.length ? `(${checks.length} on)` : "";
    get("reset").hidden = !checks.length && !terms.length;
    const many = count(all.length, "sample");
    get("count").textContent = found.length === all.length ? many : `${found.length.toLocaleString("en")} of ${many}`;
    if (!isLoaded) get("count").textContent += ", loading …";
    longstride.list.show(found, chosen);
    place();
  }

  /* The options of a filter, each with the number of samples that it would leave. */
  function offer(name, samples) {
    const select = get(name);
    const held = select.value;
    const tally = new Map();
    for (const value of samples.flatMap(FILTERS[name])) tally.set(value, (tally.get(value) ?? 0) + 1);
    if (held && !tally.has(held)) tally.set(held, 0);
    const shown = name === "length" ? lengthName : words;
    const values = [...tally.keys()].sort(name === "length" ? (a, b) => Number(a) - Number(b) : compare);
    const options = values.map((value) =>
      option(value, `${longstride.text.plain(shown(value)).slice(0, 60)} (${tally.get(value).toLocaleString("en")})`),
    );
    select.replaceChildren(option("", "all"), ...options);
    select.value = held;
  }

  function option(value, text) {
    const made = document.createElement("option");
    made.value = value;
    made.textContent = text;
    return made;
  }

  /* ---- the address ---- */

  function address() {
    const state = new URLSearchParams();
    if (chosen) state.set("sample", chosen.id);
    for (const name of [...Object.keys(FILTERS), "sort"]) if (get(name).value) state.set(name, get(name).value);
    if (get("query").value) state.set("q", get("query").value);
    return `#${state}`;
  }

  function remember(isStep = false) {
    try {
      history[isStep ? "pushState" : "replaceState"](null, "", address());
    } catch {
      /* too often: the address stays behind */
    }
  }

  /* Take the state over from the address; true where it names a sample. */
  function recall() {
    const state = new URLSearchParams(location.hash.slice(1));
    for (const name of Object.keys(FILTERS)) {
      const value = state.get(name) ?? "";
      if (value && ![...get(name).options].some((each) => each.value === value)) get(name).append(option(value, value));
      get(name).value = value;
    }
    get("sort").value = Object.hasOwn(SORTS, state.get("sort") ?? "") ? (state.get("sort") ?? "") : "";
    get("query").value = state.get("q") ?? "";
    return state.get("sample");
  }

  function follow() {
    const id = recall();
    filter();
    const sample = id === null ? null : byId.get(id);
    if (sample && sample !== chosen) read(sample, { isRemembered: true });
    else if (id === null && document.body.classList.contains("reading-now")) toList(false);
    else if (id !== null && !sample && isLoaded) get("sample").replaceChildren(problem(`No sample of the id ${id}`));
  }

  function problem(text) {
    return longstride.text.element("p", { class: "problem", role: "alert" }, inline(text));
  }

  /* ---- reading ---- */

  async function read(sample, { isStep = false, isRemembered = false, toSample = false } = {}) {
    chosen = sample;
    longstride.list.select(sample);
    document.body.classList.add("reading-now");
    if (!isRemembered) remember(isStep);
    place();
    get("reading").scrollTop = 0;
    if (isNarrow()) window.scrollTo(0, 0);
    if (toSample) get("reading").focus({ preventScroll: true });
    await longstride.reader.show(get("sample"), sample);
  }

  function place() {
    const [position, number] = longstride.list.position();
    get("place").textContent =
      chosen && position ? `${position.toLocaleString("en")} of ${number.toLocaleString("en")}` : "";
    get("previous").disabled = number === 0 || position === 1;
    get("next").disabled = number === 0 || position === number;
  }

  function move(by, options) {
    const sample = longstride.list.neighbour(by);
    if (sample && sample !== chosen) read(sample, options);
  }

  function toList(isRemembered = true) {
    document.body.classList.remove("reading-now");
    if (isNarrow()) chosen = null;
    if (isRemembered) remember();
    longstride.list.select(chosen);
    longstride.list.box.focus({ preventScroll: true });
  }

  const isNarrow = () => matchMedia("(max-width: 899px)").matches;

  /* ---- keys ---- */

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target, key } = event,
      isTyping = target.matches("input, select, textarea");
    const isInList = target === longstride.list.box || target === document.body;
    if (key === "Escape") {
      escape(target);
      return;
    }
    if (isTyping) {
      if (target.id === "query" && (key === "ArrowDown" || key === "Enter")) {
        event.preventDefault();
        longstride.list.box.focus();
        if (!chosen) move(1);
      }
      return;
    }
    const actions = {
      "/": () => {
        if (isNarrow()) toList();
        get("query").focus();
        get("query").select();
      },
      n: () => longstride.reader.step(1),
      p: () => longstride.reader.step(-1),
    };
    if (isInList) {
      Object.assign(actions, {
        ArrowDown: () => move(1),
        ArrowUp: () => move(-1),
        PageDown: () => move(longstride.list.perPage()),
        PageUp: () => move(-longstride.list.perPage()),
        Home: () => move(-all.length),
        End: () => move(all.length),
        Enter: () => {
          if (chosen) read(chosen, { toSample: true });
          else move(1);
        },
      });
    }
    if (Object.hasOwn(actions, key)) {
      event.preventDefault();
      actions[key]();
    }
  }

  function escape(target) {
    if (target.id === "query" && target.value) {
      target.value = "";
      filter();
      remember();
      return;
    }
    if (isNarrow() && document.body.classList.contains("reading-now")) toList();
    else longstride.list.box.focus({ preventScroll: true });
  }

  /* ---- theme ---- */

  const THEMES = { "": "System", light: "Light", dark: "Dark" };

  function theme(name) {
    if (name) document.documentElement.dataset.theme = name;
    else delete document.documentElement.dataset.theme;
    get("theme-name").textContent = THEMES[name];
    get("theme").setAttribute("aria-label", `Theme: ${name || "as the system has it"}`);
  }

  function stored(name) {
    try {
      if (name !== undefined) localStorage.setItem("longstride-theme", name);
      return localStorage.getItem("longstride-theme") ?? "";
    } catch {
      return name ?? "";
    } // a browser that keeps nothing for pages from disk
  }

  /* ---- start ---- */

  function listen() {
    let waiting = 0;
    get("query").addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        filter();
        remember();
      }, 80);
    });
    for (const name of [...Object.keys(FILTERS), "sort"])
      get(name).addEventListener("change", () => {
        filter();
        remember();
      });
    get("filters").addEventListener("submit", (event) => event.preventDefault());
    get("reset").addEventListener("click", () => {
      for (const name of Object.keys(FILTERS)) get(name).value = "";
      get("query").value = "";
      filter();
      remember();
      get("query").focus();
    });
    longstride.list.onChoose((sample) => read(sample, { isStep: isNarrow(), toSample: isNarrow() }));
    get("back").addEventListener("click", () => toList());
    get("previous").addEventListener("click", () => move(-1));
    get("next").addEventListener("click", () => move(1));
    get("theme").addEventListener("click", () => {
      const names = Object.keys(THEMES),
        now = document.documentElement.dataset.theme ?? "";
      theme(stored(names[(names.indexOf(now) + 1) % names.length]));
    });
    document.addEventListener("keydown", onKey);
    window.addEventListener("popstate", follow);
    document.querySelector(".skip").addEventListener("click", (event) => {
      event.preventDefault();
      get("reading").focus();
    });
  }

  async function start() {
    theme(Object.hasOwn(THEMES, stored()) ? stored() : "");
    if (isNarrow()) get("more-filters").open = false;
    listen();
    const summary = await longstride.records.open();
    get("name").replaceChildren(inline(summary.name, 120));
    document.title = `${longstride.text.plain(summary.name)}: a data set`;
    const missing = summary.missing ? ` (${summary.missing.toLocaleString("en")} missing)` : "";
    get("totals").textContent =
      `${count(summary.samples, "sample")} over ${count(summary.documents, "document")}${missing}`;
    for (const [name, [shown]] of Object.entries(SORTS)) get("sort").append(option(name, shown));
    for (let shard = 0; shard < summary.lists; shard += 1) {
      for (const sample of await longstride.records.listed(shard, all.length)) {
        all.push(sample);
        if (!byId.has(sample.id)) byId.set(sample.id, sample);
      }
      isLoaded = shard === summary.lists - 1;
      if (shard === 0 || isLoaded || shard % 8 === 0) {
        if (shard === 0) recall();
        filter();
      }
    }
    isLoaded = true;
    const named = new URLSearchParams(location.hash.slice(1)).has("sample");
    if (named) follow();
    else if (all.length && !isNarrow()) await read(longstride.list.neighbour(1) ?? all[0], { isRemembered: true });
    document.documentElement.dataset.ready = "true";
  }

  start().catch((error) => {
    get("totals").textContent = error.message;
    get("sample").replaceChildren(problem(error.message));
  });
})();
