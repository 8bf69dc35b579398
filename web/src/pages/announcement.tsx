// One announcement of an episode: what it will say, where it stands, and what can be done about it.
import { useState } from "react";
import { Disclosure, DisclosurePanel, Heading, Button as AriaButton } from "react-aria-components";

import { answer, api } from "../api/client";
import { useMe } from "../api/queries";
import type { Announcement, Episode, Show } from "../api/types";
import { sayProblem, useAct } from "../lib/act";
import { announcementStates, outcome, triggers } from "../lib/words";
import { Badge, Button, Time } from "../ui/basics";
import { Confirm } from "../ui/dialogs";
import { Switch } from "../ui/fields";
import { toast } from "../ui/toast";
import { Generate } from "./announcement-generate";
import { History } from "./announcement-history";
import { ImagesEditor, Preview, TextEditor } from "./announcement-text";
import { Unknown } from "./announcement-unknown";

export type CardProps = { announcement: Announcement; show: Show; episode: Episode; mine: boolean; admin: boolean };

const call = (id: number, key: string) => ({
  params: { path: { id: String(id) }, header: { "Idempotency-Key": key } },
});
const stale = ["announcements"];

// What was answered, and what it came to where that is known by now.
function say(answered: { answer: string; announcement?: Announcement }, undo?: () => void) {
  const status = answered.announcement?.status;
  const word = outcome(answered.answer === "started" && status && ["posted", "failed"].includes(status) ? status : answered.answer);
  const url = answered.announcement?.post_url;
  toast(word.text, {
    tone: word.tone,
    ...(url ? { link: { href: url, text: "See the post" } } : {}),
    ...(undo ? { undo: { text: "Undo", act: undo } } : {}),
  });
}

function PostNow({ announcement }: { announcement: Announcement }) {
  const act = useAct((key: string) => answer(api.POST("/api/v1/announcements/{id}/post-now", call(announcement.id, key))), {
    stale,
    done: (said) => say(said),
  });
  return (
    <Confirm title="Post it now?" act="Post now" trigger={<Button>Post now…</Button>} onConfirm={() => act.run()}>
      <p>
        It is posted on <strong>{announcement.connection}</strong> at once, with what is known now. A post cannot be called back from here.
      </p>
    </Confirm>
  );
}

function OnOff({ announcement, mayEnable }: { announcement: Announcement; mayEnable: boolean }) {
  const off = announcement.status === "disabled" || announcement.stop_wanted;
  const enable = useAct((key: string) => answer(api.POST("/api/v1/announcements/{id}/enable", call(announcement.id, key))), {
    stale,
    done: (said) => say(said),
  });
  const disable = useAct((key: string) => answer(api.POST("/api/v1/announcements/{id}/disable", call(announcement.id, key))), {
    stale,
    done: (said) => say(said, said.answer === "prevented" && mayEnable ? () => void enable.run() : undefined),
  });
  const busy = enable.busy || disable.busy;
  return (
    <Switch isSelected={!off} isDisabled={busy || (off && !mayEnable)}
      onChange={(on) => void (on ? enable.run() : disable.run())}>
      Goes out
    </Switch>
  );
}

function Approve({ announcement }: { announcement: Announcement }) {
  const act = useAct(
    (key: string) =>
      answer(api.POST("/api/v1/announcements/{id}/approve",
        { ...call(announcement.id, key), body: { version: announcement.version } })),
    { stale, done: (said) => say(said) },
  );
  return <Button kind="primary" busy={act.busy} onPress={() => void act.run()}>Approve this text</Button>;
}

function Retry({ announcement }: { announcement: Announcement }) {
  const act = useAct((key: string) => answer(api.POST("/api/v1/announcements/{id}/enable", call(announcement.id, key))), {
    stale,
    done: (said) => say(said),
  });
  return <Button busy={act.busy} onPress={() => void act.run()}>Arm it again</Button>;
}

function Delete({ announcement }: { announcement: Announcement }) {
  const act = useAct(
    (_key: string) => answer(api.DELETE("/api/v1/announcements/{id}", { params: { path: { id: String(announcement.id) } } })),
    { stale, done: (said) => said && say(said), failed: (error) => (sayProblem(error), true) },
  );
  return (
    <Confirm title="Delete the announcement?" act="Delete" danger trigger={<Button kind="quiet">Delete…</Button>} onConfirm={() => act.run()}>
      <p>What was not posted never will be. A post that is out stays on its platform, and in the history.</p>
    </Confirm>
  );
}

// What follows it in its thread; the acts of the first part are about all of them.
function Thread({ parts }: { parts: Announcement["parts"] }) {
  if (parts.length === 0) return null;
  return (
    <ol className="rows" aria-label="What follows it">
      {parts.map((part) => (
        <li key={part.id}>
          <Badge word={announcementStates[part.status]} />
          <span className="said">{part.text}</span>
          {part.last_error && <span className="muted">{part.last_error}</span>}
          {part.post_url && <a href={part.post_url} target="_blank" rel="noreferrer">See it</a>}
        </li>
      ))}
    </ol>
  );
}

function When({ announcement, show, episode }: CardProps) {
  const { status, trigger, posted_at, run_at, minutes, at, stagger } = announcement;
  if (status === "posted" && posted_at) return <>Posted <Time at={posted_at} zone={show.zone} /></>;
  if (run_at && ["queued", "sending"].includes(status)) return <>Goes out <Time at={run_at} zone={show.zone} /></>;
  if (!["pending", "queued"].includes(status)) return null;
  if (trigger === "at" && at) return <>Goes out <Time at={at} zone={show.zone} /></>;
  const after = stagger > 0 && trigger !== "before" ? `, ${stagger} s later` : "";
  const draft = episode.status === "draft" ? " A draft episode releases nothing." : "";
  return <>{trigger === "before" ? `Goes out ${minutes ?? 0} minutes before the start.` : `Goes out ${triggers[trigger]}${after}.`}{draft}</>;
}

export function AnnouncementCard(props: CardProps) {
  const { announcement, show, mine, admin } = props;
  const { status } = announcement;
  const [draft, setDraft] = useState<string | null>(null); // null: as it is stored
  const open = ["pending", "queued", "disabled", "failed"].includes(status);
  const acts = useMe().operates || mine;
  return (
    <li className={`card announcement${mine ? " own" : ""}`} id={`announcement-${announcement.id}`}
      aria-label={`${announcement.host ?? "The instance"} on ${announcement.connection}`}>
      <div className="card-head">
        <h3>
          {announcement.host ?? "The instance"}{mine && <span className="muted"> (you)</span>}
          <span className="muted"> on </span>{announcement.connection}
        </h3>
        <Badge word={announcementStates[status]} />
      </div>
      <p className="muted when">
        <When {...props} />
        {announcement.stop_wanted && status === "sending" && " It is not tried again if this fails."}
      </p>
      {announcement.last_error && ["failed", "queued", "unknown"].includes(status) && (
        <p className="notice tone-bad">{announcement.last_error}</p>
      )}
      {announcement.post_url && (
        <p><a href={announcement.post_url} target="_blank" rel="noreferrer">See the post</a></p>
      )}
      {acts && open && <TextEditor announcement={announcement} mine={mine} draft={draft} setDraft={setDraft} />}
      {acts && open && <ImagesEditor announcement={announcement} />}
      <Preview announcement={announcement} draft={open ? draft : null} />
      <Thread parts={announcement.parts} />
      {status === "unknown" && <Unknown announcement={announcement} may={acts} />}
      <div className="actions">
        {["pending", "queued", "sending", "disabled"].includes(status) && (acts || admin) && (
          <OnOff announcement={announcement} mayEnable={acts} />
        )}
        {acts && open && <PostNow announcement={announcement} />}
        {acts && status === "failed" && <Retry announcement={announcement} />}
        {acts && ["pending", "queued"].includes(status) && <Generate announcement={announcement} />}
        {admin && show.needs_approval && open && !announcement.approved && <Approve announcement={announcement} />}
        {acts && status !== "sending" && status !== "unknown" && <Delete announcement={announcement} />}
      </div>
      <Disclosure className="disclosure">
        {({ isExpanded }) => (
          <>
            <Heading level={4}>
              <AriaButton slot="trigger" className="button quiet small"><span aria-hidden>{isExpanded ? "▾" : "▸"}</span> History</AriaButton>
            </Heading>
            <DisclosurePanel>{isExpanded && <History id={announcement.id} zone={show.zone} />}</DisclosurePanel>
          </>
        )}
      </Disclosure>
    </li>
  );
}
