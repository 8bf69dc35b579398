// Compares src/connect/text.cpp with the npm package twitter-text, by which X counts.
//
// usage: node text_oracle.mjs PATH/TO/text_oracle NODE_MODULES [SEED]

import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";

const [binary, modules, seed = String(Date.now() % 1e9)] = process.argv.slice(2);
const twitter = createRequire(path.resolve(modules, "x.js"))("twitter-text");
const COUNT = 20000;

// mulberry32: a small generator with a seed.
let state = Number(seed) >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const many = (n, make) => Array.from({ length: below(n) + 1 }, make).join("");

const SKINS = ["", "", "\u{1F3FB}", "\u{1F3FD}", "\u{1F3FF}"];
const PEOPLE = ["👩", "👨", "🧑", "👧", "👦", "🧔", "👮", "🏃", "🕵", "🏋", "💂", "🧙", "🤦", "👯", "🤼"];
const JOBS = ["⚕️", "⚖️", "✈️", "🌾", "💻", "🚀", "🦰", "🦯", "♀️", "♂️", "♀", "🎤", "🤝‍🧑", "❤️‍👨", "❤️‍💋‍👩", "👧‍👦"];
const EMOJI = [
  () => pick(["😀", "🎉", "🔴", "❤️", "❤", "☝", "☺︎", "©", "©️", "™️", "‼️", "🀄", "🈁", "⏩", "⌚", "♟️", "🫠", "🪿", "\uFE0F", "\u200D"]),
  () => pick(["1", "#", "*", "0", "9"]) + pick(["\u20E3", "\uFE0F\u20E3", "\uFE0F"]),
  () => String.fromCodePoint(0x1f1e6 + below(26), 0x1f1e6 + below(26)),
  () => pick(["🇩🇪", "🇯🇵🇺🇸", "🇽🇩🇪", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴", "🏴‍☠️", "🏳️‍🌈", "🏳️‍⚧️", "👁️‍🗨️", "👁‍🗨", "❤️‍🔥", "😮‍💨", "🐕‍🦺"]),
  () => pick(PEOPLE) + pick(SKINS) + pick(["", "\u200D" + pick(JOBS) + pick(["", "", "\u200D" + pick(JOBS)])]),
  () => pick(["👍", "☝", "✊", "⛹", "⛹️", "🏋️", "🤝", "👫", "🦻", "🫶"]) + pick(SKINS) + pick(["", "\uFE0F", "\u200D♂️"]),
];
const SCRIPTS = [
  () => many(8, () => pick([..."abcdefghijklmnopqrstuvwxyz"])),
  () => many(8, () => pick([..."日本語放送中国한국어中华東京カナかな。、・ー「」"])),
  () => many(8, () => pick([..."приветмирукраїнаґ"])),
  () => many(6, () => pick([..."สวัสดีครับ"])),
  () => many(6, () => pick([..."नमस्तेभारत"])),
  () => many(6, () => pick([..."مرحباשלום"])),
  () => many(6, () => pick([..."aeiouncAEIOUN"]) + pick(["\u0301", "\u0308", "\u0303", "\u0323\u0302", "\u0327", ""])),
  () => many(6, () => pick([..."éüñçßøåğİıÅＡａ１＠"])),
  () => many(4, () => pick(["각", "한", "ᄒ", "ᅡ", "ᆫ", "가\u11A8", "Å", "Ω", "ﬁ", "𝒳", "𠮷", "‰", "—", "…", "“", "′", "\u2003"])),
];
const TLDS = ["com", "org", "de", "co.uk", "tv", "live", "museum", "xn--p1ai", "рф", "中国", "みんな", "한국", "notatld", "c", "COM", "Tv", "comm"];
const label = () => pick([SCRIPTS[0], SCRIPTS[0], SCRIPTS[0], ...SCRIPTS])() + pick(["", "", "", "-x", "_y", "1", "-", "_"]);
const domain = () => many(2, () => label() + ".") + pick(TLDS);
const PATH = () =>
  pick(["", "", "/"]) ||
  "/" + many(5, () => pick([SCRIPTS[0](), "/", "watch", "(film)", "(a_(b))", "(", ")", "((", "@user/", "@user", ".", ",", "!", "-", "_", "~", "%20", "é", "ж", "日", "'", "|", "$", "[1]"]));
const QUERY = () =>
  pick(["", "?"]) && "?" + many(4, () => pick(["v=dQw4w9WgXcQ", "&", "a=b", "=", "(x)", "!", ".", ",", "é", "#t=1", "'"]));
const url = () => pick(["https://", "http://", "HTTPS://", "ftp://", "//", "", "", ""]) + domain() + pick(["", "", ":80", ":", ":8080"]) + PATH() + QUERY();
const COMMON = ["https://t.co/abc", "https://t.co/abc!x", "http://t.co/abc?d=1日", "t.co/abc", "https://t.co/" + "a".repeat(41), "https://youtu.be/dQw4w9WgXcQ", "https://www.youtube.com/watch?v=dQw4w9WgXcQ", "user@example.com", "@user.com", "#tag.com", "$cash.com", "http://127.0.0.1:80/x", "localhost", "a.b.c.d.com.foo", "foo.com.中国/path", "a.com日a.com", "example.com…", "http://" + "a".repeat(64) + ".com", "xn--日.com", "http://xn--日.com/", "日本。com.jp", "ß".repeat(40) + ".de", "-a.com", "_a.com", ".a.com", "/a.com"];
const SPACES = [" ", " ", " ", "\n", "", ".", ", ", "! ", ": ", "(", ") ", "-", "_", "/", "@", "#", "\u00A0", "\u3000", "\u200E", "\uFEFF", "\u2066", "&", '"', "`"];
const PARTS = [() => pick(SCRIPTS)(), () => pick(SCRIPTS)(), () => pick(EMOJI)(), url, url, () => pick(COMMON), domain];
const text = () => many(pick([3, 8, 30]), () => pick(PARTS)() + pick(SPACES));

// Every character of the basic plane where the grammar asks what it is.
function* everywhere() {
  for (let code = 1; code < 0x10000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    if (code === 0xa7dc) continue; // Node's Unicode is younger than ICU's: the other case of U+019B since 16
    const c = String.fromCharCode(code);
    // One text a place, with a space between, and each place also alone where it matters what stands before.
    yield `${c}`;
    yield `${c}foo.com`;
    yield `foo.com${c}`;
    yield `a${c}b.com`;
    yield `http://a${c}b.com/ http://${c}.com ${c}.com/x`;
    yield `http://b.com/${c} http://b.com/x${c}x http://b.com/(${c}) http://b.com/?${c} http://b.com/?x${c}x b.com:8${c}0`;
    yield `http://b.c${c}m/ b.co${c} b.рф${c} b.xn--${c}`;
    yield `https://t.co/${c}a https://t.co/a${c}b`;
  }
}

function compare(name, cases) {
  const asked = cases.map(([t, u]) => JSON.stringify([t, u])).join("\n") + "\n";
  const run = spawnSync(binary, { input: asked, maxBuffer: 1 << 30, encoding: "utf8" });
  if (run.status !== 0) throw Error(`${binary} ended with ${run.status ?? run.signal}: ${run.stderr}`);
  const answers = run.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  if (answers.length !== cases.length) throw Error(`${answers.length} answers to ${cases.length} texts`);
  let failed = 0, shortened = 0;
  cases.forEach(([t, u], i) => {
    const { length, text: fitted, fitted: claimed } = answers[i];
    const expected = twitter.getTweetLength(t);
    const judged = twitter.parseTweet(fitted);
    const wrong = [];
    if (length !== expected) wrong.push(`length ${length}, twitter-text says ${expected}`);
    if (claimed !== judged.weightedLength) wrong.push(`fitted length ${claimed}, twitter-text says ${judged.weightedLength}`);
    // A character that X refuses is refused at any length.
    if (!judged.valid && fitted !== "" && !/[\uFFFE\uFEFF\uFFFF]/.test(fitted)) wrong.push("the fitted text is not valid");
    if (!fitted.normalize().includes(u)) wrong.push("the URL is gone");
    if (fitted !== t.normalize() + (u && !t.includes(u) ? "\n" + u : "")) shortened++;
    if (wrong.length && ++failed <= 20) console.log(`${name}: ${JSON.stringify([t, u])} -> ${JSON.stringify(fitted)}: ${wrong.join("; ")}`);
  });
  console.log(`${name}: ${cases.length} texts, ${shortened} of them shortened, ${failed} differ`);
  return failed;
}

console.log(`seed ${seed}`);
const URL_OF_SHOW = "https://www.youtube.com/watch?v=dQw4w9WgXcQ";
const random_cases = Array.from({ length: COUNT }, () => {
  const t = text();
  const u = pick(["", URL_OF_SHOW]);
  return [u && pick([true, false]) ? `${t} ${u} ${text()}` : t, u];
});
let failed = compare("random", random_cases);
failed += compare("every character", [...everywhere()].map((t) => [t, ""]));
if (failed > 0) {
  console.log(`again: node tests/oracle/text_oracle.mjs ${binary} ${modules} ${seed}`);
  process.exit(1);
}
