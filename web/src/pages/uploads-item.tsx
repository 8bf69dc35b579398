// One upload: what is known of it, and what can be done with it.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Disclosure, DisclosurePanel, Button as AriaButton } from "react-aria-components";

import { answer, api } from "../api/client";
import { messageOf } from "../api/problem";
import { progressQuery, uploadHistoryQuery, uploadQuery } from "../api/uploads";
import type { Upload } from "../api/types";
import { useAct } from "../lib/act";
import { fullTime, wallClock } from "../lib/time";
import { sentence, uploadStates } from "../lib/words";
import { Badge, Bar, Button, Loaded, Time } from "../ui/basics";
import { ActForm, Confirm, DialogBox } from "../ui/dialogs";
import { Field } from "../ui/fields";
import { toast } from "../ui/toast";
import { eventText } from "./announcement-history";
import { sayAnswer, sayRefused, STALE, useMove } from "./uploads-acts";

const path = (id: number) => ({ id: String(id) });

// How much of it YouTube has; each event of it asks again.
export function Progress({ upload }: { upload: Upload }) {
  const told = useQuery(progressQuery(upload.id)).data;
  const percent = told?.percent ?? upload.percent;
  const size = ` of ${sizeOf(told?.total ?? upload.bytes_total)}`;
  return (
    <span className="progress">
      <Bar role="progressbar" label={`Upload of ${upload.title}`} value={percent} most={100} text={`${percent}%${size}`} />
      <span className="counter">{percent}%{size}</span>
    </span>
  );
}

export function sizeOf(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const n = Math.min(units.length - 1, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)));
  const value = bytes / 1000 ** n;
  return `${value.toLocaleString("en", { maximumFractionDigits: n > 0 && value < 10 ? 1 : 0 })} ${units[n]}`;
}

function History({ id, zone }: { id: number; zone: string }) {
  const history = useQuery(uploadHistoryQuery(id));
  return (
    <Loaded query={history}>
      {(events) => (
        <ol className="history">
          {events.filter((one) => one.kind !== "progress").map((event) => (
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

function Move({ upload, zone }: { upload: Upload; zone: string }) {
  const { move, busy } = useMove(zone);
  const [at, setAt] = useState(wallClock(upload.at, zone));
  return (
    <div className="actions end">
      <Field label={`Slot, in ${zone}`} type="datetime-local" value={at} onChange={setAt} />
      <Button busy={busy} isDisabled={!at || at === wallClock(upload.at, zone)} onPress={() => void move(upload, at)}>Move</Button>
      <Button busy={busy} onPress={() => void move(upload, null)}>Move to the next free slot</Button>
    </div>
  );
}

function Cancel({ upload, zone }: { upload: Upload; zone: string }) {
  const act = useAct(
    (key: string) => answer(api.POST("/api/v1/uploads/{id}/cancel", { params: { path: path(upload.id), header: { "Idempotency-Key": key } } })),
    { stale: STALE, done: sayAnswer, failed: (error) => sayRefused(error, zone, "Not cancelled") },
  );
  return (
    <Confirm title={`Cancel “${upload.title}”?`} act="Cancel the upload" danger trigger={<Button kind="danger">Cancel the upload…</Button>}
      onConfirm={() => act.run()}>
      <p>No video of it appears, and its slot is free for others. It can be scheduled again, where there is room then.</p>
    </Confirm>
  );
}

function Retry({ upload, zone }: { upload: Upload; zone: string }) {
  const act = useAct(
    (key: string, body: { at?: string; next_free?: boolean }) =>
      answer(api.POST("/api/v1/uploads/{id}/retry", { params: { path: path(upload.id), header: { "Idempotency-Key": key } }, body })),
    {
      stale: STALE, done: sayAnswer,
      failed: (error) => sayRefused(error, zone, "Not scheduled", (at) => void act.run({ at })),
    },
  );
  return (
    <div className="actions">
      <Button busy={act.busy} kind="primary" onPress={() => void act.run({ next_free: true })}>Schedule in the next free slot</Button>
      {Date.parse(upload.at) > Date.now() && (
        <Button busy={act.busy} onPress={() => void act.run({})}>Schedule at its old time</Button>
      )}
    </div>
  );
}

function Unknown({ upload, zone }: { upload: Upload; zone: string }) {
  const [url, setUrl] = useState("");
  const act = useAct(
    (key: string, happened: boolean) =>
      answer(api.POST("/api/v1/uploads/{id}/resolve", {
        params: { path: path(upload.id), header: { "Idempotency-Key": key } },
        body: { outcome: happened ? "happened" : "did_not_happen", ...(happened && url ? { post_url: url } : {}) },
      })),
    { stale: STALE, done: sayAnswer, failed: (error) => sayRefused(error, zone, "Not recorded") },
  );
  return (
    <section className="unknown notice tone-warn" aria-label="Unknown outcome">
      <p>
        <strong>Its last piece was sent, and no answer came.</strong> The video may stand on {upload.channel}, or not. It is not
        uploaded again by itself. {upload.last_error && <>What YouTube was asked: {upload.last_error}</>}
      </p>
      <p>Look for “{upload.title}” in YouTube Studio, then say what you saw:</p>
      <div className="actions">
        <Confirm title="The video is there?" act="It is there" trigger={<Button>It is there</Button>} onConfirm={() => act.run(true)}>
          <p>It counts as uploaded, and is not uploaded again.</p>
          <Field label="Address of the video (optional)" type="url" value={url} onChange={setUrl} />
        </Confirm>
        <Confirm title="The video is not there?" act="It is not there" trigger={<Button>It is not there</Button>} onConfirm={() => act.run(false)}>
          <p>It counts as failed, and can be scheduled again. If it is there after all, it then stands there twice.</p>
        </Confirm>
      </div>
    </section>
  );
}

export const tagsOf = (text: string) => text.split(",").map((one) => one.trim()).filter(Boolean);

function Words({ upload, etag }: { upload: Upload; etag: string }) {
  return (
    <Disclosure className="disclosure">
      <AriaButton slot="trigger" className="button small">Title, description, tags</AriaButton>
      <DisclosurePanel>
        <ActForm act="Save" onSubmit={async (fields) => {
          await answer(api.PATCH("/api/v1/uploads/{id}", {
            params: { path: path(upload.id), header: { "If-Match": etag } },
            body: { title: fields.title!, description: fields.description!, tags: tagsOf(fields.tags!) },
          }));
          toast("Saved.", { tone: "good" });
        }}>
          <Field label="Title" name="title" defaultValue={upload.title} isRequired maxLength={100} />
          <Field label="Description" name="description" defaultValue={upload.description} rows={4} maxLength={5000} />
          <Field label="Tags" name="tags" defaultValue={upload.tags.join(", ")} hint="With commas between them." />
        </ActForm>
      </DisclosurePanel>
    </Disclosure>
  );
}

function Known({ upload, etag, zone }: { upload: Upload; etag: string; zone: string }) {
  const { status } = upload;
  const waits = status === "scheduled" || status === "uploading";
  const over = status === "failed" || status === "cancelled";
  return (
    <>
      <p>
        <Badge word={uploadStates[status]} /> <strong>{upload.kind}</strong> on {upload.channel}: public{" "}
        <Time at={upload.published_at ?? upload.at} zone={zone} />
      </p>
      {status === "uploading" && <Progress upload={upload} />}
      {status === "unknown" && <Unknown upload={upload} zone={zone} />}
      {status !== "unknown" && upload.last_error && <p className={`notice tone-${status === "failed" ? "bad" : "warn"}`}>{upload.last_error}</p>}
      {upload.stop_wanted && <p className="notice tone-warn">It was cancelled while its last piece was on the way.</p>}
      <dl className="details">
        <div><dt>Video</dt><dd>{upload.video}</dd></div>
        {waits && <div><dt>Its upload begins</dt><dd><Time at={upload.run_at} zone={zone} /></dd></div>}
        <div><dt>Counts on</dt><dd>{upload.publish_day} of the channel, and on the quota of {upload.quota_day} in Los Angeles</dd></div>
        {upload.post_url && <div><dt>On YouTube</dt><dd><a href={upload.post_url} target="_blank" rel="noreferrer">{upload.post_url}</a></dd></div>}
      </dl>
      {waits && <Move key={upload.at} upload={upload} zone={zone} />}
      {(waits || over) && <Words key={upload.version} upload={upload} etag={etag} />}
      {over && <Retry upload={upload} zone={zone} />}
      <Disclosure className="disclosure">
        <AriaButton slot="trigger" className="button small">History</AriaButton>
        <DisclosurePanel><History id={upload.id} zone={zone} /></DisclosurePanel>
      </Disclosure>
      <div className="dialog-actions">{waits && <Cancel upload={upload} zone={zone} />}</div>
    </>
  );
}

// The dialog of one upload, whatever page or address opened it.
export function UploadBox({ id, zoneOf, close }: { id: number | null; zoneOf: (channel: number) => string; close: () => void }) {
  const query = useQuery({ ...uploadQuery(id ?? 0), enabled: id !== null });
  return (
    <DialogBox title={query.data?.value.title ?? "Upload"} open={id !== null} onOpenChange={(open) => !open && close()}>
      {() => (
        <>
          {query.error ? (
            <p role="alert">{sentence(messageOf(query.error))}.</p>
          ) : (
            <Loaded query={query}>
              {({ value, etag }) => <Known upload={value} etag={etag} zone={zoneOf(value.channel_id)} />}
            </Loaded>
          )}
          <div className="dialog-actions"><Button onPress={close}>Close</Button></div>
        </>
      )}
    </DialogBox>
  );
}
