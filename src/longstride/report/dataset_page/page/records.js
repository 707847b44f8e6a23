"use strict";
/* The rows of the shards as records; rows.py and documents.py write them. */
longstride.records = (() => {
  const PROMPT = 5,
    MISSING = 6; // documents.py
  let summary = null;

  async function open() {
    const [name, samples, documents, missing, [tasks, types, generators, families], lists, firsts, catalogRows] =
      await longstride.load("summary", 0);
    summary = {
      name,
      samples,
      documents,
      missing,
      tasks,
      types,
      generators,
      lists,
      firsts,
      catalogRows,
      families: [...families, "prompt", "missing"],
    };
    return summary;
  }

  /* The rows of one shard of the list; `first` is the number of its first. */
  async function listed(shard, first) {
    const rows = await longstride.load("list", shard);
    return rows.map(
      ([id, question, answer, task, type, generator, families, tokens, documents, quotations], place) => ({
        number: first + place,
        id,
        question,
        answer,
        tokens,
        documents,
        quotations,
        task: summary.tasks[task],
        type: summary.types[type],
        generator: summary.generators[generator],
        families: families.map((each) => summary.families[each]),
        searched: null,
      }),
    );
  }

  async function sample(number) {
    let shard = 0;
    for (let above = summary.firsts.length; above - shard > 1;) {
      const middle = (shard + above) >> 1;
      if (summary.firsts[middle] <= number) shard = middle;
      else above = middle;
    }
    const row = (await longstride.load("samples", shard))[number - summary.firsts[shard]];
    if (!row) throw new Error("the list and the samples do not fit: make the page again");
    const [
      question,
      instructions,
      answers,
      style,
      styleArguments,
      source,
      seed,
      context,
      documents,
      evidence,
      derivation,
      checks,
      passes,
      cost,
    ] = row;
    return {
      question,
      instructions,
      answers,
      style,
      styleArguments,
      source,
      seed,
      context,
      derivation,
      checks,
      cost,
      passes: passes.map(([model, rollouts, correct, reward]) => ({ model, rollouts, correct, reward })),
      evidence: evidence.map(([place, start, end, text], index) => ({ index, place, start, end, text })),
      documents: await Promise.all(documents.map(described)),
    };
  }

  async function described(number, place) {
    const rows = await longstride.load("catalog", Math.floor(number / summary.catalogRows));
    const [id, title, family, source, characters, parent, offset, pieces] = rows[number % summary.catalogRows];
    return {
      id,
      title,
      source,
      characters,
      parent,
      offset,
      pieces,
      place,
      family: summary.families[family],
      isPrompt: family === PROMPT,
      isMissing: family === MISSING,
    };
  }

  /* The whole text of a document. */
  async function text(document) {
    const pieces = [];
    for (const [shard, place] of document.pieces) pieces.push((await longstride.load("documents", shard))[place]);
    return pieces.join("");
  }

  return { open, listed, sample, text };
})();
