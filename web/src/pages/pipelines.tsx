// Records as people see and pick them, and the queues of the pipelines that work on them.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { Link } from "wouter";

import { queuesQuery, useMe } from "../api/queries";
import { useSettled } from "../lib/settled";
import { announcementStates, itemStates, processingStates, uploadStates } from "../lib/words";
import { Badge, Empty, Loaded, PageHead, Section } from "../ui/basics";
import { Field, Select } from "../ui/fields";
import { curationWords, kinds, processingWords, type Filter, type Kind } from "./records";
import { RecordsTable } from "./records-table";

const QueueCharts = lazy(() => import("./queue-charts"));
const ANY = "any";

function Filters({ kind, filter, onChange }: { kind: Kind; filter: Filter; onChange: (filter: Filter) => void }) {
  const { more, moreStates } = kinds[kind];
  const any = (text: string) => ({ id: ANY, text });
  const put = (name: keyof Filter, value: string) => {
    const { [name]: _, ...rest } = filter;
    onChange(value === ANY || (value === "" && name === "search") ? rest : { ...rest, [name]: value === "none" ? "" : value });
  };
  return (
    <div className="filters" role="group" aria-label="Filters">
      <Field label="Search" value={filter.search ?? ""} onChange={(value) => put("search", value)} />
      {kind !== "contacts" && (
        <>
          <Select label="Curation" value={filter.curation_status ?? ANY} onChange={(value) => put("curation_status", value)}
            choices={[any("Any"), ...[...curationWords, ...(more ?? [])].map((id) => ({ id, text: id }))]} />
          <Select label="Processing" value={filter.processing_status === "" ? "none" : (filter.processing_status ?? ANY)}
            onChange={(value) => put("processing_status", value)}
            choices={[any("Any"), { id: "none", text: "Never queued" },
              ...[...processingWords, ...(moreStates ?? [])].map((id) => ({ id, text: id }))]} />
        </>
      )}
    </div>
  );
}

export function Counts({ counts, atLeast }: { counts: Record<string, unknown>; atLeast: string[] }) {
  const shown = Object.entries(counts).filter(([, n]) => Number(n) > 0);
  if (shown.length === 0) return <span className="muted">empty</span>;
  return (
    <span className="counts">
      {shown.map(([state, n]) => (
        <span key={state}>
          <Badge word={itemStates[state] ?? announcementStates[state] ?? uploadStates[state] ?? processingStates[state] ?? { text: state, tone: "neutral" }} /> {Number(n).toLocaleString("en")}
          {atLeast.includes(state) ? "+" : ""}
        </span>
      ))}
    </span>
  );
}

function Queues() {
  const queues = useQuery({ ...queuesQuery, refetchInterval: 10_000 });
  return (
    <Section title="Queues">
      <Loaded query={queues}>
        {(all) => (
          <>
            <ul className="rows">
              {all.map((queue) => (
                <li key={queue.name}>
                  <span><Link href={`/queues/${queue.name}`}>{queue.name}</Link></span>
                  {queue.paused && <Badge word={{ text: "Paused", tone: "warn" }} />}
                  <Counts counts={queue.counts} atLeast={queue.counted_at_least} />
                </li>
              ))}
            </ul>
            <Suspense fallback="Loading…"><QueueCharts queues={all} /></Suspense>
          </>
        )}
      </Loaded>
    </Section>
  );
}

export default function Pipelines({ name }: { name: string }) {
  const me = useMe();
  const [filter, setFilter] = useState<Filter>({});
  const settled = useSettled(filter, 250);
  const kind = (name in kinds ? name : "places") as Kind;
  if (!me.operates)
    return (
      <>
        <PageHead title="Pipelines" />
        <Empty title="Pipelines are for operators." />
      </>
    );
  return (
    <>
      <PageHead title="Pipelines" />
      <nav aria-label="Records" className="tabs-nav">
        <ul>
          {Object.entries(kinds).map(([id, one]) => (
            <li key={id}>
              <Link href={`/pipelines/${id}`} aria-current={id === kind ? "page" : undefined}>{one.text}</Link>
            </li>
          ))}
        </ul>
      </nav>
      <Filters kind={kind} filter={filter} onChange={setFilter} />
      {/* Begun anew with each filter: what was chosen under another one is not chosen under this. */}
      <RecordsTable key={JSON.stringify(settled)} kind={kind} filter={settled} />
      <Queues />
    </>
  );
}
