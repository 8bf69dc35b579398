// What of a queue does not go on by itself, and why.
import { useQuery } from "@tanstack/react-query";

import { answer, api } from "../api/client";
import type { Queue, QueueItem } from "../api/types";
import { count } from "../lib/words";
import { Badge, Section, Time, useNow } from "../ui/basics";

const LOOKED_AT = 200;
const LATE = 10 * 60_000; // due for so long: nobody works on the queue, or its limits hold it

type State = QueueItem["state"];
function useItems(name: string, state: State) {
  const { data } = useQuery({
    queryKey: ["queues", name, "trouble", state],
    refetchInterval: 30_000,
    queryFn: () => answer(api.GET("/api/v1/queues/{name}/items", { params: { path: { name }, query: { limit: LOOKED_AT, state } } })),
  });
  return { items: data?.items ?? [], more: Boolean(data?.next) };
}

// The commonest first.
export function reasons(items: QueueItem[]): [string, number][] {
  const by = new Map<string, number>();
  for (const one of items) by.set(one.error ?? "It does not say why.", (by.get(one.error ?? "It does not say why.") ?? 0) + 1);
  return [...by].sort(([, a], [, b]) => b - a);
}

export function Trouble({ queue }: { queue: Queue }) {
  const now = useNow();
  const failed = useItems(queue.name, "failed");
  const unknown = useItems(queue.name, "unknown");
  const claimed = useItems(queue.name, "claimed");
  const lapsed = claimed.items.filter((one) => one.lease_until !== null && Date.parse(one.lease_until) < now);
  const late = (queue.oldest_due_seconds ?? 0) * 1000 > LATE && !queue.paused;
  if (failed.items.length + unknown.items.length + lapsed.length === 0 && !late) return null;
  const some = (more: boolean) => (more ? ` of the first ${LOOKED_AT}` : "");
  return (
    <Section title="Stuck and failed">
      <ul className="rows">
        {late && (
          <li>
            <Badge word={{ text: "Late", tone: "warn" }} />
            <span>What has waited longest has been due <Time at={new Date(now - queue.oldest_due_seconds! * 1000).toISOString()} />: no server works on this queue, or its limits hold it.</span>
          </li>
        )}
        {lapsed.map((one) => (
          <li key={one.item}>
            <Badge word={{ text: "Stuck", tone: "warn" }} />
            <span>{one.item}: its worker was last heard of before <Time at={one.lease_until!} />. It is taken up again by itself.</span>
          </li>
        ))}
        {reasons(unknown.items).map(([why, n]) => (
          <li key={why}>
            <Badge word={{ text: "Unknown", tone: "warn" }} />
            <span>{count(n, "item")}{some(unknown.more)}: {why}</span>
          </li>
        ))}
        {reasons(failed.items).map(([why, n]) => (
          <li key={why}>
            <Badge word={{ text: "Failed", tone: "bad" }} />
            <span>{count(n, "item")}{some(failed.more)}: {why}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
