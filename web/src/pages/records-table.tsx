// A list of any length: the server gives pages, and only the rows that are seen are in the page.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Cell, Checkbox, Collection, Column, Row, Table, TableBody, TableHeader, Virtualizer, type Selection }
  from "react-aria-components";

import { randomKey } from "../api/client";
import { messageOf } from "../api/problem";
import { UNTOLD } from "../api/queries";
import { useAct } from "../lib/act";
import { count, processingStates, sentence } from "../lib/words";
import { Badge, Button, Empty, Loaded } from "../ui/basics";
import { Confirm, DialogBox } from "../ui/dialogs";
import { Select } from "../ui/fields";
import { toast } from "../ui/toast";
import { curationWords, kinds, MOST_IDS, PAGE, pick, record, recordsPage, type Filter, type Kind, type RecordRow } from "./records";
import { useWindow, WindowLayout } from "./records-window";

function Box() {
  return <Checkbox slot="selection" className="check"><span className="box" aria-hidden /></Checkbox>;
}

const shown = (value: unknown) => (value === null || value === undefined || value === "" ? "–" : String(value));

// What was found, as it was found.
function Details({ kind, id, close }: { kind: Kind; id: number | null; close: () => void }) {
  const query = useQuery({ queryKey: ["records", kind, "one", id], queryFn: () => record(kind, id ?? 0), enabled: id !== null,
    refetchInterval: UNTOLD, placeholderData: keepPreviousData });
  return (
    <DialogBox title={sentence(kinds[kind].one)} open={id !== null} onOpenChange={(open) => !open && close()}>
      {() => (
        <>
          <Loaded query={query}>
            {(found) => (
              <dl className="details">
                {Object.entries(found).map(([name, value]) => (
                  <div key={name}>
                    <dt>{sentence(name)}</dt>
                    <dd>{typeof value === "object" && value !== null ? <pre tabIndex={0}>{JSON.stringify(value, null, 2)}</pre> : shown(value)}</dd>
                  </div>
                ))}
              </dl>
            )}
          </Loaded>
          <div className="dialog-actions"><Button onPress={close}>Close</Button></div>
        </>
      )}
    </DialogBox>
  );
}

type Chosen = { ids: string[] } | { all: Filter };

// What a bulk act is about to do is counted first, by the server, with the same filter.
function Bulk({ kind, chosen, clear }: { kind: Kind; chosen: Chosen; clear: () => void }) {
  const [word, setWord] = useState("Selected");
  const what = "ids" in chosen ? { ids: chosen.ids } : chosen.all;
  const preview = useQuery({
    queryKey: ["records", kind, "preview", JSON.stringify(what), word],
    queryFn: () => pick(kind, randomKey(), what, word, true),
  });
  const act = useAct((key: string) => pick(kind, key, what, word, false), {
    stale: ["records", "queues"],
    done: (made) => {
      const parts = Object.entries(made.answers).map(([one, n]) => `${n} ${one.replaceAll("_", " ")}`);
      toast(`${count(made.items, "record")} set to ${word}${parts.length ? `: ${parts.join(", ")}` : ""}.${made.more ? " There are more: repeat it." : ""}`,
        { tone: "good" });
      clear();
    },
  });
  const n = preview.data?.items;
  return (
    <div className="bulk" role="group" aria-label="What to do with the selection">
      <span role="status">
        {preview.error ? messageOf(preview.error) : n === undefined ? "Counting…" : `${count(n, "record")}${preview.data?.more ? " or more" : ""} chosen`}
      </span>
      <Select inline label="Set to" value={word} onChange={setWord}
        choices={[...curationWords, ...(kinds[kind].more ?? [])].map((id) => ({ id, text: id }))} />
      <Confirm title={`Set ${n === undefined ? "them" : count(n, "record")} to ${word}?`} act={`Set to ${word}`}
        trigger={<Button kind="primary" isDisabled={!n}>Set</Button>} onConfirm={() => act.run()}>
        <p>
          {word === "Selected" ? "Their processing is queued; what is worked on now is queued again afterwards."
            : "What is queued is taken back; what is worked on is asked to end."}
        </p>
      </Confirm>
      <Button kind="quiet" onPress={clear}>Clear</Button>
    </div>
  );
}

export function RecordsTable({ kind, filter }: { kind: Kind; filter: Filter }) {
  const info = kinds[kind];
  const picks = kind !== "contacts";
  const page = (cursor: string) => recordsPage(kind, filter, cursor);
  const { rows, total, more, error, pending, again, onScroll, options } = useWindow<RecordRow>({ key: ["records", kind, "list", filter], size: PAGE, page });
  const [selected, setSelected] = useState<Selection>(new Set());
  const [open, setOpen] = useState<number | null>(null);
  const chosen: Chosen | null = selected === "all" ? { all: filter } : selected.size > 0 ? { ids: [...selected].map(String) } : null;
  const tooMany = chosen !== null && "ids" in chosen && chosen.ids.length > MOST_IDS;
  return (
    <>
      {chosen && !tooMany && <Bulk kind={kind} chosen={chosen} clear={() => setSelected(new Set())} />}
      {tooMany && <p className="notice tone-warn">At most {MOST_IDS} at once by hand: choose all, with a filter, for more.</p>}
      <div className="table-box" tabIndex={-1}>
        <Virtualizer layout={WindowLayout} layoutOptions={options}>
          <Table className="table" aria-label={info.text} selectionMode={picks ? "multiple" : "none"} selectedKeys={selected}
            onSelectionChange={setSelected} onRowAction={(key) => setOpen(Number(key))} onScroll={onScroll}>
            <TableHeader>
              {picks && <Column id="select" width={44} minWidth={44}><Box /></Column>}
              <Column id="main" isRowHeader defaultWidth="2fr" minWidth={180}>{info.main === "url" ? "URL" : sentence(info.main)}</Column>
              {info.columns.map((one) => <Column key={one.id} id={one.id} minWidth={110}>{one.text}</Column>)}
              {picks && <Column id="curation" width={110}>Curation</Column>}
              {picks && <Column id="processing" width={130}>Processing</Column>}
              {picks && <Column id="why" minWidth={160}>Why</Column>}
            </TableHeader>
            <TableBody renderEmptyState={() => pending || error ? null
              : <Empty title={Object.keys(filter).length ? "Nothing matches." : `No ${info.text.toLowerCase()} yet.`}><p>{info.teaches}</p></Empty>}>
              <Collection items={rows}>
                {(row) => (
                  <Row id={row.id} textValue={shown(row[info.main])}>
                    {picks && <Cell><Box /></Cell>}
                    <Cell>{shown(row[info.main])}</Cell>
                    {info.columns.map((one) => <Cell key={one.id}>{shown(row[one.id])}</Cell>)}
                    {picks && <Cell>{row.curation_status}</Cell>}
                    {picks && <Cell><Badge word={processingStates[row.processing_status ?? ""]} /></Cell>}
                    {picks && <Cell>{shown(row.error ?? row.note)}</Cell>}
                  </Row>
                )}
              </Collection>
            </TableBody>
          </Table>
        </Virtualizer>
      </div>
      <p className="muted" role="status">
        {total > 0 && `${count(total, "record")}${more ? " so far: more come as you scroll" : ""}. `}
        {error ? messageOf(error) : pending && "Loading…"}
      </p>
      {error && <Button onPress={again}>Try again</Button>}
      <Details kind={kind} id={open} close={() => setOpen(null)} />
    </>
  );
}
