// The five kinds of records and their columns; contacts are what comes out of them.
import { answer, api } from "../api/client";
import type { Page } from "../api/types";

export type Kind = "places" | "businesses" | "domains" | "sitemaps" | "pages" | "contacts";
// What all of them have; the rest is read by the columns below.
export type RecordRow = { id: number; curation_status?: string; processing_status?: string; error?: string | null;
  note?: string | null; [own: string]: unknown };
export type Filter = { curation_status?: string; processing_status?: string; search?: string };

type KindInfo = { text: string; one: string; main: string; columns: { id: string; text: string }[]; queues: string[];
  more?: string[]; moreStates?: string[]; teaches: string };

export const kinds: Record<Kind, KindInfo> = {
  places: { text: "Places", one: "place", main: "name", columns: [{ id: "place_id", text: "Place id" }], queues: ["curate-places"],
    teaches: "Import places with fencepost curate import places FILE. A selected place is looked up, and becomes a business." },
  businesses: { text: "Businesses", one: "business", main: "name", columns: [{ id: "website", text: "Website" }], queues: ["curate-businesses"],
    teaches: "Businesses come from selected places, or from fencepost curate import businesses FILE." },
  domains: { text: "Domains", one: "domain", main: "host", columns: [{ id: "title", text: "Title" }], more: ["Completed"],
    queues: ["curate-domains", "curate-discoveries"], teaches: "Domains come from the websites of selected businesses." },
  sitemaps: { text: "Sitemaps", one: "sitemap", main: "url", columns: [{ id: "urls", text: "URLs" }], more: ["Completed"],
    queues: ["curate-sitemaps"], teaches: "Sitemaps are looked for on selected domains." },
  pages: { text: "Pages", one: "page", main: "url", columns: [{ id: "kind", text: "Kind" }, { id: "contact", text: "Contact" }],
    more: ["Skipped"], moreStates: ["Filtered"], queues: ["curate-pages"], teaches: "Pages come from selected sitemaps." },
  contacts: { text: "Contacts", one: "contact", main: "email", columns: [{ id: "host", text: "Domain" }, { id: "phone", text: "Phone" }],
    queues: [], teaches: "Contacts are found on selected pages." },
};

export const curationWords = ["New", "Selected", "Maybe", "Not a Fit", "Archived"];
export const processingWords = ["Queued", "Processing", "Completed", "Error", "Stopped"];

export const PAGE = 100;

// The routes of all kinds have one shape; "places" stands for them where a type has to be named.
export async function recordsPage(kind: Kind, filter: Filter, cursor: string): Promise<Page<RecordRow>> {
  const query = { limit: PAGE, ...filter, ...(cursor ? { cursor } : {}) } as { limit: number };
  const path = `/api/v1/curate/${kind}` as "/api/v1/curate/places";
  return (await answer(api.GET(path, { params: { query } }))) as Page<RecordRow>;
}

export type Picked = { answers: Record<string, number>; items: number; more: boolean };

// Of ids, or of all that match the filter; `preview`: how many there are, and nothing is done.
export async function pick(kind: Kind, key: string, what: { ids: string[] } | Filter, set: string, preview: boolean): Promise<Picked> {
  const path = `/api/v1/curate/${kind}/select` as "/api/v1/curate/places/select";
  const body = { ...what, set, preview } as object;
  return (await answer(api.POST(path, { params: { header: { "Idempotency-Key": key } }, body }))) as Picked;
}
export const MOST_IDS = 1000;

export async function record(kind: Kind, id: number): Promise<RecordRow> {
  const path = `/api/v1/curate/${kind}/{id}` as "/api/v1/curate/places/{id}";
  return (await answer(api.GET(path, { params: { path: { id: String(id) } } }))) as RecordRow;
}
