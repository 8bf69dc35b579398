import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";

import { answer, api } from "../api/client";
import { showsQuery, useMe } from "../api/queries";
import { ownZone, zones } from "../lib/time";
import { Badge, Button, Empty, Loaded, PageHead } from "../ui/basics";
import { ActForm, DialogBox } from "../ui/dialogs";
import { Field } from "../ui/fields";

export const slugOf = (name: string) =>
  name.normalize("NFKD").toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-+|-+$/g, "").slice(0, 60);

export function ZoneField({ value, hint = "Starts of episodes are in this zone." }: { value: string; hint?: string }) {
  return (
    <>
      <Field label="Time zone" name="zone" defaultValue={value} list="zones" isRequired hint={hint} />
      <datalist id="zones">
        {zones().map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  );
}

function NewShow({ close }: { close: () => void }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [slug, setSlug] = useState<string | null>(null);
  const [name, setName] = useState("");
  return (
    <ActForm
      act="Create"
      onCancel={close}
      onSubmit={async (fields, key) => {
        const made = await answer(api.POST("/api/v1/shows", {
          params: { header: { "Idempotency-Key": key } },
          body: { name: fields.name!, slug: fields.slug!, zone: fields.zone!, channel_id: fields.channel_id || null },
        }));
        await client.invalidateQueries({ queryKey: ["shows"] });
        navigate(`/shows/${made.id}`);
      }}
    >
      <Field label="Name" name="name" value={name} onChange={setName} isRequired autoFocus maxLength={100} />
      <Field label="Short name" name="slug" value={slug ?? slugOf(name)} onChange={setSlug} isRequired
        hint="For addresses: letters, digits and hyphens." />
      <Field label="YouTube channel (optional)" name="channel_id" placeholder="UC…"
        hint="The channel’s id: it begins with UC and has 24 characters." />
      <ZoneField value={ownZone} />
    </ActForm>
  );
}

export default function Shows() {
  const me = useMe();
  const shows = useQuery(showsQuery);
  const [open, setOpen] = useState(() => new URLSearchParams(window.location.search).has("new"));
  return (
    <>
      <PageHead title="Shows">
        {me.operates && (
          <DialogBox title="New show" trigger={<Button kind="primary">New show</Button>} open={open} onOpenChange={setOpen}>
            {(close) => <NewShow close={close} />}
          </DialogBox>
        )}
      </PageHead>
      <Loaded query={shows}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No show yet.">
              <p>
                {me.operates
                  ? "A show is a channel that goes live, and its hosts. When it goes live, each host’s own post goes out, once."
                  : "You are in no show. An admin of one can invite you."}
              </p>
            </Empty>
          ) : (
            <ul className="cards">
              {all.map((show) => (
                <li key={show.id} className="card">
                  <h2>
                    <Link href={`/shows/${show.id}`}>{show.name}</Link>
                  </h2>
                  <p className="muted">{show.description || show.slug}</p>
                  <p>
                    <Badge word={show.enabled ? { text: "On", tone: "good" } : { text: "Switched off", tone: "bad" }} />{" "}
                    <span className="muted">{show.zone}</span>
                  </p>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </>
  );
}
