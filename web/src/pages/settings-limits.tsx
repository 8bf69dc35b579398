// What the server takes of one person in a time, as its own document says it: looked at here, changed nowhere.
import { useQuery } from "@tanstack/react-query";

import { send } from "../api/client";
import { unreachable } from "../api/problem";
import { sentence } from "../lib/words";
import { Loaded, Section } from "../ui/basics";

type Rate = { count: number; seconds: number };
type Operation = { summary?: string; "x-rate-limit"?: Rate; "x-rate-limit-of-a-person"?: Rate };
type Document = { paths: Record<string, Record<string, Operation>> };
type Row = { what: string; route: string; rate: Rate };

const limitsQuery = {
  queryKey: ["limits"],
  staleTime: Infinity,
  queryFn: async (): Promise<Row[]> => {
    const response = await send(new Request("/api/v1/openapi.json"));
    if (!response.ok) throw unreachable();
    const { paths } = (await response.json()) as Document;
    return Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, one]) => {
        const rate = one["x-rate-limit-of-a-person"] ?? one["x-rate-limit"];
        return rate ? [{ what: (one.summary ?? path).replaceAll("`", ""), route: `${method.toUpperCase()} ${path}`, rate }] : [];
      }));
  },
};

export function rateText({ count, seconds }: Rate): string {
  const times = count.toLocaleString("en");
  if (seconds === 60) return `${times} a minute`;
  if (seconds === 3600) return `${times} an hour`;
  return `${times} in ${seconds.toLocaleString("en")} s`;
}

// Most routes share a limit: said once, and the others one by one.
function shared(rows: Row[]): [string, Row[]][] {
  const by = new Map<string, Row[]>();
  for (const row of rows) by.set(rateText(row.rate), [...(by.get(rateText(row.rate)) ?? []), row]);
  return [...by].sort(([, a], [, b]) => a[0]!.rate.count / a[0]!.rate.seconds - b[0]!.rate.count / b[0]!.rate.seconds);
}

const MANY = 20;

export default function Limits() {
  const limits = useQuery(limitsQuery);
  return (
    <Section title="Limits">
      <p>
        So often may one person ask, over all windows, tokens and servers together; what is more is answered with 429 and when to come back. These
        limits belong to the program, and are the same for everybody. What posting over an account may cost is set at the account, on
        the page Connections; how many videos a channel takes, at the channel.
      </p>
      <Loaded query={limits}>
        {(rows) => (
          <dl className="limits">
            {shared(rows).map(([rate, of]) => (
              <div key={rate}>
                <dt>{rate}</dt>
                {of.length > MANY ? (
                  <dd className="muted">{of.length} others, each by itself</dd>
                ) : (
                  of.map((row) => <dd key={row.route} title={row.route}>{sentence(row.what)}</dd>)
                )}
              </div>
            ))}
          </dl>
        )}
      </Loaded>
    </Section>
  );
}
