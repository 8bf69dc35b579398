// What src/connect/text/tlds.txt and emoji.txt hold, from the packages that count for X: run by text_length_test.py,
// which compares, and by hand to make them anew.
//
// usage: node data.mjs tlds|emoji NODE_MODULES

import { createRequire } from "node:module";
import path from "node:path";

const [what, modules] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, "x.js"));

// Every string that a regular expression without repetition matches, "" for what only looks ahead.
function expand(source) {
  let at = 0;
  const unit = () => {
    if (source[at] !== "\\") return source.charCodeAt(at++);
    const code = parseInt(source.slice(at + 2, at + 6), 16);
    at += 6;
    return code;
  };
  const one = () => {
    if (source.startsWith("(?!", at)) {
      at = source.indexOf(")", at) + 1;
      return [""];
    }
    if (source[at] === "(") {
      at += source.startsWith("(?:", at) ? 3 : 1;
      const inside = alternatives();
      at++;
      return inside;
    }
    if (source[at] !== "[") return [String.fromCharCode(unit())];
    const found = [];
    for (at++; source[at] !== "]"; ) {
      const first = unit();
      let last = first;
      if (source[at] === "-") at++, (last = unit());
      for (let code = first; code <= last; code++) found.push(String.fromCharCode(code));
    }
    at++;
    return found;
  };
  const sequence = () => {
    let found = [""];
    while (at < source.length && source[at] !== "|" && source[at] !== ")") {
      const next = one();
      if (source[at] === "?") at++, next.push("");
      found = found.flatMap((head) => next.map((tail) => head + tail));
    }
    return found;
  };
  const alternatives = () => {
    const found = sequence();
    while (source[at] === "|") at++, found.push(...sequence());
    return found;
  };
  return [...new Set(alternatives())];
}

const hex = (code) => code.toString(16).toUpperCase().padStart(4, "0");

// "1F3FB-1F3FF 261D": what stands first, in ranges.
function ranges(codes) {
  const found = [];
  for (const code of [...codes].sort((a, b) => a - b)) {
    if (found.length && found.at(-1)[1] === code - 1) found.at(-1)[1] = code;
    else found.push([code, code]);
  }
  return found.map(([a, b]) => (a === b ? hex(a) : `${hex(a)}-${hex(b)}`));
}

function fill(words, indent) {
  const lines = [""];
  for (const word of words) {
    if (lines.at(-1).length + word.length > 105) lines.push(indent);
    lines[lines.length - 1] += (lines.at(-1).trim() ? " " : "") + word;
  }
  return lines.join("\n");
}

if (what === "tlds") {
  const list = (name) => require(`twitter-text/dist/regexp/${name}`).source.match(/^\(\?:\(\?:(.*)\)\(\?=/)[1].split("|");
  const { version } = require("twitter-text/package.json");
  console.log(`# Top-level domains as X knows them, in its order (the first that fits counts).
# From twitter-text ${version}, Copyright 2011 Twitter, Inc., Apache License 2.0. Made by tests/oracle/data.mjs.`);
  console.log(fill([...list("validGTLD"), ...list("validCCTLD")], ""));
} else {
  const regex = require("twemoji-parser/dist/lib/regex").default;
  const { version } = require("twemoji-parser/package.json");
  const bases = new Map(); // what follows -> after what
  for (const text of expand(regex.source)) {
    // Alone it counts 2 as an emoji and 2 by its weight; that the longest comes first lets a table take its place.
    const [base, ...tail] = [...text].map((c) => c.codePointAt(0));
    regex.lastIndex = 0;
    if (regex.exec(text)[0] !== text) throw Error(`a shorter emoji comes before ${text}`);
    if (tail.length === 0) continue;
    const key = tail.map(hex).join(" ");
    bases.set(key, (bases.get(key) ?? new Set()).add(base));
  }
  console.log(`# Emoji of more than one code point as X knows them: what follows; after what (hexadecimal, with ranges).
# From twemoji-parser ${version}, Copyright Twitter Inc., MIT License. Made by tests/oracle/data.mjs.`);
  for (const [tail, codes] of [...bases].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(fill([`${tail};`, ...ranges(codes)], "  "));
}
