// What the acts on an upload answer, in words, and the move of one to another slot.
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";

import { answer, api } from "../api/client";
import { messageOf, Problem } from "../api/problem";
import { useAct } from "../lib/act";
import { fullTime } from "../lib/time";
import type { Tone } from "../lib/words";
import { toast } from "../ui/toast";

const answers: Record<string, { text: string; tone: Tone }> = {
  prevented: { text: "Prevented: no video of it appears, and its slot is free again.", tone: "good" },
  already_stopped: { text: "It was cancelled already: no video of it appears.", tone: "neutral" },
  in_flight: { text: "Too late to prevent: its last piece is on the way. It is not tried again if that fails.", tone: "warn" },
  scheduled: { text: "Scheduled again.", tone: "good" },
  already_scheduled: { text: "It is scheduled already.", tone: "neutral" },
  resolved: { text: "Recorded.", tone: "good" },
};
export function sayAnswer(given: { answer: string }) {
  const word = answers[given.answer];
  toast(word?.text ?? given.answer.replaceAll("_", " "), { tone: word?.tone ?? "neutral" });
}

// What the act is about changes these.
export const STALE = ["uploads", "quota", "events"];

export const nextFreeOf = (error: unknown): string | null =>
  error instanceof Problem && typeof error.body.next_free === "string" ? error.body.next_free : null;

// A refusal in the server's words, with what can be had instead. Answers useAct(): it is said.
export function sayRefused(error: unknown, zone: string, what = "", take?: (at: string) => void): true {
  const free = nextFreeOf(error);
  const url = error instanceof Problem ? error.body.post_url : undefined;
  const text = what ? `${what}: ${messageOf(error)}.` : messageOf(error);
  toast(free ? `${text} The next free slot is ${fullTime(free, zone)}.` : text, {
    tone: error instanceof Problem && error.status === 409 ? "warn" : "bad",
    ...(typeof url === "string" ? { link: { href: url, text: "See the video" } } : {}),
    ...(free && take ? { undo: { text: "Take it", act: () => take(free) } } : {}),
  });
  return true;
}

export type Movable = { id: number; title: string; version: number; at: string };

// Moves one upload at a time. While that is under way it is shown where it goes; where it is refused, it is back.
// `to` null: the next free slot.
export function useMove(zone: string) {
  const client = useQueryClient();
  const [moving, setMoving] = useState<{ id: number; at: string } | null>(null);
  const last = useRef<Movable | null>(null);
  const act = useAct(
    (key: string, one: Movable, to: string | null) =>
      answer(api.POST("/api/v1/uploads/{id}/reschedule", {
        params: { path: { id: String(one.id) }, header: { "Idempotency-Key": key } },
        body: { version: one.version, ...(to ? { at: to } : {}) },
      })),
    {
      stale: STALE,
      failed: (error) => {
        const one = last.current!;
        return sayRefused(error, zone, `“${one.title}” was not moved`, (at) => void move(one, at));
      },
    },
  );
  const move = async (one: Movable, to: string | null, undoes = false) => {
    last.current = one;
    if (to) setMoving({ id: one.id, at: to });
    const now = (await act.run(one, to))?.upload;
    if (now)
      toast(`“${one.title}” is ${undoes ? "back at" : "moved to"} ${fullTime(now.at, zone)}.`, {
        tone: "good",
        ...(undoes ? {} : { undo: { text: "Undo", act: () => void move({ ...one, version: now.version, at: now.at }, one.at, true) } }),
      });
    await client.invalidateQueries({ queryKey: ["uploads"] });
    setMoving(null);
    return now !== undefined;
  };
  return { move, moving, busy: act.busy };
}
