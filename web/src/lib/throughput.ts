// How attempts ended, as the servers count them (guides/api.md).
import type { Throughput } from "../api/types";

export type Ended = { done: number; failed: number; retried: number; unknown: number };
export const outcomes = { done: "Done", failed: "Failed", retried: "Retried", unknown: "Unknown" } as const;
export const outcomeNames = Object.keys(outcomes) as (keyof Ended)[];

// Every step from first to last: those in which nothing ended are not in the answer.
export function steps(all: Throughput, name: string): Ended[] {
  const from = Date.parse(all.from), step = all.step_seconds * 1000;
  const out = Array.from({ length: Math.round((Date.parse(all.to) - from) / step) },
    (): Ended => ({ done: 0, failed: 0, retried: 0, unknown: 0 }));
  for (const one of all.queues.find((queue) => queue.name === name)?.steps ?? []) {
    const n = Math.round((Date.parse(one.from) - from) / step);
    if (n in out) out[n] = one;
  }
  return out;
}
