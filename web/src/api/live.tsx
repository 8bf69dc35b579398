// Keeps what is on the screen true: each event makes the queries stale that it may have changed.
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";

import { listenForAll, type Transition } from "./events";

const LiveContext = createContext<boolean | null>(null);
// Whether the stream of events is connected; null: not yet known.
export const useLive = () => useContext(LiveContext);

// Which queries, by their first word, an event of that queue concerns.
export function concerns({ queue, kind }: Transition): string[] {
  if (queue === "announcements" || queue === "texts") return ["announcements", "episodes", "live", "events", "queues"];
  if (queue.startsWith("live-")) return ["announcements", "episodes", "live", "events", "queues"];
  if (queue === "uploads" && kind === "progress") return ["progress"];
  if (queue === "uploads") return ["uploads", "progress", "quota", "events", "queues"];
  return ["records", "events", "queues"];
}

const GATHER = 150; // ms: a batch of events asks once

// One round of questions at a time: what an event says during a round is asked for in the next.
function refresher(client: QueryClient) {
  const stale = new Set<string>();
  let asking = false;
  const round = async () => {
    await new Promise((resolve) => window.setTimeout(resolve, GATHER));
    const now = [...stale];
    stale.clear();
    await Promise.allSettled(now.map((word) => client.invalidateQueries({ queryKey: [word] })));
  };
  return async (words: string[]) => {
    for (const word of words) stale.add(word);
    if (asking) return;
    asking = true;
    while (stale.size > 0) await round();
    asking = false;
  };
}

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [live, setLive] = useState<boolean | null>(null);
  useEffect(() => {
    const refresh = refresher(client);
    return listenForAll((told) => {
      if (told.type === "state") setLive(told.live);
      else if (told.type === "reset") void client.invalidateQueries();
      else {
        window.dispatchEvent(new CustomEvent<Transition>("fencepost:transition", { detail: told.event }));
        void refresh(concerns(told.event));
      }
    });
  }, [client]);
  return <LiveContext value={live}>{children}</LiveContext>;
}
