// What went wrong, as the server says it (RFC 9457), or that it could not be asked.

export class Problem extends Error {
  constructor(
    readonly status: number, // 0: no answer came
    readonly code: string,
    detail: string,
    readonly body: Record<string, unknown> = {},
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }

  // Whether nobody knows what became of the request: the same one, under the same key, may be sent again.
  get inDoubt(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

export function problemOf(response: Response, body: unknown): Problem {
  const said = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const errors = Array.isArray(said.errors) ? (said.errors as { field: string; detail: string }[]) : [];
  const fields = errors.map((one) => `${one.field} ${one.detail}`).join("; ");
  const detail = typeof said.detail === "string" ? said.detail : `The server refused this (${response.status}).`;
  const after = Number(response.headers.get("Retry-After") ?? NaN);
  return new Problem(response.status, typeof said.code === "string" ? said.code : `http_${response.status}`,
    fields && !detail.includes(fields) ? `${detail}: ${fields}` : detail, said, Number.isFinite(after) ? after : null);
}

export const unreachable = () =>
  new Problem(0, "unreachable", "The server did not answer. Nothing here is lost: try again in a moment.");

export function messageOf(error: unknown): string {
  if (error instanceof Problem && error.status === 429 && error.retryAfter)
    return `${error.message} (again in ${error.retryAfter} s)`;
  return error instanceof Error ? error.message : "Something went wrong.";
}
