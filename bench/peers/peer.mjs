// What a peer does in one measured run; scripts/bench calls it in turn with ours. It prints "ready" after its
// preparation, waits for a line on standard input, and prints one line of JSON.
//
// node peer.mjs drain|enqueue|latency PEER VARIANT URL [--items N] [--processes N] [--connections N]
//   [--batch N] [--samples N]
import { fork } from "node:child_process";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

const WARM_UP = 1000;
const WARM_UP_SAMPLES = 10;
const BULK = 1000;

const number = { type: "string" };
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { items: number, processes: number, connections: number, batch: number, samples: number },
});
const [command, peer, variant, url] = positionals;
const option = (name, otherwise) => Number(values[name] ?? otherwise);
const open = async () => (await import(`./${peer}.mjs`)).open(url, variant);
const pause = (ms) => new Promise((go) => setTimeout(go, ms));

async function waitForGo() {
  console.log("ready");
  const lines = createInterface({ input: process.stdin });
  await once(lines, "line");
  lines.close();
  return performance.now();
}

function print(answer) {
  console.log(JSON.stringify(answer));
}

async function enqueueAll(queue, from, count, batch) {
  for (let n = from; n < from + count; n += batch) {
    if (batch === 1) await queue.enqueueOne(n);
    else await queue.enqueueMany(n, Math.min(batch, from + count - n));
  }
}

// How often each item was handled.
class Tally {
  constructor(items) {
    this.seen = new Uint8Array(items + 1);
    this.handled = 0;
    this.count = (n) => {
      this.seen[n] += 1;
      this.handled += 1;
    };
  }
  get once() {
    return this.seen.reduce((sum, times) => sum + (times === 1), 0);
  }
}

// A worker process: starts and stops on demand, and tells its counts.
async function member() {
  const queue = await open();
  let tally, stop, timer;
  const tell = () => process.send({ handled: tally.handled });
  process.on("message", async (order) => {
    if (order.start) {
      tally = new Tally(order.start);
      timer = setInterval(tell, 5);
      stop = await queue.work(tally.count);
      process.send({ started: true });
    } else {
      clearInterval(timer);
      await stop();
      process.send({ stopped: true, handled: tally.handled, once: tally.once });
      if (order.end) {
        await queue.close();
        process.disconnect();
      }
    }
  });
  process.send({ started: true });
}

class Crew {
  static async of(processes) {
    const crew = new Crew();
    const args = ["member", ...process.argv.slice(3)];
    crew.members = Array.from({ length: processes }, () => fork(process.argv[1], args));
    for (const child of crew.members) {
      child.handled = 0;
      child.on("message", (told) => (child.handled = told.handled ?? child.handled));
      child.on("exit", (code) => code && process.exit(code));
    }
    await crew.all("started");
    return crew;
  }
  all(word) {
    return Promise.all(
      this.members.map(
        (child) =>
          new Promise((done) => {
            const hear = (told) => {
              if (!told[word]) return;
              child.off("message", hear);
              done(told);
            };
            child.on("message", hear);
          }),
      ),
    );
  }
  order(what) {
    for (const child of this.members) child.send(what);
  }
  // Until every item was handled and the database says that nothing is left.
  async drain(queue, items) {
    for (const child of this.members) child.handled = 0;
    this.order({ start: items });
    while (this.members.reduce((sum, child) => sum + child.handled, 0) < items) await pause(1);
    while (await queue.unfinished()) await pause(1);
  }
  async stop(end) {
    const told = this.all("stopped");
    this.order({ end });
    return told;
  }
}

async function drain() {
  const items = option("items", 10000);
  const queue = await open();
  const crew = await Crew.of(option("processes", 1));
  await enqueueAll(queue, 1, WARM_UP, BULK);
  await crew.drain(queue, WARM_UP);
  await crew.stop(false);
  await enqueueAll(queue, 1, items, BULK);

  const begun = await waitForGo();
  await crew.drain(queue, items);
  const seconds = (performance.now() - begun) / 1000;

  const told = await crew.stop(true);
  const sum = (word) => told.reduce((all, one) => all + one[word], 0);
  await queue.close();
  const handled = sum("handled");
  const handled_once = sum("once");
  print({ items, seconds, done: items, handled, handled_once, per_second: items / seconds });
  process.exitCode ||= handled === items && handled_once === items ? 0 : 1;
}

async function enqueue() {
  const connections = option("connections", 1);
  const batch = option("batch", 1);
  const share = Math.floor(option("items", 1000) / connections);
  const queue = await open();
  await enqueueAll(queue, 0, 100 * batch, batch);
  const before = await queue.waiting();

  const begun = await waitForGo();
  const shares = Array.from({ length: connections }, (_, i) => enqueueAll(queue, i * share, share, batch));
  await Promise.all(shares);
  const seconds = (performance.now() - begun) / 1000;

  const items = share * connections;
  const done = (await queue.waiting()) - before;
  await queue.close();
  print({ items, seconds, done, per_second: items / seconds });
  process.exitCode ||= done === items ? 0 : 1;
}

async function latency() {
  const samples = option("samples", 300);
  const queue = await open();
  let began = () => {};
  const stop = await queue.work(() => began(performance.now()));
  // At no fixed distance from anybody's timer; a poller is met anywhere in its interval.
  const rest = () => pause(variant === "polling" ? Math.random() * 500 : 20 + Math.random() * 40);
  const milliseconds = [];
  for (let i = -WARM_UP_SAMPLES; i < samples; ++i) {
    if (i === 0) await waitForGo();
    await rest();
    const started = new Promise((done) => (began = done));
    const begun = performance.now();
    await queue.enqueueOne(i + WARM_UP_SAMPLES);
    const took = (await started) - begun;
    if (i >= 0) milliseconds.push(Math.round(took * 1000) / 1000);
  }
  await stop();
  await queue.close();
  print({ items: samples, done: milliseconds.length, milliseconds });
}

await { drain, enqueue, latency, member }[command]();
