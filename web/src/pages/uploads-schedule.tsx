// Scheduling a video: which one, of which kind, when, and what YouTube is told of it.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answer, api } from "../api/client";
import { nextSlotQuery, templatesQuery, videosQuery } from "../api/uploads";
import type { Channel, Video } from "../api/types";
import { fullTime, relative, wallClock } from "../lib/time";
import { Button, Empty, Loaded } from "../ui/basics";
import { ActForm, DialogBox } from "../ui/dialogs";
import { Field, Select } from "../ui/fields";
import { Picker } from "../ui/picker";
import { toast } from "../ui/toast";
import { nextFreeOf, sayAnswer, sayRefused, STALE } from "./uploads-acts";
import { sizeOf, tagsOf } from "./uploads-item";

// What a video is fit for; only these two kinds are looked at.
export function fitness(video: Video, kind: string): { fit: boolean; text: string } {
  const told = kind === "short" || kind === "final" ? video.readiness[kind] : null;
  if (!told || told.ready === "ready") return { fit: true, text: "ready" };
  if (told.ready === "waiting") return { fit: false, text: "not measured yet" };
  if (told.ready === "not_measured") return { fit: false, text: "not measured" };
  return { fit: false, text: told.reasons.join("; ") };
}

export function lengthOf(video: Video): string {
  if (video.duration_ms === null) return sizeOf(video.size);
  const seconds = Math.round(video.duration_ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min, ${sizeOf(video.size)}`;
}

type Values = { title: string; channel: string; date: string; number?: string };
const templatePreview = (id: number, values: Values) => ({
  queryKey: ["templates", "preview", id, values],
  queryFn: () => answer(api.GET("/api/v1/templates/{id}/preview", { params: { path: { id: String(id) }, query: values } })),
});

function Told({ template, values }: { template: number; values: Values }) {
  const preview = useQuery(templatePreview(template, values));
  if (preview.error) return <p className="notice tone-warn">{preview.error.message}</p>;
  if (!preview.data) return null;
  return (
    <figure className="preview" aria-label="What the channel’s template says">
      <figcaption>What the channel’s template says, where you say nothing else</figcaption>
      <p className="said"><strong>{preview.data.title}</strong></p>
      {preview.data.description && <p className="said">{preview.data.description}</p>}
      {(preview.data.tags?.length ?? 0) > 0 && <p className="muted">{preview.data.tags?.join(", ")}</p>}
    </figure>
  );
}

export type Wish = { video?: number; at?: string };

function Form({ channel, videos, wish, close }: { channel: Channel; videos: Video[]; wish: Wish; close: () => void }) {
  const client = useQueryClient();
  const zone = channel.zone;
  const kinds = Object.keys(channel.limits);
  const [video, setVideo] = useState(wish.video ? String(wish.video) : "");
  const [kind, setKind] = useState(kinds[0] ?? "");
  const [at, setAt] = useState(wish.at ? wallClock(wish.at, zone) : "");
  const [offer, setOffer] = useState<string | null>(null);
  const next = useQuery({ ...nextSlotQuery(channel.id, kind), enabled: kind !== "" });
  const templates = useQuery(templatesQuery(channel.id));
  const languages = [...new Set(["", ...(templates.data ?? []).map((one) => one.language ?? "")])];
  const [language, setLanguage] = useState("");
  const template = templates.data?.find((one) => (one.language ?? "") === language);
  const numbered = template && [template.title, template.description, ...(template.tags ?? [])].some((text) => text?.includes("{number}"));
  const [number, setNumber] = useState("");
  const chosen = videos.find((one) => String(one.id) === video);
  const ready = chosen && fitness(chosen, kind);
  const when = at || (next.data ? wallClock(next.data.at, zone) : "");
  const cancel = async (id: number) => {
    try {
      sayAnswer(await answer(api.POST("/api/v1/uploads/{id}/cancel", { params: { path: { id: String(id) } } })));
    } catch (error) {
      sayRefused(error, zone, "Not undone");
    }
    for (const word of STALE) void client.invalidateQueries({ queryKey: [word] });
  };
  return (
    <ActForm onCancel={close} onDone={close}
      act={at ? `Schedule for ${at.replace("T", ", ")}` : next.data ? `Schedule for ${fullTime(next.data.at, zone)}` : "Schedule"}
      onSubmit={async (fields, key) => {
        setOffer(null);
        try {
          const made = await answer(api.POST("/api/v1/channels/{id}/uploads", {
            params: { path: { id: String(channel.id) }, header: { "Idempotency-Key": key } },
            body: {
              video_id: Number(fields.video_id), kind, ...(at ? { at } : {}), ...(language ? { language } : {}),
              ...(numbered && number ? { number: Number(number) } : {}),
              ...(fields.title ? { title: fields.title } : {}), ...(fields.description ? { description: fields.description } : {}),
              ...(fields.tags ? { tags: tagsOf(fields.tags) } : {}),
            },
          }));
          toast(`“${made.title}” becomes public ${fullTime(made.at, zone)} (${relative(made.at)}).`,
            { tone: "good", undo: { text: "Undo", act: () => void cancel(made.id) } });
        } catch (error) {
          setOffer(nextFreeOf(error));
          throw error;
        } finally {
          for (const word of STALE) void client.invalidateQueries({ queryKey: [word] });
        }
      }}>
      <input type="hidden" name="video_id" value={video} />
      <input type="hidden" name="kind" value={kind} />
      <input type="hidden" name="language" value={language} />
      <Picker label="Video" value={video} onChange={setVideo}
        choices={videos.map((one) => ({ id: String(one.id), text: `${one.title} (${one.id})`, more: `${lengthOf(one)}, ${fitness(one, kind).text}` }))} />
      <Select label="Kind" value={kind} onChange={setKind}
        choices={kinds.map((one) => ({ id: one, text: `${one}: at most ${channel.limits[one]} a day` }))} />
      {ready && !ready.fit && <p className="notice tone-warn">As {kind} it is not ready: {ready.text}.</p>}
      <Field label={`Public at, in ${zone}`} name="at" type="datetime-local" value={at} onChange={setAt}
        hint={next.data ? `Without a time: the next free slot, ${fullTime(next.data.at, zone)}.`
          : next.data === null ? `No slot is free for this kind in the next ${channel.horizon_days} days.` : "Without a time: the next free slot."} />
      {offer && <Button onPress={() => setAt(wallClock(offer, zone))}>Take {fullTime(offer, zone)} instead</Button>}
      {languages.length > 1 && (
        <Select label="Language" value={language} onChange={setLanguage} choices={languages.map((one) => ({ id: one, text: one || "any" }))} />
      )}
      {numbered && (
        <Field label="Number" name="number" type="number" min="0" value={number} onChange={setNumber} hint="The channel’s template has {number}; not needed beside words of your own." />
      )}
      {template && chosen && <Told template={template.id} values={{ title: chosen.title, channel: channel.name, date: when.slice(0, 10), ...(number ? { number } : {}) }} />}
      <Field label="Title (optional)" name="title" maxLength={100} placeholder={chosen?.title ?? ""} />
      <Field label="Description (optional)" name="description" rows={3} maxLength={5000} />
      <Field label="Tags (optional)" name="tags" hint="With commas between them." />
    </ActForm>
  );
}

export function Schedule({ channel, wish, close }: { channel: Channel; wish: Wish | null; close: () => void }) {
  const videos = useQuery({ ...videosQuery, enabled: wish !== null });
  return (
    <DialogBox title={`Schedule a video on ${channel.name}`} open={wish !== null} onOpenChange={(open) => !open && close()}>
      {() => (
        <Loaded query={videos}>
          {(all) => all.length === 0 ? (
            <Empty title="There is no video yet.">
              <p>Send a file, or take one of a media folder: both are on this page, under Videos.</p>
              <Button onPress={close}>Close</Button>
            </Empty>
          ) : (
            <Form channel={channel} videos={all} wish={wish ?? {}} close={close} />
          )}
        </Loaded>
      )}
    </DialogBox>
  );
}
