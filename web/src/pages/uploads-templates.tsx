// What is said of a channel's videos where nobody says anything else: one template a language.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answer, api, isProblem, versioned } from "../api/client";
import { foldersQuery, templatesQuery, videosQuery } from "../api/uploads";
import type { Channel, Template } from "../api/types";
import { useAct } from "../lib/act";
import { today } from "../lib/days";
import { Button, Empty, Loaded, Section } from "../ui/basics";
import { ActForm, Confirm, DialogBox } from "../ui/dialogs";
import { Field, Select } from "../ui/fields";
import { toast } from "../ui/toast";
import { tagsOf } from "./uploads-item";

const LONGEST_TITLE = 100;
const params = (id: number) => ({ path: { id: String(id) } });
const languageOf = (one: Template) => one.language ?? "any language";

type Values = Record<"title" | "date" | "number" | "channel" | "language", string>;
const filled = (text: string, values: Values) =>
  text.replace(/\{(title|date|number|channel|language)\}/g, (_, name: keyof Values) => values[name]);

// As the server fills it in, of a video that is there or could be.
function Preview({ said, values }: { said: { title: string; description: string; tags: string }; values: Values }) {
  const title = filled(said.title, values);
  return (
    <figure className="preview" aria-label="Preview">
      <figcaption>For example, of “{values.title}”, number {values.number}:</figcaption>
      <p className="said"><strong>{title}</strong></p>
      {said.description && <p className="said">{filled(said.description, values)}</p>}
      {said.tags && <p className="muted">{tagsOf(filled(said.tags, values)).join(", ")}</p>}
      <p className={[...title].length > LONGEST_TITLE ? "counter over" : "counter"}>{[...title].length} / {LONGEST_TITLE}</p>
    </figure>
  );
}

const NONE = "none";

function Form({ channel, template, etag, close }: { channel: Channel; template: Template | null; etag: string; close: () => void }) {
  const client = useQueryClient();
  const folders = useQuery(foldersQuery).data;
  const [video] = useQuery(videosQuery).data ?? [];
  const [said, setSaid] = useState({ title: template?.title ?? "{title}", description: template?.description ?? "", tags: (template?.tags ?? []).join(", ") });
  const [folder, setFolder] = useState(template?.thumbnail?.folder ?? NONE);
  const [language, setLanguage] = useState(template?.language ?? "");
  // The version that a save names, and what somebody else has made of it meanwhile.
  const [seen, setSeen] = useState(etag);
  const [theirs, setTheirs] = useState<Template | null>(null);
  const type = (name: keyof typeof said) => (value: string) => setSaid((now) => ({ ...now, [name]: value }));
  const named = [...new Set([...(folders?.folders ?? []), ...(folders?.files ? ["files"] : []), ...(folder === NONE ? [] : [folder])])];
  const save = async (body: object, key: string) => {
    if (!template) return answer(api.POST("/api/v1/templates", { params: { header: { "Idempotency-Key": key } },
      body: { channel_id: channel.id, title: said.title, ...(language ? { language } : {}), ...body } }));
    try {
      return await answer(api.PATCH("/api/v1/templates/{id}", { params: { ...params(template.id), header: { "If-Match": seen } }, body }));
    } catch (error) {
      if (isProblem(error, "version_conflict")) {
        const now = await versioned(api.GET("/api/v1/templates/{id}", { params: params(template.id) }));
        setTheirs(now.value);
        setSeen(now.etag);
      }
      throw error;
    }
  };
  return (
    <ActForm act={theirs ? "Save over it" : template ? "Save" : "Create"} onCancel={close} onDone={close} onSubmit={async (fields, key) => {
      try {
        await save({ ...said, tags: tagsOf(said.tags), category: fields.category || null,
          thumbnail: folder === NONE ? null : { folder, path: fields.path ?? "" } }, key);
      } finally {
        void client.invalidateQueries({ queryKey: ["templates"] });
      }
      toast("Saved: for what is scheduled from now on.", { tone: "good" });
    }}>
      {!template && (
        <Field label="Language (optional)" name="language" value={language} onChange={setLanguage} placeholder="en" maxLength={35}
          hint="As en or pt-BR. Empty: for videos of any language that has no template of its own." />
      )}
      <Field label="Title" name="title" value={said.title} onChange={type("title")} isRequired maxLength={100}
        hint="{title} {date} {number} {channel} {language} stand for what they say; so they do below." />
      <Field label="Description" name="description" value={said.description} onChange={type("description")} rows={4} maxLength={5000} />
      <Field label="Tags" name="tags" value={said.tags} onChange={type("tags")} hint="With commas between them." />
      <Field label="Category (optional)" name="category" defaultValue={template?.category ?? ""} inputMode="numeric" maxLength={4}
        hint="Its number at YouTube: 22 is People & Blogs." />
      {named.length > 0 && (
        <Select label="Thumbnail" value={folder} onChange={setFolder}
          choices={[{ id: NONE, text: "none: YouTube takes one of the video" }, ...named.map((id) => ({ id, text: `a picture in ${id}` }))]} />
      )}
      {folder !== NONE && (
        <Field label="Its file" name="path" defaultValue={template?.thumbnail?.path ?? ""} isRequired placeholder="cover.png" hint="A JPEG or PNG of at most 2 MB." />
      )}
      <Preview said={said} values={{ title: video?.title ?? "Pilot", date: today(channel.zone), number: "12", channel: channel.name, language }} />
      {theirs && (
        <div className="notice tone-warn" role="status">
          <p>Somebody has saved it meanwhile. Theirs says:</p>
          <p className="said"><strong>{theirs.title}</strong></p>
          {theirs.description && <p className="said">{theirs.description}</p>}
          <p>What you typed is still here: save it over theirs, or cancel and theirs stays.</p>
        </div>
      )}
    </ActForm>
  );
}

// With the version of now, whenever it is opened.
function Edit({ channel, id, close }: { channel: Channel; id: number; close: () => void }) {
  const query = useQuery({ queryKey: ["template", id], gcTime: 0, staleTime: Infinity,
    queryFn: () => versioned(api.GET("/api/v1/templates/{id}", { params: params(id) })) });
  return <Loaded query={query}>{({ value, etag }) => <Form channel={channel} template={value} etag={etag} close={close} />}</Loaded>;
}

function Delete({ template }: { template: Template }) {
  const act = useAct((_key: string) => answer(api.DELETE("/api/v1/templates/{id}", { params: params(template.id) })), {
    stale: ["templates"], done: () => toast("The template is gone.", { tone: "good" }),
  });
  return (
    <Confirm title={`Delete the template for ${languageOf(template)}?`} act="Delete" danger onConfirm={() => act.run()}
      trigger={<Button small aria-label={`Delete the template for ${languageOf(template)}`}>Delete…</Button>}>
      <p>What is scheduled keeps its words.</p>
    </Confirm>
  );
}

export function Templates({ channel, operates }: { channel: Channel; operates: boolean }) {
  const templates = useQuery(templatesQuery(channel.id));
  return (
    <Section title="Templates" actions={operates && (
      <DialogBox title={`New template of ${channel.name}`} trigger={<Button>New template…</Button>}>
        {(close) => <Form channel={channel} template={null} etag="" close={close} />}
      </DialogBox>
    )}>
      <Loaded query={templates}>
        {(all) => all.length === 0 ? (
          <Empty title="No template yet.">
            <p>It gives videos their title, description and tags, where who schedules one says nothing else. Without it a video has its own title.</p>
          </Empty>
        ) : (
          <ul className="rows" aria-label="Templates">
            {all.map((one) => (
              <li key={one.id} aria-label={languageOf(one)}>
                <span><strong>{languageOf(one)}</strong> <span className="said">{one.title}</span></span>
                {operates && (
                  <>
                    <DialogBox title={`Template for ${languageOf(one)}`}
                      trigger={<Button small aria-label={`Edit the template for ${languageOf(one)}`}>Edit…</Button>}>
                      {(close) => <Edit channel={channel} id={one.id} close={close} />}
                    </DialogBox>
                    <Delete template={one} />
                  </>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Section>
  );
}
