// What of a queue has ended in the last day, hour by hour.
import { useQuery } from "@tanstack/react-query";

import { answer, api } from "../api/client";
import { outcomeNames, outcomes } from "../lib/throughput";
import { Loaded, Section, Time } from "../ui/basics";

const HOUR = 3600, DAY = 24 * HOUR;

export function Day({ name }: { name: string }) {
  const day = useQuery({
    queryKey: ["queues", name, "day"],
    refetchInterval: 60_000,
    queryFn: () =>
      answer(api.GET("/api/v1/queues/{name}/throughput",
        { params: { path: { name }, query: { from: new Date(Date.now() - DAY * 1000).toISOString(), step_seconds: HOUR } } })),
  });
  return (
    <Section title="The last day">
      <Loaded query={day}>
        {({ steps }) => {
          if (steps.length === 0) return <p className="muted">Nothing has ended. Attempts are counted as they end, on all servers.</p>;
          return (
            <div className="charts" role="region" aria-label="Attempts that ended in the last day" tabIndex={0}>
              <table>
                <caption>Attempts that ended, on all servers. Hours without any are left out.</caption>
                <thead>
                  <tr>
                    <th scope="col">Hour from</th>
                    {outcomeNames.map((which) => <th key={which} scope="col">{outcomes[which]}</th>)}
                  </tr>
                </thead>
                <tbody>
                  {steps.toReversed().map((one) => (
                    <tr key={one.from}>
                      <th scope="row"><Time at={one.from} brief /></th>
                      {outcomeNames.map((which) => <td key={which}>{one[which].toLocaleString("en")}</td>)}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          );
        }}
      </Loaded>
    </Section>
  );
}
