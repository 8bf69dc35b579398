// The typed client: paths, bodies and answers are those of the server's OpenAPI document.
import createClient from "openapi-fetch";

import { Problem, problemOf, unreachable } from "./problem";
import type { paths } from "./schema";

let csrf: string | null = null;
export function rememberCsrf(token: string | null) {
  csrf = token;
}

// For requests that are not made here: those of tus.
export const csrfToken = () => csrf;

let signedOut = () => {};
// Called when the server says that nobody is signed in (any more).
export function onSignedOut(call: () => void) {
  signedOut = call;
}

const PATIENCE = 60_000; // ms: no act waits for longer than 30 s on the server
const PATIENCE_FOR_FILES = 15 * 60_000; // and a slow line takes minutes for some megabytes

// With its body: a line may die between an answer's head and its end. A line that died unnoticed (a phone that changed its
// network) answers never, so nobody waits for ever, and what was asked counts as in doubt.
export async function send(request: Request, patience = PATIENCE): Promise<Response> {
  if (request.method !== "GET" && csrf !== null) request.headers.set("X-CSRF-Token", csrf);
  const end = new AbortController();
  const timer = window.setTimeout(() => end.abort(), patience);
  const given = () => end.abort();
  request.signal.addEventListener("abort", given);
  try {
    const response = await fetch(request, { signal: end.signal });
    const body = await response.blob();
    return new Response(body.size > 0 ? body : null, response);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw unreachable();
  } finally {
    window.clearTimeout(timer);
    request.signal.removeEventListener("abort", given);
  }
}

export const api = createClient<paths>({ baseUrl: "", fetch: (request) => send(request), headers: { Accept: "application/json" } });

// The body of a success; anything else is thrown as a Problem.
export async function answer<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok) return data as T;
  if (response.status === 401) signedOut();
  throw problemOf(response, error);
}

// A body with its ETag, which a PATCH of it has to name.
export async function versioned<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>) {
  const settled = await call;
  return { value: await answer(Promise.resolve(settled)), etag: settled.response.headers.get("ETag") ?? "" };
}

// The bytes of an image as they are: no JSON. Answers when the announcement has it.
export async function sendImage(announcement: number, etag: string, key: string, alt: string, file: File): Promise<void> {
  const response = await send(new Request(`/api/v1/announcements/${announcement}/images?${new URLSearchParams({ alt })}`, {
    method: "POST", body: file, headers: { "Content-Type": file.type, "If-Match": etag, "Idempotency-Key": key },
  }), PATIENCE_FOR_FILES);
  await answer(response.json().catch(() => null).then((body: unknown) => ({ error: body, response })));
}

export const isProblem = (error: unknown, code: string) => error instanceof Problem && error.code === code;

// For idempotency: crypto.randomUUID() wants a secure context, which plain HTTP in a local network is not.
export function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}
