// One queue: what stands in it, and an operator's acts on it.
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { answer, api } from "../api/client";
import { queuesQuery, UNTOLD, useMe } from "../api/queries";
import type { Page, Queue, QueueItem } from "../api/types";
import { useAct } from "../lib/act";
import { count, itemStates } from "../lib/words";
import { Badge, Button, Empty, Loaded, PageHead, Section, Time } from "../ui/basics";
import { Confirm } from "../ui/dialogs";
import { Field, Select } from "../ui/fields";
import { toast } from "../ui/toast";
import { Counts } from "./pipelines";
import { Day } from "./queue-day";
import { Trouble } from "./queue-trouble";

type State = QueueItem["state"];
const stale = ["queues", "records", "announcements"];
const named = (name: string, key: string) => ({ path: { name }, header: { "Idempotency-Key": key } });

function PauseResume({ queue }: { queue: Queue }) {
  const [why, setWhy] = useState("");
  const pause = useAct(
    (key: string) => answer(api.POST("/api/v1/queues/{name}/pause", { params: named(queue.name, key), body: { why: why || null } })),
    { stale, done: () => toast("Paused: nothing is claimed, and no send begins.", { tone: "good" }) },
  );
  const resume = useAct((key: string) => answer(api.POST("/api/v1/queues/{name}/resume", { params: named(queue.name, key) })), {
    stale, done: () => toast("Resumed.", { tone: "good" }),
  });
  if (queue.paused) return <Button kind="primary" busy={resume.busy} onPress={() => void resume.run()}>Resume</Button>;
  return (
    <Confirm title={`Pause ${queue.name}?`} act="Pause" trigger={<Button>Pause</Button>} onConfirm={() => pause.run()}>
      <p>Nothing of it is claimed, on any server, until it is resumed. What is at work goes on.</p>
      <Field label="Why (shown to others)" value={why} onChange={setWhy} maxLength={200} />
    </Confirm>
  );
}

// For the failed ones of a queue, or for one item.
function Retry({ name, item }: { name: string; item?: string }) {
  const act = useAct(
    (key: string) =>
      answer(api.POST("/api/v1/queues/{name}/retry",
        { params: named(name, key), body: item === undefined ? {} : { items: [item] } })),
    {
      stale,
      done: (made) => toast(`${count(made.items, "item")} retried.${made.more ? " There are more: repeat it." : ""}`, { tone: "good" }),
    },
  );
  if (item !== undefined) return <Button small busy={act.busy} onPress={() => void act.run()}>Retry</Button>;
  return (
    <Confirm title="Retry all that failed?" act="Retry" trigger={<Button>Retry failed</Button>} onConfirm={() => act.run()}>
      <p>Each begins anew, with all its attempts.</p>
    </Confirm>
  );
}

function Stop({ name, item }: { name: string; item: string }) {
  const act = useAct(
    (key: string) => answer(api.POST("/api/v1/queues/{name}/stop", { params: named(name, key), body: { items: [item] } })),
    {
      stale,
      done: (made) => toast(Object.entries(made.answers).map(([word, n]) => `${String(n)} ${word.replaceAll("_", " ")}`).join(", ") || "Nothing to stop."),
    },
  );
  return <Button small busy={act.busy} onPress={() => void act.run()}>Stop</Button>;
}

function Items({ name }: { name: string }) {
  const [state, setState] = useState("any");
  const items = useInfiniteQuery({
    queryKey: ["queues", name, "items", state],
    initialPageParam: "",
    refetchInterval: UNTOLD,
    getNextPageParam: (last: Page<QueueItem>) => last.next ?? undefined,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam }): Promise<Page<QueueItem>> =>
      answer(api.GET("/api/v1/queues/{name}/items", {
        params: { path: { name }, query: { limit: 50, ...(state === "any" ? {} : { state: state as State }), ...(pageParam ? { cursor: pageParam } : {}) } },
      })),
  });
  return (
    <Section title="Items" actions={
      <Select inline label="State" value={state} onChange={setState}
        choices={[{ id: "any", text: "Any" }, ...Object.entries(itemStates).map(([id, word]) => ({ id, text: word.text }))]} />
    }>
      <Loaded query={items}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.items);
          if (all.length === 0) return <Empty title={state === "any" ? "Nothing stands in it." : "None in that state."} />;
          return (
            <>
              <ul className="rows">
                {all.map((one) => (
                  <li key={one.item}>
                    <Badge word={itemStates[one.state]} />
                    <span className="breaks">{one.item}{one.attempt > 0 && <span className="muted"> {count(one.attempt, "attempt")}</span>}</span>
                    {one.run_at && one.state === "queued" && <Time at={one.run_at} brief />}
                    {one.error && <span className="muted breaks">{one.error}</span>}
                    {one.state === "failed" && <Retry name={name} item={one.item} />}
                    {["queued", "claimed"].includes(one.state) && <Stop name={name} item={one.item} />}
                  </li>
                ))}
              </ul>
              {items.hasNextPage && <Button busy={items.isFetchingNextPage} onPress={() => void items.fetchNextPage()}>More</Button>}
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}

export default function QueuePage({ name }: { name: string }) {
  const me = useMe();
  const queues = useQuery({ ...queuesQuery, enabled: me.operates });
  if (!me.operates)
    return (<><PageHead title={name} /><Empty title="Queues are for operators." /></>);
  return (
    <Loaded query={queues}>
      {(all) => {
        const queue = all.find((one) => one.name === name);
        if (!queue) return (<><PageHead title={name} /><Empty title="There is no such queue." /></>);
        return (
          <>
            <PageHead title={name} back={{ to: "/pipelines", text: "Pipelines" }}>
              <Retry name={name} />
              <PauseResume queue={queue} />
            </PageHead>
            {queue.paused && <p className="notice tone-warn">Paused{queue.paused_why ? `: ${queue.paused_why}` : ""}.</p>}
            <p><Counts counts={queue.counts} atLeast={queue.counted_at_least} /></p>
            <Trouble queue={queue} />
            <Day name={name} />
            <Items name={name} />
          </>
        );
      }}
    </Loaded>
  );
}
