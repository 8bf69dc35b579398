// Which time is whose: a show's starts, a channel's slots, and everything else.
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { answer, api } from "../api/client";
import { everything, showsQuery } from "../api/queries";
import { clockTime, ownZone } from "../lib/time";
import { Empty, Loaded, Section, useNow } from "../ui/basics";

const channelsQuery = {
  queryKey: ["channels"],
  queryFn: () => everything((query) => answer(api.GET("/api/v1/channels", { params: { query } }))),
};

function Now({ zone }: { zone: string }) {
  const now = new Date(useNow()).toISOString();
  return <time dateTime={now}>{clockTime(now, zone)}</time>;
}

export default function Zones() {
  const shows = useQuery(showsQuery);
  const channels = useQuery(channelsQuery);
  return (
    <>
      <Section title="Yours">
        <p>{ownZone}, where it is now <Now zone={ownZone} />: your system says so. Whatever has no zone of its own is shown in it.</p>
      </Section>
      <Section title="Shows">
        <Loaded query={shows}>
          {(all) =>
            all.length === 0 ? (
              <Empty title="No show yet." />
            ) : (
              <ul className="rows">
                {all.map((show) => (
                  <li key={show.id}>
                    <span><Link href={`/shows/${show.id}`}>{show.name}</Link></span>
                    <span className="muted">{show.zone}, now <Now zone={show.zone} /></span>
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
        <p className="muted">Starts of episodes are in the show’s zone; its admins change it in the show’s settings. A start that is set stays the moment that it was.</p>
      </Section>
      {(channels.data ?? []).length > 0 && (
        <Section title="Channels">
          <ul className="rows">
            {channels.data!.map((channel) => (
              <li key={channel.id}>
                <span>{channel.name}</span>
                <span className="muted">{channel.zone}, now <Now zone={channel.zone} /></span>
              </li>
            ))}
          </ul>
          <p className="muted">Slots and days of publishing are in the channel’s zone; YouTube’s quota days are in America/Los_Angeles.</p>
        </Section>
      )}
    </>
  );
}
