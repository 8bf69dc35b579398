// What an announcement says: written, counted as its platform counts, and shown as it will stand there.
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";

import { answer, api, versioned } from "../api/client";
import { messageOf, Problem } from "../api/problem";
import type { Announcement } from "../api/types";
import { sayProblem, useAct } from "../lib/act";
import { useSettled } from "../lib/settled";
import { platformName } from "../lib/words";
import { Button } from "../ui/basics";
import { Field } from "../ui/fields";
import { toast } from "../ui/toast";
import { Images, imageUrl } from "./announcement-images";

const PAUSE = 250; // ms after a key before the server is asked
const MOST = 3000; // characters of a draft that the server previews

// Null: of the text that is stored.
function usePreview(announcement: Announcement, text: string | null, enabled = true) {
  return useQuery({
    queryKey: ["announcements", "preview", announcement.id, announcement.version, text],
    enabled,
    placeholderData: keepPreviousData,
    queryFn: () =>
      answer(api.GET("/api/v1/announcements/{id}/preview",
        { params: { path: { id: String(announcement.id) }, query: text === null ? {} : { text } } })),
  });
}

// What the platform takes of images is known from the preview.
export function ImagesEditor({ announcement }: { announcement: Announcement }) {
  const { data } = usePreview(announcement, null);
  if (!data) return null;
  return <Images announcement={announcement} taken={{ platform: data.platform, most: data.most_images, rules: data.image_rules, problem: data.images_problem }} />;
}

export function Preview({ announcement, draft }: { announcement: Announcement; draft: string | null }) {
  const text = useSettled(draft, draft === null ? 0 : PAUSE);
  const tooLong = text !== null && [...text].length > MOST;
  const preview = usePreview(announcement, text, !tooLong);
  if (tooLong) return <p className="notice tone-warn">A preview of more than {MOST} characters is shown once the text is saved.</p>;
  if (preview.error) return <p className="notice tone-bad">{messageOf(preview.error)}</p>;
  if (!preview.data) return null;
  const { platform, length, limit, sent, shortened, why } = preview.data;
  return (
    <figure className="preview">
      <figcaption>
        <span>{sent ? "Sent to" : "On"} {platformName(platform)}</span>
        <span className={shortened ? "counter over" : "counter"} aria-label="Length as the platform counts">
          {limit === null ? length : `${length} / ${limit}`}
        </span>
      </figcaption>
      <p className="said">{preview.data.text}</p>
      {announcement.images.length > 0 && (
        <p className="thumbs">
          {announcement.images.map((image) => (
            <img key={image.id} src={imageUrl(announcement.id, image.id)} alt={image.alt} loading="lazy" />
          ))}
        </p>
      )}
      {shortened && <p className="notice tone-warn">Too long for {platformName(platform)}: this is how it is shortened.</p>}
      {why && <p className="notice tone-warn">Not now: {why}.</p>}
    </figure>
  );
}

type EditorProps = { announcement: Announcement; mine: boolean; draft: string | null; setDraft: (draft: string | null) => void };

export function TextEditor({ announcement, mine, draft, setDraft }: EditorProps) {
  const client = useQueryClient();
  const params = { path: { id: String(announcement.id) } };
  const save = useAct(
    async (_key: string, text: string) => {
      // The version that this page shows is the one that is edited: who was faster is not overwritten.
      const { value, etag } = await versioned(api.GET("/api/v1/announcements/{id}", { params }));
      if (value.version !== announcement.version)
        throw new Problem(412, "version_moved", "Somebody has changed it meanwhile: look at it again, then save.");
      return answer(api.PATCH("/api/v1/announcements/{id}",
        { params: { ...params, header: { "If-Match": etag } }, body: { text } }));
    },
    {
      done: async () => {
        await client.invalidateQueries({ queryKey: ["announcements"] });
        setDraft(null);
        toast("Saved.", { tone: "good" });
      },
      failed: (error) => {
        void client.invalidateQueries({ queryKey: ["announcements"] });
        sayProblem(error);
        return true;
      },
    },
  );
  const hint = announcement.generated_text && !announcement.text
    ? `Empty: the generated text goes out (“${announcement.generated_text}”).`
    : "Empty: the generated text, or the show’s template. {title} {url} {number} {host} {show} are filled in.";
  return (
    <div className="editor">
      <Field label={mine ? "Your text" : `Text of ${announcement.host ?? "it"}`} rows={3} value={draft ?? announcement.text} onChange={setDraft} hint={hint} maxLength={10000} />
      {draft !== null && draft !== announcement.text && (
        <div className="actions">
          <Button kind="primary" busy={save.busy} onPress={() => void save.run(draft)}>Save the text</Button>
          <Button kind="quiet" onPress={() => setDraft(null)}>Discard</Button>
        </div>
      )}
    </div>
  );
}
