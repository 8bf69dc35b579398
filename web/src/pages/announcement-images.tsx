// The images of an announcement: chosen, dropped or pasted, each with words for those who cannot see it.
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState, type FormEvent } from "react";
import { Button as AriaButton, DropZone, FileTrigger, Text, type FileDropItem } from "react-aria-components";

import { answer, api, randomKey, sendImage, versioned } from "../api/client";
import { messageOf, Problem } from "../api/problem";
import type { Announcement, ImageRules } from "../api/types";
import { useAct } from "../lib/act";
import { platformName } from "../lib/words";
import { Button } from "../ui/basics";
import { DialogBox } from "../ui/dialogs";
import { Field } from "../ui/fields";
import { toast } from "../ui/toast";

type Image = Announcement["images"][number];
export type Taken = { platform: string; most: number; rules: ImageRules; problem: string | null };

const LONGEST_ALT = 1000; // of what the server takes beside the bytes
const TYPES = ["image/jpeg", "image/png", "image/gif", "image/webp"];

export const imageUrl = (announcement: number, image: number) => `/api/v1/announcements/${announcement}/images/${image}`;
export function bytes(n: number): string {
  return n < 1_000_000 ? `${Math.max(1, Math.round(n / 1000))} kB` : `${(n / 1_000_000).toLocaleString("en", { maximumFractionDigits: 1 })} MB`;
}

// What the platform takes, in words.
export function rulesText({ platform, most, rules }: Taken): string {
  const name = platformName(platform);
  if (most === 0) return `${name} takes no images${rules.why_none ? `: ${rules.why_none}` : ""}.`;
  const said = [`up to ${most}`];
  if (rules.types.length > 0) said.push(rules.types.map((type) => type.replace("image/", "").toUpperCase()).join(", "));
  if (rules.bytes) said.push(`${bytes(rules.bytes)} each`);
  if (rules.gif_bytes && rules.gif_bytes !== rules.bytes) said.push(`a GIF ${bytes(rules.gif_bytes)}`);
  if (rules.all_bytes) said.push(`${bytes(rules.all_bytes)} in all`);
  if (rules.pixels) said.push(`${(rules.pixels / 1_000_000).toLocaleString("en", { maximumFractionDigits: 1 })} megapixels`);
  if (rules.gif_alone) said.push("a GIF by itself");
  return `${name} takes ${said.join(", ")}.`;
}

// Said before anything is sent; the server looks at the bytes themselves, and decides.
export function refusal(file: File, { platform, rules }: Taken): string | null {
  const name = platformName(platform);
  const types = rules.types.length > 0 ? rules.types : TYPES;
  if (!types.includes(file.type)) return `${name} takes ${types.map((type) => type.replace("image/", "").toUpperCase()).join(", ")}, and this is ${file.type || "no image"}.`;
  const most = file.type === "image/gif" ? rules.gif_bytes : rules.bytes;
  if (most && file.size > most) return `It has ${bytes(file.size)}; ${name} takes ${bytes(most)}.`;
  return null;
}

// The version that this page shows is the one that is edited: who was faster is not overwritten.
async function etagOf(announcement: Announcement): Promise<string> {
  const { value, etag } = await versioned(api.GET("/api/v1/announcements/{id}", { params: { path: { id: String(announcement.id) } } }));
  if (value.version !== announcement.version)
    throw new Problem(412, "version_moved", "Somebody has changed it meanwhile: look at it again, then repeat this.");
  return etag;
}

type AltProps = { value: string; onChange: (value: string) => void; most: number };
function AltField({ value, onChange, most }: AltProps) {
  const length = [...value].length;
  return (
    <Field label="What it shows" isRequired autoFocus rows={2} value={value} onChange={onChange} maxLength={most}
      hint={<>For those who cannot see it. <span className="counter" aria-label="Length of the description">{length} / {most}</span></>} />
  );
}

type DescribeProps = { title: string; act: string; name: string; first: string; most: number; close: () => void;
  save: (alt: string) => Promise<unknown> };
function Describe({ title, act, name, first, most, close, save }: DescribeProps) {
  const [alt, setAlt] = useState(first);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || !alt.trim()) return;
    setBusy(true);
    setProblem("");
    try {
      await save(alt.trim());
      close();
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  };
  return (
    <DialogBox title={title} open onOpenChange={(open) => !open && !busy && close()}>
      {() => (
        <form className="form" onSubmit={(event) => void submit(event)}>
          <p className="breaks muted">{name}</p>
          <AltField value={alt} onChange={setAlt} most={most} />
          <p className="form-problem" role="alert">{problem}</p>
          <div className="dialog-actions">
            <Button onPress={close} isDisabled={busy}>Cancel</Button>
            <Button type="submit" kind="primary" busy={busy} isDisabled={!alt.trim()}>{act}</Button>
          </div>
        </form>
      )}
    </DialogBox>
  );
}

type OneProps = { announcement: Announcement; image: Image; last: number; most: number };
function One({ announcement, image, last, most }: OneProps) {
  const client = useQueryClient();
  const [editing, setEditing] = useState(false);
  const params = { path: { id: String(announcement.id), image: String(image.id) } };
  const change = async (body: { alt?: string; position?: number }) => {
    const etag = await etagOf(announcement);
    await answer(api.PATCH("/api/v1/announcements/{id}/images/{image}", { params: { ...params, header: { "If-Match": etag } }, body }));
    await client.invalidateQueries({ queryKey: ["announcements"] });
  };
  const move = useAct((_key: string, position: number) => change({ position }), { stale: ["announcements"] });
  const remove = useAct(
    async (_key: string) =>
      answer(api.DELETE("/api/v1/announcements/{id}/images/{image}", { params: { ...params, header: { "If-Match": await etagOf(announcement) } } })),
    { stale: ["announcements"], done: () => toast("The image is taken away.", { tone: "good" }) },
  );
  const busy = move.busy || remove.busy;
  const name = `image ${image.position}`;
  return (
    <li aria-label={name}>
      <img src={imageUrl(announcement.id, image.id)} alt={image.alt} width={image.width} height={image.height} loading="lazy" />
      <p className="muted breaks">{image.alt || "Without a description."}</p>
      <div className="actions">
        <Button small isDisabled={busy || image.position === 1} aria-label={`Move ${name} forward`} onPress={() => void move.run(image.position - 1)}>←</Button>
        <Button small isDisabled={busy || image.position === last} aria-label={`Move ${name} back`} onPress={() => void move.run(image.position + 1)}>→</Button>
        <Button small isDisabled={busy} aria-label={`Describe ${name}`} onPress={() => setEditing(true)}>Describe</Button>
        <Button small isDisabled={busy} aria-label={`Remove ${name}`} onPress={() => void remove.run()}>Remove</Button>
      </div>
      {editing && <Describe title="What does it show?" act="Save" name={name} first={image.alt} most={most} close={() => setEditing(false)} save={(alt) => change({ alt })} />}
    </li>
  );
}

// `taken`: what its platform takes, as its preview says.
export function Images({ announcement, taken }: { announcement: Announcement; taken: Taken }) {
  const client = useQueryClient();
  const [waiting, setWaiting] = useState<File[]>([]);
  const key = useRef(randomKey()); // of the file that is described: a repetition after a cut adds it once
  const { images } = announcement;
  const most = Math.min(LONGEST_ALT, taken.rules.alt_length ?? LONGEST_ALT);
  const offer = (files: File[]) => {
    const room = Math.max(0, taken.most - images.length - waiting.length);
    const fit = files.filter((file) => {
      const why = refusal(file, taken);
      if (why) toast(`${file.name}: ${why}`, { tone: "bad" });
      return !why;
    });
    if (fit.length > room) toast(`${platformName(taken.platform)} takes ${taken.most} in all: the others are left out.`, { tone: "warn" });
    setWaiting([...waiting, ...fit.slice(0, room)]);
  };
  const next = () => {
    key.current = randomKey();
    setWaiting((files) => files.slice(1));
  };
  const add = async (file: File, alt: string) => {
    await sendImage(announcement.id, await etagOf(announcement), key.current, alt, file);
    await client.invalidateQueries({ queryKey: ["announcements"] });
    toast("The image is added.", { tone: "good" });
  };
  const file = waiting[0];
  const full = images.length >= taken.most;
  if (taken.most === 0 && images.length === 0) return null;
  return (
    <section className="images" aria-label="Images"
      onPaste={(event) => {
        const files = [...event.clipboardData.files];
        if (files.length === 0 || full) return;
        event.preventDefault();
        offer(files);
      }}>
      {images.length > 0 && (
        <ol aria-label="Images that go with it">
          {images.map((image) => <One key={image.id} announcement={announcement} image={image} last={images.length} most={most} />)}
        </ol>
      )}
      {taken.problem && <p className="notice tone-bad">{taken.problem}</p>}
      {full ? (
        <p className="hint">{rulesText(taken)}</p>
      ) : (
        <DropZone className="drop" getDropOperation={(types) => (TYPES.some((type) => types.has(type)) ? "copy" : "cancel")}
          onDrop={(event) => void Promise.all(event.items.filter((one): one is FileDropItem => one.kind === "file").map((one) => one.getFile())).then(offer)}>
          <Text slot="label" className="hint">Drop or paste images here. {rulesText(taken)}</Text>
          <FileTrigger acceptedFileTypes={taken.rules.types.length > 0 ? taken.rules.types : TYPES} allowsMultiple
            onSelect={(list) => list && offer([...list])}>
            <AriaButton className="button small">Add images</AriaButton>
          </FileTrigger>
        </DropZone>
      )}
      {file && <Describe key={`${file.name} ${waiting.length}`} title="Add this image" act="Add" name={`${file.name}, ${bytes(file.size)}`} first="" most={most} close={next} save={(alt) => add(file, alt)} />}
    </section>
  );
}
