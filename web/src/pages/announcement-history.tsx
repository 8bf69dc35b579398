import { useQuery } from "@tanstack/react-query";

import { historyQuery } from "../api/queries";
import type { HistoryEvent } from "../api/types";
import { fullTime } from "../lib/time";
import { sentence } from "../lib/words";
import { Loaded } from "../ui/basics";

export function eventText(event: Pick<HistoryEvent, "kind" | "from" | "to" | "detail">): string {
  const moved = event.from && event.to && event.from !== event.to ? `: ${event.from} → ${event.to}` : event.to && !event.from ? `: ${event.to}` : "";
  return sentence(event.kind) + moved + (event.detail ? ` – ${event.detail}` : "");
}

export function History({ id, zone }: { id: number; zone: string }) {
  const history = useQuery(historyQuery(id));
  return (
    <Loaded query={history}>
      {(events) => (
        <ol className="history">
          {events.map((event) => (
            <li key={event.id}>
              <time dateTime={event.at}>{fullTime(event.at, zone)}</time> {eventText(event)}
              {event.actor && <span className="muted"> by {event.actor}</span>}
            </li>
          ))}
        </ol>
      )}
    </Loaded>
  );
}
