// Making and changing a channel: which account, whose quota, how many videos when, and who may schedule there.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Checkbox, CheckboxGroup, Label } from "react-aria-components";
import { Link } from "wouter";

import { answer, api, versioned } from "../api/client";
import { Problem } from "../api/problem";
import { connectionsQuery, peopleQuery } from "../api/queries";
import { projectsQuery } from "../api/uploads";
import type { Channel } from "../api/types";
import { useAct } from "../lib/act";
import { ownZone } from "../lib/time";
import { Button, Empty } from "../ui/basics";
import { ActForm, Confirm, DialogBox } from "../ui/dialogs";
import { Field, Select } from "../ui/fields";
import { toast } from "../ui/toast";
import { ZoneField } from "./shows";

// "final 2, short 5"
function limitsOf(text: string): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const part of text.split(",")) {
    const found = part.trim().match(/^([a-z][a-z0-9_-]*)[ =:]+(\d+)$/);
    if (!found) throw new Problem(422, "invalid_field", `“${part.trim()}” is not a kind and a number, as in: final 2, short 5`);
    limits[found[1]!] = Number(found[2]);
  }
  return limits;
}

const wordsOf = (limits: Channel["limits"]) => Object.entries(limits).map(([kind, limit]) => `${kind} ${String(limit)}`).join(", ");
const listOf = (text: string) => text.split(/[\s,]+/).filter(Boolean);
const change = async (channel: Channel, body: object) => {
  const params = { path: { id: String(channel.id) } };
  const { etag } = await versioned(api.GET("/api/v1/channels/{id}", { params }));
  return answer(api.PATCH("/api/v1/channels/{id}", { params: { ...params, header: { "If-Match": etag } }, body }));
};

function People({ value, onChange }: { value: string[]; onChange: (ids: string[]) => void }) {
  const people = useQuery(peopleQuery);
  const members = (people.data ?? []).filter((one) => one.role === "member" && !one.disabled_at);
  if (members.length === 0) return <p className="hint">Operators schedule on every channel. Members who are invited can be let in here.</p>;
  return (
    <CheckboxGroup className="checks" value={value} onChange={onChange}>
      <Label>May schedule here, beside operators</Label>
      {members.map((one) => (
        <Checkbox key={one.id} value={String(one.id)} className="check">
          <span className="box" aria-hidden />
          {one.name} <span className="muted breaks">{one.email}</span>
        </Checkbox>
      ))}
    </CheckboxGroup>
  );
}

export function ChannelForm({ channel, close }: { channel: Channel | null; close: (made?: Channel) => void }) {
  const client = useQueryClient();
  const connections = useQuery(connectionsQuery);
  const projects = useQuery(projectsQuery);
  const [connection, setConnection] = useState(channel ? String(channel.connection_id) : "");
  const [project, setProject] = useState(channel ? String(channel.project_id) : "");
  const [people, setPeople] = useState((channel?.people ?? []).map((one) => String(one.id)));
  const accounts = (connections.data ?? []).filter((one) => one.platform === "youtube" && one.status !== "disconnected");
  const account = connection || String(accounts[0]?.id ?? "");
  const quota = project || String(projects.data?.find((one) => one.name === "default")?.id ?? projects.data?.[0]?.id ?? "");
  if (connections.data && accounts.length === 0)
    return (
      <Empty title="No YouTube account is connected.">
        <p>A channel uploads over an account. <Link href="/connections?new">Connect it first</Link>.</p>
      </Empty>
    );
  return (
    <ActForm act={channel ? "Save" : "Create"} onCancel={() => close()} onSubmit={async (fields, key) => {
      const body = {
        name: fields.name!, connection_id: Number(account), project_id: Number(quota), zone: fields.zone!,
        limits: limitsOf(fields.limits!), daily_max: fields.daily_max ? Number(fields.daily_max) : null,
        slot_times: listOf(fields.slot_times!), capacity: Number(fields.capacity), horizon_days: Number(fields.horizon_days),
        lead_minutes: Number(fields.lead_minutes), people: people.map((id) => ({ id: Number(id) })),
      };
      const made = channel ? await change(channel, body)
        : await answer(api.POST("/api/v1/channels", { params: { header: { "Idempotency-Key": key } }, body }));
      for (const word of ["channels", "uploads", "quota"]) void client.invalidateQueries({ queryKey: [word] });
      toast(channel ? "Saved." : "Created: schedule a video on it.", { tone: "good" });
      close(made);
    }}>
      <Field label="Name" name="name" defaultValue={channel?.name ?? ""} isRequired autoFocus maxLength={100} />
      <input type="hidden" name="connection_id" value={account} />
      <input type="hidden" name="project_id" value={quota} />
      <input type="hidden" name="people" value={people.join(",")} />
      <Select label="Account" value={account} onChange={setConnection} hint="Its videos are uploaded there."
        choices={accounts.map((one) => ({ id: String(one.id), text: one.account_name ? `${one.name} (${one.account_name})` : one.name }))} />
      <Select label="Quota project" value={quota} onChange={setProject}
        choices={(projects.data ?? []).map((one) => ({ id: String(one.id), text: one.name }))} />
      <ZoneField value={channel?.zone ?? ownZone} hint="Its slots and days are in this zone." />
      <Field label="Slots of a day" name="slot_times" defaultValue={(channel?.slot_times ?? ["10:00", "14:00", "18:00"]).join(", ")} isRequired />
      <Field label="Videos of a slot" name="capacity" type="number" min="1" max="100" defaultValue={String(channel?.capacity ?? 1)} isRequired />
      <Field label="Videos a day of each kind" name="limits" defaultValue={wordsOf(channel?.limits ?? { final: 2, short: 5 })} isRequired
        hint="Other kinds are refused. Lowered, it moves nothing that is scheduled." />
      <Field label="Videos a day in all (optional)" name="daily_max" type="number" min="0" defaultValue={String(channel?.daily_max ?? "")} />
      <Field label="Plans ahead (days)" name="horizon_days" type="number" min="1" max="366" defaultValue={String(channel?.horizon_days ?? 14)} isRequired />
      <Field label="An upload begins before its slot (minutes)" name="lead_minutes" type="number" min="0" max="20160"
        defaultValue={String(channel?.lead_minutes ?? 120)} isRequired />
      <People value={people} onChange={setPeople} />
    </ActForm>
  );
}

export function KillSwitch({ channel }: { channel: Channel }) {
  const act = useAct((_key: string, enabled: boolean) => change(channel, { enabled }), {
    stale: ["channels", "uploads"],
    done: (made) => toast(made.enabled ? "The channel is on." : "The channel is off: nothing leaves that has not left.", { tone: "good" }),
  });
  if (!channel.enabled)
    return <Button kind="primary" busy={act.busy} onPress={() => void act.run(true)}>Switch on</Button>;
  return (
    <Confirm title={`Switch ${channel.name} off?`} act="Switch off" danger trigger={<Button kind="danger">Switch off</Button>}
      onConfirm={() => act.run(false)}>
      <p>Nothing of this channel is uploaded while it is off. What misses its slot meanwhile fails, and is not published late.</p>
    </Confirm>
  );
}

export function ChannelDialog({ channel, trigger, made, open, onOpenChange }: { channel: Channel | null; trigger: ReactNode;
  made?: (channel: Channel) => void; open?: boolean; onOpenChange?: (open: boolean) => void }) {
  return (
    <DialogBox title={channel ? `Channel ${channel.name}` : "New channel"} trigger={trigger} {...(open === undefined ? {} : { open })}
      {...(onOpenChange ? { onOpenChange } : {})}>
      {(close) => (
        <ChannelForm channel={channel} close={(now) => {
          close();
          if (now) made?.(now);
        }} />
      )}
    </DialogBox>
  );
}
