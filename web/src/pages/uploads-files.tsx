// Videos: sent from here in pieces, or taken from a folder of the server; and what they are fit for.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { DropZone, FileTrigger, isFileDropItem } from "react-aria-components";

import { answer, api } from "../api/client";
import { entriesQuery, foldersQuery, videosQuery } from "../api/uploads";
import type { Video } from "../api/types";
import { sayProblem, useAct } from "../lib/act";
import { useDroppedFiles } from "../lib/drops";
import { abandon, transfers, unfinished, useTransfers, type Transfer, type TransferState, type Unfinished } from "../lib/transfers";
import type { Tone } from "../lib/words";
import { Badge, Bar, Button, Empty, Loaded, Section } from "../ui/basics";
import { Confirm, DialogBox } from "../ui/dialogs";
import { Select } from "../ui/fields";
import { toast } from "../ui/toast";
import { sizeOf } from "./uploads-item";
import { fitness, lengthOf } from "./uploads-schedule";

const states: Record<TransferState, { text: string; tone: Tone }> = {
  queued: { text: "Waits its turn", tone: "neutral" },
  sending: { text: "Sending", tone: "info" },
  waiting: { text: "Waits for the server", tone: "warn" },
  paused: { text: "Paused", tone: "neutral" },
  done: { text: "Arrived", tone: "good" },
  failed: { text: "Failed", tone: "bad" },
};

function TransferRow({ one, schedule }: { one: Transfer; schedule?: ((video: number) => void) | undefined }) {
  const share = one.size > 0 ? Math.floor((100 * one.sent) / one.size) : 0;
  const active = one.state === "queued" || one.state === "sending" || one.state === "waiting";
  const text = `${sizeOf(one.sent)} of ${sizeOf(one.size)}`;
  return (
    <li aria-label={one.name}>
      <Badge word={states[one.state]} />
      <span>{one.name}{one.why && <span className="muted"> {one.why}</span>}</span>
      {one.state !== "done" && (
        <span className="progress">
          <Bar role="progressbar" label={`Sent of ${one.name}`} value={share} most={100} text={text} />
          <span className="counter">{text}</span>
        </span>
      )}
      {active && <Button small aria-label={`Pause ${one.name}`} onPress={() => transfers.pause(one.id)}>Pause</Button>}
      {(one.state === "paused" || one.state === "failed") && (
        <Button small aria-label={`Go on with ${one.name}`} onPress={() => transfers.resume(one.id)}>Go on</Button>
      )}
      {one.state === "done" && one.video !== null && schedule && (
        <Button small kind="primary" onPress={() => schedule(one.video!)}>Schedule it</Button>
      )}
      {one.state === "done" ? (
        <Button small aria-label={`Done with ${one.name}`} onPress={() => transfers.forget(one.id)}>Done</Button>
      ) : (
        <Confirm title={`Give up ${one.name}?`} act="Give it up" danger trigger={<Button small aria-label={`Give up ${one.name}`}>Give up</Button>}
          onConfirm={() => transfers.giveUp(one.id).catch(sayProblem)}>
          <p>What has arrived of it is deleted.</p>
        </Confirm>
      )}
    </li>
  );
}

function send(files: Iterable<File>) {
  for (const file of files) {
    if (file.size === 0) toast(`${file.name} is empty.`, { tone: "bad" });
    else transfers.add(file);
  }
}

// What was begun before this page was loaded: a page may not open a file by itself.
function Earlier({ items, changed }: { items: Unfinished[]; changed: () => void }) {
  return (
    <>
      {items.map((one) => (
        <li key={one.key} aria-label={one.name}>
          <Badge word={{ text: "Unfinished", tone: "warn" }} />
          <span>{one.name}: {sizeOf(one.received)} of {sizeOf(one.total)} are here. <span className="muted">Choose the same file again: it goes on there.</span></span>
          <FileTrigger onSelect={(files) => files && send(files)}>
            <Button small kind="primary">Choose {one.name}</Button>
          </FileTrigger>
          <Button small aria-label={`Give up ${one.name}`} onPress={() => void abandon(one).catch(sayProblem).then(changed)}>Give up</Button>
        </li>
      ))}
    </>
  );
}

export function Sending({ schedule }: { schedule?: ((video: number) => void) | undefined }) {
  const client = useQueryClient();
  const all = useTransfers();
  useDroppedFiles(send);
  const earlier = useQuery({ queryKey: ["unfinished"], queryFn: unfinished, staleTime: 0 });
  const arrived = all.filter((one) => one.state === "done").length;
  useEffect(() => {
    if (arrived > 0) void client.invalidateQueries({ queryKey: ["videos"] });
  }, [arrived, client]);
  const listed = (earlier.data ?? []).filter((one) => !all.some((now) => now.name === one.name && now.size === one.total));
  return (
    <>
      <DropZone className="drop-zone" aria-label="Files to send" getDropOperation={() => "copy"}
        onDrop={(event) => {
          void Promise.all(event.items.filter(isFileDropItem).map((one) => one.getFile())).then(send);
        }}>
        <p>Drop videos on this page, or</p>
        <FileTrigger allowsMultiple onSelect={(files) => files && send(files)}>
          <Button>Choose files…</Button>
        </FileTrigger>
        <p className="muted">They arrive in pieces: a cut or a restart loses nothing of them.</p>
      </DropZone>
      {all.length + listed.length > 0 && (
        <ul className="rows" aria-label="Files on their way">
          {all.map((one) => <TransferRow key={one.id} one={one} schedule={schedule} />)}
          <Earlier items={listed} changed={() => void earlier.refetch()} />
        </ul>
      )}
    </>
  );
}

function FromFolder({ folders, close }: { folders: string[]; close: () => void }) {
  const [folder, setFolder] = useState(folders[0]!);
  const [under, setUnder] = useState("");
  const entries = useQuery(entriesQuery(folder, under));
  const add = useAct(
    (key: string, path: string) =>
      answer(api.POST("/api/v1/videos", { params: { header: { "Idempotency-Key": key } }, body: { folder, path } })),
    { stale: ["videos"], done: (made) => toast(`“${made.title}” can be scheduled now.`, { tone: "good" }) },
  );
  const inside = (name: string) => (under ? `${under}/${name}` : name);
  return (
    <>
      {folders.length > 1 && (
        <Select label="Folder" value={folder} choices={folders.map((id) => ({ id, text: id }))} onChange={(next) => {
          setFolder(next);
          setUnder("");
        }} />
      )}
      <p className="breaks">
        {folder}{under && `/${under}`}{" "}
        {under && <Button small onPress={() => setUnder(under.split("/").slice(0, -1).join("/"))}>Up</Button>}
      </p>
      <Loaded query={entries}>
        {(all) => all.length === 0 ? <Empty title="Nothing is in it." /> : (
          <ul className="rows short-list" aria-label={`In ${folder}`}>
            {all.map((one) => (
              <li key={one.name}>
                <span>{one.name}</span>
                {one.folder ? <Button small aria-label={`Open ${one.name}`} onPress={() => setUnder(inside(one.name))}>Open</Button> : (
                  <>
                    <span className="muted">{sizeOf(one.size ?? 0)}</span>
                    <Button small aria-label={`Take ${one.name}`} busy={add.busy} onPress={() => void add.run(inside(one.name))}>Take</Button>
                  </>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <div className="dialog-actions"><Button onPress={close}>Close</Button></div>
    </>
  );
}

// "short: ready · final: …", or once where it is the same for all.
function fitnessOf(video: Video, kinds: string[]): string {
  const told = kinds.map((kind) => ({ kind, text: fitness(video, kind).text }));
  if (told.every((one) => one.text === told[0]?.text)) return told[0]?.text ?? "";
  return told.map((one) => `${one.kind}: ${one.text}`).join(" · ");
}

function VideoRow({ video, kinds, schedule }: { video: Video; kinds: string[]; schedule?: ((video: number) => void) | undefined }) {
  return (
    <li>
      <span>{video.title} <span className="muted">({video.id}, {lengthOf(video)})</span></span>
      <span className="muted">
        {/* Why it was not measured begins with the same words. */}
        {video.measure_error?.startsWith(fitnessOf(video, kinds)) ? video.measure_error
          : `${fitnessOf(video, kinds)}${video.measure_error ? ` (${video.measure_error})` : ""}`}
      </span>
      {schedule && <Button small aria-label={`Schedule ${video.title}`} onPress={() => schedule(video.id)}>Schedule</Button>}
    </li>
  );
}

const FIRST = 10;

// `schedule`: where there is a channel.
export function Videos({ kinds, schedule }: { kinds: string[]; schedule?: ((video: number) => void) | undefined }) {
  const folders = useQuery(foldersQuery);
  const videos = useQuery(videosQuery);
  const [most, setMost] = useState(FIRST);
  const named = folders.data?.folders ?? [];
  return (
    <Section title="Videos" actions={named.length > 0 && (
      <DialogBox title="Videos of a media folder" trigger={<Button>Take from a folder…</Button>}>
        {(close) => <FromFolder folders={named} close={close} />}
      </DialogBox>
    )}>
      {folders.data?.files && <Sending schedule={schedule} />}
      {folders.data && !folders.data.files && <p className="muted">This server takes no files: its operator sets files-folder.</p>}
      <Loaded query={videos}>
        {(all) => all.length === 0 ? (
          <Empty title="No video yet."><p>A video is sent from here, or taken from a media folder that the operator names.</p></Empty>
        ) : (
          <>
            <ul className="rows" aria-label="Videos">
              {all.slice(0, most).map((one) => <VideoRow key={one.id} video={one} kinds={kinds} schedule={schedule} />)}
            </ul>
            {all.length > most && <Button onPress={() => setMost(2 * most)}>More</Button>}
          </>
        )}
      </Loaded>
    </Section>
  );
}
