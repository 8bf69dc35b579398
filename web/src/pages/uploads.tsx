// Videos on their way to channels: when, which, and how much of the quota that takes.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useSearchParams } from "wouter";

import { connectionsQuery, useMe } from "../api/queries";
import { channelsQuery, projectsQuery, uploadsQuery, videosQuery, type UploadStatus } from "../api/uploads";
import type { Channel, Upload } from "../api/types";
import { isDay, today, type View } from "../lib/days";
import { uploadStates } from "../lib/words";
import { Badge, Button, Empty, Loaded, PageHead, Section, Time } from "../ui/basics";
import { Select } from "../ui/fields";
import { Calendar } from "./uploads-calendar";
import { ChannelDialog, KillSwitch } from "./uploads-channel";
import { Videos } from "./uploads-files";
import { Progress, UploadBox } from "./uploads-item";
import { NextFree, ProjectDialog, Quota } from "./uploads-quota";
import { Schedule, type Wish } from "./uploads-schedule";
import { Templates } from "./uploads-templates";
import "../styles/uploads.css";

// From an account to a video in its slot.
function FirstSteps({ made }: { made: (channel: Channel) => void }) {
  const connections = useQuery(connectionsQuery);
  const projects = useQuery(projectsQuery);
  const videos = useQuery(videosQuery);
  if (!connections.data || !projects.data || !videos.data) return null;
  const account = connections.data.some((one) => one.platform === "youtube" && one.status === "connected");
  const [project] = projects.data;
  return (
    <section aria-labelledby="upload-steps" className="section first-steps">
      <h2 id="upload-steps">From a file to a slot</h2>
      <ol>
        <li className={account ? "done" : "next"}>
          {account ? <span>Connect a YouTube account<span className="muted"> – done</span></span> : <Link href="/connections?new">Connect a YouTube account</Link>}
          {!account && <p className="muted">On Google’s own pages; no password of it comes here.</p>}
        </li>
        <li className={project ? "done" : ""}>
          <span>A quota project{project && <span className="muted"> – {project.name} has {project.uploads ?? project.units} {project.uploads === null ? "units" : "uploads"} a day</span>}</span>{" "}
          {project && <ProjectDialog project={project} text="Change it…" />}
          <p className="muted">How many calls of YouTube’s API a day has: no more than Google has given your project.</p>
        </li>
        <li className={account ? "next" : ""}>
          {account ? <ChannelDialog channel={null} made={made} trigger={<Button kind="primary" small>Create a channel</Button>} /> : <span>Create a channel</span>}
          <p className="muted">Its zone, the slots of a day, and how many videos of a kind a day may have.</p>
        </li>
        <li className={videos.data.length > 0 ? "done" : ""}>
          <span>Send a video, or take one of a folder{videos.data.length > 0 && <span className="muted"> – done</span>}</span>
          <p className="muted">Below; it arrives in pieces, and a cut loses nothing.</p>
        </li>
        <li>
          <span>Schedule it</span>
          <p className="muted">In a slot of your choice, or the next that is free. No cap, slot or quota is ever exceeded.</p>
        </li>
      </ol>
    </section>
  );
}

const MOST = 20;

function useUploads(channel: number, status: UploadStatus): Upload[] {
  return useQuery(uploadsQuery(channel, status, MOST)).data?.items ?? [];
}

function NeedsAPerson({ channel, open }: { channel: Channel; open: (id: number) => void }) {
  const all = [...useUploads(channel.id, "unknown"), ...useUploads(channel.id, "failed")];
  if (all.length === 0) return null;
  return (
    <Section title="Needs a person">
      <ul className="rows" aria-label="Needs a person">
        {all.map((one) => (
          <li key={one.id}>
            <Badge word={uploadStates[one.status]} />
            <span>{one.title} <span className="muted">{one.status === "unknown" ? "Say whether the video is there." : one.last_error}</span></span>
            <Button small aria-label={`Look at ${one.title}`} onPress={() => open(one.id)}>Look…</Button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function UnderWay({ channel, open }: { channel: Channel; open: (id: number) => void }) {
  const all = useUploads(channel.id, "uploading");
  if (all.length === 0) return null;
  return (
    <Section title="On the way to YouTube">
      <ul className="rows" aria-label="On the way to YouTube">
        {all.map((one) => (
          <li key={one.id} aria-label={one.title}>
            <Badge word={uploadStates[one.status]} />
            <span>{one.title} <span className="muted">public <Time at={one.at} zone={channel.zone} /></span></span>
            <Progress upload={one} />
            <Button small aria-label={`Look at ${one.title}`} onPress={() => open(one.id)}>Look…</Button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

type Go = (changes: Record<string, string | null>, replace?: boolean) => void;

function OfChannel({ channel, params, go }: { channel: Channel; params: URLSearchParams; go: Go }) {
  const me = useMe();
  const [wish, setWish] = useState<Wish | null>(null);
  const view: View = params.get("view") === "month" ? "month" : "week";
  const day = params.get("day");
  const open = (id: number) => go({ upload: String(id) });
  return (
    <>
      <div className="actions">
        <Button kind="primary" onPress={() => setWish({})}>Schedule a video…</Button>
        {me.operates && (
          <>
            <ChannelDialog channel={channel} trigger={<Button>Channel settings…</Button>} />
            <KillSwitch channel={channel} />
          </>
        )}
      </div>
      {!channel.enabled && <p className="notice tone-bad">This channel is switched off: nothing of it is uploaded.</p>}
      <NeedsAPerson channel={channel} open={open} />
      <UnderWay channel={channel} open={open} />
      <Calendar channel={channel} view={view} day={isDay(day) ? day : today(channel.zone)} open={open} schedule={(at) => setWish({ at })}
        show={(next, to) => go({ view: next, day: to }, true)} />
      <Section title="Next free slots"><NextFree channel={channel} schedule={(at) => setWish({ at })} /></Section>
      <Quota channel={channel} operates={me.operates} />
      <Templates channel={channel} operates={me.operates} />
      <Videos kinds={Object.keys(channel.limits)} schedule={(video) => setWish({ video })} />
      <Schedule channel={channel} wish={wish} close={() => setWish(null)} />
    </>
  );
}

export default function Uploads() {
  const me = useMe();
  const channels = useQuery(channelsQuery);
  const [params, setParams] = useSearchParams();
  const go: Go = (changes, replace = false) =>
    setParams((before) => {
      const next = new URLSearchParams(before);
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) next.delete(name);
        else next.set(name, value);
      }
      return next;
    }, { replace });
  const upload = Number(params.get("upload") ?? NaN);
  return (
    <Loaded query={channels}>
      {(all) => {
        const channel = all.find((one) => String(one.id) === params.get("channel")) ?? all[0];
        const show = (one: Channel) => go({ channel: String(one.id), upload: null });
        return (
          <>
            <PageHead title="Uploads">
              {channel && all.length > 1 && (
                <Select inline label="Channel" value={String(channel.id)} choices={all.map((one) => ({ id: String(one.id), text: one.name }))}
                  onChange={(id) => go({ channel: id })} />
              )}
              {me.operates && channel && <ChannelDialog channel={null} made={show} trigger={<Button>New channel…</Button>} />}
            </PageHead>
            {channel ? (
              <>
                <p className="muted"><strong>{channel.name}</strong> over {channel.connection}, in {channel.zone}</p>
                <OfChannel key={channel.id} channel={channel} params={params} go={go} />
              </>
            ) : (
              <>
                {me.operates ? <FirstSteps made={show} /> : (
                  <Empty title="No channel lets you schedule.">
                    <p>Who runs this server names in a channel’s settings who may schedule there. Videos can be sent already.</p>
                  </Empty>
                )}
                <Videos kinds={["short", "final"]} />
              </>
            )}
            <UploadBox id={Number.isInteger(upload) && upload > 0 ? upload : null} close={() => go({ upload: null })}
              zoneOf={(id) => all.find((one) => one.id === id)?.zone ?? "UTC"} />
          </>
        );
      }}
    </Loaded>
  );
}
