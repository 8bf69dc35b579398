// What the API answers, by the names that the pages use. schema.d.ts is made from the server's own document
// (`npm run types`) and is not kept.
import type { paths } from "./schema";

type Answer<P extends keyof paths> = paths[P] extends {
  get: { responses: { 200: { content: { "application/json": infer Body } } } };
}
  ? Body
  : never;
type Item<P extends keyof paths> = Answer<P> extends { items: (infer One)[] } ? One : never;

export type Session = Answer<"/api/v1/session">;
export type Person = Session["person"];
export type Show = Answer<"/api/v1/shows/{id}">;
export type Member = Item<"/api/v1/shows/{id}/members">;
export type Episode = Answer<"/api/v1/episodes/{id}">;
export type Announcement = Answer<"/api/v1/announcements/{id}">;
export type ImageRules = Answer<"/api/v1/announcements/{id}/preview">["image_rules"];
export type Preview = Answer<"/api/v1/announcements/{id}/preview">;
export type HistoryEvent = Item<"/api/v1/announcements/{id}/history">;
export type Connection = Answer<"/api/v1/connections/{id}">;
export type Invitation = Item<"/api/v1/invitations">;
export type Token = Item<"/api/v1/tokens">;
export type Queue = Item<"/api/v1/queues">;
export type QueueItem = Item<"/api/v1/queues/{name}/items">;
export type Throughput = Answer<"/api/v1/queues/throughput">;
export type PastEvent = Item<"/api/v1/events/history">;
export type Channel = Answer<"/api/v1/channels/{id}">;
export type CalendarDay = Answer<"/api/v1/channels/{id}/calendar">["days"][number];
export type CalendarSlot = CalendarDay["slots"][number];
export type CalendarUpload = CalendarSlot["uploads"][number];
export type Upload = Answer<"/api/v1/uploads/{id}">;
export type QuotaProject = Answer<"/api/v1/quota-projects/{id}">;
export type Bucket = Answer<"/api/v1/quota-projects/{id}/days">["buckets"][number];
export type Template = Answer<"/api/v1/templates/{id}">;
export type Video = Answer<"/api/v1/videos/{id}">;
export type Page<T> = { items: T[]; next: string | null };
