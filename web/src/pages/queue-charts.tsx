// How the queues go: what waits and for how long, and what has ended in each minute since this page was opened. The table says
// all of it; the drawings beside the numbers are for the eye alone.
import { useEffect, useState } from "react";

import type { Queue } from "../api/types";

type Sample = { at: number; done: number | null; failed: number | null };
type Minute = { done: number; failed: number };

// The tables' own words (src/apps/*/queue.cpp); of other words nobody here knows what they mean.
const WAITING = ["queued", "Queued", "scheduled"];
const DONE = ["done", "posted", "uploaded", "published", "Completed", "Filtered"];
const FAILED = ["failed", "Error"];
const MINUTE = 60_000;
const KEPT = 30; // minutes

const sum = (queue: Queue, words: string[]) => words.reduce((n, word) => n + Number(queue.counts[word] ?? 0), 0);
// Of words that were not counted to their end, a difference says nothing.
const exact = (queue: Queue, words: string[]) =>
  words.some((word) => queue.counted_at_least.includes(word)) ? null : sum(queue, words);

// Kept while this tab is open, whatever page is shown.
const samples = new Map<string, Sample[]>();

function remember(queues: Queue[], at: number) {
  for (const queue of queues) {
    const kept = samples.get(queue.name) ?? [];
    if (kept.at(-1)?.at === at) continue;
    const next = { at, done: exact(queue, DONE), failed: exact(queue, FAILED) };
    samples.set(queue.name, [...kept.filter((one) => one.at > at - KEPT * MINUTE), next]);
  }
}

// What ended between two samples counts for the minute of the later one. What is less than before was retried, or is gone.
export function minutes(kept: Sample[], now: number): Minute[] | null {
  const out: Minute[] = Array.from({ length: KEPT }, () => ({ done: 0, failed: 0 }));
  for (let n = 1; n < kept.length; n++) {
    const [before, after] = [kept[n - 1]!, kept[n]!];
    if (before.done === null || after.done === null || before.failed === null || after.failed === null) return null;
    const into = out[KEPT - 1 - Math.floor((now - after.at) / MINUTE)];
    if (!into) continue;
    into.done += Math.max(0, after.done - before.done);
    into.failed += Math.max(0, after.failed - before.failed);
  }
  return out;
}

function age(seconds: number | null): string {
  if (seconds === null) return "nothing is due";
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

const HEIGHT = 32, STEP = 4;
function Bars({ of }: { of: Minute[] }) {
  const most = Math.max(1, ...of.map((one) => one.done + one.failed));
  const tall = (n: number) => (n / most) * HEIGHT;
  return (
    <svg className="bars" viewBox={`0 0 ${KEPT * STEP} ${HEIGHT}`} width={KEPT * STEP} height={HEIGHT} aria-hidden focusable="false">
      {of.map((one, n) => (
        <g key={n}>
          <rect className="bar-done" x={n * STEP} y={HEIGHT - tall(one.done)} width={STEP - 1} height={tall(one.done)} />
          <rect className="bar-failed" x={n * STEP} y={HEIGHT - tall(one.done + one.failed)} width={STEP - 1} height={tall(one.failed)} />
        </g>
      ))}
    </svg>
  );
}

// Shares of the longest one: which queue is behind is seen at once.
function Share({ n, most }: { n: number; most: number }) {
  return (
    <svg className="share" viewBox="0 0 60 8" width="60" height="8" aria-hidden focusable="false">
      <rect className="bar-ground" width="60" height="8" rx="2" />
      <rect className="bar-waiting" width={most > 0 ? (n / most) * 60 : 0} height="8" rx="2" />
    </svg>
  );
}

// `asked`: when the server answered this.
export default function QueueCharts({ queues, asked }: { queues: Queue[]; asked: number }) {
  const [now, setNow] = useState(asked);
  useEffect(() => {
    remember(queues, asked);
    setNow(asked);
  }, [queues, asked]);
  const mostWaiting = Math.max(0, ...queues.map((one) => sum(one, WAITING)));
  const oldest = Math.max(0, ...queues.map((one) => one.oldest_due_seconds ?? 0));
  return (
    <div className="charts" role="region" aria-label="How the queues go" tabIndex={0}>
      <table>
        <caption>Waiting, age and throughput. Throughput is of the last {KEPT} minutes, as far as this page was open.</caption>
        <thead>
          <tr><th scope="col">Queue</th><th scope="col">Waiting</th><th scope="col">Oldest due</th><th scope="col">Done</th><th scope="col">Failed</th><th scope="col">In each minute</th></tr>
        </thead>
        <tbody>
          {queues.map((queue) => {
            const waiting = sum(queue, WAITING);
            const of = minutes(samples.get(queue.name) ?? [], now);
            const total = (which: keyof Minute) => (of ? of.reduce((n, one) => n + one[which], 0).toLocaleString("en") : "too many to count");
            return (
              <tr key={queue.name}>
                <th scope="row">{queue.name}</th>
                <td>{waiting.toLocaleString("en")} <Share n={waiting} most={mostWaiting} /></td>
                <td>{age(queue.oldest_due_seconds)} <Share n={queue.oldest_due_seconds ?? 0} most={oldest} /></td>
                <td>{total("done")}</td>
                <td>{total("failed")}</td>
                <td>{of && <Bars of={of} />}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
