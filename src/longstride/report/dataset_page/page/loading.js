"use strict";
/* Shards: script files of data that lie beside the page, loaded when they are asked for. A page opened from disk may
   not fetch; it may add a script. Those used last are held, the others are dropped and loaded again when needed. */
const longstride = (() => {
  const HELD = { summary: 1, list: 0, samples: 6, catalog: 16, documents: 24 }; // shards of a kind, about 1 MB each
  const folder = document.documentElement.dataset.page;
  const shards = new Map(); // key -> promise of its rows, in the order of use
  const delivered = new Map(); // key -> rows, between a script's run and its load event

  const isShard = (url) => /^page-[0-9a-f]{16}\/(?:summary|list|samples|catalog|documents)-\d{3,}\.js$/.test(url);
  const policy = {
    createScriptURL(url) {
      if (!isShard(url)) throw new TypeError("not a shard of this page");
      return url;
    },
  };
  const addresses = window.trustedTypes ? window.trustedTypes.createPolicy("shards", policy) : policy;

  /* What every shard calls. */
  function shard(kind, number, rows) {
    delivered.set(`${kind}-${number}`, rows);
  }

  /* The rows of a shard. Rejects where its file is missing or damaged. */
  function load(kind, number) {
    const key = `${kind}-${number}`;
    const rows = shards.get(key) || read(kind, number, key);
    shards.delete(key);
    shards.set(key, rows);
    drop(kind);
    return rows;
  }

  function read(kind, number, key) {
    return new Promise((resolve, reject) => {
      const file = `${folder}/${kind}-${String(number).padStart(3, "0")}.js`;
      const script = document.createElement("script");
      const fail = () => {
        shards.delete(key);
        reject(new Error(`${file} is missing or damaged: make the page again`));
      };
      script.addEventListener("error", () => {
        script.remove();
        fail();
      });
      script.addEventListener("load", () => {
        script.remove();
        const rows = delivered.get(key);
        delivered.delete(key);
        if (rows) resolve(rows);
        else fail();
      });
      script.src = addresses.createScriptURL(file);
      document.head.append(script);
    });
  }

  function drop(kind) {
    const keys = [...shards.keys()].filter((key) => key.startsWith(`${kind}-`));
    for (const key of keys.slice(0, Math.max(0, keys.length - HELD[kind]))) shards.delete(key);
  }

  return { shard, load, held: () => [...shards.keys()] };
})();
