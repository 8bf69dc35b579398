// What has happened, the newest first: filtered by the server, exported as it is shown.
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { answer, api } from "../api/client";
import { queuesQuery, useMe } from "../api/queries";
import type { Page, PastEvent } from "../api/types";
import { useSettled } from "../lib/settled";
import { fullTime, ownZone } from "../lib/time";
import { count } from "../lib/words";
import { Button, Empty, Loaded, PageHead } from "../ui/basics";
import { Field, Select } from "../ui/fields";
import { eventText } from "./announcement-history";

type Filter = { queue: string; item: string; kind: string };
const ANY = "any";
const columns = ["id", "at", "queue", "item", "kind", "from", "to", "actor", "detail", "fence"] as const;

// A cell that a spreadsheet would take for a formula is a text, whatever somebody has written into it.
function cell(value: unknown): string {
  const text = value === null || value === undefined ? "" : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
export const csvOf = (events: PastEvent[]) =>
  [columns.join(","), ...events.map((event) => columns.map((name) => cell(event[name])).join(","))].join("\r\n") + "\r\n";

function download(name: string, type: string, text: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function useHistory(filter: Filter) {
  return useInfiniteQuery({
    queryKey: ["events", filter],
    initialPageParam: "",
    // A page may be short, even empty, and others follow: the server looks at so many events at a time.
    getNextPageParam: (last: Page<PastEvent>) => last.next ?? undefined,
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam }): Promise<Page<PastEvent>> => {
      const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ""));
      return answer(api.GET("/api/v1/events/history",
        { params: { query: { limit: 100, ...given, ...(pageParam ? { cursor: pageParam } : {}) } } }));
    },
  });
}

export default function Activity() {
  const me = useMe();
  const queues = useQuery({ ...queuesQuery, enabled: me.operates });
  const [filter, setFilter] = useState<Filter>({ queue: "", item: "", kind: "" });
  const history = useHistory(useSettled(filter, 250));
  const set = (name: keyof Filter) => (value: string) => setFilter({ ...filter, [name]: value === ANY ? "" : value });
  if (!me.operates)
    return (
      <>
        <PageHead title="Activity" />
        <Empty title="The whole history is for operators."><p>Each announcement shows its own, on its episode’s page.</p></Empty>
      </>
    );
  const all = history.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <PageHead title="Activity">
        <Button isDisabled={all.length === 0} onPress={() => download("activity.csv", "text/csv", csvOf(all))}>Export as CSV</Button>
        <Button isDisabled={all.length === 0} onPress={() => download("activity.json", "application/json", JSON.stringify(all, null, 2))}>
          Export as JSON
        </Button>
      </PageHead>
      <div className="filters" role="group" aria-label="Filters">
        <Select label="Queue" value={filter.queue || ANY} onChange={set("queue")}
          choices={[{ id: ANY, text: "Any" }, ...(queues.data ?? []).map((one) => ({ id: one.name, text: one.name }))]} />
        <Field label="Item" value={filter.item} onChange={set("item")} />
        <Field label="Kind" value={filter.kind} onChange={set("kind")} hint="created, stopped, posted …" />
      </div>
      <Loaded query={history}>
        {() =>
          all.length === 0 && !history.hasNextPage ? (
            <Empty title="Nothing has happened that matches."><p>Every transition of every item is written down, with who caused it.</p></Empty>
          ) : (
            <>
              <p className="muted" role="status">{count(all.length, "event")} shown, in {ownZone}</p>
              <ol className="rows">
                {all.map((event) => (
                  <li key={event.id}>
                    <time dateTime={event.at} className="muted">{fullTime(event.at)}</time>
                    <span>{event.queue} {event.item}: {eventText(event)}{event.actor && <span className="muted"> by {event.actor}</span>}</span>
                  </li>
                ))}
              </ol>
              {history.hasNextPage && <Button busy={history.isFetchingNextPage} onPress={() => void history.fetchNextPage()}>Earlier</Button>}
            </>
          )
        }
      </Loaded>
    </>
  );
}
