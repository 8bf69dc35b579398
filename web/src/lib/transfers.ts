// Files on their way to this server by tus. They go on while people look at other pages, after a cut by themselves, and
// after a reload once the same file is chosen again.
import { useSyncExternalStore } from "react";
import { defaultOptions, Upload, type DetailedError, type HttpRequest, type HttpResponse } from "tus-js-client";

import { csrfToken, randomKey, send } from "../api/client";

export type TransferState = "queued" | "sending" | "waiting" | "paused" | "done" | "failed";
export type Transfer = { id: string; name: string; size: number; sent: number; state: TransferState; why: string | null;
  video: number | null };
// One that an earlier page began. Its bytes are on the server; the rest is in a file that only its owner can open again.
export type Unfinished = { key: string; url: string; name: string; received: number; total: number };

const ENDPOINT = "/api/v1/files";
// A browser opens six connections to one server; the pages need theirs.
const AT_ONCE = 2;
const LONGEST_WAIT = 10_000; // ms
const TRIES = 1000; // in a row without a byte: some hours
const delays = Array.from({ length: TRIES }, (_, n) => Math.min(LONGEST_WAIT, 250 * 2 ** Math.min(n, 6)));

// An answer to "how far is it?" that does not say that the file is gone. tus-js-client would begin the file anew.
class NotNow extends Error {
  constructor(readonly status: number) {
    super("the server did not say how far it is");
  }
}

function statusOf(error: Error | DetailedError): number {
  if (!("originalResponse" in error)) return -1;
  return error.causingError instanceof NotNow ? error.causingError.status : (error.originalResponse?.getStatus() ?? 0);
}
// No answer, an answer of somebody in between, or one that says "in a moment".
const passes = (status: number) =>
  status === 0 || status === 409 || status === 423 || status === 429 || (status >= 500 && status !== 507);

function reasonOf(error: Error | DetailedError): string {
  try {
    const body = "originalResponse" in error ? error.originalResponse?.getBody() : undefined;
    const detail = (JSON.parse(body ?? "{}") as { detail?: string }).detail;
    if (detail) return detail;
  } catch {
    // not one of ours
  }
  return statusOf(error) === 401 ? "You are signed out." : "The server did not take it.";
}

class Transfers {
  private readonly uploads = new Map<string, Upload>();
  private all: Transfer[] = [];
  private readonly listeners = new Set<() => void>();

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  snapshot = () => this.all;

  add(file: File) {
    const there = this.all.find((one) => one.name === file.name && one.size === file.size && one.state !== "done");
    if (there?.state === "paused") return this.resume(there.id);
    if (there && there.state !== "failed") return; // it is on its way
    if (there) this.forget(there.id);
    const id = randomKey();
    this.uploads.set(id, this.upload(id, file));
    this.all = [...this.all, { id, name: file.name, size: file.size, sent: 0, state: "queued", why: null, video: null }];
    this.pump();
  }
  pause(id: string) {
    void this.uploads.get(id)?.abort();
    this.change(id, { state: "paused", why: null });
    this.pump();
  }
  resume(id: string) {
    this.change(id, { state: "queued", why: null });
    this.pump();
  }
  // The server forgets what it has of it.
  async giveUp(id: string) {
    const upload = this.uploads.get(id);
    this.forget(id);
    await upload?.abort(true);
  }
  forget(id: string) {
    this.uploads.delete(id);
    this.all = this.all.filter((one) => one.id !== id);
    this.pump();
  }

  private change(id: string, to: Partial<Transfer>) {
    this.all = this.all.map((one) => (one.id === id ? { ...one, ...to } : one));
    for (const listener of this.listeners) listener();
  }
  private pump() {
    const busy = this.all.filter((one) => one.state === "sending" || one.state === "waiting").length;
    const next = this.all.filter((one) => one.state === "queued").slice(0, Math.max(0, AT_ONCE - busy));
    for (const one of next) {
      this.change(one.id, { state: "sending" });
      void this.begin(one.id);
    }
    for (const listener of this.listeners) listener();
  }
  private async begin(id: string) {
    const upload = this.uploads.get(id);
    if (!upload) return;
    if (!upload.url) {
      const before = await upload.findPreviousUploads();
      if (before[0]) upload.resumeFromPreviousUpload(before[0]);
    }
    // It may have been paused meanwhile.
    if (this.all.find((one) => one.id === id)?.state === "sending") upload.start();
  }
  private upload(id: string, file: File): Upload {
    let creation = randomKey();
    return new Upload(file, {
      endpoint: new URL(ENDPOINT, window.location.href).href,
      metadata: { filename: file.name, filetype: file.type },
      retryDelays: delays,
      removeFingerprintOnSuccess: true,
      onBeforeRequest: (request: HttpRequest) => {
        signed(request);
        // A creation whose answer never came is repeated under its key: one file, not two.
        if (request.getMethod() === "POST") request.setHeader("Idempotency-Key", creation);
      },
      onAfterResponse: (request: HttpRequest, response: HttpResponse) => {
        const [method, status] = [request.getMethod(), response.getStatus()];
        if (method === "POST" && status < 500) creation = randomKey();
        if (method === "HEAD" && status >= 400 && status !== 404 && status !== 410) throw new NotNow(status);
      },
      onProgress: (sent) => this.change(id, { sent, state: "sending", why: null }),
      onShouldRetry: (error) => {
        if (!passes(statusOf(error))) return false;
        this.change(id, { state: "waiting", why: "The line is cut, or the server is away: it goes on by itself." });
        // What looks like a cut may be a file that was changed or moved: a browser reads it no more.
        void file.slice(0, 1).arrayBuffer().catch(() => {
          void this.uploads.get(id)?.abort();
          this.change(id, { state: "failed", why: "The file was changed or moved: choose it again." });
          this.pump();
        });
        return true;
      },
      onError: (error) => {
        this.change(id, { state: statusOf(error) === 401 ? "paused" : "failed", why: reasonOf(error) });
        this.pump();
      },
      onSuccess: ({ lastResponse }) => {
        const video = Number(lastResponse.getHeader("Fencepost-Video") ?? NaN);
        this.change(id, { sent: file.size, state: "done", why: null, video: Number.isFinite(video) ? video : null });
        this.uploads.delete(id);
        this.pump();
      },
    });
  }
}

function signed(request: HttpRequest) {
  const token = csrfToken();
  if (token !== null) request.setHeader("X-CSRF-Token", token);
}

export const transfers = new Transfers();
export const useTransfers = () => useSyncExternalStore(transfers.subscribe, transfers.snapshot);

// What this browser began and did not end, as far as the server still has it for whoever is signed in.
export async function unfinished(): Promise<Unfinished[]> {
  const found: Unfinished[] = [];
  for (const one of await defaultOptions.urlStorage.findAllUploads()) {
    if (!one.uploadUrl) continue;
    const answer = await send(new Request(one.uploadUrl, { headers: { Accept: "application/json" } }));
    if (answer.status === 404 || answer.status === 410) await defaultOptions.urlStorage.removeUpload(one.urlStorageKey);
    if (!answer.ok) continue;
    const file = (await answer.json()) as { name: string; received: number; total: number; finished: boolean };
    if (file.finished) await defaultOptions.urlStorage.removeUpload(one.urlStorageKey);
    else found.push({ key: one.urlStorageKey, url: one.uploadUrl, name: file.name, received: file.received, total: file.total });
  }
  return found;
}

export async function abandon(one: Unfinished) {
  await Upload.terminate(one.url, { onBeforeRequest: signed });
  await defaultOptions.urlStorage.removeUpload(one.key);
}
