// What goes out next, what is live, and what needs a person.
import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { announcementsQuery, connectionsQuery, dueQuery, episodeQuery, episodesQuery, queuesQuery, showsQuery, useMe }
  from "../api/queries";
import { calendarQuery, channelsQuery, projectsQuery, quotaQuery, uploadsQuery } from "../api/uploads";
import type { Announcement, Bucket, CalendarUpload, Channel, Connection, Episode, QuotaProject, Show } from "../api/types";
import { today } from "../lib/days";
import { bucketNames, nearEnd } from "../lib/quota";
import { announcementStates, count, uploadStates } from "../lib/words";
import { Badge, Empty, Loaded, PageHead, Section, Time, useNow } from "../ui/basics";
import { FirstSteps } from "./first-steps";

const SOON = 7 * 86_400_000; // as the server's own notice: a week before credentials end
const MOST_SHOWS = 30;

function Where({ announcement }: { announcement: Announcement }) {
  const episode = useQuery({ ...episodeQuery(announcement.episode_id ?? 0), enabled: announcement.episode_id !== null });
  const who = [announcement.host, announcement.connection].filter(Boolean).join(" on ");
  if (announcement.episode_id === null) return <>{who}</>;
  return (
    <>
      <Link href={`/episodes/${announcement.episode_id}#announcement-${announcement.id}`}>
        {episode.data?.value.title ?? `Episode ${announcement.episode_id}`}
      </Link>
      : {who}
    </>
  );
}

function needsReason(connection: Connection): string | null {
  if (connection.status === "broken") return connection.broken_reason ?? "it has to be connected again";
  if (connection.status === "connected" && connection.expires_at && !connection.refreshable &&
    Date.parse(connection.expires_at) - Date.now() < SOON)
    return "its credentials end soon";
  return null;
}

const MOST_PROJECTS = 10;

// Buckets of today that are nearly used up; who does not run the server can do nothing about them.
function useNearEnd(): { bucket: Bucket; project: QuotaProject }[] {
  const me = useMe();
  const projects = (useQuery({ ...projectsQuery, enabled: me.operates }).data ?? []).slice(0, MOST_PROJECTS);
  const days = useQueries({ queries: projects.map((one) => quotaQuery(one.id, 1)) });
  return projects.flatMap((project, n) =>
    (days[n]?.data?.buckets ?? []).filter((bucket) => nearEnd(bucket, project)).map((bucket) => ({ bucket, project })));
}

const uploadLink = (one: { id: number; title: string; channel_id: number; channel: string }) => (
  <span><Link href={`/uploads?channel=${one.channel_id}&upload=${one.id}`}>{one.title}</Link> on {one.channel}</span>
);

function NeedsAPerson() {
  const me = useMe();
  const doubtful = useQuery(uploadsQuery(null, "unknown", 20)).data?.items ?? [];
  const notUploaded = useQuery(uploadsQuery(null, "failed", 10)).data?.items ?? [];
  const scarce = useNearEnd();
  const unknown = useQuery(announcementsQuery("unknown", 20));
  const failed = useQuery(announcementsQuery("failed", 10));
  const connections = useQuery(connectionsQuery);
  const queues = useQuery({ ...queuesQuery, enabled: me.operates });
  return (
    <Loaded query={unknown}>
      {({ items }) => {
        const ill = (connections.data ?? []).flatMap((one) => {
          const why = needsReason(one);
          return why ? [{ one, why }] : [];
        });
        const lost = failed.data?.items ?? [];
        const held = (queues.data ?? []).filter((one) => one.paused);
        const uploads = doubtful.length + notUploaded.length + scarce.length;
        if (items.length + lost.length + ill.length + held.length + uploads === 0)
          return <Empty title="Nothing needs you." />;
        return (
          <ul className="rows">
            {items.map((one) => (
              <li key={one.id}>
                <Badge word={announcementStates.unknown} />
                <span><Where announcement={one} /></span>
                <span className="muted">Say whether it was posted.</span>
              </li>
            ))}
            {doubtful.map((one) => (
              <li key={`upload ${one.id}`}>
                <Badge word={uploadStates.unknown} />
                {uploadLink(one)}
                <span className="muted">Say whether the video is there.</span>
              </li>
            ))}
            {held.map((one) => (
              <li key={one.name}>
                <Badge word={{ text: "Paused", tone: "warn" }} />
                <span><Link href={`/queues/${one.name}`}>{one.name}</Link></span>
                <span className="muted">{one.paused_why ?? "Nothing of it is worked on."}</span>
              </li>
            ))}
            {ill.map(({ one, why }) => (
              <li key={one.id}>
                <Badge word={{ text: "Connection", tone: "bad" }} />
                <span><Link href="/connections">{one.name}</Link></span>
                <span className="muted">{why}</span>
              </li>
            ))}
            {scarce.map(({ bucket, project }) => (
              <li key={`${project.id} ${bucket.scope}`}>
                <Badge word={{ text: "Quota", tone: bucket.used >= bucket.limit ? "bad" : "warn" }} />
                <span><Link href="/uploads">{bucketNames[bucket.scope] ?? bucket.scope} of {project.name}</Link></span>
                <span className="muted">{bucket.used} of {bucket.limit} are taken today; the day ends at midnight in Los Angeles.</span>
              </li>
            ))}
            {notUploaded.map((one) => (
              <li key={`upload ${one.id}`}>
                <Badge word={uploadStates.failed} />
                {uploadLink(one)}
                <span className="muted">{one.last_error}</span>
              </li>
            ))}
            {lost.map((one) => (
              <li key={one.id}>
                <Badge word={announcementStates.failed} />
                <span><Where announcement={one} /></span>
                <span className="muted">{one.last_error}</span>
              </li>
            ))}
          </ul>
        );
      }}
    </Loaded>
  );
}

const MOST_CHANNELS = 10;
const DAYS_AHEAD = 7;
const MOST_NEXT = 20;
const COMING = ["scheduled", "uploading", "uploaded"];
type Publication = { channel: Channel; upload: CalendarUpload; at: string };

// Videos that become public in the next days, of the channels that somebody may see.
function usePublications(): Publication[] {
  const now = useNow(30_000);
  const channels = (useQuery(channelsQuery).data ?? []).slice(0, MOST_CHANNELS);
  const calendars = useQueries({ queries: channels.map((one) => calendarQuery(one.id, today(one.zone), DAYS_AHEAD)) });
  return channels.flatMap((channel, n) =>
    (calendars[n]?.data?.days ?? []).flatMap((day) => day.slots)
      .filter((slot) => Date.parse(slot.at) > now)
      .flatMap((slot) => slot.uploads.filter((one) => COMING.includes(one.status)).map((upload) => ({ channel, upload, at: slot.at }))));
}

function Next() {
  const due = useQuery(dueQuery);
  const publications = usePublications();
  return (
    <Loaded query={due}>
      {({ items }) => {
        const rows = [
          ...items.filter((one) => one.run_at !== null).map((one) => ({
            at: one.run_at!,
            row: (
              <li key={one.id}>
                <Badge word={announcementStates[one.status]} />
                <span><Where announcement={one} /></span>
                <Time at={one.run_at!} />
              </li>
            ),
          })),
          ...publications.map(({ channel, upload, at }) => ({
            at,
            row: (
              <li key={`upload ${upload.id}`}>
                <Badge word={uploadStates[upload.status]} />
                {uploadLink({ ...upload, channel_id: channel.id, channel: channel.name })}
                <span className="muted">{channel.enabled || upload.status === "uploaded" ? "becomes public" : "waits: its channel is switched off"}</span>
                <Time at={at} zone={channel.zone} />
              </li>
            ),
          })),
        ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
        if (rows.length === 0)
          return (
            <Empty title="Nothing has a time yet.">
              <p>Announcements with the trigger “when the stream is on” go out by themselves: they wait for it. Videos stand here from a week before their slot.</p>
            </Empty>
          );
        return <ul className="rows" aria-label="Goes out next">{rows.slice(0, MOST_NEXT).map(({ row }) => row)}</ul>;
      }}
    </Loaded>
  );
}

type OfShow = { show: Show; episode: Episode };

function useEpisodes(shows: Show[], status: "live" | "scheduled"): OfShow[] {
  const asked = useQueries({ queries: shows.slice(0, MOST_SHOWS).map((show) => episodesQuery(show.id, status, 10)) });
  return asked.flatMap((one, n) => (one.data?.items ?? []).map((episode) => ({ show: shows[n]!, episode })));
}

function Episodes({ shows }: { shows: Show[] }) {
  const live = useEpisodes(shows, "live");
  const soon = useEpisodes(shows, "scheduled")
    .filter(({ episode }) => episode.starts_at !== null)
    .sort((a, b) => a.episode.starts_at!.localeCompare(b.episode.starts_at!))
    .slice(0, 8);
  const row = ({ show, episode }: OfShow) => (
    <li key={episode.id}>
      <Badge word={episode.status === "live" ? { text: "Live", tone: "good" } : { text: "Scheduled", tone: "info" }} />
      <span><Link href={`/episodes/${episode.id}`}>{episode.title}</Link> of {show.name}</span>
      {(episode.live_at ?? episode.starts_at) && <Time at={(episode.live_at ?? episode.starts_at)!} zone={show.zone} />}
    </li>
  );
  return (
    <>
      <Section title="On the air">
        {live.length === 0 ? <Empty title="No show is live." /> : <ul className="rows">{live.map(row)}</ul>}
      </Section>
      <Section title="Coming episodes">
        {soon.length === 0 ? (
          <Empty title="No episode has a start.">
            <p>Plan one on its show’s page; what is announced of it waits for its stream.</p>
          </Empty>
        ) : (
          <ul className="rows">{soon.map(row)}</ul>
        )}
      </Section>
    </>
  );
}

export default function Today() {
  const shows = useQuery(showsQuery);
  return (
    <>
      <PageHead title="Today" />
      <Loaded query={shows}>
        {(all) => (
          <>
            <FirstSteps shows={all} />
            <Section title="Needs a person"><NeedsAPerson /></Section>
            <Section title="Goes out next"><Next /></Section>
            <Episodes shows={all} />
            {all.length > MOST_SHOWS && (
              <p className="muted">Episodes of {count(MOST_SHOWS, "show")} of {all.length} are shown here.</p>
            )}
          </>
        )}
      </Loaded>
    </>
  );
}
