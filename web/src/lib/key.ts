// One Idempotency-Key for each intention.
import { useRef } from "react";

import { randomKey } from "../api/client";
import { Problem } from "../api/problem";

// A request whose answer never came is repeated under its key, and the server answers for the first one. Another request, or
// the same after an answer, is a new intention.
export function useKey() {
  const kept = useRef({ key: "", of: "" });
  return {
    of: (input: unknown): string => {
      const of = JSON.stringify(input);
      if (!kept.current.key || kept.current.of !== of) kept.current = { key: randomKey(), of };
      return kept.current.key;
    },
    // `error`: undefined for a success.
    settled: (error?: unknown) => {
      if (!(error instanceof Problem && error.inDoubt)) kept.current.key = "";
    },
  };
}
