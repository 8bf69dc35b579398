import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";

import { answer, api } from "../api/client";
import type { Show } from "../api/types";
import { useAct } from "../lib/act";
import { Button, Section } from "../ui/basics";
import { ActForm, Confirm } from "../ui/dialogs";
import { Field, Switch } from "../ui/fields";
import { toast } from "../ui/toast";
import { ZoneField } from "./shows";

export function ShowSettings({ show, etag }: { show: Show; etag: string }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [approval, setApproval] = useState(show.needs_approval);
  const [filtered, setFiltered] = useState(show.filter_titles);
  const params = { path: { id: String(show.id) } };
  const remove = useAct((_key: string) => answer(api.DELETE("/api/v1/shows/{id}", { params })), {
    stale: ["shows"],
    done: () => {
      toast("The show is gone.", { tone: "good" });
      navigate("/shows");
    },
  });
  return (
    <>
      <Section title="Settings">
        {/* Begun anew with each version: what somebody else has saved is not overwritten unseen. */}
        <ActForm key={show.version} act="Save" onSubmit={async (fields) => {
          await answer(api.PATCH("/api/v1/shows/{id}", {
            params: { ...params, header: { "If-Match": etag } },
            body: { name: fields.name!, slug: fields.slug!, description: fields.description!, zone: fields.zone!,
              channel_id: fields.channel_id || null, title_filter: fields.title_filter!, filter_titles: filtered,
              needs_approval: approval, stagger: Number(fields.stagger), template: fields.template! },
          }));
          await client.invalidateQueries({ queryKey: ["shows"] });
          toast("Saved.", { tone: "good" });
        }}>
          <Field label="Name" name="name" defaultValue={show.name} isRequired maxLength={100} />
          <Field label="Short name" name="slug" defaultValue={show.slug} isRequired />
          <Field label="Description" name="description" defaultValue={show.description} rows={3}
            hint="A language model that writes texts is told this." />
          <Field label="YouTube channel" name="channel_id" defaultValue={show.channel_id ?? ""} placeholder="UC…" />
          <ZoneField value={show.zone} />
          <Switch isSelected={filtered} onChange={setFiltered}>Only streams whose title matches</Switch>
          <Field label="Title filter" name="title_filter" defaultValue={show.title_filter}
            hint="A part of the stream’s title; capitals do not matter." />
          <Field label="Template" name="template" defaultValue={show.template} rows={3}
            hint="What a post says where its host wrote nothing: {show} {title} {number} {host} {url}" />
          <Field label="Seconds between two announcements" name="stagger" type="number" min="0"
            defaultValue={String(show.stagger)} />
          <Switch isSelected={approval} onChange={setApproval}>An admin approves each text before it goes out</Switch>
        </ActForm>
      </Section>
      <Section title="Delete">
        <Confirm title={`Delete ${show.name}?`} act="Delete" danger trigger={<Button kind="danger">Delete the show</Button>}
          onConfirm={() => remove.run()}>
          <p>What was not posted is deleted with it. Posts stay on their platforms, and their histories here.</p>
        </Confirm>
      </Section>
    </>
  );
}
