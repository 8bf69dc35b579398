// The short path of a new installation, or of a new person: create a show, connect an account, arm an announcement.
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";

import { answer, api } from "../api/client";
import { connectionsQuery, useMe } from "../api/queries";
import type { Show } from "../api/types";

const anyQuery = {
  queryKey: ["announcements", "any"],
  queryFn: () => answer(api.GET("/api/v1/announcements", { params: { query: { limit: 1 } } })),
};

export function FirstSteps({ shows }: { shows: Show[] }) {
  const me = useMe();
  const connections = useQuery(connectionsQuery);
  const announcements = useQuery(anyQuery);
  if (!connections.data || !announcements.data) return null;
  const show = shows[0];
  const steps = [
    {
      done: shows.length > 0,
      text: me.operates ? "Create a show" : "Join a show: one of its admins invites you",
      to: me.operates ? "/shows?new" : undefined,
      why: "A show is a channel that goes live, and the people who announce it.",
    },
    {
      done: connections.data.some((one) => one.status === "connected" && one.person_id === me.id),
      text: "Connect an account",
      to: "/connections?new",
      why: "Posts go out over your own accounts: Bluesky, Mastodon, X, a webhook and others.",
    },
    {
      done: announcements.data.items.length > 0,
      text: "Arm an announcement",
      to: show ? `/shows/${show.id}` : undefined,
      why: "Plan an episode, and say on which account it is announced. It goes out when the stream is on, once.",
    },
  ];
  if (steps.every((step) => step.done)) return null;
  const next = steps.findIndex((step) => !step.done);
  return (
    <section aria-labelledby="first-steps" className="section first-steps">
      <h2 id="first-steps">Three steps to the first post</h2>
      <ol>
        {steps.map((step, n) => (
          <li key={step.text} className={step.done ? "done" : n === next ? "next" : ""}>
            {step.to && !step.done && n === next ? <Link href={step.to}>{step.text}</Link> : <span>{step.text}</span>}
            {step.done && <span className="muted"> – done</span>}
            {!step.done && <p className="muted">{step.why}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}
