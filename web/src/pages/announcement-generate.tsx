// A language model writes: now, or by itself before the start; in the words of the host.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answer, api } from "../api/client";
import { episodeQuery, ownQuery, useMe } from "../api/queries";
import type { Announcement } from "../api/types";
import { outcome } from "../lib/words";
import { Button } from "../ui/basics";
import { ActForm, DialogBox } from "../ui/dialogs";
import { Field, Select } from "../ui/fields";
import { toast } from "../ui/toast";

type When = "now" | "ahead" | "never";
const choices: { id: When; text: string }[] = [
  { id: "now", text: "Now" },
  { id: "ahead", text: "By itself, before the start" },
  { id: "never", text: "Not by itself any more" },
];
const words: Record<string, string> = {
  started: "The model is writing; the text comes in by itself.",
  already_running: "The model is writing; the text comes in by itself.",
  ahead: "It is written before the start, where it has no text then.",
  never: "Nothing is written by itself any more.",
};

export function Generate({ announcement }: { announcement: Announcement }) {
  const client = useQueryClient();
  const me = useMe();
  const [when, setWhen] = useState<When>("now");
  // A host sees, and may change, the style of now; others give one only to change it.
  const own = announcement.host_id === me.id && announcement.episode_id !== null;
  const episode = useQuery({ ...episodeQuery(announcement.episode_id ?? 0), enabled: own });
  const show = episode.data?.value.show_id;
  const style = useQuery({ ...ownQuery(show ?? 0), enabled: own && show !== undefined }).data?.style;
  return (
    <DialogBox title="Let a text be written" trigger={<Button>Generate a text…</Button>}>
      {(close) => (
        <ActForm act="Generate" onCancel={close} onDone={close} onSubmit={async (fields, key) => {
          const said = await answer(api.POST("/api/v1/announcements/{id}/generate", {
            params: { path: { id: String(announcement.id) }, header: { "Idempotency-Key": key }, query: { wait: 20 } },
            body: { when, ...(fields.style || style ? { style: fields.style ?? "" } : {}) },
          }));
          for (const word of ["announcements", "members"]) void client.invalidateQueries({ queryKey: [word] });
          toast(words[said.answer] ?? outcome(said.answer).text, { tone: words[said.answer] ? "info" : outcome(said.answer).tone });
        }}>
          <Select label="When" choices={choices} value={when} onChange={(value) => setWhen(value as When)} />
          <Field key={style} label="Style (optional)" name="style" maxLength={500} placeholder="dry, no emoji" defaultValue={style ?? ""}
            hint={own ? "How you want to sound in this show, from now on. Empty: none of your own."
              : `How ${announcement.host ?? "its host"} wants to sound in this show, from now on. Empty: as it was.`} />
        </ActForm>
      )}
    </DialogBox>
  );
}
