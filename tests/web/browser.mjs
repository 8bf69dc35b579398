// What the browser tests share: Debian's Chromium, people with a browser each, and a line to the server that can be cut.
import net from "node:net";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(fileURLToPath(new URL("../../web/package.json", import.meta.url)));
const { chromium } = require("playwright-core");
export const axeSource = require.resolve("axe-core/axe.min.js");

export const PATIENCE = 30_000; // only a broken build needs all of it
export const PASSWORD = "correct horse battery";

export class Failed extends Error {}
export function check(condition, what) {
  if (!condition) throw new Failed(what);
}

export async function eventually(question, what, patience = PATIENCE) {
  const end = Date.now() + patience;
  while (Date.now() < end) {
    const answer = await question();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Failed(`did not happen: ${what}`);
}

export const launch = () =>
  chromium.launch({ executablePath: process.env.FENCEPOST_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

// A TCP line to the server: cut() ends what goes over it and takes nothing new until mend(); held(n) is there once n more
// bytes have gone to the server, which gets no further ones until mend(). swallow(path): what is asked for there by now goes
// on without a word to either side, as over a path that has forgotten its connections; new ones are served.
export class Line {
  static async to(url) {
    const line = new Line();
    line.target = new URL(url);
    line.left = Infinity;
    line.sockets = new Set();
    line.whole = true;
    line.server = net.createServer((inner) => {
      if (!line.whole) return inner.destroy();
      const outer = (inner.from = net.connect(Number(line.target.port), line.target.hostname));
      for (const [one, other] of [[inner, outer], [outer, inner]]) {
        line.sockets.add(one);
        one.on("error", () => {});
        one.on("close", () => {
          line.sockets.delete(one);
          other.destroy();
        });
        if (one === outer) one.pipe(other);
      }
      inner.on("data", (bytes) => {
        inner.asked = /^[A-Z]+ ([^ ?]+)/.exec(bytes.toString("latin1", 0, 200))?.[1] ?? inner.asked;
        line.left -= bytes.length;
        if (!outer.write(bytes) || line.left <= 0) inner.pause();
        if (line.left <= 0) line.onHeld?.();
      });
      outer.on("drain", () => line.left > 0 && inner.resume());
      inner.on("end", () => outer.end());
    });
    await new Promise((resolve) => line.server.listen(0, "127.0.0.1", resolve));
    line.url = `http://127.0.0.1:${line.server.address().port}`;
    return line;
  }
  cut() {
    this.whole = false;
    for (const socket of this.sockets) socket.destroy();
  }
  held(bytes) {
    this.left = bytes;
    return new Promise((resolve) => (this.onHeld = resolve));
  }
  swallow(path) {
    let swallowed = 0;
    for (const socket of this.sockets)
      if (socket.asked === path) {
        swallowed += 1;
        socket.from.unpipe(socket);
        socket.from.resume();
      }
    return swallowed;
  }
  mend() {
    this.whole = true;
    this.left = Infinity;
    for (const socket of this.sockets) socket.resume();
  }
  close() {
    this.cut();
    this.server.close();
  }
}

// Files from the system's own windows: only the browser itself can bring them.
export async function dropsFiles(page, zone, files) {
  await zone.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await zone.boundingBox();
  const browser = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"])
    await browser.send("Input.dispatchDragEvent", { type, x: x + width / 3, y: y + height / 2, data });
  await browser.detach();
}

// Somebody with a browser of their own. Whatever the page's policy or code complains of fails the test that looks.
export class Someone {
  constructor(context, page, url) {
    Object.assign(this, { context, page, url, complaints: [] });
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      // A refusal that the page shows is no complaint; a blocked style or script is.
      if (message.type() === "error" && !/Failed to load resource/.test(message.text())) this.complaints.push(message.text());
    });
  }
  static async arrives(browser, url, options = {}) {
    const context = await browser.newContext({ locale: "en-GB", timezoneId: "Europe/Berlin", ...options });
    return new Someone(context, await context.newPage(), url);
  }
  go(path) {
    return this.page.goto(this.url + path);
  }
  button(name, within = this.page) {
    return within.getByRole("button", { name, exact: true });
  }
  heading(name) {
    return this.page.getByRole("heading", { name, exact: true });
  }
  // The same request as a page of the server would make it: what is not offered must not be accepted either.
  async asks(method, path, body, { csrf = true, headers = {} } = {}) {
    return this.page.evaluate(async ([verb, target, json, withToken, more]) => {
      const session = await (await fetch("/api/v1/session")).json();
      const answer = await fetch(target, {
        method: verb,
        headers: { ...(json ? { "Content-Type": "application/json" } : {}), ...(withToken ? { "X-CSRF-Token": session.csrf_token } : {}), ...more },
        body: json ? JSON.stringify(json) : undefined,
      });
      const text = await answer.text();
      return { status: answer.status, etag: answer.headers.get("ETag"), body: text ? JSON.parse(text) : null };
    }, [method, path, body, csrf, headers]);
  }
  async expects(status, method, path, body, more) {
    const got = await this.asks(method, path, body, more);
    check(got.status === status, `${method} ${path}: ${got.status} ${JSON.stringify(got.body)}, wanted ${status}`);
    return got.body;
  }
  async hears(text) {
    await this.page.getByRole("region", { name: "What happened" }).getByText(text).first().waitFor();
  }
  async signsIn(email) {
    await this.go("/");
    await this.page.getByLabel("E-mail").fill(email);
    await this.page.getByLabel("Password").fill(PASSWORD);
    await this.button("Sign in").click();
    await this.heading("Today").waitFor();
    return this;
  }
  async joins(code, name) {
    await this.go(`/welcome#code=${code}`);
    await this.page.getByLabel("Your name").fill(name);
    await this.page.getByLabel("E-mail").fill(`${name.toLowerCase()}@example.org`);
    await this.page.getByLabel("Password").fill(PASSWORD);
    await this.button("Begin").click();
    await this.heading("Today").waitFor();
    return this;
  }
  leaves() {
    return this.context.close();
  }
}

export async function runAll(tests) {
  let failed = 0;
  for (const [name, test] of tests) {
    const begun = Date.now();
    try {
      await test();
      console.log(`ok   ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${name}: ${error instanceof Failed ? error.message : error.stack}`);
    }
  }
  return failed;
}
