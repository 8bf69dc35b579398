// Server-sent events: one stream for all tabs of this browser, and what each event makes stale.
//
// A browser opens few connections to one server, and the server few streams to one person; so the tab that holds the
// lock listens, and tells the others. Where there are no locks (plain HTTP in a network) each tab has its own.

export type Transition = { id: number; at: string; queue: string; item: string; kind: string; from: string | null;
  to: string | null; actor: string | null; detail: string | null };
export type Told = { type: "transition"; event: Transition } | { type: "reset" } | { type: "state"; live: boolean };

const LONGEST_WAIT = 15_000;
// The server says every 15 s that the line is alive (src/http/api/event_hub.hpp). After three times of silence it is not,
// whatever the browser thinks: a path that swallows packets closes nothing.
const SILENCE = 45_000;

// Listens until `stop` is aborted; goes on by itself, from where it was, whatever happens in between.
function listen(tell: (told: Told) => void, stop: AbortSignal) {
  let source: EventSource | null = null;
  let last = "";
  let tries = 0;
  let timer = 0;
  let watch = 0;

  const heard = () => {
    window.clearTimeout(watch);
    watch = window.setTimeout(() => {
      tell({ type: "state", live: false });
      tries += 1;
      source?.close();
      connect();
    }, SILENCE);
  };
  const connect = () => {
    source = new EventSource("/api/v1/events" + (last ? `?after=${last}` : ""));
    heard();
    source.onopen = () => {
      heard();
      // What was missed while nobody could say where the stream was: only a first connection knows no place.
      if (tries > 0 && !last) tell({ type: "reset" });
      tries = 0;
      tell({ type: "state", live: true });
    };
    source.addEventListener("beat", (event) => {
      heard();
      last = (event as MessageEvent).lastEventId || last; // none where the server itself does not yet know
    });
    source.addEventListener("transition", (event) => {
      heard();
      last = event.lastEventId;
      tell({ type: "transition", event: JSON.parse(event.data) as Transition });
    });
    source.addEventListener("reset", (event) => {
      heard();
      last = (event as MessageEvent).lastEventId;
      tell({ type: "reset" });
    });
    source.onerror = () => {
      tell({ type: "state", live: false });
      tries += 1;
      // The browser goes on by itself after a cut; a refusal (429, 503) ends its tries, so ours begin.
      if (source?.readyState !== EventSource.CLOSED) return heard();
      window.clearTimeout(watch);
      timer = window.setTimeout(connect, Math.min(LONGEST_WAIT, 500 * 2 ** Math.min(tries, 5)));
    };
  };
  connect();
  stop.addEventListener("abort", () => {
    window.clearTimeout(timer);
    window.clearTimeout(watch);
    source?.close();
  });
}

export function listenForAll(tell: (told: Told) => void): () => void {
  const stop = new AbortController();
  const channel = new BroadcastChannel("fencepost-events");
  let state: Told = { type: "state", live: false };
  let leads = false;
  channel.onmessage = (message: MessageEvent<Told | "state?">) => {
    if (message.data !== "state?") tell(message.data);
    else if (leads) channel.postMessage(state);
  };
  const lead = () => {
    leads = true;
    listen((told) => {
      if (told.type === "state") state = told;
      if (!stop.signal.aborted) channel.postMessage(told);
      tell(told);
    }, stop.signal);
  };
  if (!("locks" in navigator)) {
    listen(tell, stop.signal);
  } else {
    channel.postMessage("state?");
    // Held until this tab ends; the next one in the queue leads then, and what it missed in between it looks up.
    navigator.locks
      .request("fencepost-events", { signal: stop.signal }, () => {
        if (leads) return;
        tell({ type: "reset" });
        lead();
        return new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
      })
      .catch(() => {});
  }
  return () => {
    stop.abort();
    channel.close();
  };
}
