// How the queues go: what waits and for how long, and what has ended in each minute of the last hour, as the servers have
// counted it. The table says all of it; the drawings beside the numbers are for the eye alone.
import { useQuery } from "@tanstack/react-query";

import { throughputQuery } from "../api/queries";
import type { Queue } from "../api/types";
import { type Ended, outcomeNames, outcomes, steps } from "../lib/throughput";

// The tables' own words (src/apps/*/queue.cpp).
const WAITING = ["queued", "Queued", "scheduled"];

const sum = (queue: Queue, words: string[]) => words.reduce((n, word) => n + Number(queue.counts[word] ?? 0), 0);

function age(seconds: number | null): string {
  if (seconds === null) return "nothing is due";
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

const HEIGHT = 32, STEP = 3;
function Bars({ of }: { of: Ended[] }) {
  const most = Math.max(1, ...of.map((one) => one.done + one.failed + one.retried + one.unknown));
  const tall = (n: number) => (n / most) * HEIGHT;
  const bar = (n: number, below: number, count: number, look: string) =>
    count > 0 && <rect className={look} x={n * STEP} y={HEIGHT - tall(below + count)} width={STEP - 1} height={tall(count)} />;
  return (
    <svg className="bars" viewBox={`0 0 ${of.length * STEP} ${HEIGHT}`} width={of.length * STEP} height={HEIGHT} aria-hidden focusable="false">
      {of.map((one, n) => (
        <g key={n}>
          {bar(n, 0, one.done, "bar-done")}
          {bar(n, one.done, one.retried, "bar-retried")}
          {bar(n, one.done + one.retried, one.failed + one.unknown, "bar-failed")}
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

export default function QueueCharts({ queues }: { queues: Queue[] }) {
  const { data, isError } = useQuery(throughputQuery);
  const mostWaiting = Math.max(0, ...queues.map((one) => sum(one, WAITING)));
  const oldest = Math.max(0, ...queues.map((one) => one.oldest_due_seconds ?? 0));
  const quiet = data?.queues.every((one) => one.steps.length === 0);
  return (
    <div className="charts" role="region" aria-label="How the queues go" tabIndex={0}>
      <table>
        <caption>
          Waiting, age and throughput. Throughput: attempts that ended in the last hour, on all servers.
          {quiet && " None has: what ends from now on is shown here, minute by minute."}
          {isError && !data && " It cannot be shown just now."}
        </caption>
        <thead>
          <tr>
            <th scope="col">Queue</th><th scope="col">Waiting</th><th scope="col">Oldest due</th>
            {outcomeNames.map((which) => <th key={which} scope="col">{outcomes[which]}</th>)}
            <th scope="col">In each minute</th>
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => {
            const waiting = sum(queue, WAITING);
            const of = data && steps(data, queue.name);
            return (
              <tr key={queue.name}>
                <th scope="row">{queue.name}</th>
                <td>{waiting.toLocaleString("en")} <Share n={waiting} most={mostWaiting} /></td>
                <td>{age(queue.oldest_due_seconds)} <Share n={queue.oldest_due_seconds ?? 0} most={oldest} /></td>
                {outcomeNames.map((which) => (
                  <td key={which}>{of?.reduce((n, one) => n + one[which], 0).toLocaleString("en")}</td>
                ))}
                <td>{of && <Bars of={of} />}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
