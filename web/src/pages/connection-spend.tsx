// What posting over an account costs, and the most that it may. The API counts in millionths of a US dollar.
import { useQuery, useQueryClient } from "@tanstack/react-query";

import { answer, api } from "../api/client";
import type { Connection } from "../api/types";
import { Button } from "../ui/basics";
import { ActForm, DialogBox } from "../ui/dialogs";
import { Field } from "../ui/fields";
import { toast } from "../ui/toast";

const MILLION = 1_000_000;
const dollars = (millionths: number) =>
  (millionths / MILLION).toLocaleString("en", { style: "currency", currency: "USD", maximumFractionDigits: 4 });
const typed = (millionths: number | null) => (millionths === null ? "" : String(millionths / MILLION));
const stored = (text: string | undefined) => (text ? Math.round(Number(text) * MILLION) : null);

// Of the platforms only X takes money for a post.
export const mayCost = (one: Connection) => one.platform === "x" || one.spend_daily !== null || one.spend_monthly !== null;

const spendQuery = (id: number) => ({
  queryKey: ["connections", "spend", id],
  queryFn: () => answer(api.GET("/api/v1/connections/{id}", { params: { path: { id: String(id) } } })),
});

export function Spent({ connection }: { connection: Connection }) {
  const { data } = useQuery(spendQuery(connection.id));
  if (!data) return null;
  const of = (limit: number | null) => (limit === null ? "no limit" : `of ${dollars(limit)}`);
  return (
    <p className="muted">
      Spent today {dollars(data.spent_today ?? 0)} ({of(data.spend_daily)}), this month {dollars(data.spent_this_month ?? 0)} ({of(data.spend_monthly)}); days and months in UTC.
    </p>
  );
}

export function SpendLimits({ connection }: { connection: Connection }) {
  const client = useQueryClient();
  return (
    <DialogBox title={`What ${connection.name} may cost`} trigger={<Button small>Limit spending</Button>}>
      {(close) => (
        <ActForm act="Save" onCancel={close} onDone={close} onSubmit={async (fields) => {
          await answer(api.PUT("/api/v1/connections/{id}/spend-limits",
            { params: { path: { id: String(connection.id) } }, body: { daily: stored(fields.daily), monthly: stored(fields.monthly) } }));
          await client.invalidateQueries({ queryKey: ["connections"] });
          toast("The limits are in force.", { tone: "good" });
        }}>
          <p>Nothing is sent above a limit: it fails, and says so. A limit below what is spent already stops posting until the day or month is over.</p>
          <Field label="US dollars a day" name="daily" inputMode="decimal" pattern="[0-9]+([.][0-9]+)?" defaultValue={typed(connection.spend_daily)} hint="Empty: no limit." />
          <Field label="US dollars a month" name="monthly" inputMode="decimal" pattern="[0-9]+([.][0-9]+)?" defaultValue={typed(connection.spend_monthly)} hint="Empty: no limit." />
        </ActForm>
      )}
    </DialogBox>
  );
}
