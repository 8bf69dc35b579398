// An episode, and how its team announces it.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";

import { answer, api } from "../api/client";
import { connectionsQuery, episodeQuery, showQuery, teamQuery, useMe } from "../api/queries";
import type { Announcement, Connection, Episode, Show } from "../api/types";
import { useAct } from "../lib/act";
import { wallClock } from "../lib/time";
import { count, episodeStates, platformName, triggers } from "../lib/words";
import { Badge, Button, Empty, Loaded, PageHead, Section, Time } from "../ui/basics";
import { ActForm, Confirm, DialogBox } from "../ui/dialogs";
import { Field, Select } from "../ui/fields";
import { toast } from "../ui/toast";
import { AnnouncementCard } from "./announcement";
import { useShowRole } from "./show";

type Parts = { show: Show; episode: Episode; etag: string };

function EditEpisode({ show, episode, etag }: Parts) {
  const client = useQueryClient();
  return (
    <DialogBox title="Edit the episode" trigger={<Button>Edit</Button>}>
      {(close) => (
        <ActForm act="Save" onCancel={close} onDone={close} onSubmit={async (fields) => {
          const starts = fields.starts_at || null;
          await answer(api.PATCH("/api/v1/episodes/{id}", {
            params: { path: { id: String(episode.id) }, header: { "If-Match": etag } },
            body: {
              title: fields.title!, number: fields.number ? Number(fields.number) : null, notes: fields.notes!,
              topics: fields.topics!.split(",").map((one) => one.trim()).filter(Boolean), url: fields.url || null,
              // An untouched start keeps its seconds, which the field does not show.
              ...(starts === (wallClock(episode.starts_at, show.zone) || null) ? {} : { starts_at: starts }),
              ...(episode.status === "draft" && starts ? { status: "scheduled" as const } : {}),
            },
          }));
          await client.invalidateQueries({ queryKey: ["episodes"] });
          void client.invalidateQueries({ queryKey: ["announcements"] });
          toast("Saved.", { tone: "good" });
        }}>
          <Field label="Title" name="title" defaultValue={episode.title} isRequired maxLength={200} />
          <Field label="Number" name="number" type="number" min="0" defaultValue={episode.number?.toString() ?? ""} />
          <Field label={`Start, in ${show.zone}`} name="starts_at" type="datetime-local"
            defaultValue={wallClock(episode.starts_at, show.zone)} />
          <Field label="Topics, with commas" name="topics" defaultValue={episode.topics.join(", ")} />
          <Field label="Notes" name="notes" rows={3} defaultValue={episode.notes} hint="A language model that writes texts is told these." />
          <Field label="URL" name="url" type="url" defaultValue={episode.url ?? ""} hint="Filled in from the stream." />
        </ActForm>
      )}
    </DialogBox>
  );
}

function EndOrStart({ episode, etag }: Parts) {
  const act = useAct(
    (_key: string, status: "live" | "ended") =>
      answer(api.PATCH("/api/v1/episodes/{id}",
        { params: { path: { id: String(episode.id) }, header: { "If-Match": etag } }, body: { status } })),
    { stale: ["episodes", "announcements"] },
  );
  if (episode.status === "ended") return null;
  if (episode.status === "live")
    return (
      <Confirm title="End the episode?" act="It has ended" danger trigger={<Button>It has ended</Button>}
        onConfirm={() => act.run("ended")}>
        <p>What waits for the stream and has not begun fails, and is not posted later. An episode does not go back.</p>
      </Confirm>
    );
  return (
    <Confirm title="Is it live?" act="It is live" trigger={<Button>It is live</Button>} onConfirm={() => act.run("live")}>
      <p>What waits for the stream goes out now. A channel that is watched does this by itself. An episode does not go back.</p>
    </Confirm>
  );
}

function DeleteEpisode({ show, episode }: Parts) {
  const [, navigate] = useLocation();
  const act = useAct(
    (_key: string) => answer(api.DELETE("/api/v1/episodes/{id}", { params: { path: { id: String(episode.id) } } })),
    {
      stale: ["episodes", "announcements"],
      done: () => {
        toast("The episode is gone.", { tone: "good" });
        navigate(`/shows/${show.id}`);
      },
    },
  );
  return (
    <Confirm title="Delete the episode?" act="Delete" danger trigger={<Button kind="quiet">Delete</Button>} onConfirm={() => act.run()}>
      <p>What was not posted is deleted with it; posts stay, and their histories.</p>
    </Confirm>
  );
}

function Announce({ episode, free }: { episode: Episode; free: Connection[] }) {
  const client = useQueryClient();
  const [connection, setConnection] = useState(String(free[0]?.id ?? ""));
  const [trigger, setTrigger] = useState("live");
  const chosen = free.some((one) => String(one.id) === connection) ? connection : String(free[0]?.id ?? "");
  return (
    <DialogBox title="Announce this episode" trigger={<Button kind="primary">Announce on an account of yours</Button>}>
      {(close) => (
        <ActForm act="Arm it" onCancel={close} onDone={close} onSubmit={async (fields, key) => {
          await answer(api.POST("/api/v1/episodes/{id}/announcements", {
            params: { path: { id: String(episode.id) }, header: { "Idempotency-Key": key } },
            body: {
              connection_id: Number(chosen), trigger: trigger as "live", ...(fields.text ? { text: fields.text } : {}),
              ...(trigger === "at" && fields.at ? { at: fields.at } : {}),
              ...(trigger === "before" ? { minutes: Number(fields.minutes) } : {}),
            },
          }));
          await client.invalidateQueries({ queryKey: ["announcements"] });
          toast("Armed.", { tone: "good" });
        }}>
          <Select label="Account" value={chosen} onChange={setConnection}
            choices={free.map((one) => ({ id: String(one.id), text: `${one.name} (${platformName(one.platform)})` }))} />
          <Select label="Goes out" value={trigger} onChange={setTrigger}
            choices={Object.entries(triggers).map(([id, text]) => ({ id, text }))} />
          {trigger === "at" && <Field label="At, in the show’s zone" name="at" type="datetime-local" isRequired />}
          {trigger === "before" && <Field label="Minutes before the start" name="minutes" type="number" min="0" defaultValue="10" isRequired />}
          <Field label="Text (optional)" name="text" rows={3} hint="Without one: a generated text, or the show’s template." />
        </ActForm>
      )}
    </DialogBox>
  );
}

function AnnounceAll({ episode }: { episode: Episode }) {
  const act = useAct(
    (key: string) =>
      answer(api.POST("/api/v1/episodes/{id}/announcements/create-all",
        { params: { path: { id: String(episode.id) }, header: { "Idempotency-Key": key } } })),
    {
      stale: ["announcements"],
      done: (made) =>
        toast(made.enabled + made.disabled === 0 ? "Everybody’s announcements were made already."
          : `Made ${count(made.enabled, "announcement")}${made.disabled ? `, and ${made.disabled} disabled ones of who has not opted in` : ""}.`,
          { tone: "good" }),
    },
  );
  return <Button busy={act.busy} onPress={() => void act.run()}>Announce for all members</Button>;
}

// A page opened at "#announcement-7" shows that card.
function useAnchor(there: boolean) {
  useEffect(() => {
    if (there && window.location.hash) document.getElementById(window.location.hash.slice(1))?.scrollIntoView();
  }, [there]);
}

function Team({ show, episode, admin, member }: Parts & { admin: boolean; member: boolean }) {
  const me = useMe();
  const team = useQuery(teamQuery(episode.id));
  const connections = useQuery(connectionsQuery);
  useAnchor(team.data !== undefined);
  const mine = (one: Announcement) => one.host_id === me.id;
  const used = new Set((team.data ?? []).filter((one) => one.part === 1).map((one) => one.connection_id));
  const free = (connections.data ?? []).filter(
    (one) => one.status === "connected" && one.person_id === me.id && !used.has(one.id));
  return (
    <Section title="Announcements" actions={
      <div className="actions">
        {admin && <AnnounceAll episode={episode} />}
        {member && free.length > 0 && <Announce episode={episode} free={free} />}
      </div>
    }>
      <Loaded query={team}>
        {(all) => {
          const shown = all.filter((one) => one.part === 1).sort((a, b) => Number(mine(b)) - Number(mine(a)) || a.id - b.id);
          if (shown.length === 0)
            return (
              <Empty title="Nobody announces this episode yet.">
                <p>Each host’s own post goes out on the host’s own accounts. Connect one, then arm it here.</p>
              </Empty>
            );
          return (
            <ul className="cards wide">
              {shown.map((one) => (
                <AnnouncementCard key={one.id} announcement={one} show={show} episode={episode} mine={mine(one)} admin={admin} />
              ))}
            </ul>
          );
        }}
      </Loaded>
    </Section>
  );
}

function EpisodeOf({ episode, etag, show }: Parts) {
  const role = useShowRole(show.id);
  const parts = { show, episode, etag };
  return (
    <>
      <PageHead title={episode.title} back={{ to: `/shows/${show.id}`, text: show.name }}>
        {(role.member || role.admin) && <EditEpisode key={episode.version} {...parts} />}
        {(role.member || role.admin) && <EndOrStart {...parts} />}
        {role.admin && <DeleteEpisode {...parts} />}
      </PageHead>
      {!show.enabled && <p className="notice tone-bad">This show is switched off: nothing of it goes out.</p>}
      <p className="facts">
        <Badge word={episodeStates[episode.status]} />
        {episode.starts_at && <span>Starts <Time at={episode.starts_at} zone={show.zone} /></span>}
        {episode.live_at && <span>Live since <Time at={episode.live_at} zone={show.zone} /></span>}
        {episode.ended_at && <span>Ended <Time at={episode.ended_at} zone={show.zone} /></span>}
        {episode.url && <a href={episode.url} target="_blank" rel="noreferrer">The stream</a>}
      </p>
      <Team {...parts} admin={role.admin} member={role.member} />
    </>
  );
}

export default function EpisodePage({ id }: { id: number }) {
  const episode = useQuery({ ...episodeQuery(id), refetchInterval: 5000 });
  const showId = episode.data?.value.show_id;
  const show = useQuery({ ...showQuery(showId ?? 0), enabled: showId !== undefined });
  return (
    <Loaded query={episode}>
      {({ value, etag }) => (
        <Loaded query={show}>{(of) => <EpisodeOf episode={value} etag={etag} show={of.value} />}</Loaded>
      )}
    </Loaded>
  );
}
