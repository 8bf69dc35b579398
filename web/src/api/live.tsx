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
const ROUND = 5000; // ms: a question without an answer holds the others up no longer
const LONGEST_ROUND = 20_000;

const passed = (ms: number) => new Promise<void>((resolve) => window.setTimeout(resolve, ms));

// One round of questions at a time: what an event says during a round is asked for in the next. That asks anew what has no
// answer yet; so the next round is longer, or a slow server would be asked again and again and never heard.
function refresher(client: QueryClient) {
  const stale = new Set<string>();
  let asking = false;
  let patience = ROUND;
  const round = async () => {
    await passed(GATHER);
    const now = [...stale];
    stale.clear();
    const answers = Promise.allSettled(now.map((word) => client.invalidateQueries({ queryKey: [word] })));
    const inTime = await Promise.race([answers.then(() => true), passed(patience).then(() => false)]);
    patience = inTime ? ROUND : Math.min(2 * patience, LONGEST_ROUND);
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
