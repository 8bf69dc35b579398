// A show: its episodes, its people, its switch.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { Link, useLocation } from "wouter";

import { answer, api } from "../api/client";
import { episodesQuery, liveQuery, membersQuery, ownQuery, showQuery, useMe } from "../api/queries";
import type { Show } from "../api/types";
import { useAct } from "../lib/act";
import { fullTime } from "../lib/time";
import { count, episodeStates } from "../lib/words";
import { Badge, Button, Empty, Loaded, PageHead, Section, Time } from "../ui/basics";
import { ActForm, Confirm, DialogBox } from "../ui/dialogs";
import { Field, Switch } from "../ui/fields";
import { toast } from "../ui/toast";
import { Members } from "./show-members";
import { ShowSettings } from "./show-settings";

// What became of the announcements that a no was about.
export type Stopped = { in_flight: number; outcome_unknown: number; prevented: number; waiting: number };
export function sayStopped(stopped: Stopped | undefined, nothing: string) {
  if (!stopped) return toast(nothing, { tone: "good" });
  const parts = [
    stopped.prevented > 0 && `${count(stopped.prevented, "post")} prevented`,
    stopped.in_flight > 0 && `${count(stopped.in_flight, "post")} already being sent`,
    stopped.outcome_unknown > 0 && `${count(stopped.outcome_unknown, "post")} of unknown outcome`,
    stopped.waiting > 0 && `${count(stopped.waiting, "announcement")} waiting`,
  ].filter(Boolean);
  toast(parts.length ? `${parts.join(", ")}.` : nothing, { tone: stopped.in_flight + stopped.outcome_unknown ? "warn" : "good" });
}

function KillSwitch({ show, etag }: { show: Show; etag: string }) {
  const act = useAct(
    (_key: string, enabled: boolean) =>
      answer(api.PATCH("/api/v1/shows/{id}", {
        params: { path: { id: String(show.id) }, header: { "If-Match": etag } }, body: { enabled } })),
    {
      stale: ["shows", "announcements"],
      done: (made) => sayStopped(made.stopped, made.enabled ? "The show is on." : "The show is off: nothing goes out."),
    },
  );
  if (!show.enabled)
    return (
      <Button kind="primary" busy={act.busy} onPress={() => void act.run(true)}>
        Switch on
      </Button>
    );
  return (
    <Confirm title={`Switch ${show.name} off?`} act="Switch off" danger trigger={<Button kind="danger">Switch off</Button>}
      onConfirm={() => act.run(false)}>
      <p>Nothing of this show goes out while it is off. What comes due meanwhile fails, and is not posted late.</p>
    </Confirm>
  );
}

// A host's own words in a show: whether to be announced, and how to sound where a model writes.
function Own({ show }: { show: Show }) {
  const client = useQueryClient();
  const mine = useQuery(ownQuery(show.id));
  const put = (body: { opted_in?: boolean; style?: string }) =>
    answer(api.PUT("/api/v1/shows/{id}/members/me", { params: { path: { id: String(show.id) } }, body }));
  const act = useAct((_key: string, opted_in: boolean) => put({ opted_in }), {
    stale: ["members", "announcements"],
    done: (made) =>
      sayStopped(made.opted_in ? undefined : made.stopped,
        made.opted_in ? "You are announced when an admin announces for all." : "You are not announced."),
  });
  if (!mine.data) return null;
  const { opted_in, style } = mine.data;
  return (
    <>
      <Switch isSelected={opted_in} isDisabled={act.busy} onChange={(on) => void act.run(on)}>
        Announce me when an admin announces for all
      </Switch>
      <p className="facts">
        <span>Your style, where a language model writes for you: {style ? <strong className="breaks">{style}</strong> : <span className="muted">none of your own</span>}</span>
        <DialogBox title={`How you sound in ${show.name}`} trigger={<Button small>Change your style…</Button>}>
          {(close) => (
            <ActForm act="Save" onCancel={close} onDone={close} onSubmit={async (fields) => {
              await put({ style: fields.style ?? "" });
              await client.invalidateQueries({ queryKey: ["members"] });
              toast("Saved: for what is written from now on.", { tone: "good" });
            }}>
              <Field label="Style" name="style" defaultValue={style} maxLength={500} placeholder="dry, no emoji" rows={2} autoFocus
                hint="The model is told this of your announcements in this show. Empty: none of your own." />
            </ActForm>
          )}
        </DialogBox>
      </p>
    </>
  );
}

function LiveState({ show }: { show: Show }) {
  const live = useQuery(liveQuery(show.id));
  const check = useAct(
    (key: string) =>
      answer(api.POST("/api/v1/shows/{id}/live-check",
        { params: { path: { id: String(show.id) }, header: { "Idempotency-Key": key } } })),
    { stale: ["live"] },
  );
  const [seen, setSeen] = useState<Awaited<ReturnType<typeof check.run>>>();
  if (!show.channel_id) return <p className="muted">No channel is named, so nobody looks whether the show is live.</p>;
  const word = { live: "live", not_live: "not live", unknown: "unknown" };
  const channel = live.data?.channel;
  return (
    <div className="live-state">
      <p>
        {channel?.looked_at ? (
          <>
            The channel is <strong>{word[channel.answer]}</strong>, looked at <Time at={channel.looked_at} zone={show.zone} brief />.
            {channel.why && <span className="muted"> {channel.why}</span>}
          </>
        ) : (
          <span className="muted">The channel is watched while an episode of it is near its start.</span>
        )}{" "}
        <Button small busy={check.busy} onPress={async () => setSeen(await check.run())}>
          Test the detection
        </Button>
      </p>
      {seen && (
        <ul className="plain" aria-label="What the test saw">
          <li>Together: {word[seen.answer]}.</li>
          {seen.ways.map((way) => (
            <li key={way.way}>
              {way.way}: {word[way.answer]}, {way.milliseconds} ms{way.why ? `: ${way.why}` : ""}
            </li>
          ))}
          {seen.streams.map((stream) => (
            <li key={stream.video_id}>
              “{stream.title}”: {stream.announces ? "would announce an episode" : "announces nothing"}
              {stream.why ? ` (${stream.why})` : ""}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function NewEpisode({ show, close }: { show: Show; close: () => void }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  return (
    <ActForm act="Create" onCancel={close} onSubmit={async (fields, key) => {
      const made = await answer(api.POST("/api/v1/shows/{id}/episodes", {
        params: { path: { id: String(show.id) }, header: { "Idempotency-Key": key } },
        body: { title: fields.title!, number: fields.number ? Number(fields.number) : null, starts_at: fields.starts_at || null,
          status: fields.starts_at ? "scheduled" : "draft" },
      }));
      void client.invalidateQueries({ queryKey: ["episodes"] });
      navigate(`/episodes/${made.id}`);
    }}>
      <Field label="Title" name="title" isRequired autoFocus maxLength={200} />
      <Field label="Number (optional)" name="number" type="number" min="0" />
      <Field label={`Start, in ${show.zone}`} name="starts_at" type="datetime-local"
        hint="Without a start it is a draft, which releases nothing." />
    </ActForm>
  );
}

function Episodes({ show }: { show: Show }) {
  const [most, setMost] = useState(25);
  const episodes = useQuery(episodesQuery(show.id, undefined, most));
  return (
    <Section title="Episodes" actions={
      <DialogBox title="New episode" trigger={<Button kind="primary">New episode</Button>}>
        {(close) => <NewEpisode show={show} close={close} />}
      </DialogBox>
    }>
      <Loaded query={episodes}>
        {({ items, next }) =>
          items.length === 0 ? (
            <Empty title="No episode yet.">
              <p>Plan one; then each host says on which accounts it is announced.</p>
            </Empty>
          ) : (
            <>
              <ul className="rows">
                {items.map((one) => (
                  <li key={one.id}>
                    <Badge word={episodeStates[one.status]} />
                    <span>
                      <Link href={`/episodes/${one.id}`}>{one.number !== null ? `${one.number}. ` : ""}{one.title}</Link>
                    </span>
                    <span className="muted">{one.starts_at ? fullTime(one.starts_at, show.zone) : "no start"}</span>
                  </li>
                ))}
              </ul>
              {next && most < 200 && <Button onPress={() => setMost(Math.min(200, most * 2))}>More</Button>}
            </>
          )
        }
      </Loaded>
    </Section>
  );
}

// What somebody may do in a show; the server decides, and what it would refuse is not offered.
export function useShowRole(show: number | undefined) {
  const me = useMe();
  const members = useQuery({ ...membersQuery(show ?? 0), enabled: show !== undefined });
  const mine = members.data?.find((one) => one.person_id === me.id);
  return { member: mine !== undefined, admin: me.operates || mine?.role === "admin" };
}

export default function ShowPage({ id }: { id: number }) {
  const query = useQuery(showQuery(id));
  const role = useShowRole(id);
  return (
    <Loaded query={query}>
      {({ value: show, etag }) => (
        <>
          <PageHead title={show.name} back={{ to: "/shows", text: "Shows" }}>
            {role.admin && <KillSwitch show={show} etag={etag} />}
          </PageHead>
          {!show.enabled && <p className="notice tone-bad">This show is switched off: nothing of it goes out.</p>}
          {show.description && <p>{show.description}</p>}
          {role.member && <Own show={show} />}
          <LiveState show={show} />
          <Tabs className="tabs">
            <TabList aria-label="Parts of the show">
              <Tab id="episodes">Episodes</Tab>
              <Tab id="members">Members</Tab>
              {role.admin && <Tab id="settings">Settings</Tab>}
            </TabList>
            <TabPanel id="episodes"><Episodes show={show} /></TabPanel>
            <TabPanel id="members"><Members show={show} admin={role.admin} /></TabPanel>
            {role.admin && <TabPanel id="settings"><ShowSettings show={show} etag={etag} /></TabPanel>}
          </Tabs>
        </>
      )}
    </Loaded>
  );
}
