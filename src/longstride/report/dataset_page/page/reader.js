"use strict";
/* Reading one sample: question, answer, how it follows, the quotations, and the documents with the quotations in them. */
longstride.reader = (() => {
  const { element, append, inline, words, count } = longstride.text;
  const OPEN_AT_ONCE = 6,
    OPEN_CHARACTERS = 300_000; // documents with quotations that are opened with the sample
  let turn = 0; // the sample that is being read: an earlier one that comes late is not shown
  let marked = -1; // the quotation that was gone to last
  let shown = null;

  async function show(article, row) {
    const mine = ++turn;
    article.setAttribute("aria-busy", "true");
    try {
      const sample = await longstride.records.sample(row.number);
      if (mine !== turn) return false;
      shown = { sample, article, opened: new Map() };
      marked = -1;
      article.replaceChildren(...parts(row, sample));
      await openFirst();
    } catch (error) {
      if (mine !== turn) return false;
      article.replaceChildren(element("p", { class: "problem", role: "alert" }, error.message));
    }
    if (mine === turn) article.setAttribute("aria-busy", "false");
    return mine === turn;
  }

  function parts(row, sample) {
    const head = element(
      "header",
      {},
      element("p", { class: "kinds" }, ...kinds(row).map((each) => element("span", { class: "kind" }, inline(each)))),
      long("h2", sample.question, sample.question.length > 320 ? "question long" : "question"),
    );
    if (sample.instructions) head.append(long("p", sample.instructions, "instructions"));
    const derivation = element("section", { class: "derivation" }, element("h3", {}, "How the answer follows"));
    if (sample.derivation)
      longstride.derivation.show(derivation, sample.derivation, (...place) => evidenceLink(sample, place));
    return [
      head,
      answers(sample),
      ...(sample.derivation ? [derivation] : []),
      ...evidence(sample),
      documents(sample),
      record(row, sample),
    ];
  }

  function kinds(row) {
    const tokens = row.tokens === null ? "length not counted" : count(row.tokens, "token");
    return [words(row.task), words(row.type), words(row.generator), tokens, count(row.documents, "document")];
  }

  function long(tag, text, kind) {
    const made = element(tag, { class: kind, dir: "auto" });
    if (text.length > 8000) longstride.text.show(made, text);
    else append(made, text);
    return made;
  }

  function answers(sample) {
    const [first, ...others] = sample.answers;
    const box = element(
      "section",
      { class: "answer", "aria-label": "Answer" },
      element("h3", {}, "Answer"),
      long("p", first, "first-answer"),
    );
    if (others.length) {
      box.append(
        element(
          "p",
          { class: "others" },
          "Accepted too: ",
          ...others.flatMap((each, place) => [place ? ", " : "", element("span", { class: "other" }, inline(each))]),
        ),
      );
    }
    box.append(
      element(
        "p",
        { class: "note" },
        "Graded by ",
        element("code", {}, inline(sample.style)),
        ...(sample.styleArguments
          ? [" ", element("code", {}, inline(sample.styleArguments.replace(/\s+/g, " ")))]
          : []),
      ),
    );
    return box;
  }

  function evidence(sample) {
    if (!sample.evidence.length) return [];
    const entries = sample.evidence.map((each) =>
      element(
        "li",
        {},
        element(
          "button",
          { type: "button", class: "quotation", "data-evidence": each.index, onclick: () => goTo(each.index) },
          element("span", { class: "quoted" }, inline(each.text, 600)),
          element("span", { class: "from" }, inline(sample.documents[each.place].title, 160)),
        ),
      ),
    );
    return [
      element(
        "section",
        {},
        element("h3", {}, `Evidence (${sample.evidence.length})`),
        element("ol", { class: "evidence" }, ...entries),
      ),
    ];
  }

  function evidenceLink(sample, [id, start, end]) {
    const found = sample.evidence.find(
      (each) => sample.documents[each.place].id === id && each.start === start && each.end === end,
    );
    if (!found) return null;
    return element(
      "button",
      {
        type: "button",
        class: "link to-quotation",
        "aria-label": `Quotation ${found.index + 1}`,
        onclick: () => goTo(found.index),
      },
      `[${found.index + 1}]`,
    );
  }

  function documents(sample) {
    const isPrompt = sample.documents[0]?.isPrompt;
    const section = element(
      "section",
      { class: "documents" },
      element(
        "div",
        { class: "heading" },
        element("h3", {}, isPrompt ? "Prompt" : `Documents, in the order of the prompt (${sample.documents.length})`),
        element("button", { type: "button", class: "link", id: "open-all", onclick: openAll }, "Open all"),
      ),
    );
    for (const each of sample.documents) {
      const quoted = sample.evidence.filter((entry) => entry.place === each.place).length;
      section.append(
        element(
          "details",
          {
            class: "document",
            id: `document-${each.place}`,
            ontoggle: (event) => {
              if (event.target.open && shown.article.contains(event.target)) open(each.place); // it may come late
            },
          },
          element(
            "summary",
            {},
            element("span", { class: "document-number" }, String(each.place + 1)),
            element("span", { class: "document-title" }, inline(each.title, 200)),
            ...(quoted ? [element("span", { class: "badge" }, count(quoted, "quotation"))] : []),
            element(
              "span",
              { class: "document-size" },
              each.isMissing ? "missing" : `${each.characters.toLocaleString("en")} characters`,
            ),
          ),
          element(
            "p",
            { class: "document-origin" },
            ...(each.isPrompt
              ? []
              : [
                  inline(
                    [
                      words(each.family),
                      each.source,
                      each.parent ? `part of ${each.parent} from character ${each.offset.toLocaleString("en")}` : "",
                    ]
                      .filter(Boolean)
                      .join(" · "),
                    400,
                  ),
                ]),
          ),
          element("div", { class: "text", lang: "" }),
        ),
      );
    }
    return section;
  }

  function record(row, sample) {
    const section = element("section", { class: "record" }, element("h3", {}, "Record"));
    const facts = [
      ["Id", link(row.id)],
      ["Data source", inline(sample.source)],
      ["Seed", String(sample.seed)],
      ["Context", sample.context === null ? null : inline(sample.context)],
    ];
    section.append(pairs(facts.filter(([, value]) => value !== null)));
    for (const [name, json] of [
      ["Checks", sample.checks],
      ["Cost", sample.cost],
    ]) {
      if (json) section.append(element("h4", {}, name), pairs(entries(json)));
    }
    if (sample.passes.length) {
      section.append(
        element("h4", {}, "Solved by"),
        pairs(
          sample.passes.map((each) => [each.model, `${each.correct} of ${each.rollouts}, mean reward ${each.reward}`]),
        ),
      );
    }
    return section;
  }

  function link(id) {
    const address = new URLSearchParams({ sample: id });
    return element("a", { href: `#${address}`, title: "A link to this sample" }, inline(id));
  }

  function entries(json) {
    try {
      return Object.entries(JSON.parse(json)).map(([name, value]) => [
        words(name),
        inline(typeof value === "string" ? value : JSON.stringify(value)),
      ]);
    } catch {
      return [["", inline(json, 4000)]];
    }
  }

  function pairs(all) {
    return element(
      "dl",
      {},
      ...all.map(([name, value]) => element("div", {}, element("dt", {}, inline(name)), element("dd", {}, value))),
    );
  }

  /* Fill a document with its text, once; gives true where it stands there. */
  function open(place) {
    const { sample, article, opened } = shown,
      mine = turn;
    if (!opened.has(place)) opened.set(place, fill());
    return opened.get(place);

    async function fill() {
      const each = sample.documents[place],
        box = article.querySelector(`#document-${place}`),
        area = box.querySelector(".text");
      box.open = true;
      if (each.isMissing) {
        area.append(element("p", { class: "problem" }, "The data set holds no document of this id."));
        return true;
      }
      try {
        const text = await longstride.records.text(each);
        if (mine !== turn) return false;
        const lost = longstride.text.show(
          area,
          text,
          sample.evidence.filter((entry) => entry.place === place),
        );
        for (const index of lost) {
          const entry = article.querySelector(`[data-evidence="${index}"]`);
          entry.classList.add("misquoted");
          entry.append(element("span", { class: "problem" }, "The document does not say this at these offsets."));
        }
        if (!text) area.append(element("p", { class: "note" }, "This document is empty."));
      } catch (error) {
        area.append(element("p", { class: "problem", role: "alert" }, error.message));
      }
      return true;
    }
  }

  async function openFirst() {
    const { sample } = shown;
    const quoted = [...new Set(sample.evidence.map((each) => each.place))].sort((a, b) => a - b);
    const chosen = [];
    let characters = 0;
    for (const place of quoted.length ? quoted : sample.documents.slice(0, 1).map((each) => each.place)) {
      characters += sample.documents[place].characters;
      if (chosen.length && (chosen.length === OPEN_AT_ONCE || characters > OPEN_CHARACTERS)) break;
      chosen.push(place);
    }
    await Promise.all(chosen.map(open));
  }

  async function openAll() {
    const mine = turn;
    for (const each of shown.sample.documents) {
      if (mine !== turn) return;
      await open(each.place);
      shown.article.querySelector(`#document-${each.place}`).open = true;
    }
  }

  /* Go to a quotation in its document. */
  async function goTo(index) {
    if (!shown || !shown.sample.evidence[index]) return;
    const { sample, article } = shown,
      { place } = sample.evidence[index];
    if (!(await open(place)) || article !== shown.article) return;
    article.querySelector(`#document-${place}`).open = true;
    marked = index;
    article.querySelectorAll("mark.current").forEach((each) => each.classList.remove("current"));
    const found = article.querySelectorAll(`mark[data-quotes~="${index}"]`);
    found.forEach((each) => each.classList.add("current"));
    const target = found[0] ?? article.querySelector(`#document-${place}`);
    target.setAttribute("tabindex", "-1");
    for (let times = 0; times < 3; times += 1) {
      // what is laid out on the way there moves it
      target.scrollIntoView({ block: "center" });
      await new Promise(requestAnimationFrame);
    }
    target.focus({ preventScroll: true });
  }

  function step(by) {
    if (!shown?.sample.evidence.length) return;
    const all = shown.sample.evidence.length;
    goTo(marked < 0 && by < 0 ? all - 1 : (marked + by + all) % all);
  }

  return { show, goTo, step };
})();
