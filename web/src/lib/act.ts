// What a button does: at most one request at a time, under one Idempotency-Key until its answer is known.
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";

import { messageOf, Problem } from "../api/problem";
import { toast } from "../ui/toast";
import { useKey } from "./key";
import { outcome } from "./words";

type Options<R> = {
  stale?: string[]; // queries, by their first word, that the act changes
  done?: (result: R) => void;
  failed?: (error: unknown) => boolean; // true: it has said so itself
};

// run(): five fast clicks send one request; after an answer that never came, the next click repeats the same one, and the
// server answers for the first.
export function useAct<A extends unknown[], R>(act: (key: string, ...input: A) => Promise<R>, options: Options<R> = {}) {
  const client = useQueryClient();
  const key = useKey();
  const busyNow = useRef(false);
  const mounted = useRef(true);
  const [busy, setBusy] = useState(false);
  const latest = useRef({ act, options, key });
  useEffect(() => {
    latest.current = { act, options, key };
  });
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);

  const run = useCallback(
    async (...input: A): Promise<R | undefined> => {
      if (busyNow.current) return undefined;
      busyNow.current = true;
      setBusy(true);
      const { act: go, options: then, key: named } = latest.current;
      try {
        const result = await go(named.of(input), ...input);
        named.settled();
        then.done?.(result);
        return result;
      } catch (error) {
        named.settled(error);
        if (!then.failed?.(error)) sayProblem(error);
        return undefined;
      } finally {
        busyNow.current = false;
        if (mounted.current) setBusy(false);
        for (const word of then.stale ?? []) void client.invalidateQueries({ queryKey: [word] });
      }
    },
    [client],
  );
  return { run, busy };
}

// An answer that says no is an answer, in its own words and with the post it speaks of.
export function sayProblem(error: unknown) {
  if (error instanceof Problem) {
    const word = outcome(error.code);
    const url = error.body.post_url;
    if (word.text !== error.code.replaceAll("_", " ")) {
      toast(word.text, { tone: word.tone, link: typeof url === "string" ? { href: url, text: "See the post" } : undefined });
      return;
    }
  }
  toast(messageOf(error), { tone: "bad" });
}
